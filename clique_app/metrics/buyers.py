"""Who ordered in a period, by what they are: where they live, when they were won, whether they are new. Pure.

Of a customer's orders in a period the first is the one whose former order lies before it, so that nobody is counted
twice; those of two orders or more likewise, by the order before the former.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clique_app.metrics.cohort_days import Segments, first_day, month, positions
from clique_app.metrics.definition import Dimension, Period
from clique_app.metrics.gaps import active
from clique_app.metrics.packed import Packed, money, number
from clique_app.tables.rollups import NO_ORDER_BEFORE

NEVER = number(NO_ORDER_BEFORE)
Ids = NDArray[np.int64]
Told = Callable[[Ids], tuple[Ids, NDArray[np.bool_]]]  # something of each customer, and of whom it is told
By = Mapping[Any, Decimal]  # by member, as the catalogue's groups have it; None: not told


class Buyers:
    """The orders of days, rows of gaps.ORDER, by what their customers are."""

    def __init__(self, orders: Packed, homes: Segments, by: Dimension) -> None:
        """homes: all customers by where they live. by: geography, cohort or new_returning."""
        self._orders, self._homes, self._by = orders, homes, by

    def customers(self, period: Period) -> By:
        """Who ordered."""
        return self._counted(self._first_of(period), period)

    def repeat_customers(self, period: Period) -> By:
        """Who ordered twice or more."""
        rows = self._orders.rows[self._orders.of(period)]
        start = number(period.start)
        return self._counted(_ids(rows[(rows["two_back"] < start) & (rows["one_back"] >= start)]), period)

    def active_customers(self, period: Period) -> By:
        """Who is active at the end."""
        return self._counted(self._first_of(active(period.end)), period)

    def active_at_start(self, period: Period) -> By:
        return self._counted(self._first_of(_before(period)), period)

    def lost_customers(self, period: Period) -> By:
        """Who was active at the start and is not at the end."""
        before, late = self._first_of(_before(period)), np.sort(self._first_of(active(period.end)))
        _, came = positions(late, before)
        return self._counted(before[~came], period)

    def customers_to_date(self, period: Period) -> By:
        """Who was won up to the end."""
        return self._counted(self._homes.won_by(period.end), period)

    def repeat_orders(self, period: Period) -> By:
        """Orders of those who had ordered before."""
        customers, _ = self._gaps(period)
        return self._counted(customers, period)

    def gap_days(self, period: Period) -> By:
        """Days since the order before, added over these."""
        customers, days = self._gaps(period)
        of, named = self._members(customers, period)
        sums = np.bincount(of, days)  # exact: whole numbers far below what a float holds
        return {named(member): _whole(sums[member]) for member in np.unique(of)}

    def median(self, period: Period) -> By:
        """Of these days, of each; between the two in the middle where these are two."""
        customers, days = self._gaps(period)
        of, named = self._members(customers, period)
        days = days[np.lexsort((days, of))]
        count = np.bincount(of)
        first = np.cumsum(count) - count
        return {
            named(member): _whole(days[at + (orders - 1) // 2] + days[at + orders // 2]) / 2
            for member, (at, orders) in enumerate(zip(first, count, strict=True))
            if orders
        }

    def mean(self, period: Period, told: Told) -> By:
        """Of what is told of those who ordered, in millionths."""
        customers = self._first_of(period)
        amounts, known = told(customers)
        of, named = self._members(customers[known], period)
        sums = np.bincount(of, amounts[known])
        return {
            named(member): money(sums[member]) / int(count) for member, count in enumerate(np.bincount(of)) if count
        }

    def _first_of(self, period: Period) -> Ids:
        """Each customer with an order in the period, once."""
        rows = self._orders.rows[self._orders.of(period)]
        return _ids(rows[rows["one_back"] < number(period.start)])

    def _gaps(self, period: Period) -> tuple[Ids, NDArray[np.int64]]:
        """The customers of orders that followed another, and the days between the two."""
        among = self._orders.of(period)
        rows, day = self._orders.rows[among], self._orders.day[among]
        follows = rows["one_back"] > NEVER
        return _ids(rows[follows]), (day - rows["one_back"])[follows]

    def _counted(self, customers: Ids, period: Period) -> By:
        of, named = self._members(customers, period)
        return {named(member): _whole(count) for member, count in enumerate(np.bincount(of)) if count}

    def _members(self, customers: Ids, period: Period) -> tuple[NDArray[np.int64], Callable[[int], Any]]:
        """A small number for the member that each customer is of, and what these numbers stand for."""
        won, home = self._homes.find(customers)
        known = won > NEVER
        if self._by == "new_returning":
            return (known & (won < number(period.start))).astype(np.int64), ("new", "returning").__getitem__
        of = np.zeros(len(won), np.int64)  # not told
        if self._by == "cohort":
            months = month(won[known])
            before = months.min(initial=0) - 1  # there are months before 2000
            of[known] = months - before
            return of, lambda member: first_day(member + before) if member else None
        names = (None, *(name or None for name in self._homes.names))
        of[known] = np.array([bool(name) * place for place, name in enumerate(names)], np.int64)[1 + home[known]]
        return of, names.__getitem__


def _ids(rows: np.ndarray) -> Ids:
    return rows["customer"].astype(np.int64)


def _before(period: Period) -> Period:
    """The days in which one orders who is active at the start."""
    return active(period.start - timedelta(days=1))


def _whole(number: Any) -> Decimal:
    return Decimal(int(number))


# readings and totals of the catalogue that they tell
BY_BUYER: Mapping[str, Callable[[Buyers, Period], By]] = {
    "customers": Buyers.customers,
    "repeat_customers": Buyers.repeat_customers,
    "active_customers": Buyers.active_customers,
    "active_at_start": Buyers.active_at_start,
    "lost_customers": Buyers.lost_customers,
    "customers_to_date": Buyers.customers_to_date,
    "days_between_purchases": Buyers.median,
    "repeat_orders": Buyers.repeat_orders,
    "gap_days": Buyers.gap_days,
}
