"""Cohorts from their bytes against plain sums."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clique_app.metrics.cohort_days import COHORT, CUSTOMER, ORDER, CohortDays, Segments
from clique_app.metrics.definition import Period
from clique_app.metrics.order_worth import MEASURES
from clique_app.metrics.packed import MILLION, number
from clique_app.tables.rollups import NO_ORDER_BEFORE

FIRST = date(1999, 11, 20)  # the numbers of days change their sign within
LTV = (30, 60, 365)
Row = tuple[date, date | None, int, int, tuple[int, int, int, int]]  # day, won on, first in month, orders, millionths

amounts = st.integers(-(10**13), 10**13)


@st.composite
def books(draw: st.DrawFn) -> list[Row]:
    found: dict[tuple[date, date | None], Row] = {}
    for _ in range(draw(st.integers(0, 30))):
        won = FIRST + timedelta(draw(st.integers(0, 120)))
        day = won + timedelta(draw(st.sampled_from([0, 1, 29, 30, 31, 60, 200, 365, 366])))
        of = draw(st.one_of(st.just(won), st.none()))
        measures = draw(st.tuples(amounts, amounts, amounts, amounts))
        found[day, of] = day, of, draw(st.integers(0, 5)), draw(st.integers(1, 9)), measures
    return list(found.values())


def packed(book: list[Row]) -> CohortDays:
    by_day: dict[date, list[tuple[int, ...]]] = defaultdict(list)
    for day, won, first, orders, measures in book:
        by_day[day].append((number(won or NO_ORDER_BEFORE), orders, first, *measures))
    return CohortDays.packed((day, np.array(sorted(rows), COHORT).tobytes()) for day, rows in by_day.items())


def summed(rows: list[Row]) -> dict[str, Decimal]:
    return {
        measure: sum((Decimal(row[4][at]) for row in rows), Decimal(0)) / MILLION for at, measure in enumerate(MEASURES)
    }


@given(books(), st.integers(0, 130), st.integers(0, 90))
def test_sums_by_the_day_won_and_by_age(book: list[Row], start: int, length: int) -> None:
    period = Period(FIRST + timedelta(start), FIRST + timedelta(start + length))
    mine = [row for row in book if row[1] and period.start <= row[1] <= period.end]
    told = packed(book).by_day_won(MEASURES, period)
    for won in {row[1] for row in mine}:
        assert won is not None
        assert {key: of[won] for key, of in told.items()} == summed([row for row in mine if row[1] == won])
    assert {day for of in told.values() for day in of} == {row[1] for row in mine}
    ages = {(row[0] - row[1]).days: [] for row in mine if row[1]}
    for row in mine:
        assert row[1] is not None
        ages[(row[0] - row[1]).days].append(row)
    assert packed(book).by_age(period) == [(age, summed(rows)) for age, rows in sorted(ages.items())]


@given(books(), st.integers(0, 500))
def test_months_and_what_came_within_so_many_days(book: list[Row], last: int) -> None:
    end, days = FIRST + timedelta(last), packed(book)
    known = [row for row in book if row[1]]
    assert days.without_customer() == summed([row for row in book if not row[1]])
    months: dict[tuple[date, date], list[Row]] = defaultdict(list)
    for row in known:
        assert row[1] is not None
        months[row[1].replace(day=1), row[0].replace(day=1)].append(row)
    assert {(one.won, one.at): (one.customers, one.orders, one.brought) for one in days.months()} == {
        key: (sum(row[2] for row in rows), sum(row[3] for row in rows), summed(rows)) for key, rows in months.items()
    }
    within = days.within(LTV, end)
    assert within.keys() == {(won, "") for won, _ in months}
    for (month, _), told in within.items():
        for span, brought in zip(LTV, told, strict=True):
            old = [
                row
                for row in known
                if row[1] and row[1].replace(day=1) == month and (row[0] - row[1]).days <= span <= (end - row[1]).days
            ]
            assert brought == summed(old)


@given(
    st.dictionaries(st.integers(1, 9), st.tuples(st.integers(0, 70), st.sampled_from("abc"))),
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 400), st.booleans(), st.tuples(*[amounts] * 4)), max_size=30),
)
def test_orders_are_those_of_the_segment_their_customer_was_won_in(
    customers: dict[int, tuple[int, str]], orders: list[tuple[int, int, bool, tuple[int, int, int, int]]]
) -> None:
    """Customer 0 is nobody, and one without a segment counts as nobody."""
    won = {customer: (FIRST + timedelta(day), segment) for customer, (day, segment) in customers.items()}
    parts: dict[tuple[date, str], list[int]] = defaultdict(list)
    for customer, of in won.items():
        parts[of].append(customer)
    segments = Segments((*of, np.array(who, CUSTOMER).tobytes()) for of, who in parts.items())
    end = FIRST + timedelta(90)
    sizes: dict[tuple[date, str], list[int]] = defaultdict(list)
    for day, segment in won.values():
        sizes[day.replace(day=1), segment].append((end - day).days)
    assert segments.sizes(LTV, end) == {
        key: (len(here), [sum(days >= span for days in here) for span in LTV]) for key, here in sizes.items()
    }

    by_day: dict[date, list[tuple[int, ...]]] = defaultdict(list)
    months: dict[tuple[date, str, date], list[Row]] = defaultdict(list)
    nobodys: list[Row] = []
    for customer, days, first, measures in orders:
        day, segment = won.get(customer, (FIRST, ""))
        at = day + timedelta(days)
        by_day[at].append((customer, first, *measures))
        row = at, day, int(first), 1, measures
        (months[day.replace(day=1), segment, at.replace(day=1)] if customer in won else nobodys).append(row)
    told = segments.of_orders((day, np.array(rows, ORDER).tobytes()) for day, rows in by_day.items())
    assert told.without_customer() == summed(nobodys)
    assert {(one.won, one.segment, one.at): (one.customers, one.orders, one.brought) for one in told.months()} == {
        key: (sum(row[2] for row in rows), len(rows), summed(rows)) for key, rows in months.items()
    }
    within = told.within(LTV, end)
    assert within.keys() == {(month, segment) for month, segment, _ in months}
    for key, spans in within.items():
        mine = [row for (month, segment, _), rows in months.items() if (month, segment) == key for row in rows]
        for days, brought in zip(LTV, spans, strict=True):
            old = [row for row in mine if row[1] and (row[0] - row[1]).days <= days <= (end - row[1]).days]
            assert brought == summed(old)
