"""Signs whole requests as those do who may send them, each endpoint in its own way.

Called by requests once a request is made, with its final body; what the request was made with for a proof is replaced.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from requests import PreparedRequest

from clique_app.advocacy import ingest_service, settings_service
from clique_app.advocacy.ingest_service import Envelope
from clique_app.connections import ad_accounts_service
from clique_app.connections.pixel_key import key_of
from clique_app.database import store_session
from clique_app.endpoints import install
from clique_app.integrations.meta import pushes
from clique_app.integrations.meta.settings import MetaSettings
from tests.conftest import API_KEY, API_SECRET
from tests.kit.fake_admin import sign

OWNER = 7


class Proofs:
    """Of one store, whose secret for outside apps is new."""

    def __init__(self, store_id: int, shop: str) -> None:
        self._store_id, self._shop = store_id, shop
        with store_session(store_id) as session:
            self._secret = settings_service.new_secret(session, store_id, OWNER)
        self._survey = urlsplit(settings_service.link(store_id, "61")).path
        self._signs: dict[str, Callable[[PreparedRequest], None]] = {
            "POST /files": self._session_token,
            "POST /survey/link": self._session_token,
            "GET /survey/{link}": self._survey_link,
            "POST /survey/{link}": self._survey_link,
            "POST /ingest/{kind}": self._outside_app,
            "POST /collect": self._pixel,
            "POST /webhooks/shopify": self._shopify,
            "POST /webhooks/meta": self._meta,
            "GET /webhooks/meta": self._meta_challenge,
            "GET /auth/shopify/callback": self._shopify_query,
            "GET /auth/{channel}/start": self._begun,
            "GET /auth/{channel}/callback": self._came_back,
        }

    def of(self, label: str) -> Callable[[PreparedRequest], PreparedRequest] | None:
        """Signs requests of this endpoint; None where everybody may ask."""
        signs = self._signs.get(label)

        def signed(request: PreparedRequest) -> PreparedRequest:
            if signs and request.method == label.partition(" ")[0]:
                signs(request)
            return request

        return signed if signs else None

    def _session_token(self, request: PreparedRequest) -> None:
        token = sign(self._shop, user=OWNER, secret=API_SECRET, aud=API_KEY)
        request.headers["Authorization"] = f"Bearer {token}"

    def _survey_link(self, request: PreparedRequest) -> None:
        _move(request, path=self._survey)

    def _outside_app(self, request: PreparedRequest) -> None:
        headers, stamp = request.headers, str(int(time.time()))
        kind = unquote(urlsplit(str(request.url)).path).removeprefix("/ingest/")
        envelope = Envelope(kind, _text(headers.get("X-Clique-Source", "own")), stamp, "")
        headers["X-Clique-Shop"], headers["X-Clique-Timestamp"] = self._shop, stamp
        headers["X-Clique-Signature"] = ingest_service.signed(self._secret, envelope, body_of(request))

    def _pixel(self, request: PreparedRequest) -> None:
        try:
            beacon = json.loads(body_of(request))
        except ValueError:
            return
        if isinstance(beacon, dict):
            request.body = json.dumps({**beacon, "key": key_of(self._store_id)})

    def _shopify(self, request: PreparedRequest) -> None:
        headers = request.headers
        family = "Shopify-" if "Shopify-Topic" in headers else "X-Shopify-"
        headers.pop("X-Shopify-Hmac-SHA256", None)
        headers[f"{family}Shop-Domain"] = self._shop
        headers[f"{family}Hmac-SHA256"] = base64.b64encode(
            hmac.digest(API_SECRET.encode(), body_of(request), "sha256")
        ).decode()

    def _meta(self, request: PreparedRequest) -> None:
        secret = MetaSettings.read().app_secret.get_secret_value()
        digest = hmac.new(secret.encode(), body_of(request), "sha256").hexdigest()
        request.headers["X-Hub-Signature-256"] = f"sha256={digest}"

    def _meta_challenge(self, request: PreparedRequest) -> None:
        _move(request, query={"hub.mode": "subscribe", "hub.verify_token": pushes.verify_token()})

    def _shopify_query(self, request: PreparedRequest) -> None:
        query = dict(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True))
        browser = "browser"
        given = {**query, "shop": self._shop, "timestamp": str(int(time.time()))}
        given["state"] = install.make_state(self._shop, browser)
        request.headers["Cookie"] = f"{install.COOKIE}={browser}"
        given.pop("hmac", None)
        told = "&".join(f"{name}={given[name]}" for name in sorted(given)).replace("%", "%25")
        _move(request, query={**given, "hmac": hmac.new(API_SECRET.encode(), told.encode(), "sha256").hexdigest()})

    def _begun(self, request: PreparedRequest) -> None:
        _move(request, path="/auth/meta/start", query={"ticket": self._ticket()})

    def _came_back(self, request: PreparedRequest) -> None:
        with store_session(self._store_id) as session:
            claim = ad_accounts_service.claimed("start", "meta", self._ticket())
            begun = ad_accounts_service.begin(session, claim)
        state = dict(parse_qsl(urlsplit(begun.dialog_url).query))["state"]
        request.headers["Cookie"] = f"{begun.cookie_name}={begun.secret}"
        _move(request, path="/auth/meta/callback", query={"state": state})

    def _ticket(self) -> str:
        with store_session(self._store_id) as session:
            address = ad_accounts_service.start(session, self._store_id, "meta", OWNER)
        return dict(parse_qsl(urlsplit(address).query))["ticket"]


def body_of(request: PreparedRequest) -> bytes:
    """As it is sent."""
    body = request.body or b""
    assert isinstance(body, str | bytes)
    return body.encode() if isinstance(body, str) else body


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else header


def _move(request: PreparedRequest, path: str | None = None, query: dict[str, str] | None = None) -> None:
    """To another path; with these words of the query in place of its own."""
    parts = urlsplit(str(request.url))
    words = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in (query or {})]
    asked = urlencode([*(query or {}).items(), *words])
    request.url = urlunsplit(parts._replace(path=path or parts.path, query=asked))
