"""A page that looks like Shopify admin: frames the app, signs its session tokens, stands in for App Bridge."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urlsplit

import jwt
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import Config
from clique_app.sandbox.store import Store
from clique_app.sandbox.world import World

HERE = Path(__file__).parent
TOKEN_SECONDS = 60
USER_ID = "74012345001"
SCOPES = (
    "read_products", "read_orders", "read_all_orders", "read_customers", "read_inventory", "read_locations",
    "write_products", "write_inventory", "read_discounts", "write_discounts", "read_marketing_events",
    "write_marketing_events", "read_reports", "read_fulfillments", "write_pixels", "read_customer_events",
)  # fmt: skip


def routes(world: World, config: Config) -> list[BaseRoute]:
    """Everything under /admin."""
    page = Template((HERE / "frame.html").read_text())
    bridge = (HERE / "app-bridge.js").read_text()

    async def stores(request: Request) -> Response:
        items = "".join(
            f'<li><a href="/admin/store/{_handle(store)}/apps/{config.api_key}">{escape(store.shop.name)}</a>'
            f' <span>{escape(domain)}</span> <a href="/storefront/{domain}/">Online store</a></li>'
            for domain, store in world.stores.items()
        )
        return HTMLResponse((HERE / "stores.html").read_text().replace("$stores", items))

    async def frame(request: Request) -> Response:
        store = _store(world, request)
        if store is None or request.path_params["api_key"] != config.api_key:
            return PlainTextResponse("There is no such page.", 404)
        if store.shop.installed_at is None:
            world.install(store.shop.domain, SCOPES)
        user = request.query_params.get("user", USER_ID)
        path = request.path_params.get("path", "")
        source = f"{config.app_url}/{path}?{urlencode({**_asked(request), **_launch(store, user, config)})}"
        settings = {
            "appUrl": config.app_url,
            "origin": _origin(config.app_url),
            "base": f"/admin/store/{_handle(store)}/apps/{config.api_key}",
            "tokenUrl": f"/admin/store/{_handle(store)}/token?user={user}",
        }
        html = page.substitute(
            shop=escape(store.shop.name),
            source=escape(source),
            settings=json.dumps(settings).replace("<", "\\u003c"),
        )
        return HTMLResponse(html, headers={"cache-control": "no-store"})

    async def token(request: Request) -> Response:
        store = _store(world, request)
        if store is None or store.shop.installed_at is None:
            return JSONResponse({"error": "The app is not installed on this store."}, 404)
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return JSONResponse({"error": "Only the admin page may ask for tokens."}, 403)
        user = request.query_params.get("user", USER_ID)
        return JSONResponse({"token": session_token(store, user, config)}, headers={"cache-control": "no-store"})

    async def app_bridge(request: Request) -> Response:
        return Response(bridge, media_type="text/javascript", headers={"cache-control": "no-cache"})

    return [
        Route("/admin", stores),
        Route("/admin/app-bridge.js", app_bridge),
        Route("/admin/store/{handle}/token", token),
        Route("/admin/store/{handle}/apps/{api_key}", frame),
        Route("/admin/store/{handle}/apps/{api_key}/{path:path}", frame),
    ]


def session_token(store: Store, user: str, config: Config) -> str:
    """A fresh session token as Shopify signs it, valid for a minute of real time."""
    now = int(time.time())
    shop = f"https://{store.shop.domain}"
    claims = {
        "iss": f"{shop}/admin",
        "dest": shop,
        "aud": config.api_key,
        "sub": user,
        "exp": now + TOKEN_SECONDS,
        "nbf": now,
        "iat": now,
        "jti": str(uuid.uuid4()),
        "sid": hashlib.sha256(f"{store.shop.domain}/{user}".encode()).hexdigest(),
        "sig": secrets.token_hex(32),
    }
    return jwt.encode(claims, config.api_secret, algorithm="HS256")


def _launch(store: Store, user: str, config: Config) -> dict[str, str]:
    """The query Shopify opens an embedded app with, signed."""
    host = base64.b64encode(f"admin.shopify.com/store/{_handle(store)}".encode()).decode().rstrip("=")
    query = {
        "embedded": "1",
        "host": host,
        "id_token": session_token(store, user, config),
        "locale": "en",
        "session": hashlib.sha256(f"{store.shop.domain}/{user}".encode()).hexdigest(),
        "shop": store.shop.domain,
        "timestamp": str(int(time.time())),
    }
    text = "&".join(f"{k}={v}" for k, v in sorted(query.items()))
    query["hmac"] = hmac.new(config.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return query


def _asked(request: Request) -> dict[str, str]:
    """What the page's own URL asks for; the admin hands it on to the app."""
    return {name: value for name, value in request.query_params.items() if name != "user"}


def _store(world: World, request: Request) -> Store | None:
    return world.stores.get(f"{request.path_params['handle']}.myshopify.com")


def _handle(store: Store) -> str:
    return store.shop.domain.removesuffix(".myshopify.com")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
