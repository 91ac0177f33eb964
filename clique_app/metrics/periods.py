"""Periods and comparisons a person can pick, as Shopify's analytics offers them, from and to a page's URL. Pure.

"Last 7 days" ends today, so that an open page moves with the sales of the day; changes are measured on whole days
(figures.comparison).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from clique_app.errors import InvalidInput
from clique_app.metrics.definition import Dimension, Period
from clique_app.metrics.figures import Compare

MAX_DAYS = 3660
FIRST_YEAR, LAST_YEAR = 1991, 2199


@dataclass(frozen=True)
class Choice:
    """What a page shows and what it holds it against."""

    preset: str
    period: Period
    compare: Compare


def _last(days: int) -> Callable[[date], Period]:
    return lambda today: Period(today - timedelta(days=days - 1), today)


def _yesterday(today: date) -> Period:
    return Period(today - timedelta(days=1), today - timedelta(days=1))


def _week_start(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month_start(day: date) -> date:
    return day.replace(day=1)


def _quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def _year_start(day: date) -> date:
    return date(day.year, 1, 1)


def _to_date(start: Callable[[date], date]) -> Callable[[date], Period]:
    return lambda today: Period(start(today), today)


def _whole_before(start: Callable[[date], date]) -> Callable[[date], Period]:
    def period(today: date) -> Period:
        last = start(today) - timedelta(days=1)
        return Period(start(last), last)

    return period


PRESETS: dict[str, tuple[str, Callable[[date], Period]]] = {
    "today": ("Today", _last(1)),
    "yesterday": ("Yesterday", _yesterday),
    "last_7_days": ("Last 7 days", _last(7)),
    "last_30_days": ("Last 30 days", _last(30)),
    "last_90_days": ("Last 90 days", _last(90)),
    "last_365_days": ("Last 365 days", _last(365)),
    "last_week": ("Last week", _whole_before(_week_start)),
    "last_month": ("Last month", _whole_before(_month_start)),
    "last_quarter": ("Last quarter", _whole_before(_quarter_start)),
    "week_to_date": ("Week to date", _to_date(_week_start)),
    "month_to_date": ("Month to date", _to_date(_month_start)),
    "quarter_to_date": ("Quarter to date", _to_date(_quarter_start)),
    "year_to_date": ("Year to date", _to_date(_year_start)),
}
COMPARISONS: dict[Compare, str] = {
    "previous": "Previous period",
    "year": "Previous year, same weekdays",
    "none": "No comparison",
}
DEFAULT_PRESET = "last_7_days"
DEFAULT_COMPARISON: Compare = "previous"


def choice(query: Mapping[str, str], last_day: date) -> Choice:
    """Read ?period=&compare=&from=&to=; what makes no sense falls back to the last 7 days.

    last_day: today, or the last day that has data where the store stopped selling long ago.
    """
    asked = query.get("compare", "")
    compare: Compare = asked if asked in ("previous", "year", "none") else DEFAULT_COMPARISON
    preset = query.get("period", "")
    if preset == "custom":
        try:
            period = between(query.get("from", ""), query.get("to", ""))
        except InvalidInput:
            period = None
        if period and period.start <= last_day:
            return Choice(preset, period, compare)
    preset = preset if preset in PRESETS else DEFAULT_PRESET
    return Choice(preset, PRESETS[preset][1](last_day), compare)


def between(start: str, end: str) -> Period:
    """A period from two days as text."""
    try:
        period = Period(date.fromisoformat(start), date.fromisoformat(end))
    except ValueError as error:
        raise InvalidInput(f"Days are written YYYY-MM-DD; {start!r} to {end!r} are not.") from error
    if period.end < period.start:
        raise InvalidInput(f"The period ends ({end}) before it starts ({start}).")
    if period.days > MAX_DAYS:
        raise InvalidInput(f"A period has {MAX_DAYS:,} days at most; from {start} to {end} are {period.days:,}.")
    if period.start.year < FIRST_YEAR or period.end.year > LAST_YEAR:
        raise InvalidInput(f"Periods lie within the years {FIRST_YEAR} to {LAST_YEAR}; {start} to {end} does not.")
    return period


def slices(period: Period, by: Dimension) -> list[Period]:
    """The days, calendar weeks (from Monday) or months of a period; the first and last as far as they are in it."""
    if by == "day":
        return [Period(day, day) for day in period.each_day()]
    start_of = _week_start if by == "week" else _month_start
    days = period.each_day()
    starts = [day for day in days if day == period.start or start_of(day) == day]
    ends = [start - timedelta(days=1) for start in starts[1:]] + [period.end]
    return [Period(start, end) for start, end in zip(starts, ends, strict=True)]
