"""The period a page shows and what it is compared with, as Shopify's analytics offers them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Span:
    """Whole store days, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it covers."""
        return (self.end - self.start).days + 1

    def label(self) -> str:
        """'14–20 Nov 2026', shortened as far as it stays clear."""
        start, end = self.start, self.end
        if start == end:
            return f"{end.day} {end:%b %Y}"
        if (start.year, start.month) == (end.year, end.month):
            return f"{start.day}–{end.day} {end:%b %Y}"
        if start.year == end.year:
            return f"{start.day} {start:%b} – {end.day} {end:%b %Y}"
        return f"{start.day} {start:%b %Y} – {end.day} {end:%b %Y}"

    def short_label(self) -> str:
        """The label without the year, for 'vs 7–13 Nov'."""
        return self.label().removesuffix(f" {self.end.year}")


@dataclass(frozen=True)
class Period:
    """What the page's URL asks for."""

    preset: str
    compare: str
    span: Span
    comparison: Span | None

    def comparison_label(self) -> str:
        """'vs 7–13 Nov', or empty."""
        return f"vs {self.comparison.short_label()}" if self.comparison else ""


def _months_back(day: date, months: int) -> date:
    """First day of the month that many months before."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def _last(days: int) -> Callable[[date], Span]:
    return lambda today: Span(today - timedelta(days=days), today - timedelta(days=1))


def _quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def _week_start(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _before(start: Callable[[date], date], previous: Callable[[date], date]) -> Callable[[date], Span]:
    return lambda today: Span(previous(start(today)), start(today) - timedelta(days=1))


def _month_start(day: date) -> date:
    return day.replace(day=1)


def _year_start(day: date) -> date:
    return date(day.year, 1, 1)


PRESETS: dict[str, tuple[str, Callable[[date], Span]]] = {
    "today": ("Today", lambda today: Span(today, today)),
    "yesterday": ("Yesterday", _last(1)),
    "last_7_days": ("Last 7 days", _last(7)),
    "last_30_days": ("Last 30 days", _last(30)),
    "last_90_days": ("Last 90 days", _last(90)),
    "last_365_days": ("Last 365 days", _last(365)),
    "last_week": ("Last week", _before(_week_start, lambda monday: monday - timedelta(days=7))),
    "last_month": ("Last month", _before(_month_start, lambda first: _months_back(first, 1))),
    "last_quarter": ("Last quarter", _before(_quarter_start, lambda first: _months_back(first, 3))),
    "last_year": ("Last year", _before(_year_start, lambda first: _months_back(first, 12))),
    "week_to_date": ("Week to date", lambda today: Span(_week_start(today), today)),
    "month_to_date": ("Month to date", lambda today: Span(_month_start(today), today)),
    "quarter_to_date": ("Quarter to date", lambda today: Span(_quarter_start(today), today)),
    "year_to_date": ("Year to date", lambda today: Span(_year_start(today), today)),
}
COMPARISONS: dict[str, str] = {
    "previous_period": "Previous period",
    "previous_year": "Previous year",
    "previous_year_weekday": "Previous year, same weekdays",
    "none": "No comparison",
}
DEFAULT_PRESET = "last_7_days"
DEFAULT_COMPARISON = "previous_period"
MAX_DAYS = 3660


def _year_earlier(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


def comparison_of(span: Span, compare: str) -> Span | None:
    """The span to compare with."""
    if compare == "none":
        return None
    if compare == "previous_year":
        return Span(_year_earlier(span.start), _year_earlier(span.end))
    days = 364 if compare == "previous_year_weekday" else span.days
    return Span(span.start - timedelta(days=days), span.end - timedelta(days=days))


def _custom(query: Mapping[str, str], today: date) -> Span | None:
    try:
        start, end = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
    except (KeyError, ValueError):
        return None
    if start > end or (end - start).days >= MAX_DAYS or start.year < 1990 or end > today + timedelta(days=1):
        return None
    return Span(start, end)


def parse_period(query: Mapping[str, str], today: date) -> Period:
    """Read ?period=&compare=&from=&to=; anything that makes no sense falls back to the last 7 days."""
    compare = query.get("compare", DEFAULT_COMPARISON)
    compare = compare if compare in COMPARISONS else DEFAULT_COMPARISON
    preset = query.get("period", DEFAULT_PRESET)
    span = _custom(query, today) if preset == "custom" else None
    if span is None:
        preset = preset if preset in PRESETS else DEFAULT_PRESET
        span = PRESETS[preset][1](today)
    return Period(preset, compare, span, comparison_of(span, compare))
