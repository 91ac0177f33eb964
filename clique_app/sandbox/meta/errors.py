"""The Graph API's error bodies."""

from __future__ import annotations

import secrets
from typing import Any


class GraphError(Exception):
    """An error as Meta words it; HTTP 400 unless said otherwise."""

    def __init__(
        self,
        message: str,
        code: int,
        *,
        subcode: int | None = None,
        kind: str = "OAuthException",
        status: int = 400,
        transient: bool = False,
        title: str | None = None,
        text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        error: dict[str, Any] = {"message": message, "type": kind, "code": code}
        if subcode is not None:
            error["error_subcode"] = subcode
        error["is_transient"] = transient
        if title is not None:
            error["error_user_title"] = title
        if text is not None:
            error["error_user_msg"] = text
        self.error = error

    def body(self) -> dict[str, Any]:
        return {"error": {**self.error, "fbtrace_id": secrets.token_urlsafe(8)}}


def unknown_object(object_id: str) -> GraphError:
    return GraphError(
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        100,
        subcode=33,
        kind="GraphMethodException",
    )


def bad_param(
    message: str, *, title: str | None = None, text: str | None = None, subcode: int | None = None
) -> GraphError:
    return GraphError(f"(#100) {message}", 100, subcode=subcode, title=title, text=text)


def missing_permission(scope: str) -> GraphError:
    return GraphError(f"(#200) Ad account owner has NOT grant {scope} permission", 200)


def expired(when: str) -> GraphError:
    return GraphError(f"Error validating access token: Session has expired on {when}.", 190, subcode=463, status=400)


def revoked(app_id: str) -> GraphError:
    return GraphError(
        f"Error validating access token: The user has not authorized application {app_id}.", 190, subcode=458
    )


def too_much_data() -> GraphError:
    return GraphError("Please reduce the amount of data you're asking for, then retry your request", 1, status=500)


FAULT_ERRORS: dict[str, GraphError] = {
    "http_429": GraphError("(#4) Application request limit reached", 4, status=429, transient=True),
    "app_rate_limit": GraphError("(#4) Application request limit reached", 4, transient=True),
    "rate_limit": GraphError(
        "(#17) User request limit reached",
        17,
        subcode=2446079,
        transient=True,
        title="Account has been rate limited",
    ),
    "throttled": GraphError(
        "(#80004) There have been too many calls to this ad-account. Wait a bit and try again.",
        80004,
        subcode=2446079,
    ),
    "rate_limit_insights": GraphError(
        "(#80000) There have been too many calls from this ad-account. Wait a bit and try again.",
        80000,
        subcode=2446079,
    ),
    "too_much_data": too_much_data(),
    "password_changed": GraphError(
        "Error validating access token: The session has been invalidated because the user changed their password or "
        "Facebook has changed the session for security reasons.",
        190,
        subcode=460,
    ),
    "5xx": GraphError("An unknown error has occurred.", 1, status=500, transient=True),
    "error_in_200": GraphError("Service temporarily unavailable", 2, status=200, transient=True),
}
