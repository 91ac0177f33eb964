"""Shopify's webhooks: verified, durably in the inbox, then 200. A raw ASGI app ahead of all routing.

Deliveries that wait together are written by one statement, with synchronous commit: nothing acknowledged is lost.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from datetime import datetime

from starlette.types import Message, Receive, Scope, Send

from clique_app import clock
from clique_app.endpoints import bounds
from clique_app.endpoints.inbox import Delivery, Inbox
from clique_app.errors import InvalidInput
from clique_app.settings import settings
from clique_app.sync.topics import TOPICS, object_in, object_of_event, topic_of_event
from tasks.webhooks import drain_inbox

MAX_BODY_BYTES = 2 * 1024 * 1024
_TOPIC = re.compile(r"[a-z_]{1,64}/[a-z_]{1,64}", re.ASCII)
_SHOP = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,99}\.myshopify\.com", re.ASCII)
_DELIVERY = re.compile(r"[\x21-\x7e]{1,128}")
_CLASSIC, _EVENT = b"x-shopify-", b"shopify-"  # webhooks, and the events that follow them
_ENDED: Message = {"type": "http.response.body", "body": b""}


class ShopifyWebhooks:
    """The ASGI app of /webhooks/shopify."""

    def __init__(self, inbox: Callable[[], Inbox]) -> None:
        self._make_inbox = inbox
        self._inbox: Inbox | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = await self._status(scope, receive)
        headers = [(b"content-length", b"0"), *([(b"allow", b"POST")] if status == 405 else [])]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(_ENDED)

    async def _status(self, scope: Scope, receive: Receive) -> int:
        if scope["method"] != "POST":
            return 405
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            body = await bounds.raw_body(scope, receive, MAX_BODY_BYTES)
        except bounds.Unbounded as error:
            return error.status
        family = _CLASSIC if b"x-shopify-hmac-sha256" in headers else _EVENT
        if not is_signed(body, headers.get(family + b"hmac-sha256", b"")):
            return 401
        delivery = _delivery(headers, family, body)
        if delivery is None:
            return 400
        if self._inbox is None:
            self._inbox = self._make_inbox()
        return 200 if await self._inbox.put(delivery) else 503


def is_signed(body: bytes, signature: bytes) -> bool:
    """Whether the raw body carries our secret's signature, the present one or the one being rotated out."""
    config = settings()
    for secret in (config.shopify_api_secret, config.shopify_api_old_secret):
        key = secret.get_secret_value().encode()
        if key and hmac.compare_digest(base64.b64encode(hmac.digest(key, body, "sha256")), signature):
            return True
    return False


def _delivery(headers: dict[bytes, bytes], family: bytes, body: bytes) -> Delivery | None:
    """The delivery, or None where a header is missing or malformed."""

    def header(name: bytes) -> str:
        return headers.get(family + name, b"").decode("latin-1")

    topic, shop, delivery_id = header(b"topic"), header(b"shop-domain"), header(b"webhook-id")
    if family is _EVENT:
        topic = topic_of_event(topic, header(b"action"))
    if not (_TOPIC.fullmatch(topic) and _SHOP.fullmatch(shop) and _DELIVERY.fullmatch(delivery_id)):
        return None
    triggered = header(b"triggered-at")
    try:
        triggered_at = datetime.fromisoformat(triggered) if triggered else None
    except ValueError:
        return None
    if triggered_at is not None and triggered_at.tzinfo is None:
        return None
    kind, object_id = _object(topic, header(b"resource-id") if family is _EVENT else "", body)
    payload = b"" if kind else body  # it may name a person, and is not needed beside the object's id
    return Delivery("shopify", delivery_id, topic, shop.lower(), triggered_at, clock.now(), payload, kind, object_id)


def _object(name: str, resource_id: str, body: bytes) -> tuple[str, int | None]:
    """The object that a delivery is about. One that names none is kept as it came, for the drain to judge."""
    topic = TOPICS.get(name)
    if topic is None:
        return "", None
    try:
        return topic.kind, object_of_event(topic, resource_id) if resource_id else object_in(topic, body)
    except InvalidInput:
        return "", None


RAW_ROUTES = (("/webhooks/shopify", ShopifyWebhooks(lambda: Inbox(settings().database_url, drain_inbox.send))),)
