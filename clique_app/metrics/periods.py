"""Periods a person can pick, as in Shopify admin. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from clique_app.errors import InvalidInput
from clique_app.metrics.definition import Period

DEFAULT = "last_7"
PRESETS: tuple[tuple[str, str], ...] = (
    ("today", "Today"),
    ("yesterday", "Yesterday"),
    ("last_7", "Last 7 days"),
    ("last_30", "Last 30 days"),
    ("last_90", "Last 90 days"),
    ("last_365", "Last 365 days"),
    ("month", "Month to date"),
    ("all", "All time"),
)
_DAYS = {"today": 1, "last_7": 7, "last_30": 30, "last_90": 90, "last_365": 365}


def resolve(preset: str, *, last_day: date, first_day: date) -> Period:
    """The days of a preset, or of 'YYYY-MM-DD..YYYY-MM-DD'.

    last_day: today, or the last day that has data where the store stopped selling long ago.
    """
    if preset in _DAYS:
        return Period(last_day - timedelta(days=_DAYS[preset] - 1), last_day)
    if preset == "yesterday":
        return Period(last_day - timedelta(days=1), last_day - timedelta(days=1))
    if preset == "month":
        return Period(last_day.replace(day=1), last_day)
    if preset == "all":
        return Period(min(first_day, last_day), last_day)
    return (
        between(*preset.split("..", 1)) if ".." in preset else resolve(DEFAULT, last_day=last_day, first_day=first_day)
    )


def between(start: str, end: str) -> Period:
    """A period from two days as text."""
    try:
        period = Period(date.fromisoformat(start), date.fromisoformat(end))
    except ValueError as error:
        raise InvalidInput(f"Days are written YYYY-MM-DD; {start!r} to {end!r} are not.") from error
    if period.end < period.start:
        raise InvalidInput(f"The period ends ({end}) before it starts ({start}).")
    return period
