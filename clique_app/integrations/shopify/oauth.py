"""Tokens of a Shopify store: token exchange, refresh, and the code of the authorization-code grant."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

import httpx
from shopify_app.exchange.refresh_token import refresh_access_token
from shopify_app.exchange.token_exchange import token_exchange
from shopify_app.types import AppConfig, IdTokenDetails, TokenExchangeAccessToken, TokenExchangeResult

from clique_app import clock
from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.channels import Grant
from clique_app.settings import settings

TIMEOUT = httpx.Timeout(15, connect=5)
DEFAULT_LIFETIME_SECONDS = 3600  # where a reply does not say: never "for ever", which would end refreshing


class StoreAddress(httpx.BaseTransport):
    """Sends what is addressed to a store's domain to where the settings say stores are."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        base = httpx.URL(settings().shopify_base_url.format(shop=request.url.host))
        path = base.raw_path.rstrip(b"/") + request.url.raw_path
        request.url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port, raw_path=path)
        request.headers["Host"] = request.url.netloc.decode()
        return _connections().handle_request(request)


@lru_cache(maxsize=1)
def _connections() -> httpx.HTTPTransport:
    """The process's connections: each new transport would read all the authorities that the system trusts."""
    return httpx.HTTPTransport()


class _Exchange:
    """An HTTP client that keeps the last reply: the package does not say which lifetimes were missing from it."""

    def __init__(self) -> None:
        self.reply: httpx.Response | None = None
        self.client = httpx.Client(transport=StoreAddress(), timeout=TIMEOUT, event_hooks={"response": [self._keep]})

    def __enter__(self) -> _Exchange:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        self.reply = response

    def granted(self, result: TokenExchangeResult) -> Grant:
        if not result.ok or self.reply is None:
            raise _problem(result.log.code, self.reply)
        return _grant(self.reply.json())


def _app() -> AppConfig:
    config = settings()
    return {
        "client_id": config.shopify_api_key,
        "client_secret": config.shopify_api_secret.get_secret_value(),
        "old_client_secret": None,
    }


def exchange_session_token(shop_domain: str, session_token: str) -> Grant:
    """An expiring offline token for a session token the page layer has verified."""
    details = IdTokenDetails(exchangeable=True, token=session_token, claims={"dest": f"https://{shop_domain}"})
    with _Exchange() as exchange:
        try:
            result = token_exchange("offline", _app(), details, http_client=exchange.client)
        except ValueError:
            raise _problem("truncated", exchange.reply) from None
        return exchange.granted(result)


def refresh(shop_domain: str, refresh_token: str) -> Grant:
    """The next pair of tokens. AccessExpired where the merchant has to open the app again."""
    held = TokenExchangeAccessToken(
        access_mode="offline",
        shop=shop_domain.removesuffix(".myshopify.com"),
        token="",
        expires="",  # given, the package would refuse to refresh before the last minute
        scope="",
        refresh_token=refresh_token,
        refresh_token_expires="",
        user=None,
    )
    with _Exchange() as exchange:
        try:
            result = refresh_access_token(held, _app(), http_client=exchange.client)
        except (ValueError, TypeError):
            raise _problem("truncated", exchange.reply) from None
        return exchange.granted(result)


def exchange_code(shop_domain: str, code: str) -> Grant:
    """An expiring offline token for the code of the fallback grant."""
    app = _app()
    body = {"client_id": app["client_id"], "client_secret": app["client_secret"], "code": code, "expiring": 1}
    with _Exchange() as exchange:
        try:
            reply = exchange.client.post(f"https://{shop_domain}/admin/oauth/access_token", json=body)
            if reply.status_code != 200:
                problem = str(_json(reply).get("error", ""))
                if problem == "invalid_request":  # codes are good for a moment, and once
                    raise AccessExpired("Shopify does not take this link any more. Install Clique again.")
                raise _problem(problem, reply)
            return _grant(reply.json())
        except (httpx.HTTPError, ValueError):
            raise _problem("network", exchange.reply) from None


def _json(reply: httpx.Response) -> dict[str, Any]:
    try:
        body = reply.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _grant(body: dict[str, Any]) -> Grant:
    if not body.get("access_token"):
        raise Unavailable("Shopify answered without an access token. Try again in a minute.")
    now = clock.now()
    refresh_seconds = body.get("refresh_token_expires_in")
    return Grant(
        access_token=body["access_token"],
        refresh_token=body.get("refresh_token") or None,
        expires_at=now + timedelta(seconds=body.get("expires_in") or DEFAULT_LIFETIME_SECONDS),
        refresh_expires_at=now + timedelta(seconds=refresh_seconds) if refresh_seconds else None,
        scopes=tuple(sorted(filter(None, (s.strip() for s in str(body.get("scope") or "").split(","))))),
    )


def _problem(code: str, reply: httpx.Response | None) -> PlatformError:
    status = reply.status_code if reply is not None else 0
    if code in {"invalid_grant", "refresh_token_expired", "invalid_subject_token", "missing_refresh_token"}:
        return AccessExpired("Shopify ended Clique's access to this store. Open Clique in Shopify admin to reconnect.")
    if status == 429 and reply is not None:
        wait = reply.headers.get("Retry-After", "")
        seconds = float(wait) if wait.replace(".", "", 1).isdigit() else 2.0
        return RateLimited("Shopify asks to wait before connecting.", retry_after=seconds)
    if code == "invalid_client" or status in {400, 401, 403, 404}:
        return Rejected("Shopify refused this app's credentials for the store. Check the app's API key and secret.")
    return Unavailable("Shopify could not be reached to connect the store. Try again in a minute.")
