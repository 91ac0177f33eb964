"""How much was in stock at the end of days, what it had cost, and what was out. Pure.

What a level was on a day stands for the days after it that none was noted on, so that each end of a span is looked back
from; arrays do that for a year of days in the time a database needs for a few.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from clique_app.metrics.catalog.stock import NOTED_DAYS
from clique_app.metrics.definition import Period
from clique_app.metrics.packed import Packed, day_of

LEVEL = np.dtype([("variant", ">i8"), ("location", ">i8"), ("available", ">i4")])  # of InventoryDay, by variant
CENT = Decimal("0.01")


@dataclass(frozen=True)
class UnitCosts:
    """What units of variants cost: from days on, and where none is known by a share of the price."""

    since: Mapping[int, Sequence[tuple[date, Decimal]]]  # by variant, in order of days
    by_price: Mapping[int, Decimal]

    def on(self, variant: int, day: date) -> Decimal:
        """The latest by the day, else the first one after it; 0 where nothing is known."""
        costs = self.since.get(variant)
        if not costs:
            return self.by_price.get(variant, Decimal(0))
        return costs[max(0, bisect_right(costs, day, key=lambda cost: cost[0]) - 1)][1]


class StockLevels:
    """Levels of tracked variants at the ends of days that follow each other."""

    def __init__(self, noted: Iterable[tuple[date, bytes]]) -> None:
        self._noted = Packed(noted, LEVEL)
        rows = self._noted.rows
        self._available = rows["available"].astype(np.int64)
        self._variants, self._variant = np.unique(rows["variant"].astype(np.int64), return_inverse=True)
        _, of_location = np.unique(rows["location"].astype(np.int64), return_inverse=True)
        self._level = self._variant * (of_location.max(initial=0) + 1) + of_location

    def units(self, end: date) -> Decimal | None:
        """What could be sold at the end of a day; None where nothing was noted."""
        rows = self._standing(end)
        return Decimal(int(self._available[rows].sum())) if len(rows) else None

    def values(self, ends: Sequence[date], costs: UnitCosts) -> Iterator[Decimal | None]:
        """What that had cost, each level rounded to cents, at the end of each day."""
        known: dict[tuple[int, Decimal], Decimal] = {}
        steps = sorted({day for of_variant in costs.since.values() for day, _ in of_variant})
        each, step = list[Decimal](), -1
        for end in ends:
            rows = self._standing(end)
            if not len(rows):
                yield None
                continue
            if step != (step := bisect_right(steps, end)):
                each = [costs.on(variant, end) for variant in self._variants.tolist()]
            value = Decimal(0)
            for variant, available in zip(self._variant[rows].tolist(), self._available[rows].tolist(), strict=True):
                level = available, each[variant]
                if level not in known:
                    known[level] = (available * each[variant]).quantize(CENT, ROUND_HALF_UP)
                value += known[level]
            yield value

    def out(self, sellable: Iterable[int]) -> list[tuple[date, int]]:
        """Days and those of the variants that nothing was left of at their end, of those noted on it."""
        of_day = self._noted.day * len(self._variants) + self._variant
        noted, place = np.unique(of_day, return_inverse=True)
        left = np.zeros(len(noted), np.int64)
        np.add.at(left, place, self._available)
        gone = noted[left == 0]
        days, variants = gone // max(1, len(self._variants)), self._variants[gone % max(1, len(self._variants))]
        is_sellable = np.isin(variants, np.fromiter(sellable, np.int64))
        return [
            (day_of(day), variant)
            for day, variant in zip(days[is_sellable].tolist(), variants[is_sellable].tolist(), strict=True)
        ]

    def _standing(self, end: date) -> NDArray[np.int64]:
        """The latest row of each level by the end of a day."""
        rows = self._noted.of(Period(end - timedelta(days=NOTED_DAYS), end))
        of_levels, latest = np.unique(self._level[rows][::-1], return_index=True)
        return rows.stop - 1 - latest if len(of_levels) else latest
