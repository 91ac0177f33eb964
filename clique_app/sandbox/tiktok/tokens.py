"""Login codes and access tokens that this TikTok gave out; tokens outlive a restart."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from clique_app.sandbox.config import App
from clique_app.sandbox.tiktok.errors import FAULT_ERRORS, ApiError

CODE_LIFE = timedelta(hours=1)
SCOPES = [1, 2, 4, 6]


@dataclass(slots=True)
class Token:
    """It lasts until it is revoked."""

    advertisers: list[str]  # those the person let the app use
    state: str = "valid"  # valid | expired | revoked


class Tokens:
    """Kept in one small file under the data directory."""

    def __init__(self, app: App, data_dir: Path | None, now: Callable[[], datetime]) -> None:
        self._app, self._now = app, now
        self._path = data_dir / "tiktok_tokens.json" if data_dir else None
        self._codes: dict[str, tuple[list[str], datetime]] = {}
        self._tokens: dict[str, Token] = {}
        if self._path and self._path.exists():
            self._tokens = {text: Token(**row) for text, row in json.loads(self._path.read_text()).items()}

    def make_code(self, advertisers: list[str]) -> str:
        code = secrets.token_hex(20)
        self._codes[code] = (advertisers, self._now() + CODE_LIFE)
        return code

    def redeem(self, code: str) -> tuple[str, Token]:
        """A token for a code, which works once."""
        advertisers, until = self._codes.pop(code, ([], None))
        if until is None or until < self._now():
            raise ApiError(40110, "Auth_code is expired or has been used.")
        text, token = secrets.token_hex(20), Token(advertisers)
        self._tokens[text] = token
        self._save()
        return text, token

    def check(self, text: str | None) -> Token:
        if not text:
            raise ApiError(40104, "Access-Token is missing in the header.")
        token = self._tokens.get(text)
        if token is not None and token.state == "expired":
            raise FAULT_ERRORS["expired_token"]
        if token is None or token.state != "valid":
            raise FAULT_ERRORS["revoked_token"]
        return token

    def check_app(self, app_id: object, secret: object) -> None:
        if (app_id, secret) != (self._app.app_id, self._app.secret):
            raise ApiError(40001, "App id or secret is not correct.")

    def end_all(self, state: str) -> None:
        for token in self._tokens.values():
            token.state = state
        self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(0o600)
        self._path.write_text(json.dumps({text: asdict(token) for text, token in self._tokens.items()}))
