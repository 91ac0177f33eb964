"""What Klaviyo says when it refuses or is tired: its answers as our four errors, its limit headers as a figure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.quotas import WAIT_SECONDS

ENDED = "Access to Klaviyo has ended. Reconnect it on the Connections page."
WAITING = "Klaviyo asks Clique to wait: its calls for the moment are used up."
REPORTS_WAITING = "Klaviyo allows 2 reports a minute and 225 a day. Clique goes on by itself as soon as it may."
HICCUPS = (408, 425)
RETIRED = 410


def translated(answer: httpx.Response) -> PlatformError:
    """One of the four errors, in words for the merchant."""
    said, status = _said(answer), answer.status_code
    if status == 401:
        return AccessExpired(ENDED)
    if status == 429:
        return RateLimited(WAITING, retry_after=_retry_after(answer))
    if status in HICCUPS or status >= 500 or answer.is_success:
        return Unavailable("Klaviyo is not available at the moment. Try again in a few minutes.")
    if status == 403:
        return Rejected(f"Klaviyo does not let Clique read this with the access it was given. {said}".strip())
    if status == RETIRED:
        return Rejected("Klaviyo has retired the version of its interface that Clique uses. Clique must be updated.")
    return Rejected(f"Klaviyo will not do this. {said}".strip())


def refused_login(answer: httpx.Response) -> PlatformError:
    """What the token endpoint says, which words its errors as OAuth does."""
    if answer.status_code == 429:
        return RateLimited(WAITING, retry_after=_retry_after(answer))
    if answer.status_code >= 500 or answer.is_success:
        return Unavailable("Klaviyo is not available at the moment. Try again in a few minutes.")
    body = _json(answer)
    if body.get("error") in ("invalid_grant", "invalid_token"):
        return AccessExpired(ENDED)
    return Rejected(
        f"Klaviyo did not accept the connection. {_short(str(body.get('error_description') or ''))}".strip()
    )


def used_pct(headers: Mapping[str, str]) -> tuple[float, float]:
    """How much of the minute's allowance is used in percent, and how many seconds until it is whole again."""
    limit, left, reset = (_number(headers.get(f"ratelimit-{name}")) for name in ("limit", "remaining", "reset"))
    if not limit or left is None:
        return 0.0, 0.0
    return 100 * max(limit - left, 0) / limit, reset or 0.0


def _retry_after(answer: httpx.Response) -> float:
    stated = _number(answer.headers.get("retry-after"))
    return stated if stated is not None and stated > 0 else WAIT_SECONDS


def _said(answer: httpx.Response) -> str:
    errors = _json(answer).get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return _short(str(first.get("detail") or first.get("title") or ""))


def _short(said: str) -> str:
    return said if len(said) <= 300 else f"{said[:299]}…"


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _number(header: str | None) -> float | None:
    found = re.match(r"\s*(\d+(?:\.\d+)?)", header or "")
    return float(found[1]) if found else None
