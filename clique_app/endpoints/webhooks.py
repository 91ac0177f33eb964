"""Shopify's webhooks: verified, durably in the inbox, then 200. A raw ASGI app ahead of all routing.

Deliveries that wait together are written by one statement, with synchronous commit: nothing acknowledged is lost.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.types import Message, Receive, Scope, Send

from clique_app import clock
from clique_app.endpoints.inbox import Delivery, Inbox
from clique_app.settings import settings
from tasks.webhooks import drain_inbox

MAX_BODY_BYTES = 2 * 1024 * 1024
_TOPIC = re.compile(r"[a-z_]{1,64}/[a-z_]{1,64}", re.ASCII)
_SHOP = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,99}\.myshopify\.com", re.ASCII)
_DELIVERY = re.compile(r"[\x21-\x7e]{1,128}")


class TooLarge(Exception):
    """The body is beyond the bound."""


class ShopifyWebhooks:
    """The ASGI app of /webhooks/shopify."""

    def __init__(self, inbox: Callable[[], Inbox]) -> None:
        self._make_inbox = inbox
        self._inbox: Inbox | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await _answer(send, await self._status(scope, receive))

    async def _status(self, scope: Scope, receive: Receive) -> int:
        if scope["method"] != "POST":
            return 405
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            body = await _body(headers, receive)
        except TooLarge:
            return 413
        except asyncio.IncompleteReadError:
            return 400
        if not is_signed(body, headers.get(b"x-shopify-hmac-sha256", b"")):
            return 401
        delivery = _delivery(headers, body)
        if delivery is None:
            return 400
        if self._inbox is None:
            self._inbox = self._make_inbox()
        return 200 if await self._inbox.put(delivery) else 503


def is_signed(body: bytes, signature: bytes) -> bool:
    """Whether the raw body carries our secret's signature, the present one or the one being rotated out."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    config = settings()
    secrets = (config.shopify_api_secret.get_secret_value(), config.shopify_api_old_secret.get_secret_value())
    return any(hmac.compare_digest(hmac.digest(s.encode(), body, "sha256"), given) for s in secrets if s)


def _delivery(headers: dict[bytes, bytes], body: bytes) -> Delivery | None:
    """The delivery, or None where a header is missing or malformed."""

    def header(name: bytes) -> str:
        return headers.get(b"x-shopify-" + name, b"").decode("latin-1")

    topic, shop, delivery_id = header(b"topic"), header(b"shop-domain"), header(b"webhook-id")
    if not (_TOPIC.fullmatch(topic) and _SHOP.fullmatch(shop) and _DELIVERY.fullmatch(delivery_id)):
        return None
    triggered = header(b"triggered-at")
    try:
        triggered_at = datetime.fromisoformat(triggered) if triggered else None
    except ValueError:
        return None
    if triggered_at is not None and triggered_at.tzinfo is None:
        return None
    return Delivery("shopify", delivery_id, topic, shop.lower(), triggered_at, clock.now(), body)


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise asyncio.IncompleteReadError(b"", None)
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Callable[[Message], Awaitable[None]], status: int) -> None:
    headers = [(b"content-length", b"0"), *([(b"allow", b"POST")] if status == 405 else [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


RAW_ROUTES = (("/webhooks/shopify", ShopifyWebhooks(lambda: Inbox(settings().database_url, drain_inbox.send))),)
