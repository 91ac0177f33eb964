"""What an app may ask a minute on a person's behalf, by category: told in every answer, refused beyond."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from clique_app.sandbox.pinterest.errors import too_many

WINDOW = timedelta(minutes=1)
LIMITS = {"ads_read": 1000, "ads_analytics": 300, "ads_write": 400, "org_read": 1000}


class Usage:
    """Calls of the last minute by category."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._calls: dict[str, deque[datetime]] = {}
        self._limits = dict(LIMITS)

    def limit(self, category: str, calls_per_minute: int | None) -> None:
        """Allow only so many from now on; None: as usual. What was counted is forgotten."""
        self._limits[category] = LIMITS[category] if calls_per_minute is None else calls_per_minute
        self._calls.pop(category, None)

    def count(self, category: str) -> None:
        """One more call; refused where the minute's are used up."""
        calls = self._recent(category)
        if len(calls) >= self._limits[category]:
            raise too_many()
        calls.append(self._now())

    def headers(self, category: str, *, refused: bool) -> dict[str, str]:
        calls, limit = self._recent(category), self._limits[category]
        reset = (calls[0] + WINDOW - self._now()).total_seconds() if calls else WINDOW.total_seconds()
        return {
            "x-ratelimit-limit": f"{limit}, {limit};w=60",
            "x-ratelimit-remaining": str(0 if refused else limit - len(calls)),
            "x-ratelimit-reset": str(max(math.ceil(reset), 1)),
        }

    def _recent(self, category: str) -> deque[datetime]:
        calls, since = self._calls.setdefault(category, deque()), self._now() - WINDOW
        while calls and calls[0] <= since:
            calls.popleft()
        return calls
