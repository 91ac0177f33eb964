"""A person logs in at the sandbox's Google, and plain calls with what they got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.contract.sandbox_server import APP_URL, Served
from tests.kit.plain_http import PLAIN_HTTP

SCOPE = "https://www.googleapis.com/auth/adwords"
CALLBACK = f"{APP_URL}/auth/google/callback"


@dataclass
class Person:
    """Someone who agreed, or did not."""

    served: Served

    def dialog(self, *, choice: str = "continue", **changed: str) -> httpx.Response:
        query = {
            "client_id": self.served.config.apps["google"].app_id, "redirect_uri": CALLBACK, "response_type": "code",
            "scope": SCOPE, "state": "s1", "access_type": "offline", "prompt": "consent",
        }  # fmt: skip
        url = f"{self.served.url}/google/accounts/o/oauth2/v2/auth"
        return PLAIN_HTTP.post(url, params={**query, **changed}, data={"choice": choice})

    def code(self, **changed: str) -> str:
        return parse_qs(urlsplit(self.dialog(**changed).headers["location"]).query)["code"][0]

    def token(self, **form: str) -> httpx.Response:
        app = self.served.config.apps["google"]
        keys = {"client_id": app.app_id, "client_secret": app.secret}
        return PLAIN_HTTP.post(f"{self.served.url}/google/oauth/token", data={**keys, **form})

    def redeem(self, code: str) -> httpx.Response:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK)

    def call(self, path: str, body: Any, token: str, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {token}", **headers}
        return PLAIN_HTTP.post(f"{self.served.url}/google/ads/v26/{path}", json=body, headers=sent)

    def search(self, customer: str, query: str, token: str, **more: Any) -> httpx.Response:
        return self.call(f"customers/{customer}/googleAds:search", {"query": query, **more}, token)

    def control(self, path: str, **body: Any) -> Any:
        return PLAIN_HTTP.post(f"{self.served.url}/_control/{path}", json=body).raise_for_status().json()
