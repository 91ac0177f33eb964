"""The emulator's privacy webhooks: when they come, what they say, and that Shopify itself forgets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.shopify_sandbox import SHOP, Sandbox, running, small_world

HOURS = 3600.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(small_world()) as sandbox:
        yield sandbox


def bodies(sandbox: Sandbox, topic: str) -> list[dict[str, Any]]:
    return [json.loads(body) for headers, body in sandbox.received if headers["x-shopify-topic"] == topic]


def test_a_customer_who_is_forgotten_is_gone_from_shopify_and_the_sales_are_not(sandbox: Sandbox) -> None:
    store = sandbox.world.store(SHOP)
    customer_id, orders = next(iter(store.customers)), len(store.orders)
    theirs = [order.order_id for order in store.orders.values() if order.customer_id == customer_id]
    assert sandbox.world.redact_customer(SHOP, customer_id) == theirs
    [body] = sandbox.eventually(lambda: bodies(sandbox, "customers/redact"))
    assert (body["customer"]["id"], body["orders_to_redact"]) == (customer_id, theirs)
    assert body["customer"]["email"]
    answer = sandbox.ask(
        "query Q($c: ID!, $o: ID!) { customer(id: $c) { id } order(id: $o) { id customer { id } } }",
        c=f"gid://shopify/Customer/{customer_id}",
        o=f"gid://shopify/Order/{theirs[0]}",
    )
    assert answer["customer"] is None
    assert answer["order"]["customer"] is None
    assert len(store.orders) == orders


def test_a_store_is_to_be_erased_48_hours_after_it_uninstalled_and_not_if_it_came_back(sandbox: Sandbox) -> None:
    sandbox.world.uninstall(SHOP)
    sandbox.world.move_clock(47 * HOURS)
    assert not bodies(sandbox, "shop/redact")
    sandbox.world.install(SHOP, ("read_orders",))
    sandbox.world.move_clock(2 * HOURS)
    sandbox.world.uninstall(SHOP)
    sandbox.world.move_clock(48 * HOURS)
    sandbox.eventually(lambda: bodies(sandbox, "shop/redact"))
    sandbox.world.move_clock(48 * HOURS)
    assert [body["shop_domain"] for body in bodies(sandbox, "shop/redact")] == [SHOP]


def test_what_was_forgotten_stays_forgotten_over_a_restart(tmp_path: Path) -> None:
    world = small_world(data_dir=tmp_path)
    customer_id = next(iter(world.store(SHOP).customers))
    world.redact_customer(SHOP, customer_id)
    again = type(world)(seed=3, data_dir=tmp_path)
    again.replay()
    assert customer_id not in again.store(SHOP).customers
    assert all(order.customer_id != customer_id for order in again.store(SHOP).orders.values())
