"""Links nobody can make up or change, answers that are offered, and a score that says how sure it is."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.advocacy import survey
from clique_app.advocacy.survey import Link
from clique_app.errors import AccessDenied, InvalidInput, Refused
from clique_app.metrics import registry
from clique_app.metrics.definition import Period
from clique_app.metrics.figures import Daily

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "a secret of the app"
UNTIL = int((NOW + timedelta(days=1)).timestamp())
LINK = Link(7, "6100000000001", UNTIL)
TEXT = survey.written(LINK, survey.key_of(SECRET, 7))


def test_a_link_is_read_as_it_was_written_until_it_ends() -> None:
    assert survey.read(TEXT, SECRET, NOW) == LINK
    with pytest.raises(Refused, match="closed"):
        survey.read(TEXT, SECRET, NOW + timedelta(days=2))


@given(st.integers(0, len(TEXT) - 1), st.sampled_from("0123456789abcdefn.-_ \n\u0661"))
def test_a_link_with_any_letter_changed_is_refused(at: int, letter: str) -> None:
    changed = TEXT[:at] + letter + TEXT[at + 1 :]
    if changed != TEXT:
        with pytest.raises((AccessDenied, Refused)):
            survey.read(changed, SECRET, NOW)


@given(st.text(max_size=120))
def test_any_text_is_no_link(text: str) -> None:
    with pytest.raises(AccessDenied):
        survey.read(text, SECRET, NOW)


def test_another_stores_key_makes_no_link_of_this_store() -> None:
    with pytest.raises(AccessDenied):
        survey.read(survey.written(LINK, survey.key_of(SECRET, 8)), SECRET, NOW)


def test_an_order_confirmations_template_makes_the_same_link() -> None:
    key = survey.key_of(SECRET, 7)
    template = survey.liquid("https://app.example.com", 7, key)
    # what Shopify's filters do: date '%s', plus, append, hmac_sha256
    about = f"6100000000001.{UNTIL}"
    made = f"7.{about}.{hmac.new(key.encode(), about.encode(), sha256).hexdigest()}"
    assert made == TEXT
    assert f"| hmac_sha256: '{key}'" in template
    assert "https://app.example.com/survey/7.{{ about }}.{{ about |" in template


@pytest.mark.parametrize("text", ["", "-1", "11", "1.5", "٣", "ten", "010"])
def test_a_score_is_0_to_10(text: str) -> None:
    with pytest.raises(InvalidInput):
        survey.score(text)
    assert [survey.score(str(n)) for n in range(11)] == list(range(11))


def test_only_what_is_offered_can_be_answered() -> None:
    assert survey.channel_of("TikTok", survey.CHOICES) == "tiktok"
    assert survey.channel_of("", survey.CHOICES) == ""
    with pytest.raises(InvalidInput):
        survey.channel_of("Television", survey.CHOICES)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("One", "")],
        [("One", ""), ("one", "")],
        [("One\0", ""), ("Two", "")],
        [("One", "tv"), ("Two", "")],
        [("x" * 61, ""), ("Two", "")],
    ],
)
def test_choices_that_cannot_be_offered_are_refused(rows: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidInput):
        survey.checked_choices(rows)


@given(st.from_regex(survey.COLOUR, fullmatch=True))
def test_text_on_any_colour_can_be_read(colour: str) -> None:
    def light(hex_: str) -> float:
        parts = [int(hex_[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(colour), light(survey.text_colour(colour))))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def told(promoters: int, passives: int, detractors: int) -> Daily:
    day = NOW.date()
    counts = {
        "survey_promoters": promoters,
        "survey_detractors": detractors,
        "survey_answers": promoters + passives + detractors,
    }
    return Daily({key: {day: Decimal(count)} for key, count in counts.items()}, {}, day)


def test_the_score_comes_with_its_margin_and_not_from_few() -> None:
    today = Period(NOW.date(), NOW.date())
    figure = told(60, 25, 15).figure(registry.metric("nps"), today)
    assert figure.value == 45
    assert figure.margin is not None
    assert round(figure.margin, 2) == Decimal("14.50")  # 196 * sqrt((.75 - .45 ** 2) / 100)
    few = told(20, 5, 4).figure(registry.metric("nps"), today)
    assert (few.value, few.margin) == (None, None)
    assert few.reason == "Net promoter score is told from 30 survey answers on; so far 29."


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_a_score_and_its_margin_stay_in_their_bounds(promoters: int, passives: int, detractors: int) -> None:
    found = survey.margin(Decimal(promoters), Decimal(detractors), Decimal(promoters + passives + detractors))
    if promoters + passives + detractors == 0:
        assert found is None
    else:
        assert found is not None
        assert 0 <= found <= 196


def test_a_link_keeps_its_form() -> None:
    """Links are in e-mails for months: another form would break them all."""
    assert survey.written(Link(7, "61", 1800000000), "key") == (
        "7.61.1800000000.efc64854a6b7bf34c18d17e81ef1050a18a963856c71c5f353d50c36f6c1fb73"
    )
