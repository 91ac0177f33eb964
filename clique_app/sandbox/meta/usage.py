"""What an app may ask an hour: counted per ad account and for the app, told in every answer, refused beyond."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from clique_app.sandbox.meta.errors import GraphError

HOUR = timedelta(hours=1)
CALLS_PER_HOUR = 190_000  # of the full access tier
APP = ""


class Usage:
    """Calls of the last hour by ad account; APP counts all of them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._calls: dict[str, deque[datetime]] = {}
        self._limits: dict[str, int] = {}

    def limit(self, account_id: str, calls_per_hour: int | None) -> None:
        """Allow only so many from now on; None: as usual. What was counted is forgotten."""
        self._limits.pop(account_id, None)
        self._calls.pop(account_id, None)
        if calls_per_hour is not None:
            self._limits[account_id] = calls_per_hour

    def count(self, account_id: str | None) -> None:
        for key in {APP, account_id or APP}:
            self._calls.setdefault(key, deque()).append(self._now())

    def check(self, account_id: str | None, *, insights: bool) -> None:
        """Refuse what is beyond the allowance, as Meta words it for the app, for reports and for the rest."""
        if self.used_pct(APP) > 100:
            raise GraphError("(#4) Application request limit reached", 4, transient=True)
        if account_id and self.used_pct(account_id) > 100:
            code = 80000 if insights else 80004
            raise GraphError(
                f"(#{code}) There have been too many calls to this ad-account. Wait a bit and try again. For more "
                "info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
                code,
                subcode=2446079,
            )

    def headers(self, account_id: str | None, *, insights: bool, refused: bool) -> dict[str, str]:
        """The usage headers of an answer; those of an account only where the call is about one."""
        app_pct = self.used_pct(APP)
        headers = {"x-app-usage": json.dumps({"call_count": math.floor(app_pct), "total_time": 3, "total_cputime": 2})}
        if account_id is None:
            return headers
        used = 100.0 if refused else self.used_pct(account_id)
        tier = {"ads_api_access_tier": "standard_access"}
        usage = {
            "type": "ads_insights" if insights else "ads_management",
            "call_count": min(math.floor(used), 100),
            "total_cputime": 5,
            "total_time": 6,
            "estimated_time_to_regain_access": self._minutes_to_regain(account_id) if used >= 100 else 0,
            **tier,
        }
        headers["x-business-use-case-usage"] = json.dumps({account_id: [usage]})
        headers["x-ad-account-usage"] = json.dumps({"acc_id_util_pct": used, "reset_time_duration": 60, **tier})
        if insights:
            headers["x-fb-ads-insights-throttle"] = json.dumps(
                {"app_id_util_pct": app_pct, "acc_id_util_pct": used, **tier}
            )
        return headers

    def used_pct(self, account_id: str) -> float:
        calls, since = self._calls.get(account_id, deque()), self._now() - HOUR
        while calls and calls[0] <= since:
            calls.popleft()
        return round(100 * len(calls) / self._limits.get(account_id, CALLS_PER_HOUR), 2)

    def _minutes_to_regain(self, account_id: str) -> int:
        calls = self._calls.get(account_id)
        left = (calls[0] + HOUR - self._now()) if calls and account_id in self._limits else timedelta(minutes=1)
        return max(1, math.ceil(left.total_seconds() / 60))
