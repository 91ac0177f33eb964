"""Login codes, access tokens and refresh tokens that this Pinterest gave out; tokens outlive a restart."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from clique_app.sandbox.pinterest.errors import ApiError, missing_scope, unauthenticated

CODE_LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(days=30)
REFRESH_LIFE = timedelta(days=60)


@dataclass(slots=True)
class Token:
    scopes: tuple[str, ...]
    expires_at: float
    is_refresh: bool = False
    revoked: bool = False


class Tokens:
    """Kept in one small file under the data directory."""

    def __init__(self, data_dir: Path | None, now: Callable[[], datetime]) -> None:
        self._now = now
        self._path = data_dir / "pinterest_tokens.json" if data_dir else None
        self._codes: dict[str, tuple[tuple[str, ...], str, datetime]] = {}
        self._tokens: dict[str, Token] = {}
        if self._path and self._path.exists():
            rows = json.loads(self._path.read_text())
            self._tokens = {text: Token(**{**row, "scopes": tuple(row["scopes"])}) for text, row in rows.items()}

    def make_code(self, scopes: tuple[str, ...], redirect_uri: str) -> str:
        code = secrets.token_hex(20)
        self._codes[code] = (scopes, redirect_uri, self._now() + CODE_LIFE)
        return code

    def redeem(self, code: str, redirect_uri: str) -> dict[str, Any]:
        """A pair for a login code, which works once and with its own redirect URI only."""
        scopes, uri, until = self._codes.pop(code, ((), "", None))
        if until is None or until < self._now() or uri != redirect_uri:
            raise ApiError(400, 283, "Authorization code is invalid, expired, or not for this redirect_uri.")
        return {"response_type": "authorization_code", **self._pair(scopes)}

    def refresh(self, text: str) -> dict[str, Any]:
        """A new pair; the refresh token that was shown is spent."""
        token = self._tokens.get(text)
        if token is None or not token.is_refresh or token.revoked or token.expires_at <= self._now().timestamp():
            raise ApiError(401, 2, "Authentication failed. The refresh token is invalid or has expired.")
        token.revoked = True
        return {"response_type": "refresh_token", **self._pair(token.scopes)}

    def check(self, text: str, *scopes: str) -> None:
        """Whether a token may do something that needs these scopes."""
        token = self._tokens.get(text)
        if token is None or token.is_refresh or token.revoked or token.expires_at <= self._now().timestamp():
            raise unauthenticated()
        for scope in scopes:
            if scope not in token.scopes:
                raise missing_scope(scope)

    def expire_all(self) -> None:
        """Access tokens end now; what renews them does not."""
        for token in self._tokens.values():
            if not token.is_refresh:
                token.expires_at = min(token.expires_at, self._now().timestamp())
        self._save()

    def revoke_all(self) -> None:
        """The person took the access away."""
        for token in self._tokens.values():
            token.revoked = True
        self._save()

    def _pair(self, scopes: tuple[str, ...]) -> dict[str, Any]:
        now = self._now()
        access, renewing = f"pina_{secrets.token_hex(40)}", f"pinr_{secrets.token_hex(40)}"
        self._tokens[access] = Token(scopes, (now + TOKEN_LIFE).timestamp())
        self._tokens[renewing] = Token(scopes, (now + REFRESH_LIFE).timestamp(), is_refresh=True)
        self._save()
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "refresh_token": renewing,
            "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
            "refresh_token_expires_at": int((now + REFRESH_LIFE).timestamp()),
            "scope": " ".join(scopes),
        }

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps({text: asdict(token) for text, token in self._tokens.items()}))
        temporary.chmod(0o600)
        temporary.replace(self._path)
