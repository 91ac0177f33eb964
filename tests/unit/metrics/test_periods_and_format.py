"""Periods a person picks, and numbers as a person reads them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from clique_app.errors import InvalidInput
from clique_app.metrics import format, periods
from clique_app.metrics.definition import Period

TODAY = date(2026, 11, 21)
FIRST = date(2025, 10, 21)


def test_presets_end_on_the_last_day_that_has_data() -> None:
    assert periods.resolve("last_7", last_day=TODAY, first_day=FIRST) == Period(date(2026, 11, 15), TODAY)
    assert periods.resolve("yesterday", last_day=TODAY, first_day=FIRST) == Period(
        date(2026, 11, 20), date(2026, 11, 20)
    )
    assert periods.resolve("all", last_day=TODAY, first_day=FIRST) == Period(FIRST, TODAY)


def test_an_unknown_preset_falls_back_to_the_default() -> None:
    assert periods.resolve("nonsense", last_day=TODAY, first_day=FIRST).days == 7


@pytest.mark.parametrize("text", ["2026-11-02..2026-11-01", "x..y", "2026-02-30..2026-03-01"])
def test_a_wrong_period_says_what_is_wrong(text: str) -> None:
    with pytest.raises(InvalidInput):
        periods.resolve(text, last_day=TODAY, first_day=FIRST)


@pytest.mark.parametrize(
    ("value", "unit", "brief", "exact"),
    [
        ("126731.84", "money", "$126,732", "$126,731.84"),
        ("59", "money", "$59.00", "$59.00"),
        ("-62.004", "money", "−$62.00", "−$62.00"),
        ("4.3105", "ratio", "4.31", "4.31"),
        ("0.447", "percent", "44.7%", "44.7%"),
        ("2148", "count", "2,148", "2,148"),
    ],
)
def test_values_read_as_in_the_admin(value: str, unit: format.Unit, brief: str, exact: str) -> None:
    assert format.brief(Decimal(value), unit, "USD") == brief
    assert format.exact(Decimal(value), unit, "USD") == exact


def test_unknown_is_a_dash_never_zero() -> None:
    assert format.brief(None, "money", "USD") == "–"


def test_changes_carry_their_sign() -> None:
    assert [format.signed_percent(Decimal(text)) for text in ("0.07", "-0.011", "0.0001")] == ["+7.0%", "−1.1%", "0.0%"]


def test_days_are_named_briefly() -> None:
    assert format.days(Period(date(2026, 11, 14), date(2026, 11, 20)), year=True) == "14–20 Nov 2026"
    assert format.days(Period(date(2026, 10, 28), date(2026, 11, 3))) == "28 Oct – 3 Nov"
    assert format.days(Period(date(2025, 12, 30), date(2026, 1, 2))) == "30 Dec 2025 – 2 Jan 2026"


def test_ages_are_told_in_one_unit() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    told = [format.age(now - timedelta(seconds=s), now) for s in (6, 41 * 60, 2 * 3600, 5 * 86400)]
    assert told == ["6 s ago", "41 min ago", "2 h ago", "5 d ago"]
    assert format.age(None, now) == "never read"
