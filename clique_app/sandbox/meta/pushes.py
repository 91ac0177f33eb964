"""What Meta tells by itself: subscriptions of the app and of ad accounts, the handshake, and signed messages."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from clique_app.sandbox.config import Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.meta.errors import GraphError, bad_param
from clique_app.sandbox.meta.fields import account_of, effective_status
from clique_app.sandbox.records import Ad, AdSet, WorldEvent
from clique_app.sandbox.world import World

FIELDS = (
    "ad_recommendations",
    "ads_async_creation_request",
    "creative_fatigue",
    "in_process_ad_objects",
    "product_set_issue",
    "subscriptions",
    "with_issues_ad_objects",
)
TIMEOUT = httpx.Timeout(5.0, connect=1.0)
TOGETHER_SECONDS = 0.05  # what happens at about the same time comes in one message
LATE_SECONDS = 2.0
RETRIES = 5

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Subscriptions:
    """Where the app's messages go and which ad accounts it hears of."""

    callback_url: str = ""
    fields: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)


class Pushes:
    """Kept in one small file under the data directory; posts while `run` runs."""

    def __init__(self, world: World, faults: Faults, config: Config) -> None:
        self._world, self._faults, self._config = world, faults, config
        self._path = config.data_dir / "meta_pushes.json" if config.data_dir else None
        self._kept = Subscriptions()
        if self._path and self._path.exists():
            self._kept = Subscriptions(**json.loads(self._path.read_text()))
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        world.subscribe(self._on_event)

    # subscribing

    async def of_app(self, method: str, asked: dict[str, str]) -> dict[str, Any]:
        """GET, POST and DELETE of /{app}/subscriptions; a new address has to answer the challenge first."""
        if method == "GET":
            row = {
                "object": "ad_account",
                "callback_url": self._kept.callback_url,
                "active": True,
                "fields": [{"name": name, "version": "v26.0"} for name in self._kept.fields],
            }
            return {"data": [row] if self._kept.callback_url else []}
        if asked.get("object") != "ad_account":
            raise bad_param("object must be one of the following values: ad_account")
        if method == "DELETE":
            self._kept.callback_url, self._kept.fields = "", []
            self._save()
            return {"success": True}
        wanted = [name for name in asked.get("fields", "").strip("[]").replace('"', "").split(",") if name]
        if unknown := [name for name in wanted if name not in FIELDS]:
            raise bad_param(f"fields: {unknown[0]} is not a field of ad_account")
        await self._challenge(asked.get("callback_url", ""), asked.get("verify_token", ""))
        self._kept.callback_url, self._kept.fields = asked["callback_url"], wanted
        self._save()
        return {"success": True}

    async def _challenge(self, url: str, verify_token: str) -> None:
        nonce = str(secrets.randbelow(10**10))
        query = {"hub.mode": "subscribe", "hub.challenge": nonce, "hub.verify_token": verify_token}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
                answer = await client.get(url, params=query)
        except httpx.HTTPError as error:
            raise GraphError(
                f"(#2200) Callback verification failed with the following errors: {type(error).__name__}", 2200
            ) from error
        if answer.status_code != 200 or answer.text != nonce:
            said = f"HTTP Status Code = {answer.status_code}; HTTP Message = {answer.reason_phrase}"
            raise GraphError(f"(#2200) Callback verification failed with the following errors: {said}", 2200)

    def of_account(self, method: str, account_id: str, asked: dict[str, str]) -> dict[str, Any]:
        """GET, POST and DELETE of /act_{id}/subscribed_apps."""
        if method == "GET":
            app = {"id": self._config.apps["meta"].app_id, "name": "Clique"}
            return {"data": [app] if account_id in self._kept.accounts else []}
        if asked.get("app_id", self._config.apps["meta"].app_id) != self._config.apps["meta"].app_id:
            raise bad_param("app_id is not the app of this access token")
        if method == "POST" and account_id not in self._kept.accounts:
            self._kept.accounts.append(account_id)
        if method == "DELETE" and account_id in self._kept.accounts:
            self._kept.accounts.remove(account_id)
        self._save()
        return {"success": True}

    # telling

    def _on_event(self, event: WorldEvent) -> None:
        if event.topic != "ads/updated":
            return
        platform, object_id = self._world.ads, str(event.object_id)
        node = platform.find(object_id)
        status = effective_status(platform, node).replace("_", " ").capitalize()
        value = {"id": object_id, "level": _level(node), "status_name": status}
        self.tell(account_of(platform, node).account_id, "in_process_ad_objects", value)

    def tell(self, account_id: str, name: str, value: dict[str, Any]) -> bool:
        """Send a change to the app, if it wants to hear of it."""
        kept = self._kept
        if not kept.callback_url or name not in kept.fields or account_id not in kept.accounts:
            return False
        self._waiting.append((account_id, {"field": name, "value": value}))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)
        return True

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            try:
                while True:
                    if not self._waiting:
                        self._wake.clear()
                        await self._wake.wait()
                    await asyncio.sleep(TOGETHER_SECONDS)
                    waiting, self._waiting = self._waiting, []
                    self._begin(client, self._message(waiting))
            finally:
                for task in self._tasks:
                    task.cancel()

    def _message(self, waiting: list[tuple[str, dict[str, Any]]]) -> bytes:
        at = int(self._world.now().timestamp())
        entries: dict[str, list[dict[str, Any]]] = {}
        for account_id, change in waiting:
            entries.setdefault(account_id, []).append(change)
        found = [{"id": account_id, "time": at, "changes": changes} for account_id, changes in entries.items()]
        return json.dumps({"object": "ad_account", "entry": found}).encode()

    def _begin(self, client: httpx.AsyncClient, body: bytes) -> None:
        fault = self._faults.take("meta", "webhook_lost", "webhook_duplicate", "webhook_late", path="webhooks")
        if fault == "webhook_lost":
            return
        for _ in range(2 if fault == "webhook_duplicate" else 1):
            task = asyncio.create_task(self._deliver(client, body, LATE_SECONDS if fault == "webhook_late" else 0.0))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, client: httpx.AsyncClient, body: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        digest = hmac.new(self._config.apps["meta"].secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
        wait = self._config.webhook_retry_seconds
        for _ in range(1 + RETRIES):
            try:
                if (await client.post(self._kept.callback_url, content=body, headers=headers)).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(wait)
            wait *= 2
        log.warning("message to %s given up", self._kept.callback_url)

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"callback_url": self._kept.callback_url, "fields": self._kept.fields, "accounts": self._kept.accounts}
        self._path.write_text(json.dumps(kept))


def _level(node: Any) -> str:
    return "AD" if isinstance(node, Ad) else "AD_SET" if isinstance(node, AdSet) else "CAMPAIGN"
