"""Login codes and access tokens that this Meta gave out; tokens outlive a restart."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from clique_app.sandbox.meta.errors import GraphError, bad_param, expired, revoked

USER_ID, USER_NAME = "10158412345678901", "Maya Lind"
SHORT_LIFE = timedelta(hours=1, minutes=30)
LONG_LIFE = timedelta(seconds=5_183_944)
CODE_LIFE = timedelta(minutes=10)


@dataclass(slots=True)
class Token:
    scopes: tuple[str, ...]
    issued_at: float
    expires_at: float
    revoked: bool = False


class Tokens:
    """Kept in one small file under the data directory."""

    def __init__(self, app_id: str, app_secret: str, data_dir: Path | None, now: Callable[[], datetime]) -> None:
        self._app_id, self._app_secret, self._now = app_id, app_secret, now
        self._path = data_dir / "meta_tokens.json" if data_dir else None
        self._codes: dict[str, tuple[tuple[str, ...], str, datetime]] = {}
        self._tokens: dict[str, Token] = {}
        self.closed_accounts: set[str] = set()  # ad accounts the person has lost the rights to
        if self._path and self._path.exists():
            rows = json.loads(self._path.read_text())
            self._tokens = {k: Token(**{**v, "scopes": tuple(v["scopes"])}) for k, v in rows.items()}

    def make_code(self, scopes: tuple[str, ...], redirect_uri: str) -> str:
        code = "AQ" + secrets.token_urlsafe(48)
        self._codes[code] = (scopes, redirect_uri, self._now() + CODE_LIFE)
        return code

    def redeem(self, code: str, redirect_uri: str) -> tuple[str, int]:
        """A short-lived token for a login code, which works once and with its own redirect URI only."""
        scopes, uri, until = self._codes.pop(code, ((), "", None))
        if until is None:
            raise GraphError("Invalid verification code format.", 100)
        if until < self._now():
            raise GraphError("This authorization code has expired.", 100, subcode=36007)
        if uri != redirect_uri:
            raise GraphError(
                "Error validating verification code. Please make sure your redirect_uri is identical to the one "
                "you used in the OAuth dialog request",
                100,
                subcode=36008,
            )
        return self._issue(scopes, SHORT_LIFE)

    def exchange(self, token: str) -> tuple[str, int]:
        """A long-lived token for a valid one."""
        return self._issue(self.check(token).scopes, LONG_LIFE)

    def check(self, text: str) -> Token:
        token = self._tokens.get(text)
        if token is None:
            raise GraphError("Invalid OAuth access token - Cannot parse access token", 190, status=401)
        if token.revoked:
            raise revoked(self._app_id)
        if token.expires_at <= self._now().timestamp():
            when = datetime.fromtimestamp(token.expires_at, self._now().tzinfo)
            raise expired(f"{when:%A, %d-%b-%y %H:%M:%S} UTC")
        return token

    def find(self, text: str) -> Token | None:
        return self._tokens.get(text)

    def check_proof(self, token: str, proof: str | None) -> None:
        """The app is set to require appsecret_proof on every call from a server."""
        if not proof:
            raise GraphError(
                "API calls from the server require an appsecret_proof argument",
                100,
                kind="GraphMethodException",
            )
        right = hmac.new(self._app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, proof):
            raise GraphError("Invalid appsecret_proof provided in the API argument", 100, kind="GraphMethodException")

    def check_app(self, app_id: str | None, secret: str | None) -> None:
        if app_id != self._app_id:
            raise GraphError("Error validating application. Cannot get application info.", 101)
        if secret != self._app_secret:
            raise GraphError("Error validating client secret.", 1)

    def check_app_token(self, text: str) -> None:
        """debug_token takes an app token (id|secret) or any valid token of the app."""
        if text != f"{self._app_id}|{self._app_secret}":
            self.check(text)

    def expire_all(self) -> None:
        for token in self._tokens.values():
            token.expires_at = min(token.expires_at, self._now().timestamp())
        self._save()

    def revoke_all(self) -> None:
        for token in self._tokens.values():
            token.revoked = True
        self._save()

    def _issue(self, scopes: tuple[str, ...], life: timedelta) -> tuple[str, int]:
        text = "EAAG" + secrets.token_hex(60)
        now = self._now()
        self._tokens[text] = Token(scopes, now.timestamp(), (now + life).timestamp())
        self._save()
        return text, int(life.total_seconds())

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps({k: asdict(v) for k, v in self._tokens.items()}))
        temporary.chmod(0o600)
        temporary.replace(self._path)


def known_scopes(asked: str) -> tuple[str, ...]:
    """The scopes of a login request, refusing what does not exist."""
    scopes = tuple(x for x in asked.replace(" ", ",").split(",") if x)
    unknown = [x for x in scopes if x not in SCOPES]
    if unknown:
        raise bad_param(f"Invalid Scopes: {', '.join(unknown)}.")
    return scopes


SCOPES = {
    "public_profile": "Your name and profile picture",
    "email": "Your email address",
    "ads_read": "Read the ads of ad accounts you have access to",
    "ads_management": "Manage the ads of ad accounts you have access to",
    "business_management": "Manage your business",
    "pages_show_list": "Show a list of the Pages you manage",
    "pages_read_engagement": "Read content posted on the Page",
}
