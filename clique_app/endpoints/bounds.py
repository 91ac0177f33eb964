"""How much anybody may send, and how often: bodies up to a size, calls counted in Redis for all processes."""

from __future__ import annotations

import asyncio
from functools import lru_cache

import redis
from starlette.requests import ClientDisconnect, Request

from clique_app.settings import settings

BODY_SECONDS = 30


class Unbounded(Exception):
    """The body is too large, too slow, or was cut off; status says which."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def body(request: Request, most: int) -> bytes:
    """The whole body, never more than `most` bytes of it in memory."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Unbounded(413)
                parts.append(part)
    except TimeoutError:
        raise Unbounded(408) from None
    except ClientDisconnect:
        raise Unbounded(400) from None
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
