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

    def best(self, end: date, customers: int, limit: int) -> Best:
        """Those of a store that has so many customers by the day."""
        ranked, booked = self._ranked(end, customers)
        first = zip(self._customers[ranked[:limit]].tolist(), map(money, booked[:limit]), strict=True)
        return Best(len(ranked), money(booked.sum()), tuple(first))

    def ids(self, end: date, customers: int) -> list[int]:
        """The numbers of those, the best first."""
        ranked, _ = self._ranked(end, customers)
        return self._customers[ranked].tolist()

    def of_the_best(self, period: Period, customers: int) -> Decimal:
        """What the best by the period's last day booked in the period."""
        ranked, _ = self._ranked(period.end, customers)
        is_best = np.zeros(len(self._customers), bool)
        is_best[ranked] = True
        rows = self._packed.of(period)
        return money(self._amounts[rows][is_best[self._who[rows]]].sum())

    def _ranked(self, end: date, customers: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the best among the customers, and what they booked in the year up to the day."""
        year = self._packed.of(Period(end - timedelta(days=VIP_YEAR_DAYS), end))
        spent = np.zeros(len(self._customers), np.int64)
        np.add.at(spent, self._who[year], self._amounts[year])
        places = max(1, customers * VIP_PERCENT // 100) if customers else 0
        ranked = np.argsort(-spent, kind="stable")[:places]  # customers are in order already
        ranked = ranked[spent[ranked] > 0]
        return ranked, spent[ranked]


def packed(ranked: Iterable[tuple[int, Decimal]]) -> bytes:
    """Customers and what they booked, as in a row of CustomerSalesDay."""
    rows = [(customer, int(amount * MILLION)) for customer, amount in ranked]
    return np.array(rows, BOOKED).tobytes()


def unpacked(ranked: bytes) -> tuple[tuple[int, Decimal], ...]:
    return tuple((int(customer), money(amount)) for customer, amount in np.frombuffer(ranked, BOOKED))
