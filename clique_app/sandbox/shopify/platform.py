"""One Shopify: its published schema, what it remembers of the app, and the ways to reach both."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from clique_app.sandbox.config import Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.shopify.context import Context
from clique_app.sandbox.shopify.cost import Bucket
from clique_app.sandbox.shopify.schema import Published, default_path, load
from clique_app.sandbox.shopify.state import AccessToken, BulkOperation, Pixel, State, Subscription
from clique_app.sandbox.store import Store
from clique_app.sandbox.world import World


@dataclass(slots=True)
class Done:
    """A mutation that ran under an idempotency key."""

    arguments: str
    result: dict[str, Any]


@dataclass(slots=True)
class Platform:
    world: World
    faults: Faults
    config: Config
    state: State
    directory: Path
    buckets: dict[str, Bucket] = field(default_factory=dict)
    done: dict[tuple[str, str], Done] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)  # authorization code -> shop
    bulk_waiting: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def open(cls, world: World, faults: Faults, config: Config) -> Platform:
        directory = world.data_dir / "shopify" if world.data_dir else Path(mkdtemp(prefix="sandbox-shopify-"))
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "state.json" if world.data_dir else None
        return cls(world, faults, config, State.load(path), directory)

    @property
    def published(self) -> Published:
        return load(self.config.schema or default_path())

    def fault(self, *names: str, **facts: str) -> str | None:
        return self.faults.take("shopify", *names, **facts)

    def context(self, store: Store, base_url: str, *, changes_nothing: bool = False) -> Context:
        scopes = frozenset(store.shop.granted_scopes)
        return Context(self, store, self.published, scopes, self.world.now(), base_url, changes_nothing)

    def bucket(self, shop: str) -> Bucket:
        return self.buckets.setdefault(shop, Bucket(as_of=self.world.now().timestamp()))

    def access_token(self, value: str, shop: str) -> AccessToken | None:
        """The token, if it is good for this shop now."""
        now = self.world.now()
        for token in self.state.access_tokens:
            if hmac.compare_digest(token.value, value) and token.shop == shop:
                return token if datetime.fromisoformat(token.expires_at) > now else None
        return None

    def forget_tokens(self, shop: str) -> None:
        self.state.access_tokens = [t for t in self.state.access_tokens if t.shop != shop]
        self.state.refresh_tokens = [t for t in self.state.refresh_tokens if t.shop != shop]
        self.state.save()

    # webhook subscriptions

    def subscriptions_of(self, shop: str) -> list[Subscription]:
        return [s for s in self.state.subscriptions if s.shop == shop]

    def subscription(self, shop: str, number: int) -> Subscription | None:
        return next((s for s in self.subscriptions_of(shop) if s.number == number), None)

    # the web pixel

    def pixel_of(self, shop: str) -> Pixel | None:
        return next((pixel for pixel in self.state.pixels if pixel.shop == shop), None)

    # bulk operations

    def bulk_operations(self, shop: str) -> list[BulkOperation]:
        return [b for b in self.state.operations if b.shop == shop]

    def bulk_operation(self, shop: str, number: int) -> BulkOperation | None:
        return next((b for b in self.bulk_operations(shop) if b.number == number), None)

    def latest_bulk_operation(self, shop: str) -> BulkOperation | None:
        return next(reversed(self.bulk_operations(shop)), None)

    def bulk_path(self, operation: BulkOperation) -> Path:
        return self.directory / f"bulk-{operation.number}.jsonl"

    def signed(self, operation: BulkOperation) -> str:
        """Whoever has the URL may read the file; nobody can guess it."""
        key, text = self.config.api_secret.encode(), f"bulk/{operation.shop}/{operation.number}"
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
