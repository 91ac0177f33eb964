"""Webhooks: what happened in a store is signed, posted, and tried again when nobody answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from clique_app.sandbox.records import WorldEvent
from clique_app.sandbox.shopify.payloads import body_of
from clique_app.sandbox.shopify.platform import Platform
from clique_app.sandbox.shopify.schema import VERSION
from clique_app.sandbox.shopify.state import Subscription

TIMEOUT = httpx.Timeout(5.0, connect=1.0)
RETRIES = 8
FAILURES_UNTIL_DELETED = 8
AT_ONCE = 16
LATE_SECONDS = 2.0
DECLARED_PATH = "/webhooks/shopify"
DECLARED_TOPICS = frozenset(
    {"app/uninstalled", "app/scopes_update", "customers/data_request", "customers/redact", "shop/redact"}
)

log = logging.getLogger(__name__)


@cache
def _tls() -> ssl.SSLContext:
    """One for all senders: each new one would read all the authorities that the system trusts."""
    return httpx.create_ssl_context()


@dataclass(slots=True)
class Delivery:
    """One message to one address; a repetition has the same id and body."""

    topic: str
    shop: str
    uri: str
    body: bytes
    triggered_at: str
    event_id: str
    api_version: str = VERSION
    subscription: int | None = None  # None: declared with the app, never deleted
    webhook_id: str = field(default_factory=lambda: str(uuid4()))

    def headers(self, secret: str) -> dict[str, str]:
        digest = hmac.new(secret.encode(), self.body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": self.topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": self.shop,
            "X-Shopify-API-Version": self.api_version,
            "X-Shopify-Webhook-Id": self.webhook_id,
            "X-Shopify-Event-Id": self.event_id,
            "X-Shopify-Triggered-At": self.triggered_at,
        }


class Sender:
    """Listens to the world at once; posts while `run` runs."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._waiting: list[Delivery] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # what is to be sent

    def on_event(self, event: WorldEvent) -> None:
        store = self._platform.world.stores.get(event.domain)
        if store is None:
            return
        if event.topic == "app/uninstalled":
            self._platform.forget_tokens(event.domain)
        elif event.topic != "shop/redact" and (
            store.shop.installed_at is None or not self._wanted(event.topic, event.domain)
        ):
            return
        body = body_of(event, store)
        if body is not None:
            triggered_at = f"{event.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"  # to the nanosecond
            self.emit(event.topic, event.domain, body, triggered_at)
        if event.topic == "app/uninstalled":
            kept = self._platform.state.subscriptions
            self._platform.state.subscriptions = [s for s in kept if s.shop != event.domain]
            self._platform.state.pixels = [p for p in self._platform.state.pixels if p.shop != event.domain]
            self._platform.state.save()

    def emit(self, topic: str, shop: str, body: Mapping[str, Any], triggered_at: str) -> None:
        """One delivery for each subscription of the topic."""
        event_id = str(uuid4())
        whole = json.dumps(body).encode()
        for subscription in self._subscriptions(topic, shop):
            included = {k: v for k, v in body.items() if k in subscription.include_fields}
            text = json.dumps(included).encode() if subscription.include_fields else whole
            self._hand_over(
                Delivery(topic, shop, subscription.uri, text, triggered_at, event_id,
                         subscription.api_version, subscription.number)
            )  # fmt: skip
        if topic in DECLARED_TOPICS:
            uri = self._platform.config.app_url + DECLARED_PATH
            self._hand_over(Delivery(topic, shop, uri, whole, triggered_at, event_id))

    def _subscriptions(self, topic: str, shop: str) -> list[Subscription]:
        name = topic.upper().replace("/", "_")
        return [s for s in self._platform.subscriptions_of(shop) if s.topic == name]

    def _wanted(self, topic: str, shop: str) -> bool:
        return topic in DECLARED_TOPICS or bool(self._subscriptions(topic, shop))

    def _hand_over(self, delivery: Delivery) -> None:
        if self._loop is None:
            self._waiting.append(delivery)
        else:
            self._loop.call_soon_threadsafe(self._begin, delivery)

    # sending

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, verify=_tls()) as self._client:
            waiting, self._waiting = self._waiting, []
            for delivery in waiting:
                self._begin(delivery)
            try:
                await asyncio.Event().wait()
            finally:
                self._loop = None
                for task in self._tasks:
                    task.cancel()

    def _begin(self, delivery: Delivery) -> None:
        facts = {"operation": delivery.topic, "path": delivery.uri}
        fault = self._platform.fault("webhook_lost", "webhook_duplicate", "webhook_late", **facts)
        if fault == "webhook_lost":
            return
        delay = LATE_SECONDS if fault == "webhook_late" else 0.0
        for _ in range(2 if fault == "webhook_duplicate" else 1):
            task = asyncio.create_task(self._deliver(delivery, delay))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, delay: float) -> None:
        await asyncio.sleep(delay)
        wait = self._platform.config.webhook_retry_seconds
        for _ in range(1 + RETRIES):
            if await self._post(delivery):
                self._settle(delivery, failed=False)
                return
            if not self._settle(delivery, failed=True):
                return
            await asyncio.sleep(wait)
            wait *= 2
        log.warning("webhook %s to %s given up", delivery.topic, delivery.uri)

    async def _post(self, delivery: Delivery) -> bool:
        """Only 2xx within five seconds is success."""
        headers = delivery.headers(self._platform.config.api_secret)
        try:
            async with self._slots, asyncio.timeout(5):
                answer = await self._client.post(delivery.uri, content=delivery.body, headers=headers)
        except (httpx.HTTPError, TimeoutError):
            return False
        return answer.is_success

    def _settle(self, delivery: Delivery, failed: bool) -> bool:
        """Count consecutive failures; False when the subscription is gone for it."""
        if delivery.subscription is None:
            return True
        subscription = self._platform.subscription(delivery.shop, delivery.subscription)
        if subscription is None:
            return False
        if not failed:
            subscription.failures = 0
            return True
        subscription.failures += 1
        if subscription.failures < FAILURES_UNTIL_DELETED:
            return True
        self._platform.state.subscriptions.remove(subscription)
        self._platform.state.save()
        return False
