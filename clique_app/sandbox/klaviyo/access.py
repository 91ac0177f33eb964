"""Who may read what: private keys, and tokens that the login gave out; these outlive a restart."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from clique_app.sandbox.config import App
from clique_app.sandbox.klaviyo.errors import ApiError, no_credentials, not_allowed, unknown_key

TOKEN_LIFE, REFRESH_LIFE, CODE_LIFE = timedelta(hours=1), timedelta(days=90), timedelta(minutes=5)
SCOPES = {
    "accounts:read": "Read your account’s settings",
    "campaigns:read": "Read campaigns and their performance",
    "flows:read": "Read flows and their performance",
    "metrics:read": "Read metrics",
    "profiles:read": "Read profiles",
    "events:read": "Read events",
    "lists:read": "Read lists",
}


class LoginError(Exception):
    """An error of the token endpoint, worded as OAuth does."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status, self.body = status, {"error": error, "error_description": description}


@dataclass(slots=True)
class Token:
    """An access or refresh token, or a code, of one shop's account."""

    shop: str
    scopes: list[str]
    ends_at: float
    revoked: bool = False
    redirect_uri: str = ""
    challenge: str = ""


class Accesses:
    """All of them, in one small file under the data directory."""

    def __init__(self, app: App, data_dir: Path | None, now: Callable[[], datetime]) -> None:
        self._app, self._now = app, now
        self._path = data_dir / "klaviyo_tokens.json" if data_dir else None
        self._codes: dict[str, Token] = {}
        self._tokens: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._narrowed: dict[str, list[str]] = {}  # private keys that may read less, or nothing any more
        if self._path and self._path.exists():
            kept = json.loads(self._path.read_text())
            self._tokens, self._refresh = ({k: Token(**v) for k, v in kept[name].items()} for name in ("t", "r"))

    def private_key(self, shop: str) -> str:
        return f"pk_{hashlib.sha256(f'{self._app.secret}/{shop}'.encode()).hexdigest()[:34]}"

    def narrow_key(self, shop: str, scopes: list[str]) -> None:
        self._narrowed[shop] = scopes

    def shop_of(self, header: str, scope: str, shops: list[str]) -> str:
        """Whose account a call may read with this Authorization header; ApiError where it may not."""
        kind, _, text = header.partition(" ")
        if not text:
            raise no_credentials()
        if kind == "Klaviyo-API-Key":
            shop = next((shop for shop in shops if self.private_key(shop) == text), None)
            if shop is None or self._narrowed.get(shop) == []:
                raise unknown_key()
            scopes = self._narrowed.get(shop, list(SCOPES))
        elif kind == "Bearer":
            token = self._tokens.get(text)
            if token is None or token.revoked:
                raise unknown_key()
            if token.ends_at <= self._now().timestamp():
                raise ApiError(401, "not_authenticated", "Token expired.", "The access token has expired.")
            shop, scopes = token.shop, token.scopes
        else:
            raise no_credentials()
        if scope not in scopes:
            raise not_allowed(scope)
        return shop

    # the login

    def make_code(self, shop: str, scopes: list[str], redirect_uri: str, challenge: str) -> str:
        code = secrets.token_urlsafe(32)
        ends = (self._now() + CODE_LIFE).timestamp()
        self._codes[code] = Token(shop, scopes, ends, redirect_uri=redirect_uri, challenge=challenge)
        return code

    def answer(self, form: dict[str, str], client_id: str, secret: str) -> dict[str, object]:
        """The token endpoint."""
        if (client_id, secret) != (self._app.app_id, self._app.secret):
            raise LoginError("invalid_client", "Client authentication failed.", 401)
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeem(form)
            case "refresh_token":
                return self._renew(form.get("refresh_token", ""))
            case other:
                raise LoginError("unsupported_grant_type", f"grant_type {other} is not supported")

    def _redeem(self, form: dict[str, str]) -> dict[str, object]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.ends_at <= self._now().timestamp():
            raise LoginError("invalid_grant", "The authorization code is invalid or has expired.")
        challenge = urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode()
        if code.redirect_uri != form.get("redirect_uri") or code.challenge != challenge.rstrip("="):
            raise LoginError("invalid_grant", "The code verifier or redirect_uri does not match.")
        refresh = secrets.token_urlsafe(40)
        self._refresh[refresh] = Token(code.shop, code.scopes, 0)
        return self._issue(refresh)

    def _renew(self, refresh: str) -> dict[str, object]:
        known = self._refresh.get(refresh)
        if known is None or known.revoked or known.ends_at <= self._now().timestamp():
            raise LoginError("invalid_grant", "The refresh token is invalid, expired or revoked.")
        return self._issue(refresh)

    def _issue(self, refresh: str) -> dict[str, object]:
        """A refresh token stays the same and lives on when it is used."""
        held, text = self._refresh[refresh], secrets.token_urlsafe(40)
        held.ends_at = (self._now() + REFRESH_LIFE).timestamp()
        self._tokens[text] = Token(held.shop, held.scopes, (self._now() + TOKEN_LIFE).timestamp())
        self._save()
        lasts = int(TOKEN_LIFE.total_seconds())
        scope = " ".join(held.scopes)
        return {
            "access_token": text, "refresh_token": refresh, "token_type": "bearer", "expires_in": lasts, "scope": scope,
        }  # fmt: skip

    # what tests do

    def end(self, shop: str, *, for_good: bool) -> None:
        """End the access tokens of an account; for good: what renews them too, and the private key."""
        for token in self._tokens.values():
            token.revoked = token.revoked or token.shop == shop
        if for_good:
            self._narrowed[shop] = []
            for token in self._refresh.values():
                token.revoked = token.revoked or token.shop == shop
        self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {name: {k: asdict(v) for k, v in held.items()} for name, held in self._held()}
        self._path.write_text(json.dumps(kept))

    def _held(self) -> tuple[tuple[str, dict[str, Token]], ...]:
        return ("t", self._tokens), ("r", self._refresh)
