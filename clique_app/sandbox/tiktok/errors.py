"""TikTok's envelope: whatever happened, HTTP says 200 and the code says what it was."""

from __future__ import annotations

import secrets
from typing import Any


class ApiError(Exception):
    """A refusal as TikTok words it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def envelope(code: int, message: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "message": message, "request_id": secrets.token_hex(16), "data": data}


def bad_param(message: str) -> ApiError:
    return ApiError(40002, message)


def no_permission(advertiser_id: str) -> ApiError:
    return ApiError(40001, f"No permission to operate advertiser {advertiser_id}.")


def too_many_calls() -> ApiError:
    return ApiError(40100, "Too many requests. Please retry in some time.")


FAULT_ERRORS = {
    "rate_limit": too_many_calls(),
    "throttled": too_many_calls(),
    "error_in_200": ApiError(50000, "System error. Please try again later."),
    "expired_token": ApiError(40102, "Access token has expired."),
    "revoked_token": ApiError(40105, "Access token is incorrect or has been revoked."),
}
