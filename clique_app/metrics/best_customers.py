"""Who a store's best customers are, by what each booked on each day. Pure.

All customers have to be ranked for it, so it works on arrays: a million rows take a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from clique_app.metrics.catalog.retention import VIP_PERCENT, VIP_YEAR_DAYS
from clique_app.metrics.definition import Period
from clique_app.metrics.packed import MILLION, Packed, money

NEAR = 0.9
BOOKED = np.dtype([("customer", ">i8"), ("amount", ">i8")])  # a row of CustomerSalesDay


@dataclass(frozen=True)
class Best:
    """How many the best customers are, what they booked in the year, and the first of them: of equals the lower
    number."""

    customers: int
    booked: Decimal
    first: tuple[tuple[int, Decimal], ...]


class Sales:
    """What customers booked in days that follow each other."""

    def __init__(self, days: Iterable[tuple[date, bytes]]) -> None:
        self._packed = Packed(days, BOOKED)
        rows = self._packed.rows
        self._customers, self._who = np.unique(rows["customer"].astype(np.int64), return_inverse=True)
        self._amounts = rows["amount"].astype(np.int64)
        self._spent, self._of = np.zeros(len(self._customers), np.int64), slice(0, 0)  # in those rows
        self._least = np.int64(0)  # that one of the last best booked

    def best(self, end: date, customers: int, limit: int) -> Best:
        """Those of a store that has so many customers by the day."""
        best, booked = self._best(end, customers)
        ranked = np.argsort(-booked, kind="stable")[:limit]  # customers are in order already
        first = zip(self._customers[best[ranked]].tolist(), map(money, booked[ranked]), strict=True)
        return Best(len(best), money(booked.sum()), tuple(first))

    def ids(self, end: date, customers: int) -> list[int]:
        """The numbers of those."""
        best, _ = self._best(end, customers)
        return self._customers[best].tolist()

    def of_the_best(self, period: Period, customers: int) -> Decimal:
        """What the best by the period's last day booked in the period."""
        best, _ = self._best(period.end, customers)
        is_best = np.zeros(len(self._customers), bool)
        is_best[best] = True
        rows = self._packed.of(period)
        return money(self._amounts[rows][is_best[self._who[rows]]].sum())

    def _best(self, end: date, customers: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the best among the customers, in order of these, and what they booked in the year up to the day."""
        spent = self._spent_in(self._packed.of(Period(end - timedelta(days=VIP_YEAR_DAYS), end)))
        places = min(len(spent), max(1, customers * VIP_PERCENT // 100) if customers else 0)
        if not places:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        # the last year's best booked about as much: few are looked at closely
        among = np.flatnonzero(spent >= max(1, self._least * NEAR))  # who booked nothing is none of them
        if len(among) < places:
            among = np.flatnonzero(spent >= 1)
        booked = spent[among]
        if len(among) > places:
            self._least = np.partition(booked, -places)[-places]
            is_best = booked > self._least
            is_best[np.flatnonzero(booked == self._least)[: places - np.count_nonzero(is_best)]] = True
            among, booked = among[is_best], booked[is_best]
        return among, booked

    def _spent_in(self, rows: slice) -> NDArray[np.int64]:
        """What each customer booked in these rows. Years are asked for one after the other: what the one before has
        too is not added again."""
        before, self._of = self._of, rows
        for part, sign in (
            (slice(before.stop, rows.stop), 1),
            (slice(rows.stop, before.stop), -1),
            (slice(before.start, rows.start), -1),
            (slice(rows.start, before.start), 1),
        ):  # of each end of the rows one is empty
            np.add.at(self._spent, self._who[part], sign * self._amounts[part])
        return self._spent


def packed(ranked: Iterable[tuple[int, Decimal]]) -> bytes:
    """Customers and what they booked, as in a row of CustomerSalesDay."""
    rows = [(customer, int(amount * MILLION)) for customer, amount in ranked]
    return np.array(rows, BOOKED).tobytes()


def unpacked(ranked: bytes) -> tuple[tuple[int, Decimal], ...]:
    return tuple((int(customer), money(amount)) for customer, amount in np.frombuffer(ranked, BOOKED))
