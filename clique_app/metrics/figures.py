"""From sums to figures: formulas evaluated over a period's totals, unknowns explained. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Literal

from clique_app.metrics import expression, format, registry
from clique_app.metrics.definition import Dimension, Figure, Formula, Leaf, Metric, Period, Reading, Total

Compare = Literal["previous", "year", "none"]


Value = tuple[Decimal | None, Decimal | None]  # of a reading, and half its 95 % interval
Column = list[Decimal | None]  # a value for each of many days or periods


def work_out(item: Metric, given: Callable[[Leaf], Figure], dimensions: Sequence[Dimension] = ()) -> Figure:
    """The figure of a metric, grouped or narrowed by these dimensions, from those of the totals and readings."""
    item = registry.answering(item, dimensions)
    if not isinstance(item, Formula):
        return given(item)
    parts = {part.key: work_out(part, given, dimensions) for part in registry.inputs(item)}
    values, inputs = {key: part.value for key, part in parts.items()}, tuple(parts.values())
    if too_few := _too_few(item, values):
        return Figure(item.key, item.name, item.unit, None, too_few, inputs)
    value = expression.evaluate(item.expression, values)
    return Figure(item.key, item.name, item.unit, value, _why(value, inputs), inputs, _margin(item, value, parts))


def _margin(item: Formula, value: Decimal | None, parts: Mapping[str, Figure]) -> Decimal | None:
    """Its own, or what the margins of its inputs make of it: each moved by its own, as if they err independently."""
    values = {key: part.value for key, part in parts.items()}
    if value is None:
        return None
    if item.margin:
        return item.margin(*values.values())
    squares = Decimal(0)
    for key, part in parts.items():
        if part.value is not None and part.margin:
            high = expression.evaluate(item.expression, {**values, key: part.value + part.margin})
            low = expression.evaluate(item.expression, {**values, key: part.value - part.margin})
            if high is None or low is None:
                return None
            squares += ((high - low) / 2) ** 2
    return squares.sqrt() if squares else None


@dataclass(frozen=True)
class Daily:
    """Sums of totals by store day, and readings of whole periods. A day without rows is 0; what has a reason is unknown
    on all days, and what was read from some day on is unknown before it."""

    sums: Mapping[str, Mapping[date, Decimal]]
    reasons: Mapping[str, str]
    first_day: date | None  # first day that has an order; nothing earlier is compared with
    read_from: Mapping[str, date] = field(default_factory=dict)  # leaves whose source is not read further back yet
    readings: Mapping[tuple[str, Period], Value] = field(default_factory=dict)
    narrowed: tuple[Dimension, ...] = ()  # by the dimensions of filters
    last_day: date | None = None  # that orders are read of
    # lines and their normal ranges ask for the same days again and again, formulas for the same inputs
    _known: dict[tuple[str, Period], Figure] = field(default_factory=dict, init=False, repr=False, compare=False)
    _columns: dict[tuple[str, Period | tuple[Period, ...]], Column] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def total(self, key: str, period: Period) -> Decimal:
        days, running = self._running[key]
        return running[bisect_right(days, period.end)] - running[bisect_left(days, period.start)]

    @cached_property
    def _running(self) -> Mapping[str, tuple[list[date], list[Decimal]]]:
        """Of each total: its days, and the sum before each of them and after the last."""
        found: dict[str, tuple[list[date], list[Decimal]]] = {}
        for key, sums in self.sums.items():
            days = sorted(sums)
            found[key] = days, list(accumulate((sums[day] for day in days), initial=Decimal(0)))
        return found

    def figure(self, item: Metric, period: Period) -> Figure:
        """The metric over the period."""
        asked = item.key, period
        if asked not in self._known:
            self._known[asked] = work_out(item, lambda leaf: self._leaf(leaf, period), self.narrowed)
        return self._known[asked]

    def _leaf(self, leaf: Leaf, period: Period) -> Figure:
        reason = self.reasons.get(leaf.key, "") or not_read(self.read_from.get(leaf.key), period)
        if reason := reason or not_reached(leaf, self.last_day, period):
            return unknown(leaf, reason)
        if isinstance(leaf, Total):
            return Figure(leaf.key, leaf.name, leaf.unit, self.total(leaf.key, period))
        found = self.readings.get((leaf.key, period))
        return read(leaf, found) if found else unknown(leaf, f"{leaf.name} was not read for these days.")

    def days(self, item: Metric, period: Period) -> Column:
        """The metric on each single day of the period, as `figure` gives it; for lines, which ask for hundreds."""
        return self._column(item, period)

    def spans(self, item: Metric, spans: tuple[Period, ...]) -> Column:
        """The metric over each of these periods, as `figure` gives it; for normal ranges, which ask for dozens."""
        return self._column(item, spans)

    def _column(self, item: Metric, asked: Period | tuple[Period, ...]) -> Column:
        known = item.key, asked
        if known not in self._columns:
            self._columns[known] = self._values(registry.answering(item, self.narrowed), asked)
        return self._columns[known]

    def _values(self, item: Metric, asked: Period | tuple[Period, ...]) -> Column:
        if not isinstance(item, Formula):
            return self._each_day(item, asked) if isinstance(asked, Period) else self._each_span(item, asked)
        columns = {part.key: self._column(part, asked) for part in registry.inputs(item)}
        values = list(expression.each(item.expression, columns))
        if item.least is None:
            return values
        counted = item.least[0]
        counts = zip(values, columns[counted], strict=True)
        return [None if _too_few(item, {counted: count}) else value for value, count in counts]

    def _each_day(self, leaf: Leaf, period: Period) -> Column:
        if not isinstance(leaf, Total):
            return self._each_span(leaf, [Period(day, day) for day in period.each_day()])
        if self.reasons.get(leaf.key):
            return [None] * period.days
        sums, read_from, none = self.sums[leaf.key], self.read_from.get(leaf.key), Decimal(0)
        return [None if read_from is not None and day < read_from else sums.get(day, none) for day in period.each_day()]

    def _each_span(self, leaf: Leaf, spans: Sequence[Period]) -> Column:
        return [self._leaf(leaf, span).value for span in spans]

    def covers(self, period: Period) -> bool:
        return is_covered(self.first_day, period.start)


def is_covered(first_day: date | None, start: date) -> bool:
    """Whether days from the start on may be compared with: before a store's first order nothing can be told."""
    return first_day is not None and start >= first_day


def unknown(leaf: Leaf, reason: str) -> Figure:
    """A figure that is not known."""
    return Figure(leaf.key, leaf.name, leaf.unit, None, reason)


def read(reading: Reading, found: Value) -> Figure:
    """The figure of a reading."""
    value, margin = found
    return Figure(
        reading.key, reading.name, reading.unit, value, "" if value is not None else reading.nothing, margin=margin
    )


def not_read(read_from: date | None, period: Period) -> str:
    """Why a period is unknown whose first days have not been read; "" where they have."""
    if read_from is None or period.start >= read_from:
        return ""
    return f"Read from {format.day(read_from, year=True)} on; days before it are not here yet."


def not_reached(leaf: Leaf, last_day: date | None, period: Period) -> str:
    """Why the end of a period is unknown that begins after the last day that orders are read of."""
    if not (isinstance(leaf, Reading) and leaf.as_of_end) or last_day is None or period.start <= last_day:
        return ""
    return f"Orders are read until {format.day(last_day, year=True)}; how things stand after it is not known yet."


def _too_few(item: Formula, values: Mapping[str, Decimal | None]) -> str:
    if item.least is None or (found := values[item.least[0]]) is None or found >= item.least[1]:
        return ""
    return (
        f"{item.name} is told from {item.least[1]} {registry.metric(item.least[0]).name.lower()} on; so far {found:f}."
    )


def _why(value: Decimal | None, parts: tuple[Figure, ...]) -> str:
    if value is not None:
        return ""
    unknown = next((part.reason for part in parts if part.value is None), "")
    zero = next((part.name for part in reversed(parts) if part.value == 0), "its divisor")
    return unknown or f"{zero} is 0 in this period, and nothing can be divided by it."


@dataclass(frozen=True)
class Comparison:
    """The days the change is measured on. Today is not over, so it is left out on both sides."""

    days: Period
    against: Period
    whole_days_only: bool


def comparison(period: Period, compare: Compare, today: date) -> Comparison | None:
    """What to compare a period with; None where nothing fair can be said."""
    if compare == "none":
        return None
    days = period if period.end < today else replace(period, end=today - timedelta(days=1))
    if days.end < days.start:
        return None
    shift = -364 if compare == "year" else -period.days  # 52 weeks keep weekdays against weekdays
    return Comparison(days, days.shifted(shift), days != period)


def change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Relative change; unknown from nothing or from a loss."""
    return None if now is None or before is None or before <= 0 else now / before - 1
