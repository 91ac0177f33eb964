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
COLUMNS = ("first_in_month", "orders", *MEASURES)
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
        won = packed.rows["won"].astype(np.int64)
        amounts = np.empty((len(won), len(COLUMNS)), np.int64)
        for column, name in enumerate(COLUMNS):
            amounts[:, column] = packed.rows[name]
        known = won != number(NO_ORDER_BEFORE)
        there = np.flatnonzero(known)
        self._day, self._won, self._amounts = packed.day[there], won[there], amounts.take(there, axis=0)
        self._of_nobody = amounts[~known].sum(axis=0)

    def without_customer(self) -> Brought:
        """What orders brought that name no customer."""
        return _brought(self._of_nobody[-len(MEASURES) :])

    def by_day_won(self, measures: Iterable[str], period: Period) -> dict[str, dict[date, Decimal]]:
        """Measures by the day that customers were won on, of those of the period."""
        won, sums = self._summed(self._won, self._won_in(period))
        days = [day_of(day) for day in won]
        return {
            measure: dict(zip(days, map(money, sums[:, COLUMNS.index(measure)]), strict=True)) for measure in measures
        }

    def by_age(self, period: Period) -> list[tuple[int, Brought]]:
        """What those won in the period brought, by days since they were won."""
        ages, sums = self._summed(self._day - self._won, self._won_in(period))
        return [(int(age), _brought(of_age[-len(MEASURES) :])) for age, of_age in zip(ages, sums, strict=True)]

    def months(self) -> list[Month]:
        """By the month they were won in and the order's."""
        won, at = _month(self._won), _month(self._day)
        first = at.min(initial=_FAR)
        span = at.max(initial=first) - first + 1
        pairs, sums = self._summed(won * span + at - first)
        return [
            Month(
                _first_day(pair // span),
                _first_day(pair % span + first),
                int(told[0]),
                int(told[1]),
                _brought(told[-len(MEASURES) :]),
            )
            for pair, told in zip(pairs, sums, strict=True)
        ]

    def within(self, days: Sequence[int], end: date) -> dict[date, list[Brought]]:
        """By the month they were won in: what came within so many days, of those who have been here as long by the
        end."""
        spans = len(days) + 1
        # how many of these spans are behind the order, and how many its customer has been here for
        beyond = np.searchsorted(days, self._day - self._won, side="left")
        reached = np.searchsorted(days, number(end) - self._won, side="right")
        keys, sums = self._summed((_month(self._won) * spans + beyond) * spans + reached)
        month, beyond, reached = keys // spans // spans, keys // spans % spans, keys % spans

        def told(one: np.int64, place: int) -> Brought:
            among = (month == one) & (beyond <= place) & (reached > place)
            return _brought(sums[among, -len(MEASURES) :].sum(axis=0))

        return {_first_day(one): [told(one, place) for place in range(len(days))] for one in np.unique(month)}

    def _won_in(self, period: Period) -> NDArray[np.intp]:
        return np.flatnonzero((self._won >= number(period.start)) & (self._won <= number(period.end)))

    def _summed(
        self, by: NDArray[np.int64], among: NDArray[np.intp] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The members of a grouping, in order, and the sums of the columns by them: exact, as whole numbers."""
        members, amounts = by, self._amounts
        if among is not None:
            members, amounts = by[among], amounts.take(among, axis=0)
        if not len(members):
            return members, amounts
        runs = _runs(members)
        if 2 * len(runs) < len(members):  # rows that follow each other are often of one
            members, amounts = members[runs], np.add.reduceat(amounts, runs, axis=0)
        in_order = np.argsort(_narrow(members - members.min()), kind="stable")
        members, amounts = members[in_order], amounts.take(in_order, axis=0)
        runs = _runs(members)
        return members[runs], np.add.reduceat(amounts, runs, axis=0)


def _runs(members: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where a row is of another member than the one before it."""
    return np.flatnonzero(np.diff(members, prepend=members[0] - 1))


def _narrow(numbers: NDArray[np.int64]) -> NDArray[np.integer]:
    """In 16 bits where they fit: so they are put in order without a comparison."""
    return numbers.astype(np.uint16) if numbers.max() < 2**16 else numbers


_FAR = 1_000_000


def _month(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Months since January 2000. The calendar is asked for each day once."""
    first, last = days.min(initial=0), days.max(initial=0)
    calendar = (np.datetime64(EPOCH) + np.arange(first, last + 1)).astype("datetime64[M]").astype(np.int64)
    return calendar[days - first] - _JANUARY


def _first_day(month: np.int64) -> date:
    return np.datetime64(int(month) + _JANUARY, "M").astype("datetime64[D]").item()


_JANUARY = int(np.datetime64(EPOCH, "M").astype(np.int64))


def _brought(sums: NDArray[np.int64]) -> Brought:
    return {measure: money(amount) for measure, amount in zip(MEASURES, sums, strict=True)}
