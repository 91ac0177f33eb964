"""What components show of periods, sparklines and intervals."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.components.figures import interval, spark
from clique_app.components.live import Hub
from clique_app.components.period import COMPARISONS, PRESETS, Span, comparison_of, parse_period

TODAY = date(2026, 11, 21)  # a Saturday


@pytest.mark.parametrize(
    ("preset", "start", "end"),
    [
        ("today", TODAY, TODAY),
        ("last_7_days", date(2026, 11, 14), date(2026, 11, 20)),
        ("last_week", date(2026, 11, 9), date(2026, 11, 15)),
        ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
        ("last_quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ("last_year", date(2025, 1, 1), date(2025, 12, 31)),
        ("week_to_date", date(2026, 11, 16), TODAY),
        ("quarter_to_date", date(2026, 10, 1), TODAY),
    ],
)
def test_presets_are_those_of_shopify(preset: str, start: date, end: date) -> None:
    assert parse_period({"period": preset}, TODAY).span == Span(start, end)


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.sampled_from(sorted(PRESETS)), st.sampled_from(sorted(COMPARISONS)))
def test_a_period_never_runs_backwards_and_its_comparison_lies_before_it(day: date, preset: str, compare: str) -> None:
    period = parse_period({"period": preset, "compare": compare}, day)
    assert period.span.start <= period.span.end <= day
    if period.comparison is not None:
        assert period.comparison.end < period.span.end
        assert period.comparison.start <= period.comparison.end


@given(st.dictionaries(st.sampled_from(["period", "compare", "from", "to"]), st.text(max_size=20)))
def test_no_query_breaks_the_period(query: dict[str, str]) -> None:
    assert parse_period(query, TODAY).span.days >= 1


def test_a_span_of_ones_own_is_taken_and_labelled() -> None:
    period = parse_period({"period": "custom", "from": "2026-10-30", "to": "2026-11-02"}, TODAY)
    assert period.span.label() == "30 Oct – 2 Nov 2026"
    assert period.comparison == Span(date(2026, 10, 26), date(2026, 10, 29))


def test_the_same_weekdays_a_year_earlier_are_364_days_back() -> None:
    span = Span(TODAY, TODAY)
    assert comparison_of(span, "previous_year_weekday") == Span(TODAY - timedelta(days=364), TODAY - timedelta(days=364))


def test_a_missing_day_leaves_a_gap_in_the_sparkline() -> None:
    assert spark([1, 2, None, 3, 4]).line.count("M") == 2
    assert spark([1, 2], [0, 0], [3, 3]).band.endswith("Z")
    assert spark([]).line == ""


def test_an_interval_around_zero_is_neither_good_nor_bad() -> None:
    assert interval(-10, 20, 5, least=-50, most=50, label="").tone == "neither"
    assert interval(10, 20, 15, least=-50, most=50, label="").tone == "good"
    assert interval(-20, -10, -15, least=-50, most=50, label="").tone == "bad"


def test_a_push_reaches_the_tabs_of_its_store_only() -> None:
    async def scene() -> tuple[int, int]:
        hub = Hub()
        with hub.subscribed(1) as one, hub.subscribed(2) as two:
            hub.deliver("store:1", b'{"topic": "figures"}')
            hub.deliver("store:x", b'{"topic": "figures"}')
            hub.deliver("store:2", b"not json")
            return one.qsize(), two.qsize()

    assert asyncio.run(scene()) == (1, 0)
