"""What a metric is. A total sums source rows that can be listed; a reading says something of such rows as a whole; a
formula combines both over the asked period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

Unit = Literal["money", "count", "ratio", "percent"]
Direction = Literal["up", "down", "neither"]  # which way is good
# what must be there before the value is known; "answers" on: that some are here
Need = Literal[
    "ads", "rates", "costs", "email", "history", "site", "answers", "reviews", "ugc", "referrals", "loyalty", "social",
    "stock", "expected", "forecasts", "subscriptions", "occasions",
]  # fmt: skip
# what a value can be grouped and narrowed by; stage: of the customer's life that an e-mail is for; program: the
# campaign or flow that sent it; landing: the page that a visit began on
Dimension = Literal[
    "day", "week", "month", "channel", "campaign", "ad_group", "ad", "product", "geography", "new_returning", "cohort",
    "stage", "program", "landing",
]  # fmt: skip
NAMES: Mapping[Dimension, str] = {
    "day": "day", "week": "week", "month": "month", "channel": "channel", "campaign": "campaign",
    "ad_group": "ad group", "ad": "ad", "product": "product", "geography": "region",
    "new_returning": "new or returning customer", "cohort": "month of the first order", "stage": "kind of e-mail",
    "program": "e-mail campaign or flow", "landing": "landing page",
}  # fmt: skip
TIMES: tuple[Dimension, ...] = ("day", "week", "month")  # every metric has these
BY_FIRST_ORDER: tuple[Dimension, ...] = ("new_returning", "cohort")  # known of nobody until all orders ever are here
Groups = Mapping[Dimension, str]  # dimensions a source has, each with its SQL
Filters = Mapping[Dimension, Any]  # narrowed to one member of each, as the SQL has it; None: rows without one


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

    def until(self, last: date | None) -> Period:
        """No further than this day; its first day stays."""
        return self if last is None or self.end <= last else Period(self.start, max(self.start, last))

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
class Target:
    """On which side of a number a metric is to be, or of what an expression over metrics gives for the same days."""

    side: Literal["above", "below"]
    than: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """What every metric says of itself."""

    key: str
    name: str
    unit: Unit
    meaning: str
    good: Direction
    origin: str = "Clique"  # whose definition it is
    matures: str = ""  # what is left out until its time has come; "": the value is known at once
    partners: tuple[str, ...] = ()  # metrics that answer the same for what this one cannot be grouped by
    no_further: str = ""  # why it can be grouped by no more than it is, where that is asked
    target: Target | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows(Entry):
    """A value of source rows. SQL is over `source`, whose main table has alias r with store_id; it may use :start and
    :end, the days asked for.

    amount: what one row adds, or has. where: which rows count. groups: what they can be grouped by, with its SQL.
    Left joins only, so that summing does not pay for what only the listing or a grouping shows.
    """

    source: str
    amount: str
    shown: tuple[Shown, ...]
    sources: tuple[str, ...]  # keys of SOURCES whose age is the value's age
    where: str = "true"
    day: str = "r.day"
    groups: Groups = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    grain: str  # what one row is
    worked: str = ""  # the formula behind one row, in words
    example: tuple[tuple[dict[str, str], ...], str] | None = None  # rows by column, and the value; None: made by itself

    @property
    def period(self) -> str:
        """Which rows belong to the days asked for."""
        return f"{self.day} between :start and :end"


@dataclass(frozen=True, kw_only=True, eq=False)
class Total(Rows):
    """A sum over rows: its days and groups add up to it."""

    undivided: bool = False  # by whatever group it stays the whole store's: what a share is a share of
    rolled: bool = True  # False: few rows, or moved by what no day of a table tells; summed from the rows each time
    moved_by: tuple[str, ...] = ()  # further tables whose change moves sums; of CHANGING (tables/rollups.py)
    too_young: str = ""  # rows that are left out as their time has not come, where `matures` says so

    @property
    def value(self) -> str:
        return f"coalesce(sum({self.amount}), 0)"


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading(Rows):
    """What rows say as a whole: how many different ones, their median, how things stood at the end. Days do not add up
    to it, so it is read for each period and group that is asked for."""

    value: str  # an aggregate of rows; null where there is nothing to say
    within: str = ""  # which rows belong to the days asked for, where it is not their day
    each: str = ""  # what is counted once; listed as one row
    margin: str = ""  # half the 95 % interval, an aggregate
    nothing: str = "There is nothing to read in this period."  # why it is null
    as_of_end: bool = False  # of how things stood at the end: told until the last day that orders are read of
    no_past: str = ""  # why what it said of former weeks at their end is not known, so that it has no normal range

    @property
    def period(self) -> str:
        return self.within or super().period

    @property
    def of_nothing(self) -> Decimal | None:
        """What it says where there are no rows."""
        return Decimal(0) if self.value.startswith(("count(", "coalesce(")) else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Formula(Entry):
    """An expression over other metrics' keys: + - * / and brackets, applied to values of the whole period."""

    expression: str
    example: tuple[dict[str, str], str]  # values of the inputs, and the value they give
    least: tuple[str, int] | None = None  # an input, and below how much of it the value says too little to be told
    margin: Callable[..., Decimal | None] | None = None  # of the inputs: half the 95 % interval of the value


Leaf = Total | Reading
Metric = Total | Reading | Formula


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
