"""How fast stock sells: units of variants by day, for each day they were in stock. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from clique_app.metrics.catalog.stock import PACE_DAYS, PACE_PLACES
from clique_app.metrics.definition import Period
from clique_app.metrics.packed import Packed, number

ORDERED = np.dtype([("variant", ">i8"), ("units", ">i4")])  # a row of VariantUnitsDay


class Pace:
    """What variants sold, of those whose stock is tracked, and on which days nothing of one was left."""

    def __init__(
        self, ordered: Iterable[tuple[date, bytes]], out: Iterable[tuple[date, int]], tracked: Iterable[int]
    ) -> None:
        self._ordered = Packed(ordered, ORDERED)
        variants, self._which = np.unique(self._ordered.rows["variant"].astype(np.int64), return_inverse=True)
        is_tracked = np.isin(variants, np.fromiter(tracked, np.int64))
        self._units = np.where(is_tracked[self._which], self._ordered.rows["units"].astype(np.int64), 0)
        self._variants = len(variants)
        place = {variant: at for at, variant in enumerate(variants.tolist())}
        missing = sorted((number(day), place[variant]) for day, variant in out if variant in place)
        self._out_on, self._out = np.array(missing, np.int64).reshape(-1, 2).T

    def units_a_day(self, end: date) -> Decimal:
        """Of the PACE_DAYS up to a day, each variant's units for each day it was in stock, added."""
        period = Period(end - timedelta(days=PACE_DAYS - 1), end)
        rows = self._ordered.of(period)
        units = np.zeros(self._variants, np.int64)
        np.add.at(units, self._which[rows], self._units[rows])
        first, last = np.searchsorted(self._out_on, (number(period.start), number(period.end) + 1))
        days = np.maximum(PACE_DAYS - np.bincount(self._out[first:last], minlength=self._variants), 1)
        by_days = np.zeros(PACE_DAYS + 1, np.int64)
        np.add.at(by_days, days, units)
        paces = (Decimal(int(sold)) / in_stock for in_stock, sold in enumerate(by_days) if sold)
        return round(sum(paces, Decimal(0)), PACE_PLACES)
