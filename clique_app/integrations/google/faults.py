"""What Google says when it refuses or is tired, as our four errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable

ENDED = "Access to Google has ended. Reconnect it on the Connections page."
WAITING = "Google asks Clique to wait: this ad account's calls are used up for the moment."
APP_WAITING = "Google asks Clique to wait: Clique's own calls for the day are used up."
RETIRED = "Google has retired the version of its interface that Clique uses. Clique must be updated."
NOT_APPROVED = "Google has not approved Clique's access to real ad accounts. Whoever runs Clique must apply for it."
WAIT_SECONDS = 60.0  # where Google does not say how long

# said of the account or of how the person signs in: a new token would not help
NOT_A_TOKEN_MATTER = {
    "CUSTOMER_NOT_FOUND", "CLIENT_CUSTOMER_ID_INVALID", "NOT_ADS_USER", "TWO_STEP_VERIFICATION_NOT_ENROLLED",
    "ADVANCED_PROTECTION_NOT_ENROLLED", "ORGANIZATION_NOT_APPROVED", "ORGANIZATION_NOT_RECOGNIZED",
}  # fmt: skip
NOT_YET_APPROVED = {
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", "DEVELOPER_TOKEN_NOT_APPROVED", "PROJECT_DISABLED",
    "CLOUD_PROJECT_NOT_UNDER_ORGANIZATION", "CLOUD_PROJECT_NOT_FOUND",
}  # fmt: skip
PASSING = {
    "TRANSIENT_ERROR", "INTERNAL_ERROR", "DEADLINE_EXCEEDED", "EXPIRED_PAGE_TOKEN", "INVALID_PAGE_TOKEN",
    "CONCURRENT_MODIFICATION", "RPC_DEADLINE_TOO_SHORT",
}  # fmt: skip


class OwnLimit(RateLimited):
    """Clique's calls of the day are used up, whichever account is asked about."""


@dataclass(frozen=True)
class Complaint:
    """One error of a GoogleAdsFailure."""

    kind: str  # quotaError
    code: str  # RESOURCE_EXHAUSTED
    message: str
    retry_after: float = 0.0
    rate_scope: str = ""


def translated(status: int, body: Any) -> PlatformError:
    """One of the four errors, in words for the merchant. body: the answer, or the failure in a good one."""
    error = _error(body)
    complaints = list(_complaints(error))
    for complaint in complaints:
        return _of(complaint)
    said = _short(str(error.get("message") or ""))
    if status == 401:
        return AccessExpired(ENDED)
    if status == 429:
        return RateLimited(WAITING, retry_after=_retry_info(error) or WAIT_SECONDS)
    if status == 404:
        return Rejected(RETIRED)
    if status >= 500 or not error:
        return Unavailable("Google is not available at the moment. Try again in a few minutes.")
    return Rejected(f"Google will not do this. {said}".strip())


def of_login(status: int, body: Any) -> PlatformError:
    """The same of Google's login, which words its errors otherwise."""
    told = body if isinstance(body, dict) else {}
    if told.get("error") in ("invalid_grant", "invalid_token"):
        return AccessExpired(ENDED)
    if status == 429:
        return RateLimited("Google's login asks Clique to wait.", retry_after=WAIT_SECONDS)
    if status >= 500 or not told.get("error"):
        return Unavailable("Google's login is not available at the moment. Try again in a few minutes.")
    return Rejected(f"Google did not accept the login: {_short(str(told.get('error_description') or told['error']))}")


def _of(complaint: Complaint) -> PlatformError:
    kind, code = complaint.kind, complaint.code
    if kind == "authenticationError" and code not in NOT_A_TOKEN_MATTER:
        return AccessExpired(ENDED)
    if kind == "quotaError":
        wait = complaint.retry_after or WAIT_SECONDS
        if complaint.rate_scope == "ACCOUNT":
            return RateLimited(WAITING, retry_after=wait)
        return OwnLimit(APP_WAITING, retry_after=wait)
    if code in NOT_YET_APPROVED:
        return Rejected(NOT_APPROVED)
    if kind == "authorizationError":
        return Rejected(
            f"The person who connected Google may not do this with the ad account. {complaint.message}".strip()
        )
    if kind == "internalError" or code in PASSING:
        return Unavailable("Google is not available at the moment. Try again in a few minutes.")
    if code == "UNSUPPORTED_VERSION":
        return Rejected(RETIRED)
    return Rejected(f"Google will not do this. {complaint.message}".strip())


def _error(body: Any) -> dict[str, Any]:
    """The google.rpc.Status in an answer; a stream's comes in a list."""
    if isinstance(body, list):
        body = body[0] if body else {}
    if not isinstance(body, dict):
        return {}
    found = body.get("error", body if "details" in body else {})
    return found if isinstance(found, dict) else {}


def _complaints(error: dict[str, Any]) -> Iterator[Complaint]:
    for detail in error.get("details") or ():
        if not str(detail.get("@type", "")).endswith(".GoogleAdsFailure"):
            continue
        for one in detail.get("errors") or ():
            kind, code = next(iter((one.get("errorCode") or {}).items()), ("", ""))
            quota = (one.get("details") or {}).get("quotaErrorDetails") or {}
            yield Complaint(
                str(kind),
                str(code),
                _short(str(one.get("message") or "")),
                _seconds(quota.get("retryDelay")),
                str(quota.get("rateScope") or ""),
            )


def _retry_info(error: dict[str, Any]) -> float:
    return max((_seconds(detail.get("retryDelay")) for detail in error.get("details") or ()), default=0.0)


def _seconds(duration: Any) -> float:
    """A protobuf duration in JSON: "30s", "1.5s"."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(duration or ""))
    return float(found[1]) if found else 0.0


def _short(said: str) -> str:
    return said if len(said) <= 300 else f"{said[:299]}…"
