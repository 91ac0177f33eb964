"""Headers of every answer, and the raw endpoints ahead of routing. Pure ASGI around the whole app."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clique_app.components.session_token import is_shop_domain
from clique_app.settings import Settings

IMMUTABLE = "public, max-age=31536000, immutable"


def origin(url: str) -> str:
    """Scheme and host of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def frame_policy(query_string: bytes, admin_url: str) -> str:
    """Only this store's admin may frame the page; the shop named in the URL counts only if it is one."""
    shop = parse_qs(query_string.decode("latin-1")).get("shop", [""])[0]
    ancestors = [f"https://{shop.lower()}"] if is_shop_domain(shop) else []
    return f"frame-ancestors {' '.join([*ancestors, origin(admin_url)])}; base-uri 'self'; object-src 'none'"


def preloads(config: Settings, static: Path) -> str:
    """Link header of a document: what its head will ask for, before the parser comes to it."""
    scripts = [url for url in (config.app_bridge_url, config.polaris_url) if url]
    links = [f"<{url}>; rel=preload; as=script" for url in scripts]
    fonts = sorted((static / "assets").glob("inter-latin-wght-normal-*.woff2"))
    links += [f"</assets/{font.name}>; rel=preload; as=font; type=font/woff2; crossorigin" for font in fonts]
    return ", ".join(links)


class Edge:
    """Outermost ASGI app."""

    def __init__(self, inner: ASGIApp, raw: Mapping[str, ASGIApp], config: Settings, static: Path) -> None:
        self._inner, self._raw, self._config = inner, dict(raw), config
        self._preloads = preloads(config, static)
        self._https = config.shopify_app_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        raw = self._raw.get(scope["path"])
        if raw is not None:
            await raw(scope, receive, send)
            return

        if not scope["query_string"].isascii():  # no URL is; the frameworks inside fail over it
            await PlainTextResponse("The address is not a URL.", 400)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._set_headers(scope, message)
            await send(message)

        await self._inner(scope, receive, send_with_headers)

    def _set_headers(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(raw=message["headers"])
        message["headers"] = headers.raw
        path, status = scope["path"], message["status"]
        # a page with a policy of its own is none of the app's: it is not framed and loads nothing
        document = headers.get("content-type", "").startswith("text/html") and "content-security-policy" not in headers
        headers["x-content-type-options"] = "nosniff"
        headers.setdefault("referrer-policy", "origin")  # a page's URL may carry a session token
        if self._https:
            headers["strict-transport-security"] = "max-age=31536000"
        if document or status == 304:
            headers["content-security-policy"] = frame_policy(scope["query_string"], self._config.shopify_admin_url)
            del headers["x-frame-options"]
        if document and self._preloads:
            headers["link"] = self._preloads
        if path.startswith("/assets/") and status in {200, 304}:
            headers["cache-control"] = IMMUTABLE
        elif "cache-control" not in headers:
            headers["cache-control"] = "no-cache"
