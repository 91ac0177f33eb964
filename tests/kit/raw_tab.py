"""A websocket client of the app that is no browser and says what it likes."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from typing import Any

import socketio
from reflex_base.utils.format import format_event_handler

from clique_app.components.session import PageState

LOADED = re.compile(r'loaded\w*": true')
HYDRATE = "reflex___state____state.hydrate_and_load"


class RawTab:
    """One tab: its own token, or one that somebody else used."""

    def __init__(self, url: str, token: str | None = None, path: str = "/", query: str = "") -> None:
        self._url, self.token = url, token or str(uuid.uuid4())
        self._path, self._query = path, query
        self._client = socketio.AsyncClient(reconnection=False)
        self.received: list[str] = []
        self._client.on("event", self._keep, namespace="/_event")

    def _keep(self, data: Any) -> None:
        self.received.append(json.dumps(data, ensure_ascii=False))

    async def __aenter__(self) -> RawTab:
        await self._client.connect(
            f"{self._url}?token={self.token}", socketio_path="_event", transports=["websocket"], namespaces=["/_event"]
        )
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._client.disconnect()

    async def say(self, name: str, payload: dict[str, Any] | None = None, wait: float = 0.06) -> None:
        """Send an event; the pause keeps below what a connection may send."""
        router = {"pathname": self._path, "asPath": f"{self._path}?{self._query}", "query": {}}
        await self._client.emit(
            "event", {"name": name, "payload": payload or {}, "router_data": router}, namespace="/_event"
        )
        await asyncio.sleep(wait)

    async def go(self, path: str, query: str = "", wait: float = 2.0) -> None:
        """Load another page, until it says that it is; at most so many seconds."""
        self._path, self._query = path, query
        before, until = len(self.received), time.monotonic() + wait
        await self.say(HYDRATE, wait=0)
        while time.monotonic() < until and not any(LOADED.search(message) for message in self.received[before:]):
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)

    async def quiet(self, seconds: float = 3.0, wait: float = 60.0) -> None:
        """Until nothing has come for so long."""
        heard, since, until = len(self.received), time.monotonic(), time.monotonic() + wait
        while time.monotonic() - since < seconds and time.monotonic() < until:
            await asyncio.sleep(0.05)
            if len(self.received) != heard:
                heard, since = len(self.received), time.monotonic()

    async def login(self, token: str, wait: float = 1.0) -> None:
        """Give a session token, good or not."""
        await self.say(format_event_handler(PageState.event_handlers["login"]), {"token": token}, wait)

    def saw(self, text: str) -> bool:
        return any(text in message for message in self.received)
