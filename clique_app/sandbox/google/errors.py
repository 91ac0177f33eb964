"""Google's error bodies: google.rpc.Status, with a GoogleAdsFailure in it where Google Ads itself refuses."""

from __future__ import annotations

import secrets
from typing import Any

FAILURE = "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure"
STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
}  # fmt: skip
GRPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14}
MESSAGES = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    429: "Resource has been exhausted (e.g. check quota).",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}


class AdsError(Exception):
    """A refusal as Google words it. kind and code: of the GoogleAdsFailure, where there is one."""

    def __init__(
        self,
        status: int,
        kind: str = "",
        code: str = "",
        message: str = "",
        *,
        quota: dict[str, str] | None = None,
        field: str = "",
    ) -> None:
        super().__init__(message or MESSAGES[status])
        self.status, self.request_id = status, secrets.token_urlsafe(16)
        self.details: list[dict[str, Any]] = []
        self.message = MESSAGES[status] if kind else message or MESSAGES[status]
        if kind:
            one: dict[str, Any] = {"errorCode": {kind: code}, "message": message}
            if field:
                one["location"] = {"fieldPathElements": [{"fieldName": field}]}
            if quota:
                one["details"] = {"quotaErrorDetails": quota}
            self.details = [{"@type": FAILURE, "errors": [one], "requestId": self.request_id}]

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        error: dict[str, Any] = {"code": self.status, "message": self.message, "status": STATUS[self.status]}
        return {"error": {**error, "details": self.details} if self.details else error}

    def partial(self) -> dict[str, Any]:
        """The same inside a good answer, where the caller asked for partial failure."""
        return {"code": GRPC_CODES[self.status], "message": self.message, "details": self.details}


def bad_query(code: str, message: str) -> AdsError:
    return AdsError(400, "queryError", code, message)


def unknown_name(name: str) -> AdsError:
    return AdsError(400, message=f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')


def bad_token() -> AdsError:
    return AdsError(401, "authenticationError", "OAUTH_TOKEN_EXPIRED", "OAuth token with the request has expired.")


def exhausted(*, retry_seconds: int, scope: str = "ACCOUNT", daily: bool = False) -> AdsError:
    name = "Number of operations for basic access" if daily else "Requests per account"
    code = "RESOURCE_EXHAUSTED" if daily else "RESOURCE_TEMPORARILY_EXHAUSTED"
    quota = {"rateScope": scope, "rateName": name, "retryDelay": f"{retry_seconds}s"}
    return AdsError(429, "quotaError", code, f"Too many requests. Retry in {retry_seconds} seconds.", quota=quota)


def denied() -> AdsError:
    return AdsError(
        403, "authorizationError", "USER_PERMISSION_DENIED",
        "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's "
        "customer id must be set in the 'login-customer-id' header.",
    )  # fmt: skip
