"""What the way orders follow each other tells, against sets of who ordered."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import median

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
    former: dict[int, list[date]] = defaultdict(list)
    counts: dict[date, tuple[Counter[date], Counter[date]]] = defaultdict(lambda: (Counter(), Counter()))
    who: dict[date, set[int]] = defaultdict(set)
    for customer, day in book:
        before = [NO_ORDER_BEFORE, NO_ORDER_BEFORE, *former[customer]]
        for back in (1, 2):
            counts[day][back - 1][before[-back]] += 1
        former[customer].append(day)
        who[day].add(customer)

    def rows(of: Counter[date]) -> bytes:
        return np.array([(number(day), orders) for day, orders in sorted(of.items())], gaps.FORMER).tobytes()

    def names(of: set[int]) -> bytes:
        return np.array(sorted(of), gaps.CUSTOMER).tobytes()

    return gaps.OrderGaps((day, rows(one), rows(two), names(who[day])) for day, (one, two) in counts.items())


@given(books, st.integers(-20, 420), st.integers(0, 300))
def test_they_are_the_customers_themselves(book: Orders, start: int, length: int) -> None:
    period = Period(FIRST + timedelta(start), FIRST + timedelta(start + length))

    def who(first: date, last: date) -> set[int]:
        return {customer for customer, day in book if first <= day <= last}

    active, before = timedelta(ACTIVE_DAYS - 1), period.start - timedelta(days=1)
    at_start, at_end = who(before - active, before), who(period.end - active, period.end)
    times = Counter(customer for customer, day in book if period.start <= day <= period.end)
    former: dict[int, date] = {}
    days: list[int] = []
    for customer, day in book:
        if customer in former and period.start <= day <= period.end:
            days.append((day - former[customer]).days)
        former[customer] = day
    told = packed(book)
    assert {key: tell(told, period) for key, tell in gaps.CUSTOMERS.items()} == {
        "customers": len(times),
        "repeat_customers": sum(count > 1 for count in times.values()),
        "active_customers": len(at_end),
        "active_at_start": len(at_start),
        "lost_customers": len(at_start - at_end),
        "days_between_purchases": median(days) if days else None,
    }
