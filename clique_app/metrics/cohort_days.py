"""What customers brought until now, by the day they were won and the day of the order, and by what their first order
was. Pure."""

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

_AMOUNTS = tuple((one, ">i8") for one in MEASURES)
# rows of CohortDay and of OrderWorthDay, and a number of CohortSegmentDay
COHORT = np.dtype([("won", ">i4"), ("orders", ">i4"), ("first_in_month", ">i4"), *_AMOUNTS])
ORDER = np.dtype([("customer", ">i8"), ("first_in_month", ">i4"), *_AMOUNTS])
CUSTOMER = np.dtype(">i8")
COLUMNS = ("first_in_month", "orders", *MEASURES)
Brought = Mapping[str, Decimal]  # by measure
Days = Iterable[tuple[date, bytes]]


@dataclass(frozen=True)
class Month:
    """What those won in a month did in one."""

    won: date
    segment: str
    at: date
    customers: int  # who of them ordered
    orders: int
    brought: Brought


class CohortDays:
    """The orders of days that follow each other, by the days on which their customers were won and by segment."""

    def __init__(
        self,
        rows: Packed,
        orders: NDArray[np.int64],
        won: NDArray[np.int64],
        segment: NDArray[np.int64],
        segments: Sequence[str],
    ) -> None:
        amounts = np.empty((len(won), len(COLUMNS)), np.int64)
        for column, name in enumerate(COLUMNS):
            amounts[:, column] = orders if name == "orders" else rows.rows[name]
        known = won != number(NO_ORDER_BEFORE)
        there = np.flatnonzero(known)
        self._day, self._won, self._amounts = rows.day[there], won[there], amounts.take(there, axis=0)
        self._segment, self._segments = segment[there], segments
        self._of_nobody = amounts[~known].sum(axis=0)

    @classmethod
    def packed(cls, days: Days) -> CohortDays:
        """Of rows of CohortDay: all are one segment, without a name."""
        rows = Packed(days, COHORT)
        won = rows.rows["won"].astype(np.int64)
        return cls(rows, rows.rows["orders"].astype(np.int64), won, np.zeros_like(won), ("",))

    def brought(self) -> Brought:
        """What all orders brought, those that name no customer among them."""
        [brought] = _each_brought((self._amounts.sum(axis=0) + self._of_nobody)[None])
        return brought

    def without_customer(self) -> Brought:
        """What orders brought that name no customer."""
        [brought] = _each_brought(self._of_nobody[None])
        return brought

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
        return [(int(age), brought) for age, brought in zip(ages, _each_brought(sums), strict=True)]

    def months(self) -> list[Month]:
        """By the month they were won in and the order's, and by segment."""
        at = month(self._day)
        first = at.min(initial=_FAR)
        span = at.max(initial=first) - first + 1
        pairs, sums = self._summed(_cohorts(self._won, self._segment, self._segments) * span + at - first)
        return [
            Month(
                *_named(pair // span, self._segments),
                first_day(pair % span + first),
                int(told[0]),
                int(told[1]),
                brought,
            )
            for pair, told, brought in zip(pairs, sums, _each_brought(sums), strict=True)
        ]

    def within(self, days: Sequence[int], end: date) -> dict[tuple[date, str], list[Brought]]:
        """By the month they were won in and segment: what came within so many days, of those who have been here as
        long by the end."""
        spans = len(days) + 1
        # how many of these spans are behind the order, and how many its customer has been here for
        beyond = np.searchsorted(days, self._day - self._won, side="left")
        reached = np.searchsorted(days, number(end) - self._won, side="right")
        cohorts = _cohorts(self._won, self._segment, self._segments)
        keys, sums = self._summed((cohorts * spans + beyond) * spans + reached)
        if not len(keys):
            return {}
        cohort, beyond, reached = keys // spans // spans, keys // spans % spans, keys % spans
        firsts = _runs(cohort)
        of_spans = [
            _each_brought(np.add.reduceat(sums * ((beyond <= place) & (reached > place))[:, None], firsts, axis=0))
            for place in range(len(days))
        ]
        return {_named(one, self._segments): list(told) for one, *told in zip(cohort[firsts], *of_spans, strict=True)}

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


def month(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Months since January 2000. The calendar is asked for each day once."""
    first, last = days.min(initial=0), days.max(initial=0)
    calendar = (np.datetime64(EPOCH) + np.arange(first, last + 1)).astype("datetime64[M]").astype(np.int64)
    return calendar[days - first] - _JANUARY


def first_day(month: int | np.int64) -> date:
    years, months = divmod(int(month), 12)
    return date(EPOCH.year + years, months + 1, 1)


_JANUARY = int(np.datetime64(EPOCH, "M").astype(np.int64))


def _cohorts(won: NDArray[np.int64], segment: NDArray[np.int64], segments: Sequence[str]) -> NDArray[np.int64]:
    """A number for the month they were won in and the segment."""
    return month(won) * len(segments) + segment


def _named(cohort: np.int64, segments: Sequence[str]) -> tuple[date, str]:
    return first_day(cohort // len(segments)), segments[int(cohort % len(segments))]


def _each_brought(sums: NDArray[np.int64]) -> list[Brought]:
    """The measures of each row of columns."""
    return [
        {measure: money(amount) for measure, amount in zip(MEASURES, of_one[-len(MEASURES) :], strict=True)}
        for of_one in sums
    ]


class Segments:
    """Customers, by the day they were won on and by what else is told of them: each is of one segment."""

    def __init__(self, parts: Iterable[tuple[date, str, bytes]]) -> None:
        """Of rows of CohortSegmentDay of one split, or of WonPlaceDay."""
        told = [(day, segment, np.frombuffer(customers, CUSTOMER)) for day, segment, customers in parts]
        self.names = sorted({segment for _, segment, _ in told})
        places = {name: place for place, name in enumerate(self.names)}
        lengths = [len(customers) for _, _, customers in told]
        customers = np.concatenate([np.empty(0, CUSTOMER), *(customers for _, _, customers in told)]).astype(np.int64)
        in_order = np.argsort(customers)
        self._customers = customers[in_order]
        self._won = np.repeat([number(day) for day, _, _ in told], lengths).astype(np.int64)[in_order]
        self._segment = np.repeat([places[segment] for _, segment, _ in told], lengths).astype(np.int64)[in_order]

    def sizes(self, days: Sequence[int], end: date) -> dict[tuple[date, str], tuple[int, list[int]]]:
        """By the month they were won in and segment: how many, and how many who have been here for so many days by
        the end."""
        cohorts, of = np.unique(_cohorts(self._won, self._segment, self.names), return_inverse=True)
        here = [np.bincount(of[number(end) - self._won >= span], minlength=len(cohorts)).tolist() for span in days]
        counts = np.bincount(of, minlength=len(cohorts)).tolist()
        return {
            _named(cohort, self.names): (count, list(old))
            for cohort, count, *old in zip(cohorts, counts, *here, strict=True)
        }

    def of_orders(self, days: Days) -> CohortDays:
        """What the orders of rows of OrderWorthDay brought, by when and as what their customers were won."""
        rows = Packed(days, ORDER)
        won, segment = self.find(rows.rows["customer"].astype(np.int64))
        return CohortDays(rows, np.ones(len(won), np.int64), won, segment, self.names or ("",))

    def find(self, customers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The number of the day each was won on, and of their segment among the names; NO_ORDER_BEFORE's and 0 of
        those who are not known."""
        place, known = positions(self._customers, customers)
        won, segment = np.full(len(customers), number(NO_ORDER_BEFORE)), np.zeros(len(customers), np.int64)
        won[known], segment[known] = self._won[place[known]], self._segment[place[known]]
        return won, segment

    def won_by(self, end: date) -> NDArray[np.int64]:
        """Customers won up to a day."""
        return self._customers[self._won <= number(end)]


def positions(among: NDArray[np.int64], asked: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where numbers are among others that are in order, and which of them are there."""
    place = np.searchsorted(among, asked)
    place[place == len(among)] = 0
    return place, among[place] == asked if len(among) else np.zeros(len(asked), bool)
