"""Pinterest's error bodies: a status, a number and a sentence."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal as Pinterest words it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}


def invalid(message: str) -> ApiError:
    return ApiError(400, 1, f"Invalid request: {message}")


def unauthenticated() -> ApiError:
    return ApiError(401, 2, "Authentication failed.")


def missing_scope(scope: str) -> ApiError:
    return ApiError(401, 3, f"Authorization failed. Your token lacks a scope. Missing: ['{scope}']")


def forbidden() -> ApiError:
    return ApiError(403, 29, "You are not permitted to access that resource.")


def not_found(kind: str) -> ApiError:
    return ApiError(404, 50, f"{kind} not found.")


def too_many() -> ApiError:
    return ApiError(429, 8, "You have exceeded your rate limit. Try again later.")


def trouble() -> ApiError:
    return ApiError(500, 0, "Something went wrong on our end. Sorry about that.")
