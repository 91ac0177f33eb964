"""Google's login: the dialog's address, codes and refresh tokens for access tokens, and what one may do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import stamina

from clique_app import clock
from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.channels import Grant, Standing
from clique_app.integrations.google import faults
from clique_app.integrations.google.client import http
from clique_app.integrations.google.settings import GoogleSettings

SCOPE = "https://www.googleapis.com/auth/adwords"
ATTEMPTS = 3


def dialog_url(*, state: str, redirect_uri: str) -> str:
    """Asks for consent each time: only then does Google give a refresh token, even to someone who agreed before."""
    config = GoogleSettings.read()
    query = {
        "client_id": config.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": SCOPE,
        "access_type": "offline",
        "prompt": "consent",
        "state": state,
    }
    return f"{config.login_url.rstrip('/')}/o/oauth2/v2/auth?{urlencode(query)}"


def exchange(*, code: str, redirect_uri: str) -> Grant:
    """Asked once: a code is used up by the asking."""
    told = _post({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})
    if not told.get("refresh_token"):
        raise Rejected("Google gave access for an hour only. Connect again and agree to all that is asked.")
    return _grant(told, None)


def refresh(grant: Grant) -> Grant:
    """A new access token. Google keeps the refresh token the same, and says nothing of it."""
    for attempt in stamina.retry_context(on=Unavailable, attempts=ATTEMPTS, wait_initial=0.3, timeout=None):
        with attempt:
            return _grant(_post({"grant_type": "refresh_token", "refresh_token": grant.refresh_token or ""}), grant)
    raise AssertionError("unreachable")


def standing(token: str) -> Standing:
    """How long an access token lives and what it may do."""
    told = _answer("GET", "tokeninfo", params={"access_token": token})
    ends = clock.now() + timedelta(seconds=int(told.get("expires_in") or 0))
    return Standing(expires_at=ends, scopes=tuple(str(told.get("scope") or "").split()))


def _grant(told: dict[str, Any], former: Grant | None) -> Grant:
    now = clock.now()
    lasts = told.get("refresh_token_expires_in")  # only where the consent was for a time, or the project is in testing
    return Grant(
        access_token=str(told["access_token"]),
        refresh_token=str(told.get("refresh_token") or (former.refresh_token if former else "")),
        expires_at=now + timedelta(seconds=int(told["expires_in"])),
        refresh_expires_at=now + timedelta(seconds=int(lasts)) if lasts else former and former.refresh_expires_at,
        scopes=tuple(str(told.get("scope") or "").split()) or (former.scopes if former else ()),
    )


def _post(form: dict[str, str]) -> dict[str, Any]:
    config = GoogleSettings.read()
    app = {"client_id": config.client_id, "client_secret": config.client_secret.get_secret_value()}
    told = _answer("POST", "token", data={**form, **app})
    if not told.get("access_token") or not told.get("expires_in"):
        raise Unavailable("Google's login gave no token. Try again in a few minutes.")
    return told


def _answer(method: str, path: str, **sent: Any) -> dict[str, Any]:
    # `from None`: the originals hold tokens, codes and the secret
    try:
        answer = http().request(method, f"{GoogleSettings.read().oauth_url.rstrip('/')}/{path}", **sent)
        told = answer.json()
    except httpx.TransportError:
        raise Unavailable("Google's login did not answer. Try again in a few minutes.") from None
    except ValueError:
        told = None
    if answer.status_code != 200 or not isinstance(told, dict):
        raise faults.of_login(answer.status_code, told)
    return told
