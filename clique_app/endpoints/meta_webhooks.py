"""Meta's webhooks: the handshake that proves the address is ours, and signed messages into the durable inbox.

A raw ASGI app ahead of all routing. One request may tell of several accounts: each change is an inbox row of its own,
and 200 is said once all of them are stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from clique_app import clock
from clique_app.endpoints import bounds
from clique_app.endpoints.inbox import Delivery, Inbox
from clique_app.integrations.meta import pushes
from clique_app.settings import settings
from tasks import ad_pushes
from tasks.webhooks import drain_inbox

MAX_BODY_BYTES = 1024 * 1024
MOST_CHANGES = 1000


class MetaWebhooks:
    """The ASGI app of /webhooks/meta."""

    def __init__(self, inbox: Callable[[], Inbox]) -> None:
        self._make_inbox = inbox
        self._inbox: Inbox | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, text = 405, b""
        if scope["method"] == "GET":
            status, text = _challenge(scope["query_string"])
        elif scope["method"] == "POST":
            status = await self._stored(scope, receive)
        headers = [(b"content-length", str(len(text)).encode()), (b"content-type", b"text/plain; charset=utf-8")]
        headers += [(b"x-content-type-options", b"nosniff"), *([(b"allow", b"GET, POST")] if status == 405 else [])]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    async def _stored(self, scope: Scope, receive: Receive) -> int:
        try:
            body = await bounds.raw_body(scope, receive, MAX_BODY_BYTES)
        except bounds.Unbounded as error:
            return error.status
        if not pushes.is_signed(body, dict(scope["headers"]).get(b"x-hub-signature-256", b"").decode("latin-1")):
            return 401
        try:
            told = deliveries(body)
        except (ValueError, TypeError, KeyError, OverflowError):
            return 400
        if self._inbox is None:
            self._inbox = self._make_inbox()
        stored = await asyncio.gather(*(self._inbox.put(one) for one in told))
        return 200 if all(stored) else 503


def _challenge(query: bytes) -> tuple[int, bytes]:
    asked = {name: values[0] for name, values in parse_qs(query.decode("latin-1")).items()}
    given = asked.get("hub.verify_token", "")
    right = hmac.compare_digest(given.encode(), pushes.verify_token().encode())
    if asked.get("hub.mode") != "subscribe" or not right:
        return 403, b""
    return 200, asked.get("hub.challenge", "").encode()


def deliveries(body: bytes) -> list[Delivery]:
    """The changes a message tells of. Meta numbers none of them: the same body is the same message."""
    message, digest = json.loads(body), hashlib.sha256(body).hexdigest()
    if message["object"] != pushes.OBJECT:
        raise ValueError("not about ad accounts")
    told: list[Delivery] = []
    for entry in message["entry"]:
        at = datetime.fromtimestamp(int(entry["time"]), UTC)
        for change in entry["changes"]:
            told.append(_delivery(f"{digest}/{len(told)}", str(entry["id"]), at, change))
    if len(told) > MOST_CHANGES:
        raise ValueError("too many changes at once")
    return told


def _delivery(delivery_id: str, account_id: str, at: datetime, change: dict[str, Any]) -> Delivery:
    topic, account_id = str(change["field"]), account_id.removeprefix(ad_pushes.ADDRESSEE)
    if not (account_id.isascii() and account_id.isdigit() and len(topic) <= 100 and topic.isascii()):
        raise ValueError("not an ad account, or not a field")
    payload = json.dumps({"value": change.get("value")}).encode()
    return Delivery("meta", delivery_id, topic, f"{ad_pushes.ADDRESSEE}{account_id}", at, clock.now(), payload)


RAW_ROUTES = ((ad_pushes.PATH, MetaWebhooks(lambda: Inbox(settings().database_url, drain_inbox.send))),)
