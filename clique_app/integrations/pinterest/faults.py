"""What Pinterest says when it refuses or is tired: its statuses as our four errors, its limit headers as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.quotas import WAIT_SECONDS

WAITING = "Pinterest asks Clique to wait: its calls for the minute are used up."
ENDED = "Access to Pinterest has ended. Reconnect it on the Connections page."
MISSING_SCOPE = 3  # also a 401, but the token holds: what it may do is not enough
LONGEST_SAID = 300


@dataclass(frozen=True)
class Usage:
    """How much of the most used allowance is gone in percent, and how long until it is free again."""

    used_pct: float
    retry_after: float


def usage(headers: Mapping[str, str]) -> Usage:
    """What an answer says of the allowance; nothing said is nothing used."""
    # "300, 300;w=60": what holds now, then every window there is
    limit = _number(headers.get("x-ratelimit-limit", "").partition(",")[0])
    remaining, reset = (_number(headers.get(f"x-ratelimit-{name}")) for name in ("remaining", "reset"))
    used_pct = 100 * (1 - remaining / limit) if limit and remaining is not None else 0.0
    return Usage(used_pct, reset or 0.0)


def refusal(answer: httpx.Response) -> PlatformError:
    """One of the four errors for an answer that is not a success, in words for the merchant."""
    said = _body(answer)
    text = said_in(said)
    match answer.status_code:
        case 401 if said.get("code") == MISSING_SCOPE:
            return Rejected(f"Pinterest was not asked to allow this. Disconnect and connect it again. {text}".strip())
        case 401:
            return AccessExpired(ENDED)
        case 403:
            return Rejected(f"The person who connected Pinterest may not do this with the ad account. {text}".strip())
        case 429:
            wait = _number(answer.headers.get("retry-after")) or usage(answer.headers).retry_after
            return RateLimited(WAITING, retry_after=wait or WAIT_SECONDS)
        case status if status >= 500 or status == 408:
            return Unavailable("Pinterest is not available at the moment. Try again in a few minutes.")
    return Rejected(f"Pinterest will not do this. {text}".strip())


def said_in(detail: Mapping[str, Any]) -> str:
    """The words of an error, not too many of them."""
    said = str(detail.get("message") or "")
    return said if len(said) <= LONGEST_SAID else f"{said[: LONGEST_SAID - 1]}…"


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
