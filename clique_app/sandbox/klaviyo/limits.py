"""How often an account may ask: fixed windows of a second, a minute and a day, as Klaviyo counts them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from clique_app.sandbox.klaviyo.errors import throttled

SECOND, MINUTE, DAY = 1, 60, 86_400
UNLIMITED = 1_000_000

Limits = dict[int, int]  # seconds of the window: calls


def limits(second: int, minute: int, day: int = 0) -> Limits:
    return {SECOND: second, MINUTE: minute, **({DAY: day} if day else {})}


class Counter:
    """Calls by account and endpoint."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._calls: dict[tuple[str, str, int], tuple[int, int]] = {}  # window's number, calls in it
        self._reports: dict[str, Limits] = {}
        self.answered: dict[str, int] = {}  # by account
        self.refused: dict[str, int] = {}

    def set_reports(self, account: str, given: Limits | None) -> None:
        """Other limits for an account's reports, and none for its other calls; None: the usual ones for all. What was
        counted is forgotten."""
        self._reports.pop(account, None)
        self._calls = {key: count for key, count in self._calls.items() if key[0] != account}
        if given is not None:
            self._reports[account] = given

    def count(self, account: str, endpoint: str, usual: Limits) -> dict[str, str]:
        """Count a call; its headers, or the refusal."""
        given = usual
        if (reports := self._reports.get(account)) is not None:
            given = reports if "report" in endpoint else {MINUTE: UNLIMITED}
        at = self._now().timestamp()
        for window, most in given.items():
            number, calls = self._window(account, endpoint, window, at)
            if calls >= most:
                self.refused[account] = self.refused.get(account, 0) + 1
                raise throttled(max(1, math.ceil((number + 1) * window - at)))
        for window in given:
            number, calls = self._window(account, endpoint, window, at)
            self._calls[account, endpoint, window] = number, calls + 1
        self.answered[account] = self.answered.get(account, 0) + 1
        number, calls = self._window(account, endpoint, MINUTE, at)
        most = given[MINUTE]
        return {
            "RateLimit-Limit": str(most),
            "RateLimit-Remaining": str(most - calls),
            "RateLimit-Reset": str(math.ceil((number + 1) * MINUTE - at)),
        }

    def _window(self, account: str, endpoint: str, window: int, at: float) -> tuple[int, int]:
        number = int(at // window)
        known = self._calls.get((account, endpoint, window), (number, 0))
        return known if known[0] == number else (number, 0)
