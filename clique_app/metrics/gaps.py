"""What the way orders, or sessions, follow each other tells of a period's customers, or visitors. Pure.

Of a customer's orders in a period the first is the one whose former order lies before it. So the different customers of
any period are a sum over days, which a count of different ones is not; those of two orders or more likewise, by the
order before the former. What is expected of the different customers is a sum over the same orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from clique_app.metrics.catalog.retention import ACTIVE_DAYS
from clique_app.metrics.catalog.site import AGAIN_DAYS, CAME_AGAIN, WEEK_OLD
from clique_app.metrics.definition import Period
from clique_app.metrics.packed import Packed, number
from clique_app.tables.rollups import NO_ORDER_BEFORE

REACH_DAYS = ACTIVE_DAYS  # how far before a period is looked
FORMER = np.dtype([("former", ">i4"), ("orders", ">i4")])  # rows of OrderGapDay, by how far they look back
ORDER = np.dtype([("customer", ">i8"), ("one_back", ">i4"), ("two_back", ">i4")])


class OrderGaps:
    """The orders of days, each by the day of its customer's order before it and of the one before that; and, where that
    is asked for, whose each was."""

    def __init__(self, days: Iterable[tuple[date, bytes, bytes, bytes]]) -> None:
        listed = list(days)
        self._one_back = Packed(((day, one) for day, one, _, _ in listed), FORMER)
        self._two_back = Packed(((day, two) for day, _, two, _ in listed), FORMER)
        self._orders = Packed(((day, orders) for day, _, _, orders in listed), ORDER)

    def customers(self, period: Period) -> int:
        """Who ordered."""
        return _first_of(self._one_back, period)

    def repeat_customers(self, period: Period) -> int:
        """Who ordered twice or more."""
        return _first_of(self._two_back, period) - self.customers(period)

    def active_customers(self, period: Period) -> int:
        """Who is active at the end."""
        return self.customers(active(period.end))

    def active_at_start(self, period: Period) -> int:
        return self.customers(active(period.start - timedelta(days=1)))

    def lost_customers(self, period: Period) -> int:
        """Who was active at the start and is not at the end."""
        before, late = active(period.start - timedelta(days=1)), active(period.end)
        if late.start <= period.start:  # then they did not order from the one span to the other
            return self.customers(Period(before.start, period.end)) - self.customers(late)
        return self._different(before, late) - self.customers(late)

    def median(self, period: Period) -> Decimal | None:
        """Of the days between an order and the one before; between the two in the middle where these are two."""
        among = self._one_back.of(period)
        rows, day = self._one_back.rows[among], self._one_back.day[among]
        follows = rows["former"] > number(NO_ORDER_BEFORE)
        days = (day - rows["former"])[follows]
        if not len(days):
            return None
        shortest_first = np.argsort(days)
        upto = np.cumsum(rows["orders"][follows][shortest_first], dtype=np.int64)
        middle = np.searchsorted(upto, ((upto[-1] - 1) // 2, upto[-1] // 2), side="right")
        return Decimal(int(days[shortest_first][middle].sum())) / 2

    def _different(self, *periods: Period) -> int:
        """Who ordered on any of these days. Sorting is quicker than NumPy's sets, and a stable sort makes use of every
        day's customers being in order."""
        orders = np.concatenate([self._orders.rows["customer"][self._orders.of(period)] for period in periods])
        customers = orders.astype(np.int64)
        customers.sort(kind="stable")
        return min(len(customers), 1) + int(np.count_nonzero(customers[1:] != customers[:-1]))


def _first_of(orders: Packed, period: Period) -> int:
    """The orders of a period before which the former one lies."""
    rows = orders.rows[orders.of(period)]
    return int(rows["orders"][rows["former"] < number(period.start)].sum())


def active(end: date) -> Period:
    """The days in which one orders who is active at the end of a day."""
    return Period(end - timedelta(days=ACTIVE_DAYS - 1), end)


def named(key: str, period: Period) -> tuple[Period, ...]:
    """Of which days it must be known who ordered: those in which one is active at the start, and at the end, where
    there are others between them."""
    before, late = active(period.start - timedelta(days=1)), active(period.end)
    return (before, late) if key == "lost_customers" and late.start > period.start else ()


# readings of the catalogue that they tell
CUSTOMERS: Mapping[str, Callable[[OrderGaps, Period], int | Decimal | None]] = {
    "customers": OrderGaps.customers,
    "repeat_customers": OrderGaps.repeat_customers,
    "active_customers": OrderGaps.active_customers,
    "active_at_start": OrderGaps.active_at_start,
    "lost_customers": OrderGaps.lost_customers,
    "days_between_purchases": OrderGaps.median,
}


_FIRST_ONES = "filter (where former < first)"  # of a span of days that begins then
# from VisitorGapDay
VISITORS = {"visitors": f"coalesce(sum(sessions) {_FIRST_ONES}, 0)"}
# by day, from VisitorGapDay too: which of its days a session counts on, and which sessions count
RETURNS = {
    WEEK_OLD.key: ("day", "true"),
    CAME_AGAIN.key: ("former", f"day - former <= {AGAIN_DAYS}"),
}
# from ReorderDay
EXPECTED = {"reorder_probability": f"sum(chances) {_FIRST_ONES} / sum(foretold) {_FIRST_ONES}"}
