"""What customers brought until now, by what their first order is credited to, each in its share. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from clique_app.metrics.cohort_days import CUSTOMER, ORDER, Days, positions
from clique_app.metrics.definition import Dimension
from clique_app.metrics.order_worth import MEASURES
from clique_app.metrics.packed import Packed, money
from clique_app.tables.attribution import NO_CAMPAIGN

Credit = tuple[str, int, Decimal, bytes]  # channel, campaign, share, and the customers of whom it is


class WonCredits:
    """Customers, by what their first order is credited to."""

    def __init__(self, parts: Iterable[Credit]) -> None:
        """Of rows of WonCreditDay."""
        self._parts = list(parts)
        told = [np.frombuffer(customers, CUSTOMER) for *_, customers in self._parts]
        of_all = np.concatenate([np.empty(0, CUSTOMER), *told]).astype(np.int64)
        self._customers, self._who = np.unique(of_all, return_inverse=True)
        self._firsts = np.cumsum([0, *map(len, told)])[:-1]  # where each part begins
        self._brought = np.zeros((len(self._customers), len(MEASURES)), np.int64)

    def add(self, days: Days) -> None:
        """The orders of rows of OrderWorthDay."""
        rows = Packed(days, ORDER).rows
        place, known = positions(self._customers, rows["customer"].astype(np.int64))
        for column, measure in enumerate(MEASURES):
            np.add.at(self._brought[:, column], place[known], rows[measure][known].astype(np.int64))

    def by(self, dimension: Dimension) -> Mapping[str, Mapping[Any, Decimal]]:
        """Measures by channel or campaign; None: of no campaign."""
        found: dict[str, dict[Any, Decimal]] = {measure: {} for measure in MEASURES}
        if not self._parts:
            return found
        sums = np.add.reduceat(self._brought[self._who], self._firsts, axis=0)
        for (channel, campaign, share, _), of_part in zip(self._parts, sums, strict=True):
            member = channel if dimension == "channel" else None if campaign == NO_CAMPAIGN else campaign
            for measure, amount in zip(MEASURES, of_part, strict=True):
                of = found[measure]
                of[member] = of.get(member, Decimal(0)) + money(amount) * share
        return found
