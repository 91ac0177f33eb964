"""Figures are formulas over totals of the period; comparisons are fair; the normal range is the store's own past."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from clique_app.metrics import figures, registry
from clique_app.metrics.definition import Period
from clique_app.metrics.figures import Daily

MONDAY = date(2026, 11, 16)
WEEK = Period(MONDAY, MONDAY + timedelta(days=6))


def daily(**sums: list[int]) -> Daily:
    return Daily(
        {
            key: {MONDAY + timedelta(days=n): Decimal(value) for n, value in enumerate(values)}
            for key, values in sums.items()
        },
        {},
        MONDAY,
    )


def test_a_ratio_is_the_ratio_of_two_totals_not_a_mean_of_days() -> None:
    sums = daily(net_sales=[100, 900], orders=[10, 10])
    assert sums.figure(registry.metric("aov"), WEEK).value == Decimal(50)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=20), st.integers(1, 19))
def test_a_total_is_the_sum_of_any_split_of_its_period(values: list[int], cut: int) -> None:
    sums = daily(net_sales=values)
    whole = Period(MONDAY, MONDAY + timedelta(days=30))
    left, right = Period(MONDAY, MONDAY + timedelta(days=cut - 1)), Period(MONDAY + timedelta(days=cut), whole.end)
    assert sums.total("net_sales", left) + sums.total("net_sales", right) == sums.total("net_sales", whole)


def test_an_unknown_total_explains_every_figure_that_rests_on_it() -> None:
    sums = Daily({"net_sales": {}, "ad_spend": {}, "other_marketing": {}}, {"ad_spend": "No ad account."}, MONDAY)
    mer = sums.figure(registry.metric("mer"), WEEK)
    assert (mer.value, mer.reason) == (None, "No ad account.")


def test_a_period_that_begins_before_what_was_read_is_unknown() -> None:
    sums = Daily({"net_sales": {MONDAY: Decimal(5)}}, {}, MONDAY, {"net_sales": MONDAY})
    assert sums.figure(registry.metric("net_sales"), WEEK).value == 5
    longer = sums.figure(registry.metric("net_sales"), Period(MONDAY - timedelta(days=1), WEEK.end))
    assert longer.value is None
    assert longer.reason.startswith("Read from 16 Nov 2026 on")


def test_nothing_to_divide_by_names_what_is_missing() -> None:
    aov = daily(net_sales=[0], orders=[0]).figure(registry.metric("aov"), WEEK)
    assert aov.value is None
    assert aov.reason.startswith("Orders is 0")


def test_today_is_left_out_of_a_comparison_on_both_sides() -> None:
    compared = figures.comparison(WEEK, "previous", today=WEEK.end)
    assert compared is not None
    assert compared.days == Period(MONDAY, MONDAY + timedelta(days=5))
    assert compared.against == compared.days.shifted(-7)
    assert compared.whole_days_only


def test_last_year_keeps_weekdays_against_weekdays() -> None:
    compared = figures.comparison(WEEK, "year", today=date(2026, 12, 1))
    assert compared is not None
    assert compared.against.start.weekday() == MONDAY.weekday()


def test_today_alone_is_compared_with_nothing() -> None:
    assert figures.comparison(Period(MONDAY, MONDAY), "previous", today=MONDAY) is None


def test_change_from_nothing_is_unknown() -> None:
    assert figures.change(Decimal(5), Decimal(0)) is None
    assert figures.change(Decimal(5), Decimal(-2)) is None
    assert figures.change(Decimal(6), Decimal(4)) == Decimal("0.5")


@settings(max_examples=25)
@given(
    st.lists(st.integers(-50, 500), min_size=70, max_size=90),
    st.lists(st.integers(0, 9), min_size=70, max_size=90),
    st.integers(0, 20),
)
def test_a_line_says_of_each_day_and_a_range_of_each_period_what_the_figure_says(
    sales: list[int], orders: list[int], read_after: int
) -> None:
    sums = replace(daily(net_sales=sales, orders=orders), read_from={"orders": MONDAY + timedelta(days=read_after)})
    drawn = Period(MONDAY + timedelta(days=10), MONDAY + timedelta(days=75))
    for key in ("net_sales", "aov"):
        item = registry.metric(key)
        days = [Period(day, day) for day in drawn.each_day()]
        assert sums.days(item, drawn) == [sums.figure(item, day).value for day in days]
        periods = (drawn, drawn.shifted(-7), Period(drawn.start, drawn.start))
        assert sums.spans(item, periods) == [sums.figure(item, period).value for period in periods]
