"""What the way orders follow each other tells, against sets of who ordered."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import median
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clique_app.metrics import gaps
from clique_app.metrics.catalog.retention import ACTIVE_DAYS
from clique_app.metrics.definition import Period
from clique_app.metrics.packed import number
from clique_app.tables.rollups import NO_ORDER_BEFORE

FIRST = date(1999, 6, 1)
Orders = list[tuple[int, date]]  # customer, day: those of one customer in the order they came

books = st.lists(
    st.tuples(st.integers(-2, 5) | st.just(2**62), st.integers(0, 400).map(lambda day: FIRST + timedelta(day))),
    max_size=30,
).map(lambda book: sorted(book, key=lambda order: order[1]))


def packed(book: Orders) -> gaps.OrderGaps:
    counts: dict[date, tuple[Counter[date], Counter[date]]] = defaultdict(lambda: (Counter(), Counter()))
    orders = each_order(book)
    for day, one, two in ((day, *order[1:]) for day, of_day in orders.items() for order in of_day):
        counts[day][0][one] += 1
        counts[day][1][two] += 1

    def rows(of: Counter[date]) -> bytes:
        return np.array([(number(day), orders) for day, orders in sorted(of.items())], gaps.FORMER).tobytes()

    whose = dict(packed_orders(book))
    return gaps.OrderGaps((day, rows(one), rows(two), whose[day]) for day, (one, two) in counts.items())


def each_order(book: Orders) -> dict[date, list[tuple[int, date, date]]]:
    """By day: the customer of each order, the day of their order before and of the one before that."""
    former: dict[int, list[date]] = defaultdict(list)
    found: dict[date, list[tuple[int, date, date]]] = defaultdict(list)
    for customer, day in book:
        before = [NO_ORDER_BEFORE, NO_ORDER_BEFORE, *former[customer]]
        found[day].append((customer, before[-1], before[-2]))
        former[customer].append(day)
    return found


def packed_orders(book: Orders) -> list[tuple[date, bytes]]:
    return [
        (day, np.array([(who, number(one), number(two)) for who, one, two in sorted(of_day)], gaps.ORDER).tobytes())
        for day, of_day in each_order(book).items()
    ]


class ByHand(NamedTuple):
    """What a book tells of a period."""

    times: Counter[int]  # orders by customer
    at_start: set[int]  # who is active then
    at_end: set[int]
    since: list[tuple[int, int]]  # of each order that followed another: its customer, and the days between


def by_hand(book: Orders, period: Period) -> ByHand:
    def who(first: date, last: date) -> set[int]:
        return {customer for customer, day in book if first <= day <= last}

    active, before = timedelta(ACTIVE_DAYS - 1), period.start - timedelta(days=1)
    former: dict[int, date] = {}
    since: list[tuple[int, int]] = []
    for customer, day in book:
        if customer in former and period.start <= day <= period.end:
            since.append((customer, (day - former[customer]).days))
        former[customer] = day
    times = Counter(customer for customer, day in book if period.start <= day <= period.end)
    return ByHand(times, who(before - active, before), who(period.end - active, period.end), since)


@given(books, st.integers(-20, 420), st.integers(0, 300))
def test_they_are_the_customers_themselves(book: Orders, start: int, length: int) -> None:
    period = Period(FIRST + timedelta(start), FIRST + timedelta(start + length))
    times, at_start, at_end, since = by_hand(book, period)
    told = packed(book)
    assert {key: tell(told, period) for key, tell in gaps.CUSTOMERS.items()} == {
        "customers": len(times),
        "repeat_customers": sum(count > 1 for count in times.values()),
        "active_customers": len(at_end),
        "active_at_start": len(at_start),
        "lost_customers": len(at_start - at_end),
        "days_between_purchases": median(days for _, days in since) if since else None,
    }
