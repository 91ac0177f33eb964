"""Live pushes: one Redis subscription a web process, fanned out to the open tabs of each store. Nothing is polled."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis.asyncio
import reflex as rx
from reflex_base.registry import RegistrationContext

from clique_app import logs
from clique_app.components.session import PageState
from clique_app.live import PATTERN
from clique_app.settings import settings

log = logs.log("live")

GATHER_SECONDS = 0.25  # several pushes in this time are one refresh
TICK_SECONDS = 30.0  # how often a quiet tab checks its session
QUEUE_LIMIT = 100


class Hub:
    """Topics by store, to whoever listens in this process."""

    def __init__(self) -> None:
        self._tabs: dict[int, set[asyncio.Queue[str]]] = defaultdict(set)

    @contextmanager
    def subscribed(self, store_id: int) -> Iterator[asyncio.Queue[str]]:
        """A queue of the topics pushed for a store from now on."""
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_LIMIT)
        self._tabs[store_id].add(queue)
        try:
            yield queue
        finally:
            self._tabs[store_id].discard(queue)
            if not self._tabs[store_id]:
                del self._tabs[store_id]

    def deliver(self, channel: str, data: bytes | str) -> None:
        """Hand one Redis message to the tabs of its store. A malformed one is dropped."""
        try:
            store_id, topic = int(channel.rpartition(":")[2]), str(json.loads(data)["topic"])
        except (ValueError, KeyError, TypeError):
            log.warning("live_message_dropped", channel=channel)
            return
        for queue in self._tabs.get(store_id, ()):
            with contextlib.suppress(asyncio.QueueFull):  # a refresh is due anyway
                queue.put_nowait(topic)

    async def run(self) -> None:
        """Listen for ever, and again after a lost connection."""
        while True:
            try:
                async with redis.asyncio.Redis.from_url(settings().redis_url) as client, client.pubsub() as pubsub:
                    await pubsub.psubscribe(PATTERN)
                    async for message in pubsub.listen():
                        if message["type"] == "pmessage":
                            self.deliver(message["channel"].decode(), message["data"])
            except redis.RedisError as error:
                log.warning("live_connection_lost", error=str(error))
                await asyncio.sleep(1)


HUB = Hub()
_HANDLERS: dict[str, Mapping[str, Any]] = {}


def register(route: str, handlers: Mapping[str, Any]) -> None:
    """Say which event each topic starts on a page."""
    _HANDLERS[route] = handlers


def handlers_of(path: str) -> Mapping[str, Any]:
    """The page's handlers; a page loaded by its address has a slash at the end of it."""
    return _HANDLERS.get(path.rstrip("/") or "/", {})


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[None]:
    """Run the hub as long as the web process runs."""
    task = asyncio.create_task(HUB.run(), name="live")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def next_topics(queue: asyncio.Queue[str]) -> set[str]:
    """The topics pushed next, gathered for a moment; empty when it stays quiet."""
    try:
        topics = {await asyncio.wait_for(queue.get(), TICK_SECONDS)}
    except TimeoutError:
        return set()
    await asyncio.sleep(GATHER_SECONDS)
    while not queue.empty():
        topics.add(queue.get_nowait())
    return topics


def _connected(sid: str) -> bool:
    namespace = RegistrationContext.get().app.event_namespace
    return namespace is not None and sid in namespace.sid_to_token


class LiveState(PageState):
    """One background event for the page that is shown: going on to another ends it, and that page begins its own."""

    _follower: str = ""  # the newest; an older one that was not ended stops by itself

    @rx.event(background=True)
    async def follow(self) -> Any:
        """Refresh the open page when something changed for its store, and renew the session in time."""
        mine = secrets.token_hex(8)
        async with self:
            store_id, sid, path = self.store_id, self.connection_id, self.rx_router_url.path
            self._follower = mine
        with HUB.subscribed(store_id) as queue:
            while True:
                topics = await next_topics(queue)
                if not _connected(sid):
                    return
                async with self:
                    if self._follower != mine or not self.is_authed() or self.store_id != store_id:
                        return
                    renew = self.expires_soon()
                if renew:
                    yield PageState.boot
                for event in [event for topic, event in handlers_of(path).items() if topic in topics]:
                    yield event
