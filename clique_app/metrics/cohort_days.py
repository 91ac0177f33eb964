"""What customers brought until now, by the day they were won and the day of the order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from clique_app.metrics.definition import Period
from clique_app.metrics.order_worth import MEASURES
from clique_app.metrics.packed import EPOCH, Packed, day_of, money, number
from clique_app.tables.rollups import NO_ORDER_BEFORE

# a row of CohortDay
COHORT = np.dtype([("won", ">i4"), ("orders", ">i4"), ("first_in_month", ">i4"), *((one, ">i8") for one in MEASURES)])
Brought = Mapping[str, Decimal]  # by measure


@dataclass(frozen=True)
class Month:
    """What those won in a month did in one."""

    won: date
    at: date
    customers: int  # who of them ordered
    orders: int
    brought: Brought


class CohortDays:
    """The orders of days that follow each other, by the days on which their customers were won."""

    def __init__(self, days: Iterable[tuple[date, bytes]]) -> None:
        packed = Packed(days, COHORT)
        known = packed.rows["won"] != number(NO_ORDER_BEFORE)
        self._rows, self._of_nobody = packed.rows[known], packed.rows[~known]
        self._day, self._won = packed.day[known], self._rows["won"].astype(np.int64)

    def without_customer(self) -> Brought:
        """What orders brought that name no customer."""
        return {measure: money(self._of_nobody[measure].sum()) for measure in MEASURES}

    def by_day_won(self, measures: Iterable[str], period: Period) -> dict[str, dict[date, Decimal]]:
        """Measures by the day that customers were won on, of those of the period."""
        asked = list(measures)
        among = self._won_in(period)
        days, sums = _summed(self._rows[among], self._won[among], asked)
        return {
            measure: {day_of(day): money(amount) for day, amount in zip(days, row, strict=True)}
            for measure, row in zip(asked, sums, strict=True)
        }

    def by_age(self, period: Period) -> list[tuple[int, Brought]]:
        """What those won in the period brought, by days since they were won."""
        among = self._won_in(period)
        ages, sums = _summed(self._rows[among], self._day[among] - self._won[among], MEASURES)
        return [(int(age), _brought(sums[:, at])) for at, age in enumerate(ages)]

    def months(self) -> list[Month]:
        """By the month they were won in and the order's."""
        won, at = _month(self._won), _month(self._day)
        first, span = at.min(initial=_FAR), at.max(initial=0) + 1
        pairs, sums = _summed(self._rows, won * span + at - first, ("first_in_month", "orders", *MEASURES))
        return [
            Month(
                _first_day(pair // span),
                _first_day(pair % span + first),
                int(sums[0, place]),
                int(sums[1, place]),
                _brought(sums[2:, place]),
            )
            for place, pair in enumerate(pairs)
        ]

    def within(self, days: Sequence[int], end: date) -> dict[date, list[Brought]]:
        """By the month they were won in: what came within so many days, of those who have been here as long by the
        end."""
        age, here, month = self._day - self._won, number(end) - self._won, _month(self._won)
        found: dict[date, list[Brought]] = {}
        for place, span in enumerate(days):
            among = (age <= span) & (here >= span)
            months, sums = _summed(self._rows[among], month[among], MEASURES)
            for at, one in enumerate(months):
                found.setdefault(_first_day(one), [_NOTHING] * len(days))[place] = _brought(sums[:, at])
        return found

    def _won_in(self, period: Period) -> NDArray[np.bool]:
        return (self._won >= number(period.start)) & (self._won <= number(period.end))


_NOTHING: Brought = dict.fromkeys(MEASURES, Decimal(0))
_FAR = 1_000_000


def _summed(
    rows: NDArray[np.void], by: NDArray[np.int64], columns: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The members of a grouping, in order, and each column's sums by them: exact, as whole numbers."""
    first = by.min(initial=_FAR * _FAR)
    places = by - first
    sums = np.zeros((len(columns), int(places.max(initial=-1)) + 1), np.int64)
    for row, column in zip(sums, columns, strict=True):
        np.add.at(row, places, rows[column].astype(np.int64))
    there = np.bincount(places, minlength=sums.shape[1]) > 0
    return np.flatnonzero(there) + first, sums[:, there]


def _month(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Months since January 2000."""
    return (np.datetime64(EPOCH) + days).astype("datetime64[M]").astype(np.int64) - _JANUARY


def _first_day(month: np.int64) -> date:
    return np.datetime64(int(month) + _JANUARY, "M").astype("datetime64[D]").item()


_JANUARY = int(np.datetime64(EPOCH, "M").astype(np.int64))


def _brought(sums: NDArray[np.int64]) -> Brought:
    return {measure: money(amount) for measure, amount in zip(MEASURES, sums, strict=True)}
