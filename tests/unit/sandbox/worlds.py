"""Small worlds with a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clique_app.sandbox.default_store import DOMAIN, create_growing_store
from clique_app.sandbox.store import Store
from clique_app.sandbox.world import World

BEGAN = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


class Time:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = BEGAN) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


def harbor_lane(
    clock: Time, *, orders_per_day: float = 12, months: int = 1, seed: int = 3, data: Path | None = None
) -> World:
    """The default store, small, as it began at BEGAN, grown to the clock."""
    world = World(seed, data, clock)
    create_growing_store(world, BEGAN, seed=seed, months=months, orders_per_day=orders_per_day)
    world.replay()
    return world


def shop(world: World) -> Store:
    return world.store(DOMAIN)


def orders_of(world: World) -> list[Any]:
    return list(shop(world).orders.values())
