"""Klaviyo's login: OAuth with PKCE, and what an access may do, whether it is a token or a private key."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlencode

import httpx

from clique_app import clock
from clique_app.errors import AccessExpired, Rejected, Unavailable
from clique_app.integrations.channels import Grant, Standing
from clique_app.integrations.klaviyo import client, faults, reads
from clique_app.integrations.klaviyo.client import Endpoint, KlaviyoClient
from clique_app.integrations.klaviyo.settings import KlaviyoSettings
from clique_app.settings import settings

UNUSED_REFRESH_LIFE = timedelta(days=90)  # a refresh token ends when it was not used for so long
TIMEOUT_SECONDS = 30.0

ACCOUNT = "accounts:read"
# what each scope opens, to see whether an access has it; a private key does not say
OPENS: dict[str, tuple[Endpoint, dict[str, str]]] = {
    ACCOUNT: (client.ACCOUNTS, {}),
    "campaigns:read": (client.MESSAGES, {"page[size]": "1"}),
    "flows:read": (client.FLOWS, {"page[size]": "1"}),
    "metrics:read": (client.METRICS, {}),
    "profiles:read": (client.PROFILES, {"page[size]": "1"}),
}


class Klaviyo:
    """A platform that is connected by a login."""

    key = "klaviyo"
    label = "Klaviyo"
    needed_scopes: tuple[str, ...] = tuple(OPENS)

    def dialog_url(self, *, state: str, redirect_uri: str) -> str:
        """Where the person is asked."""
        config = KlaviyoSettings.read()
        if not config.client_id:
            raise Rejected("This installation of Clique has no Klaviyo app. Connect with a private key.")
        query = {
            "response_type": "code",
            "client_id": config.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.needed_scopes),
            "state": state,
            "code_challenge_method": "S256",
            "code_challenge": _base64(sha256(_verifier(redirect_uri).encode()).digest()),
        }
        return f"{config.login_url.rstrip('/')}/oauth/authorize?{urlencode(query)}"

    def exchange(self, *, code: str, redirect_uri: str) -> Grant:
        """Code to an access of an hour and what renews it."""
        asked = {"code": code, "code_verifier": _verifier(redirect_uri), "redirect_uri": redirect_uri}
        given = _grant({"grant_type": "authorization_code", **asked})
        return replace(given, account_id=self.account_of(given.access_token)) if ACCOUNT in given.scopes else given

    def refresh(self, grant: Grant) -> Grant | None:
        """The next hour; None for a private key, which does not end by itself."""
        if grant.refresh_token is None:
            return None
        return _grant({"grant_type": "refresh_token", "refresh_token": grant.refresh_token})

    def account_of(self, token: str) -> str:
        """The account that an access opens."""
        return reads.account(KlaviyoClient(token)).account_id

    def standing(self, token: str) -> Standing:
        """What an access opens, asked one by one. AccessExpired where it opens nothing."""
        asked, opened = KlaviyoClient(token), []
        for scope, (endpoint, params) in OPENS.items():
            try:
                asked.get(endpoint, params)
            except Rejected:
                continue
            opened.append(scope)
        return Standing(expires_at=None, scopes=tuple(opened))


KLAVIYO = Klaviyo()


def _grant(asked: dict[str, str]) -> Grant:
    """Asked once: a code is used up by the asking. `from None`: the originals hold codes and secrets."""
    config = KlaviyoSettings.read()
    secret = (config.client_id, config.client_secret.get_secret_value())
    try:
        answer = client.http().post(
            f"{config.api_url.rstrip('/')}/oauth/token", data=asked, auth=secret, timeout=TIMEOUT_SECONDS
        )
    except httpx.HTTPError:
        raise Unavailable("Klaviyo did not answer in time. Try again in a few minutes.") from None
    if not answer.is_success:
        raise faults.refused_login(answer)
    try:
        given = answer.json()
        token, refresh_token = str(given["access_token"]), given.get("refresh_token")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable("Klaviyo's answer broke off. Try again in a few minutes.") from None
    if not token:
        raise AccessExpired(faults.ENDED)
    now = clock.now()
    return Grant(
        access_token=token,
        refresh_token=str(refresh_token) if refresh_token else None,
        expires_at=now + timedelta(seconds=int(given.get("expires_in") or 3600)),
        refresh_expires_at=now + UNUSED_REFRESH_LIFE,
        scopes=tuple(str(given.get("scope") or "").split()),
    )


def _verifier(redirect_uri: str) -> str:
    """Klaviyo asks for PKCE; which browser ends a round trip is already proven by the ticket and its cookie."""
    secret = settings().session_secret.get_secret_value().encode()
    return _base64(hmac.new(secret, f"klaviyo login to {redirect_uri}".encode(), sha256).digest())


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
