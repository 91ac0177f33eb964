"""Periods a person picks, and numbers as a person reads them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from clique_app.errors import InvalidInput
from clique_app.metrics import answer, format, periods
from clique_app.metrics.definition import Figure, Period

TODAY = date(2026, 11, 21)


def test_presets_end_on_the_last_day_that_has_data() -> None:
    assert periods.choice({"period": "last_7_days"}, TODAY).period == Period(date(2026, 11, 15), TODAY)
    assert periods.choice({"period": "yesterday"}, TODAY).period == Period(date(2026, 11, 20), date(2026, 11, 20))
    assert periods.choice({"period": "last_week"}, TODAY).period == Period(date(2026, 11, 9), date(2026, 11, 15))
    assert periods.choice({"period": "last_quarter"}, TODAY).period == Period(date(2026, 7, 1), date(2026, 9, 30))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"period": "nonsense", "compare": "nonsense"},
        {"period": "custom", "from": "2026-11-02", "to": "2026-11-01"},
        {"period": "custom", "from": "x"},
        {"period": "custom", "from": "0001-01-01", "to": "9999-12-31"},
    ],
)
def test_what_makes_no_sense_falls_back_to_the_last_seven_days(query: dict[str, str]) -> None:
    assert periods.choice(query, TODAY) == periods.Choice("last_7_days", Period(date(2026, 11, 15), TODAY), "previous")


@given(st.dates(date(1995, 1, 1), date(2040, 1, 1)), st.sampled_from(sorted(periods.PRESETS)))
def test_every_preset_is_a_period_that_ends_by_the_last_day(today: date, preset: str) -> None:
    period = periods.choice({"period": preset}, today).period
    assert period.start <= period.end <= today


@pytest.mark.parametrize(
    "days",
    [
        ("2026-11-02", "2026-11-01"),
        ("x", "y"),
        ("2026-02-30", "2026-03-01"),
        ("0001-01-01", "9999-12-31"),
        ("0001-01-01", "0001-01-31"),
        ("9999-12-01", "9999-12-31"),
        ("2015-01-01", "2026-01-01"),
    ],
)
def test_a_wrong_period_says_what_is_wrong(days: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput):
        periods.between(*days)


@pytest.mark.parametrize(
    ("value", "unit", "brief", "exact"),
    [
        ("126731.84", "money", "$126,732", "$126,731.84"),
        ("59", "money", "$59.00", "$59.00"),
        ("-62.004", "money", "−$62.00", "−$62.00"),
        ("4.3105", "ratio", "4.31", "4.31"),
        ("0.447", "percent", "44.7%", "44.7%"),
        ("2148", "count", "2,148", "2,148"),
        ("1.166666", "count", "1.17", "1.17"),
        ("12.500000", "count", "12.5", "12.5"),
        ("2148.666666", "count", "2,149", "2,148.67"),
    ],
)
def test_values_read_as_in_the_admin(value: str, unit: format.Unit, brief: str, exact: str) -> None:
    assert format.brief(Decimal(value), unit, "USD") == brief
    assert format.exact(Decimal(value), unit, "USD") == exact


@given(
    st.decimals(-(10**12), 10**12, places=5),
    st.sampled_from(["USD", "EUR", "CHF", "JPY", "KWD", "CLF", "TWD"]),
)
def test_money_is_written_as_babel_writes_it(value: Decimal, currency: str) -> None:
    written = format_currency(value, currency, locale=format.LOCALE).replace("-", "−")
    whole = format_currency(value, currency, "¤#,##0", locale=format.LOCALE, currency_digits=False).replace("-", "−")
    assert (format.exact(value, "money", currency), format.whole(value, currency)) == (written, whole)


def test_machines_read_a_count_as_it_is() -> None:
    def told(value: str) -> str:
        return repr(answer.number(Figure("orders", "Orders", "count", Decimal(value)), "USD"))

    assert [told(value) for value in ("1.166666", "7.000000", "-0.5")] == ["1.166666", "7", "-0.5"]


def test_unknown_is_a_dash_never_zero() -> None:
    assert format.brief(None, "money", "USD") == "–"


def test_changes_carry_their_sign() -> None:
    assert [format.signed_percent(Decimal(text)) for text in ("0.07", "-0.011", "0.0001")] == ["+7.0%", "−1.1%", "0.0%"]


def test_days_are_named_briefly() -> None:
    assert format.days(Period(date(2026, 11, 14), date(2026, 11, 20)), year=True) == "14–20 Nov 2026"
    assert format.days(Period(date(2026, 10, 28), date(2026, 11, 3))) == "28 Oct – 3 Nov"
    assert format.days(Period(date(2025, 12, 30), date(2026, 1, 2))) == "30 Dec 2025 – 2 Jan 2026"
    week = Period(date(2026, 11, 14), date(2026, 11, 20))
    assert format.against(Period(date(2026, 11, 7), date(2026, 11, 13)), week) == "7–13 Nov"
    assert format.against(Period(date(2025, 11, 14), date(2025, 11, 20)), week) == "14–20 Nov 2025"  # not the same days


def test_ages_are_told_in_one_unit() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    told = [format.age(now - timedelta(seconds=s), now) for s in (6, 41 * 60, 2 * 3600, 5 * 86400)]
    assert told == ["6 s ago", "41 min ago", "2 h ago", "5 d ago"]
    assert format.age(None, now) == "never read"
