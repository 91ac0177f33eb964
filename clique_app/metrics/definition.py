"""What a metric is. A total sums source rows that can be listed; a formula combines totals of the asked period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

Unit = Literal["money", "count", "ratio", "percent"]
Direction = Literal["up", "down", "neither"]  # which way is good
# what must be there before the value is known; of the last six: that somebody has told of some
Need = Literal[
    "ads", "costs", "email", "history", "site", "answers", "reviews", "ugc", "referrals", "loyalty", "social"
]


@dataclass(frozen=True)
class Period:
    """Store days, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def each_day(self) -> list[date]:
        first = self.start.toordinal()
        return [date.fromordinal(first + n) for n in range(self.days)]

    def before(self) -> Period:
        """The same number of days just before."""
        return self.shifted(-self.days)

    def shifted(self, days: int) -> Period:
        return Period(self.start + timedelta(days=days), self.end + timedelta(days=days))


@dataclass(frozen=True)
class Shown:
    """A column of a total's source rows."""

    label: str
    sql: str
    unit: Literal["text", "money", "count", "day", "time"] = "text"


@dataclass(frozen=True)
class Total:
    """A sum over source rows. SQL is over `source`, whose main table has alias r with store_id and day.

    amount: what one row adds. where: which rows count. channel, campaign: expressions to group and filter by.
    Left joins only, so that summing does not pay for what only the listing shows.
    """

    key: str
    name: str
    unit: Unit
    meaning: str
    good: Direction
    source: str
    amount: str
    shown: tuple[Shown, ...]
    sources: tuple[str, ...]  # keys of SOURCES whose age is the value's age
    where: str = "true"
    day: str = "r.day"
    channel: str | None = None
    campaign: str | None = None
    needs: tuple[Need, ...] = ()
    by_channel: str | None = None  # the total that splits this one by channel, where it has no channel itself
    distinct: bool = False  # rows are distinct things in the period: days do not add up to it
    worked: str = ""  # the formula behind one row, in words
    rolled: bool = True  # False: few rows, or moved by what no day of a table tells; summed from the rows each time
    moved_by: tuple[str, ...] = ()  # further tables whose change moves sums; of CHANGING (tables/rollups.py)


@dataclass(frozen=True)
class Formula:
    """An expression over other metrics' keys: + - * / and brackets, applied to totals of the whole period."""

    key: str
    name: str
    unit: Unit
    meaning: str
    good: Direction
    expression: str
    example: tuple[dict[str, str], str]  # values of the inputs, and the value they give
    by_channel: str | None = None  # the formula that answers the same by channel, where this one cannot
    least: tuple[str, int] | None = None  # an input, and below how much of it the value says too little to be told
    margin: Callable[..., Decimal | None] | None = None  # of the inputs: half the 95 % interval of the value


Metric = Total | Formula


@dataclass(frozen=True)
class Figure:
    """A metric's value for a period. value None: unknown, and reason says why."""

    key: str
    name: str
    unit: Unit
    value: Decimal | None
    reason: str = ""
    inputs: tuple[Figure, ...] = ()
    margin: Decimal | None = None  # half the 95 % interval, where it is known
