"""When tokens are renewed, and what of them outlives a renewal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from clique_app.connections.renewal import ASSUMED_LIFETIME, RENEW_BEFORE, Lifetimes, continued, standing
from clique_app.integrations.channels import Grant

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPANS = st.none() | st.timedeltas(timedelta(days=-400), timedelta(days=400))


def at(span: timedelta | None) -> datetime | None:
    return None if span is None else NOW + span


@given(SPANS, SPANS, st.booleans(), st.booleans())
def test_what_holds_has_not_ended_and_what_ended_cannot_be_renewed(
    ends: timedelta | None, refresh_ends: timedelta | None, renewable: bool, refused: bool
) -> None:
    found = standing(Lifetimes(at(ends), at(refresh_ends), renewable), NOW, refused=refused)
    if found == "holds":
        assert not refused
        assert ends is None or ends > timedelta()
        assert not renewable or ends is None or ends >= RENEW_BEFORE
    if found == "renew":
        assert renewable
        assert refresh_ends is None or refresh_ends > timedelta()
    if found == "ended":
        assert refused or (ends is not None and ends < RENEW_BEFORE)


def test_a_token_that_cannot_be_renewed_is_used_to_its_end() -> None:
    last_minute = Lifetimes(NOW + timedelta(minutes=1), None, renewable=False)
    assert standing(last_minute, NOW) == "holds"
    assert standing(last_minute, NOW, refused=True) == "ended"


def test_a_platform_that_gives_no_new_refresh_token_leaves_the_old_one_good() -> None:
    month = NOW + timedelta(days=30)
    former = Grant("a1", "r1", NOW, month, ("ads",))
    kept = continued(former, Grant("a2"), NOW)
    assert (kept.access_token, kept.refresh_token, kept.refresh_expires_at) == ("a2", "r1", month)
    assert (kept.expires_at, kept.scopes) == (NOW + ASSUMED_LIFETIME, ("ads",))


def test_a_new_pair_replaces_the_old_one_with_its_own_times() -> None:
    former = Grant("a1", "r1", NOW, NOW + timedelta(days=30))
    kept = continued(former, Grant("a2", "r2", NOW + timedelta(days=1)), NOW)
    assert (kept.refresh_token, kept.refresh_expires_at) == ("r2", None)
    assert kept.expires_at == NOW + timedelta(days=1)
