"""The only place that asks what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from clique_app.settings import settings


def now() -> datetime:
    """The present, aware UTC, moved by CLOCK_OFFSET_SECONDS."""
    return datetime.now(UTC) + timedelta(seconds=settings().clock_offset_seconds)


def day_of(at: datetime, time_zone: str) -> date:
    """The calendar day of an instant in a store's (or ad account's) time zone."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def today(time_zone: str) -> date:
    """Today in a store's time zone."""
    return day_of(now(), time_zone)
