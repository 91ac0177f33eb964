"""Login codes, access tokens of an hour and refresh tokens that this Google gave out; they outlive a restart."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

ACCESS_LIFE, CODE_LIFE = timedelta(seconds=3599), timedelta(minutes=10)


class BadGrant(Exception):
    """Error and description as the token endpoint gives them."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(slots=True)
class Consent:
    """What a person agreed to; its refresh token stays the same."""

    scope: str
    refresh_token: str
    revoked: bool = False


@dataclass(slots=True)
class Access:
    refresh_token: str
    scope: str
    expires_at: float


class Tokens:
    """Kept in one small file under the data directory."""

    def __init__(self, data_dir: Path | None, now: Callable[[], datetime]) -> None:
        self._now = now
        self._path = data_dir / "google_tokens.json" if data_dir else None
        self._codes: dict[str, tuple[str, str, bool, datetime]] = {}
        self._consents: dict[str, Consent] = {}
        self._accesses: dict[str, Access] = {}
        if self._path and self._path.exists():
            kept = json.loads(self._path.read_text())
            self._consents = {key: Consent(**one) for key, one in kept["consents"].items()}
            self._accesses = {key: Access(**one) for key, one in kept["accesses"].items()}

    def make_code(self, scope: str, redirect_uri: str, *, offline: bool) -> str:
        """offline: whether a refresh token comes with it."""
        code = "4/0A" + secrets.token_urlsafe(40)
        self._codes[code] = (scope, redirect_uri, offline, self._now() + CODE_LIFE)
        return code

    def redeem(self, code: str, redirect_uri: str) -> tuple[str, Access, bool]:
        """An access token for a code, which works once and with its own redirect URI only."""
        scope, uri, offline, until = self._codes.pop(code, ("", "", False, None))
        if until is None or until < self._now():
            raise BadGrant("invalid_grant", "Malformed auth code.")
        if uri != redirect_uri:
            raise BadGrant("redirect_uri_mismatch", "Bad Request")
        refresh = "1//0" + secrets.token_urlsafe(60)
        self._consents[refresh] = Consent(scope, refresh)
        return *self._issue(self._consents[refresh]), offline

    def refresh(self, refresh_token: str) -> tuple[str, Access]:
        consent = self._consents.get(refresh_token)
        if consent is None or consent.revoked:
            raise BadGrant("invalid_grant", "Token has been expired or revoked.")
        return self._issue(consent)

    def now(self) -> datetime:
        return self._now()

    def find(self, token: str) -> Access | None:
        """The access as long as it lasts."""
        access = self._accesses.get(token)
        if access is None or access.expires_at <= self._now().timestamp():
            return None
        return None if self._consents[access.refresh_token].revoked else access

    def expire_all(self) -> None:
        """Access tokens end; new ones can be had for the refresh tokens."""
        for access in self._accesses.values():
            access.expires_at = min(access.expires_at, self._now().timestamp())
        self._save()

    def revoke_all(self) -> None:
        """The person took the consent back: nothing can be had any more."""
        for consent in self._consents.values():
            consent.revoked = True
        self._save()

    def _issue(self, consent: Consent) -> tuple[str, Access]:
        token = "ya29." + secrets.token_urlsafe(120)
        access = Access(consent.refresh_token, consent.scope, (self._now() + ACCESS_LIFE).timestamp())
        self._accesses[token] = access
        self._save()
        return token, access

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "consents": {key: asdict(one) for key, one in self._consents.items()},
            "accesses": {key: asdict(one) for key, one in self._accesses.items()},
        }
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(kept))
        temporary.chmod(0o600)
        temporary.replace(self._path)
