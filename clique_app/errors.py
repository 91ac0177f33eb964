"""The error tree. A message is written for the merchant: what failed and what to do.

CliqueError
├── NotFound            no such thing in this store
├── InvalidInput        what was entered cannot be used; says why
├── Refused             the gate said no; names the limit
├── AccessDenied        no valid session for this store
└── PlatformError       a platform answered; exactly four kinds, translated inside integrations/
    ├── RateLimited     wait retry_after seconds
    ├── AccessExpired   the merchant must reconnect
    ├── Rejected        the platform will not do this; no retry
    └── Unavailable     no usable answer; try again later, and read before writing again
"""

from __future__ import annotations


class CliqueError(Exception):
    """Base of all errors that may be shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(CliqueError):
    pass


class InvalidInput(CliqueError):
    pass


class Refused(CliqueError):
    pass


class AccessDenied(CliqueError):
    pass


class PlatformError(CliqueError):
    pass


class RateLimited(PlatformError):
    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AccessExpired(PlatformError):
    pass


class Rejected(PlatformError):
    pass


class Unavailable(PlatformError):
    pass
