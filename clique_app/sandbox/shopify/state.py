"""What Shopify remembers of the app at each store, kept in one file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class AccessToken:
    value: str
    shop: str
    expires_at: str  # ISO time
    online: bool = False


@dataclass(slots=True)
class RefreshToken:
    value: str
    shop: str
    expires_at: str
    used_at: str | None = None  # first use; it stays good until its successor is used, 30 days at most


@dataclass(slots=True)
class Subscription:
    """A webhook subscription made over the API."""

    number: int
    shop: str
    topic: str  # ORDERS_CREATE
    uri: str
    api_version: str
    created_at: str
    updated_at: str
    include_fields: list[str] = field(default_factory=list)
    filter: str | None = None
    name: str | None = None
    failures: int = 0  # consecutive


@dataclass(slots=True)
class Pixel:
    """The app's web pixel, switched on in a store."""

    number: int
    shop: str
    settings: dict[str, Any]


@dataclass(slots=True)
class BulkOperation:
    number: int
    shop: str
    query: str
    group_objects: bool
    created_at: str
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: str | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None

    @property
    def running(self) -> bool:
        return self.status in ("CREATED", "RUNNING", "CANCELING")


KINDS: dict[str, type] = {
    "access_tokens": AccessToken,
    "refresh_tokens": RefreshToken,
    "subscriptions": Subscription,
    "operations": BulkOperation,
    "pixels": Pixel,
}


@dataclass(slots=True)
class State:
    path: Path | None
    access_tokens: list[AccessToken] = field(default_factory=list)
    refresh_tokens: list[RefreshToken] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    operations: list[BulkOperation] = field(default_factory=list)
    pixels: list[Pixel] = field(default_factory=list)
    last_number: int = 1_057_000_000

    @classmethod
    def load(cls, path: Path | None) -> State:
        state = cls(path)
        if path is None or not path.exists():
            return state
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name, kind in KINDS.items():
            setattr(state, name, [kind(**row) for row in kept.get(name, [])])
        state.last_number = kept["last_number"]
        return state

    def save(self) -> None:
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept: dict[str, Any] = {name: [asdict(row) for row in getattr(self, name)] for name in KINDS}
        kept["last_number"] = self.last_number
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        os.replace(fresh, self.path)

    def next_number(self) -> int:
        self.last_number += 1
        return self.last_number
