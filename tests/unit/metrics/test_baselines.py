"""Normal is the store's own past: robust, of the weekday, and as wide as it says."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from clique_app.metrics import baselines, registry
from clique_app.metrics.definition import Period
from clique_app.metrics.figures import Daily

MONDAY = date(2026, 8, 3)
WEEKS = 12
SALES = registry.metric("net_sales")
past = st.lists(st.integers(-1000, 1000), min_size=baselines.LEAST_DAYS, max_size=7 * WEEKS)


def days(values: list[int] | list[Decimal]) -> list[tuple[date, Decimal]]:
    return [(MONDAY + timedelta(days=n), Decimal(value)) for n, value in enumerate(values)]


def daily(values: list[int]) -> Daily:
    return Daily({"net_sales": dict(days(values))}, {}, MONDAY)


@settings(max_examples=40)
@given(past, st.integers(0, 6))
def test_the_middle_lies_within_the_range_and_a_range_that_was_never_negative_stays_so(
    values: list[int], ahead: int
) -> None:
    found = baselines.learn(days(values))
    assert found is not None
    low, high = found.range(MONDAY + timedelta(days=len(values) + ahead))
    assert low <= high
    assert min(values) < 0 or low >= 0


@settings(max_examples=40)
@given(past, st.integers(-5000, 5000), st.integers(1, 50))
def test_another_currency_or_another_zero_moves_the_range_and_nothing_else(
    values: list[int], shift: int, factor: int
) -> None:
    day = MONDAY + timedelta(days=len(values))
    one, other = baselines.learn(days(values)), baselines.learn(days([value * factor + shift for value in values]))
    assert one is not None
    assert other is not None
    assert abs(other.expected(day) - (one.expected(day) * factor + shift)) < Decimal("1e-12")
    assert abs(other.low - one.low * factor) < Decimal("1e-12")


@given(st.lists(st.integers(0, 500), min_size=7, max_size=7), st.integers(0, 27))
def test_a_week_that_repeats_is_expected_as_it_is_also_over_the_change_of_the_clocks(
    week: list[int], ahead: int
) -> None:
    found = baselines.learn(days(week * WEEKS))  # to the end of October: the next weeks have a day of 25 hours
    assert found is not None
    day = MONDAY + timedelta(days=7 * WEEKS + ahead)
    assert found.range(day) == (week[day.weekday()], week[day.weekday()])


def test_one_wild_day_is_not_made_normal() -> None:
    calm = [100, 110, 90, 105, 95, 100, 100] * WEEKS
    wild = [*calm[:-10], 100_000, *calm[-9:]]
    day = MONDAY + timedelta(days=7 * WEEKS)
    one, other = baselines.learn(days(calm)), baselines.learn(days(wild))
    assert one is not None
    assert other is not None
    assert abs(other.expected(day) - one.expected(day)) <= 5


def test_growth_is_followed_and_chance_is_no_growth() -> None:
    noise = Random(5)
    growing = baselines.learn(days([round(1000 + 5 * n + noise.gauss(0, 40)) for n in range(84)]))
    assert growing is not None
    assert 30 < growing.trend < 40
    trends = [baselines.learn(days([round(noise.gauss(1000, 100)) for _ in range(84)])) for _ in range(60)]
    assert sum(found is not None and found.trend != 0 for found in trends) <= 9


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.sampled_from([28, 42, 84]))
def test_eight_of_ten_coming_days_of_a_store_that_goes_on_as_before_fall_into_the_range(seed: int, known: int) -> None:
    chance, inside, told = Random(seed), 0, 0
    for _ in range(30):
        pattern = [chance.gauss(1000, 150) for _ in range(7)]
        values = [round(pattern[n % 7] + chance.gauss(0, 120)) for n in range(known + 7)]
        found = baselines.learn(days(values[:known]))
        assert found is not None
        for day, value in days(values)[known:]:
            low, high = found.range(day)
            inside, told = inside + (low <= value <= high), told + 1
    assert 0.68 < inside / told < 0.92


def test_too_few_known_days_are_no_baseline() -> None:
    assert baselines.learn(days([5] * (baselines.LEAST_DAYS - 1))) is None
    young = Daily({"net_sales": {}}, {}, MONDAY + timedelta(weeks=WEEKS - 3))
    assert len(baselines.known_days(young, SALES, baselines.learnt_from(MONDAY + timedelta(weeks=WEEKS)))) == 21


def test_a_weeks_normal_never_looks_at_the_week_itself() -> None:
    week = MONDAY + timedelta(weeks=WEEKS)
    known = baselines.known_days(daily([*[100] * 84, *[99_999] * 7]), SALES, Period(MONDAY, week + timedelta(days=6)))
    before = baselines.within(known, baselines.learnt_from(week))
    assert [value for _, value in before] == [100] * 84


def test_only_weeks_that_lie_in_a_period_are_whole() -> None:
    week, next_week = (
        Period(MONDAY, MONDAY + timedelta(days=6)),
        Period(MONDAY + timedelta(days=7), MONDAY + timedelta(13)),
    )
    assert baselines.whole_weeks(Period(MONDAY, MONDAY + timedelta(days=13))) == (week, next_week)
    assert baselines.whole_weeks(Period(MONDAY + timedelta(days=1), MONDAY + timedelta(days=14))) == (next_week,)
    assert baselines.whole_weeks(Period(MONDAY, MONDAY + timedelta(days=5))) == ()


def test_what_rests_on_what_is_read_of_whole_periods_is_learnt_by_week_unless_its_past_is_not_kept() -> None:
    steps = {"net_sales": "day", "ltv": "day", "customers": "week", "churn_rate": "week", "sell_through_rate": "week",
             "expected_net_sales": None, "clv_cac_ratio": None, "source_roi": None}  # fmt: skip
    assert {key: baselines.step(registry.metric(key)) for key in steps} == steps


def test_a_period_is_held_against_those_of_its_length_before_it() -> None:
    sums = daily([*[100] * 63, *[99_999] * 7])
    last = Period(MONDAY + timedelta(days=63), MONDAY + timedelta(days=69))
    assert baselines.of_period(sums, SALES, last) == (Decimal(700), Decimal(700))
    assert baselines.of_period(sums, SALES, Period(MONDAY, MONDAY + timedelta(days=39))) is None


@given(st.integers(1, 400), st.integers(0, 400))
def test_earlier_periods_keep_the_weekday_and_do_not_overlap(length: int, start: int) -> None:
    first = MONDAY + timedelta(days=start)
    period = Period(first, first + timedelta(days=length - 1))
    later = period
    for window in baselines.earlier(period):
        assert window.end < later.start
        assert (window.days, window.start.weekday()) == (period.days, period.start.weekday())
        later = window
