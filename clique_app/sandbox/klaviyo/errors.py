"""Klaviyo's JSON:API error bodies."""

from __future__ import annotations

import uuid
from typing import Any


class ApiError(Exception):
    """An error as Klaviyo words it."""

    def __init__(self, status: int, code: str, title: str, detail: str, *, pointer: str = "/data/") -> None:
        super().__init__(detail)
        self.status, self.retry_after = status, 0
        self._error = {"status": status, "code": code, "title": title, "detail": detail}
        self._pointer = pointer

    def body(self) -> dict[str, Any]:
        rest = {"source": {"pointer": self._pointer}, "links": {}, "meta": {}}
        return {"errors": [{"id": str(uuid.uuid4()), **self._error, **rest}]}


def invalid(detail: str, pointer: str = "/data/") -> ApiError:
    return ApiError(400, "invalid", "Invalid input.", detail, pointer=pointer)


def throttled(seconds: int) -> ApiError:
    detail = f"Request was throttled. Expected available in {seconds} second{'' if seconds == 1 else 's'}."
    error = ApiError(429, "throttled", "Request was throttled.", detail)
    error.retry_after = seconds
    return error


def unknown_key() -> ApiError:
    title = "Incorrect authentication credentials."
    return ApiError(401, "authentication_failed", title, "Incorrect authentication credentials.")


def no_credentials() -> ApiError:
    title = "Authentication credentials were not provided."
    return ApiError(401, "not_authenticated", title, title)


def not_allowed(scope: str) -> ApiError:
    title = "You do not have permission to perform this action."
    return ApiError(403, "permission_denied", title, f"The API key is missing the required scope: {scope}")


def not_found() -> ApiError:
    return ApiError(404, "not_found", "Not found.", "The requested endpoint does not exist.")


def down() -> ApiError:
    return ApiError(503, "service_unavailable", "Service unavailable.", "Please try again later.")
