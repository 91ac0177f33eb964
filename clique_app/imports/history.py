"""From which day on a store's orders are known, when files reach further back than the platform shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta


def covered_from(platform_first: date | None, files: Iterable[tuple[date, date]]) -> date | None:
    """The first day without a gap before today: a file that ends before another source begins says nothing of what
    lies between. Without the platform the file that ends last is the beginning."""
    start = platform_first
    for first, last in sorted(files, key=lambda span: span[1], reverse=True):
        if start is None:
            start = first
        elif last >= start - timedelta(days=1):
            start = min(start, first)
    return start
