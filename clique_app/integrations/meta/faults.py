"""What Meta says when it refuses or is tired: its error table as our four errors, its usage headers as a figure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from facebook_business.exceptions import FacebookRequestError

from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.quotas import WAIT_SECONDS

WAITING = "Meta asks Clique to wait: this ad account's calls for the hour are used up."
APP_WAITING = "Meta asks Clique to wait: Clique's own calls for the hour are used up."
TOKEN_CODES = {102, 190}
LIMIT_CODES = {4, 17, 32, 341, 368, 613, *range(80000, 80015)}
APP_LIMIT_CODES = {4}
HICCUP_CODES = {1, 2}
TOO_MUCH = "reduce the amount of data"  # said under code 1 like any hiccup, but asking again does not help
PERMISSION_CODES = {10, 294, *range(200, 300)}
RETIRED_VERSION = 2635
ACCOUNT_HEADERS = ("x-business-use-case-usage", "x-ad-account-usage", "x-fb-ads-insights-throttle")
APP_HEADERS = ("x-app-usage", "x-fb-ads-insights-throttle")


class TooMuchData(Unavailable):
    """The answer would be too large: it has to be asked for in smaller parts."""


@dataclass(frozen=True)
class Usage:
    """The most used of all allowances in percent, and how long until it is free again."""

    used_pct: float
    retry_after: float


def account_usage(headers: Mapping[str, str]) -> Usage:
    """What an answer says of the ad account's allowance; nothing said is nothing used."""
    return _usage(headers, ACCOUNT_HEADERS, but="app_id_util_pct")


def app_usage(headers: Mapping[str, str]) -> Usage:
    """The same of the app's."""
    return _usage(headers, APP_HEADERS, but="acc_id_util_pct")


def _usage(headers: Mapping[str, str], names: tuple[str, ...], *, but: str) -> Usage:
    used_pct, minutes = 0.0, 0.0
    lowered = {name.lower(): value for name, value in headers.items()}
    for name in names:
        for key, value in _figures(lowered.get(name)):
            if key == "estimated_time_to_regain_access":
                minutes = max(minutes, value)
            elif key != but and key.endswith(("_count", "_cputime", "_time", "_pct")):
                used_pct = max(used_pct, value)
    return Usage(used_pct, minutes * 60)


def _figures(header: str | None) -> Iterator[tuple[str, float]]:
    try:
        waiting: list[Any] = [json.loads(header or "{}")]
    except ValueError:
        return
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            for key, value in part.items():
                if isinstance(value, int | float):
                    yield key, float(value)
                else:
                    waiting.append(value)


def translated(error: FacebookRequestError) -> PlatformError:
    """One of the four errors, in words for the merchant."""
    body = error.body()
    detail = body.get("error") if isinstance(body, dict) else None
    said = _said(detail if isinstance(detail, dict) else {})
    code, status = error.api_error_code(), error.http_status() or 0
    if code in TOKEN_CODES or (code is None and status == 401):
        return AccessExpired("Access to Meta has ended. Reconnect it on the Connections page.")
    if code in LIMIT_CODES or status == 429:
        wait = account_usage(error.http_headers() or {}).retry_after
        return RateLimited(APP_WAITING if code in APP_LIMIT_CODES else WAITING, retry_after=wait or WAIT_SECONDS)
    if TOO_MUCH in str(error.api_error_message() or "").lower():
        return TooMuchData("Meta finds this too much to answer at once.")
    if code in HICCUP_CODES or error.api_transient_error() or status >= 500:
        return Unavailable("Meta is not available at the moment. Try again in a few minutes.")
    if code is not None and code in PERMISSION_CODES:
        return Rejected(f"The person who connected Meta may not do this with the ad account. {said}".strip())
    if code == RETIRED_VERSION:
        return Rejected("Meta has retired the version of its interface that Clique uses. Clique must be updated.")
    if code is not None:
        return Rejected(f"Meta will not do this. {said}".strip())
    if isinstance(body, dict) and body.get("success") is False:
        return Rejected("Meta answered that it did not make the change.")
    return Unavailable("Meta gave no usable answer. Try again in a few minutes.")


def _said(detail: Mapping[str, Any]) -> str:
    said = str(detail.get("error_user_msg") or detail.get("message") or "")
    return said if len(said) <= 300 else f"{said[:299]}…"
