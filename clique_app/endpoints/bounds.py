"""How much anybody may send, and how often: bodies up to a size, calls counted in Redis for all processes."""

from __future__ import annotations

import asyncio
from functools import lru_cache

import redis
from starlette.requests import Request
from starlette.types import Receive, Scope

from clique_app.settings import settings

BODY_SECONDS = 30


class Unbounded(Exception):
    """The body is too large, too slow, or was cut off; status says which."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def body(request: Request, most: int, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body, never more than `most` bytes of it in memory, none of it where its length says it is more."""
    try:
        async with asyncio.timeout(seconds):
            return await raw_body(request.scope, request.receive, most)
    except TimeoutError:
        raise Unbounded(408) from None


async def raw_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """The same of a raw ASGI app, in the server's own time."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not length.isdigit():
        raise Unbounded(400)
    if int(length[:20]) > most:
        raise Unbounded(413)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unbounded(400)
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise Unbounded(413)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def allowed(key: str, most: int, seconds: int) -> bool:
    """Whether this call is among the first `most` of its window."""
    with _redis(settings().redis_url).pipeline() as pipe:
        pipe.incr(key)
        pipe.expire(key, seconds, nx=True)
        count, _ = pipe.execute()
    return int(count) <= most


@lru_cache(maxsize=4)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5)
