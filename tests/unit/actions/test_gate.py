"""Each limit refuses by its name, and steps fit in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.actions import gate, verdict
from clique_app.actions.definition import Change, DataAge, Limits, PastChange, Situation
from clique_app.integrations.channels import LiveObject

NOW = datetime(2026, 11, 21, 19, tzinfo=UTC)
LIMITS = Limits(
    kill_switch=False,
    max_step_pct=Decimal(20),
    max_day_pct=Decimal(30),
    max_account_daily_budget=Decimal(2600),
    min_daily_budget=Decimal(5),
    cooldown=timedelta(hours=24),
    max_data_age=timedelta(hours=3),
    currency="USD",
)
CHANGE = Change("change_budget", "meta", "1", "campaign", "9", "Gifts", Decimal(640), Decimal(768), "USD", True)
LIVE = LiveObject("9", "Gifts", "active", Decimal(640), "USD", NOW)
FINE = Situation(
    limits=LIMITS,
    live=LIVE,
    history=(),
    other_budgets=Decimal(1500),
    data=(DataAge("Meta data", NOW - timedelta(minutes=41)), DataAge("Stock data", NOW)),
    connected_accounts=("1",),
    time_zone="America/New_York",
    now=NOW,
)


def past(before: int, after: int, hours: float, *, certain: bool = True, settled: bool = True) -> PastChange:
    return PastChange(Decimal(before), Decimal(after), NOW - timedelta(hours=hours), certain, settled)


def failed(change: Change, now: Situation) -> list[str]:
    return [check.key for check in gate.budget_checks(change, now) if not check.passed]


def test_a_fair_step_passes_every_check() -> None:
    assert failed(CHANGE, FINE) == []
    assert gate.refusal(gate.budget_checks(CHANGE, FINE)) == ""


@pytest.mark.parametrize(
    ("change", "now", "key"),
    [
        (replace(CHANGE, after=Decimal(769)), FINE, "step"),
        (replace(CHANGE, after=Decimal(511)), FINE, "step"),
        (CHANGE, replace(FINE, history=(past(500, 640, 5),), limits=replace(LIMITS, cooldown=timedelta())), "day"),
        (CHANGE, replace(FINE, history=(past(600, 640, 23),)), "cooldown"),
        (CHANGE, replace(FINE, data=(DataAge("Meta data", None),)), "fresh_meta_data"),
        (CHANGE, replace(FINE, data=(DataAge("Stock data", NOW - timedelta(hours=4)),)), "fresh_stock_data"),
        (CHANGE, replace(FINE, limits=replace(LIMITS, kill_switch=True)), "kill_switch"),
        (CHANGE, replace(FINE, connected_accounts=("2",)), "account"),
        (CHANGE, replace(FINE, live=replace(LIVE, currency="EUR")), "currency"),
        (CHANGE, replace(FINE, live=replace(LIVE, status="paused")), "active"),
        (CHANGE, replace(FINE, live=replace(LIVE, daily_budget=Decimal(700))), "live"),
        (CHANGE, replace(FINE, live=replace(LIVE, daily_budget=None)), "live"),
        (CHANGE, replace(FINE, history=(past(640, 700, 40, certain=False, settled=False),)), "settled"),
        (CHANGE, replace(FINE, other_budgets=Decimal(1833)), "account_cap"),
        (
            replace(CHANGE, after=Decimal(600)),
            replace(FINE, limits=replace(LIMITS, min_daily_budget=Decimal(601))),
            "floor",
        ),
    ],
)
def test_one_breach_fails_one_check_and_is_named(change: Change, now: Situation, key: str) -> None:
    assert failed(change, now) == [key]
    check = next(check for check in gate.budget_checks(change, now) if check.key == key)
    said = gate.refusal(gate.budget_checks(change, now))
    assert check.label in said
    assert check.limit in said


def test_a_budget_in_another_currency_is_refused_and_held_against_no_limit() -> None:
    in_yen = replace(CHANGE, before=Decimal(64_000), after=Decimal(76_800), currency="JPY")
    now = replace(FINE, live=replace(LIVE, currency="JPY", daily_budget=Decimal(64_000)))
    assert failed(in_yen, now) == ["currency"]
    assert not {"account_cap", "floor"} & {check.key for check in gate.budget_checks(in_yen, now)}
    assert "USD, as the limits are set in" in gate.refusal(gate.budget_checks(in_yen, now))


def test_an_uncertain_change_today_counts_as_made() -> None:
    now = replace(FINE, history=(past(640, 700, 6, certain=False),), limits=replace(LIMITS, cooldown=timedelta()))
    assert failed(CHANGE, now) == ["day"]


def test_a_cut_passes_the_account_cap_even_where_the_account_is_over_it() -> None:
    assert failed(replace(CHANGE, after=Decimal(520)), replace(FINE, other_budgets=Decimal(9000))) == []


def test_undo_skips_how_far_and_how_often_but_not_the_live_value_or_the_kill_switch() -> None:
    undo = replace(CHANGE, before=Decimal(640), after=Decimal(320), undo_of=7)
    now = replace(FINE, history=(past(320, 640, 1),), data=(DataAge("Meta data", None),))
    assert failed(undo, now) == []
    assert failed(undo, replace(now, live=replace(LIVE, daily_budget=Decimal(641)))) == ["live"]
    assert failed(undo, replace(now, limits=replace(LIMITS, kill_switch=True))) == ["kill_switch"]


@given(
    before=st.integers(500, 10_000_000).map(lambda cents: Decimal(cents) / 100),
    wanted=st.integers(-100, 100),
    room=st.integers(-1000, 1000),
)
def test_the_farthest_step_keeps_the_step_limit_the_floor_and_the_room(before: Decimal, wanted: int, room: int) -> None:
    after = gate.farthest_step(before, Decimal(wanted), LIMITS, room=Decimal(room))
    if after is not None:
        assert after >= LIMITS.min_daily_budget
        assert abs(after / before - 1) * 100 <= LIMITS.max_step_pct
        assert (after < before) if wanted < 0 else (before < after <= before + room)


def test_a_read_back_proves_what_it_proves() -> None:
    asked = {"platform": "Meta", "before": Decimal(640), "after": Decimal(768), "currency": "USD"}
    assert verdict.of_read_back(**asked, read=Decimal(768)).state == "applied"
    same = verdict.of_read_back(**asked, read=Decimal(640))
    assert (same.state, same.note) == ("not_applied", "Meta answered success, but the budget is still $640.00.")
    waiting = verdict.of_read_back(**asked, read=Decimal(640), may_still_land=True)
    assert (waiting.state, waiting.final) == ("unknown", False)
    third = verdict.of_read_back(**asked, read=Decimal(700))
    assert (third.state, third.final) == ("unknown", True)
    assert all(amount in third.note for amount in ("$640.00", "$768.00", "$700.00"))
