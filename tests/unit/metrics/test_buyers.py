"""Who ordered in a period by what they are, against sets of who ordered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clique_app.metrics import gaps
from clique_app.metrics.buyers import BY_BUYER, Buyers
from clique_app.metrics.cohort_days import CUSTOMER, Segments
from clique_app.metrics.definition import Period
from clique_app.metrics.packed import Packed
from tests.unit.metrics.test_gaps import FIRST, Orders, books, by_hand, packed_orders

PLACES = ("US, ME", "US, TX", "")
STRANGER = 2**62  # of whom nothing is told


def place_of(customer: int) -> str:
    return PLACES[customer % len(PLACES)]


def homes(won: dict[int, date]) -> Segments:
    told: dict[tuple[date, str], list[int]] = defaultdict(list)
    for customer, day in won.items():
        told[day, place_of(customer)].append(customer)
    return Segments((day, place, np.array(sorted(who), CUSTOMER).tobytes()) for (day, place), who in told.items())


@given(books, st.integers(-20, 420), st.integers(0, 300))
def test_they_are_the_customers_themselves(book: Orders, start: int, length: int) -> None:
    period = Period(FIRST + timedelta(start), FIRST + timedelta(start + length))
    won: dict[int, date] = {}
    for customer, day in book:
        if customer != STRANGER:
            won.setdefault(customer, day)
    members: dict[str, Callable[[int], Any]] = {
        "geography": lambda customer: (customer in won and place_of(customer)) or None,
        "cohort": lambda customer: won[customer].replace(day=1) if customer in won else None,
        "new_returning": lambda customer: "returning" if won.get(customer, period.start) < period.start else "new",
    }

    times, at_start, at_end, since = by_hand(book, period)
    orders = Packed(packed_orders(book), gaps.ORDER)
    for by, member in members.items():

        def counted(customers: Iterable[int], of: Callable[[int], Any] = member) -> dict[Any, int]:
            return dict(Counter(map(of, customers)))

        days: dict[Any, list[int]] = defaultdict(list)
        for customer, gap in since:
            days[member(customer)].append(gap)
        told = Buyers(orders, homes(won), by)  # pyright: ignore[reportArgumentType]
        assert {key: tell(told, period) for key, tell in BY_BUYER.items()} == {
            "customers": counted(times),
            "repeat_customers": counted(who for who, count in times.items() if count > 1),
            "active_customers": counted(at_end),
            "active_at_start": counted(at_start),
            "lost_customers": counted(at_start - at_end),
            "customers_to_date": counted(who for who, day in won.items() if day <= period.end),
            "days_between_purchases": {at: Decimal(str(median(of))) for at, of in days.items()},
            "repeat_orders": {at: len(of) for at, of in days.items()},
            "gap_days": {at: sum(of) for at, of in days.items()},
        }, by
