"""A world kept on disk is the world that was made, and lives on as that one would have."""

from __future__ import annotations

import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from clique_app.sandbox import __main__ as command
from clique_app.sandbox import kept_world
from clique_app.sandbox.default_store import DOMAIN
from clique_app.sandbox.world import World
from tests.unit.sandbox.worlds import Time, harbor_lane, orders_of, shop

MAKER = b"m" * 32


def _kept(world: World, path: Path) -> World:
    kept_world.keep(world, path, MAKER).join(60)
    kept = kept_world.read(path, MAKER)
    assert kept is not None
    return kept


def test_a_kept_world_lives_on_as_the_one_it_was(tmp_path: Path) -> None:
    clock = Time()
    world = harbor_lane(clock, data=tmp_path)
    world.place_random_orders(DOMAIN, 2)
    kept = _kept(world, tmp_path / "world.pickle")
    kept.real_time = clock
    assert orders_of(kept) == orders_of(world)

    clock.pass_by(hours=3)
    changed = world.place_random_orders(DOMAIN, 3)
    world.cancel_order(DOMAIN, changed[1].order_id)
    world.move_clock(86_400)
    clock.pass_by(days=2)
    world.advance()
    kept.replay()

    assert kept.now() == world.now()
    assert orders_of(kept) == orders_of(world)
    for product in shop(world).products.values():
        for item in (variant.inventory_item_id for variant in product.variants):
            assert shop(kept).levels_of(item) == shop(world).levels_of(item)
    assert kept.ads.driven == world.ads.driven


def test_a_change_known_to_the_kept_world_is_not_applied_again(tmp_path: Path) -> None:
    clock = Time()
    world = harbor_lane(clock, data=tmp_path)
    placed = world.place_random_orders(DOMAIN, 1)[0]
    kept = _kept(world, tmp_path / "world.pickle")
    kept.real_time = clock
    kept.replay()
    assert [o.order_id for o in orders_of(kept)].count(placed.order_id) == 1
    assert len(orders_of(kept)) == len(orders_of(world))


def test_a_world_made_in_another_way_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "world.pickle"
    assert kept_world.read(path, MAKER) is None
    _kept(harbor_lane(Time()), path)
    assert kept_world.read(path, b"n" * 32) is None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_world_that_was_not_kept_to_its_end_is_not_read(tmp_path: Path, share: float) -> None:
    path = tmp_path / "world.pickle"
    _kept(harbor_lane(Time()), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: 32 + int(share * (len(whole) - 32))])
    assert kept_world.read(path, MAKER) is None


def test_the_maker_changes_with_the_file_of_orders(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("customer_id")
    other.write_text("order_date")
    assert kept_world.made_by(one) != kept_world.made_by(other)
    assert kept_world.made_by(None) == kept_world.made_by(None) != kept_world.made_by(one)


def test_the_second_start_reads_what_the_first_has_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"--port 1 --data {tmp_path} --app-url http://x --api-key k --api-secret s --months 1 --orders-per-day 6"
    monkeypatch.setattr(sys, "argv", ["sandbox", *words.split()])
    monkeypatch.setattr(command, "KEPT_FROM_SECONDS", 0.0)
    writers: list[BaseProcess] = []
    keep = kept_world.keep
    monkeypatch.setattr(kept_world, "keep", lambda *given: writers.append(keep(*given)))
    args = command.arguments()
    first = command.make_world(args)
    writers[0].join(60)
    placed = first.place_random_orders(DOMAIN, 1)[0]
    monkeypatch.delattr(command, "create_growing_store")
    second = command.make_world(args)
    assert orders_of(first)[-1] in orders_of(second)
    assert shop(second).orders[placed.order_id] == placed
