"""Faults that a test or a person asks the platforms for, each for a number of times and where it matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FAULTS = (
    "http_429",  # rate limited, by status
    "throttled",  # rate limited, in the platform's own way (Shopify: in a 200)
    "rate_limit",  # Meta: error code 17
    "app_rate_limit",  # Meta: error code 4
    "5xx",
    "timeout",  # no answer for a long time
    "truncated_page",  # the body ends in the middle
    "empty_page",  # no rows, but a next page
    "write_ok_no_change",  # answers success, changes nothing
    "error_in_200",
    "expired_token",
    "revoked_token",
    "webhook_lost",
    "webhook_duplicate",
    "webhook_late",  # delivered after the ones that follow it
    "rate_limit_insights",  # Meta: error code 80000
    "too_much_data",  # Meta: "reduce the amount of data"
    "report_failed",  # Meta: an asynchronous report ends without rows
    "report_skipped",  # Meta: it is not even begun
    "report_slow",  # Meta: it takes its time, and is "completed" before it is whole
    "password_changed",  # Meta: the token of someone who changed the password
    "bulk_failed",  # a bulk operation ends half-way, with partial data
    "rows_dropped",  # a page or bulk file lacks its last rows, and nothing says so
    "root_repeated",  # Shopify: a bulk file has its first object once more at its end, without what belongs to it
    "refresh_token_once",  # Shopify: a refresh token dies with its first use, not with its successor's
)


@dataclass(slots=True)
class Fault:
    """One request for trouble; `match` holds any of path, method, object, operation, all as substrings."""

    platform: str
    fault: str
    times: int | None
    match: dict[str, str]

    def fits(self, facts: Mapping[str, str]) -> bool:
        return all(text in facts.get(key, "") for key, text in self.match.items())


class Faults:
    """The faults that are still to come."""

    def __init__(self, platforms: tuple[str, ...]) -> None:
        self._platforms = platforms
        self._waiting: list[Fault] = []

    def add(self, spec: Mapping[str, Any]) -> Fault:
        if spec.get("platform") not in self._platforms:
            raise ValueError(f"platform must be one of {', '.join(self._platforms)}")
        if spec.get("fault") not in FAULTS:
            raise ValueError(f"fault must be one of {', '.join(FAULTS)}")
        times = spec.get("times", 1)
        if times is not None and (not isinstance(times, int) or times < 1):
            raise ValueError("times must be a positive number, or null for always")
        match = {str(k): str(v) for k, v in (spec.get("match") or {}).items()}
        fault = Fault(spec["platform"], spec["fault"], times, match)
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        self._waiting.clear()

    def waiting(self) -> list[Fault]:
        return list(self._waiting)

    def take(self, platform: str, *names: str, **facts: str) -> str | None:
        """The next fault (of these names, where given) that fits the request; it is used up once."""
        for fault in self._waiting:
            if fault.platform == platform and (not names or fault.fault in names) and fault.fits(facts):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                return fault.fault
        return None
