"""An open page without a browser: a raw websocket client that speaks just enough Engine.IO and Socket.IO."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import aiohttp

HYDRATE = "reflex___state____state.hydrate_and_load"


class Tab:
    """One tab. Messages from the server land in `received`, as text."""

    def __init__(self, http: aiohttp.ClientSession, url: str, query: str = "") -> None:
        self._http, self._url, self._query = http, url.replace("http", "ws", 1), query
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self.received: asyncio.Queue[str] = asyncio.Queue()

    async def open(self, session_token: str) -> None:
        """Connect, prove the session and load the page, as the page itself does."""
        url = f"{self._url}/_event/?EIO=4&transport=websocket&token={uuid.uuid4()}"
        self._socket = await self._http.ws_connect(url, max_msg_size=0)
        await self._socket.receive_str()
        await self._socket.send_str("40/_event,")
        await self._socket.receive_str()
        self._reader = asyncio.create_task(self._read())
        self._query = f"{self._query}&id_token={session_token}".lstrip("&")
        await self.say(HYDRATE)

    async def say(self, name: str, payload: dict[str, Any] | None = None) -> None:
        where = {"pathname": "/", "asPath": f"/?{self._query}", "query": {}}
        event = {"name": name, "payload": payload or {}, "router_data": where}
        assert self._socket is not None
        await self._socket.send_str(f"42/_event,{json.dumps(['event', event])}")

    async def hears(self, text: str, timeout: float = 20) -> str:
        """The next message that holds this text; the others are dropped."""
        async with asyncio.timeout(timeout):
            while True:
                message = await self.received.get()
                if text in message:
                    return message

    async def close(self) -> None:
        assert self._socket is not None
        if self._reader is not None:
            self._reader.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        assert self._socket is not None
        async for message in self._socket:
            if message.data == "2":
                await self._socket.send_str("3")
            elif message.type is aiohttp.WSMsgType.TEXT:
                self.received.put_nowait(message.data)
