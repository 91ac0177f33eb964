"""What TikTok says when it refuses: its codes, which come in an HTTP 200, as our four errors."""

from __future__ import annotations

from typing import Any

import httpx

from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.quotas import WAIT_SECONDS

WAITING = "TikTok asks Clique to wait: it has made too many calls in a short time."
STUMBLED = "TikTok is not available at the moment. Try again in a few minutes."
CUT_OFF = "TikTok's answer broke off. Clique tries again."
OK = 0
LIMIT_CODES = {40016, 40100, 40133}
TOKEN_CODES = {40101, 40102, 40104, 40105}
PERMISSION_CODES = {40001, 40007}
SERVER_CODES = range(50000, 60000)


def translated(code: int | None, message: str, status: int) -> PlatformError:
    """One of the four errors, in words for the merchant."""
    said = message if len(message) <= 300 else f"{message[:299]}…"
    if code in TOKEN_CODES or (code is None and status == 401):
        return AccessExpired("Access to TikTok has ended. Reconnect it on the Connections page.")
    if code in LIMIT_CODES or status == 429:
        return RateLimited(WAITING, retry_after=WAIT_SECONDS)
    if code in SERVER_CODES or status >= 500:
        return Unavailable(STUMBLED)
    if code in PERMISSION_CODES:
        return Rejected(f"The person who connected TikTok may not do this with the ad account. {said}".strip())
    if code is not None:
        return Rejected(f"TikTok will not do this. {said}".strip())
    return Unavailable("TikTok gave no usable answer. Try again in a few minutes.")


def opened(answer: httpx.Response) -> dict[str, Any]:
    """The data of an answer. That its status is 200 says nothing: the code in the body does."""
    try:
        body = answer.json()
    except ValueError:
        raise (Unavailable(CUT_OFF) if answer.is_success else translated(None, "", answer.status_code)) from None
    code = body.get("code") if isinstance(body, dict) else None
    if code != OK or not answer.is_success:
        message = str(body.get("message") or "") if isinstance(body, dict) else ""
        raise translated(code if isinstance(code, int) and code != OK else None, message, answer.status_code)
    data = body.get("data")
    return data if isinstance(data, dict) else {}
