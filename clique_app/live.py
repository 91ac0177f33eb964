"""Pushes to open pages: one Redis channel per store, sent after commit.

A message says what changed, not the new figures; each page reads what it shows again, under its own session.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Literal, cast

import redis

from clique_app.settings import settings

Topic = Literal["figures", "sync", "recommendations", "actions", "connections", "files", "customers", "attribution"]
PATTERN = "store:*"
NOTED_SECONDS = 300


def channel(store_id: int) -> str:
    """The Redis channel of one store."""
    return f"store:{store_id}"


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings().redis_url, socket_timeout=5)


def note(store_id: int, topic: Topic, payload: dict[str, Any]) -> None:
    """The same with how far something is, for pages to read: what is not committed yet is in no table."""
    _client().set(f"noted:{store_id}:{topic}", json.dumps(payload), ex=NOTED_SECONDS)
    publish(store_id, topic)


def noted(store_id: int, topic: Topic) -> dict[str, Any]:
    """What was noted last; empty where that is long ago."""
    found = cast(bytes | None, _client().get(f"noted:{store_id}:{topic}"))
    return json.loads(found) if found else {}


def publish(store_id: int, topic: Topic, payload: dict[str, Any] | None = None) -> None:
    """Tell the open pages of a store that something changed. Call after commit."""
    _client().publish(channel(store_id), json.dumps({"topic": topic, **(payload or {})}))
