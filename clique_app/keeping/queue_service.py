"""What Redis holds of somebody: queued, delayed and dead messages, and the kept states of open tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from clique_app.settings import settings

BODIES = ".msgs"  # Dramatiq keeps a queue's messages in QUEUE.msgs and their order in QUEUE
BYTES = "latin-1"  # keeps every byte of keys and values as it is

Names = Callable[[str], bool]


def forget(names: Names) -> int:
    """Remove every value that names them. Returns how many."""
    url = settings().redis_url
    with redis.Redis.from_url(url, socket_timeout=30, encoding=BYTES, decode_responses=True) as client:
        return sum(_forget_in(client, key, names) for key in client.scan_iter(count=1000))


def _forget_in(client: Any, key: str, names: Names) -> int:
    def named(value: str) -> bool:
        return names(value.encode(BYTES).decode(errors="replace"))

    match client.type(key):
        case "string":
            held = client.get(key)
            return client.delete(key) if held is not None and named(held) else 0
        case "hash":
            found = [field for field, value in client.hscan_iter(key) if named(value)]
            for field in found:
                _take_out(client, key, field)
            return len(found)
        case "list":
            return sum(client.lrem(key, 0, value) for value in client.lrange(key, 0, -1) if named(value))
        case "set":
            found = [value for value in client.sscan_iter(key) if named(value)]
            return client.srem(key, *found) if found else 0
        case "zset":
            found = [value for value, _ in client.zscan_iter(key) if named(value)]
            return client.zrem(key, *found) if found else 0
        case _:
            return 0


def _take_out(client: Any, key: str, field: str) -> None:
    with client.pipeline() as pipe:
        pipe.hdel(key, field)
        if key.endswith(BODIES):
            queue = key.removesuffix(BODIES)
            pipe.zrem(queue, field) if queue.endswith(".XQ") else pipe.lrem(queue, 0, field)
        pipe.execute()
