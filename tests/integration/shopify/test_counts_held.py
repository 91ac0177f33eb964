"""A reading is held against Shopify's own count of what was there as it began: of what is here and Shopify shows no
more it says so and goes on; of what Shopify has and is not here it is never whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clique_app import clock
from clique_app.sync.customers_service import ShopifyCustomers
from clique_app.sync.orders_service import ShopifyOrders
from tests.contract.shopify_sandbox import SHOP
from tests.integration.shopify_shop import SCOPES, Shop

BOUGHT = {"lines": [{"sku": "C1", "quantity": 1}]}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clique reads a minute after what the test does in the store."""
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=1))


def read_to(shop: Shop, source: str) -> Any:
    return shop.query(f"select read_to from sync_cursor where source = '{source}'")


def last(shop: Shop, source: str) -> tuple[Any, ...]:
    """The newest reading: state, message, why what was skipped."""
    query = "select state, message, skipped_why, read = written + skipped from sync_run"
    return shop.query(f"{query} where source = '{source}' order by run_id desc limit 1")[0]


@pytest.mark.usefixtures("later")
def test_an_order_and_a_customer_that_were_deleted_are_told_and_hold_nothing_up(imported: Shop) -> None:
    placed = imported.world.place_order(SHOP, {**BOUGHT, "customer": "one-off"})
    imported.world.place_order(SHOP, {**BOUGHT, "customer": "c1"})
    imported.world.cancel_order(SHOP, placed.order_id)
    imported.read("catch_up")
    imported.world.delete_order(SHOP, placed.order_id)
    imported.world.delete_customer(SHOP, placed.customer_id)
    for source in ("shopify_orders", "shopify_customers"):
        before = read_to(imported, source)
        imported.read("catch_up", source)
        state, message, why, adds_up = last(imported, source)
        assert (state, message, why.get("deleted in Shopify"), adds_up) == ("whole", "", 1, True)
        assert read_to(imported, source) > before
    assert imported.differences() == []


@pytest.mark.usefixtures("later")
def test_orders_that_shopify_stops_showing_hold_nothing_up(imported: Shop) -> None:
    old = [o for o in imported.store.orders.values() if o.created_at < clock.now() - timedelta(days=100)]
    for order in old:
        imported.world.tag_order(SHOP, order.order_id, ["looked at"])
    imported.read("catch_up", "shopify_orders")
    imported.world.set_scopes(SHOP, [scope for scope in SCOPES if scope != "read_all_orders"])
    imported.read("catch_up", "shopify_orders")
    state, message, why, _ = last(imported, "shopify_orders")
    assert (state, message, why) == ("whole", "", {"no longer shown by Shopify": len(old)})


@pytest.mark.usefixtures("later")
def test_a_loss_is_not_made_good_by_what_is_shown_no_more(imported: Shop) -> None:
    """Two deleted, one never given: ours is larger than Shopify's count, and something is missing all the same."""
    gone = [imported.world.place_order(SHOP, BOUGHT).order_id for _ in range(3)]
    imported.read("catch_up", "shopify_orders")
    for order_id in gone:
        imported.world.cancel_order(SHOP, order_id)
        imported.world.delete_order(SHOP, order_id)
    for _ in range(2):
        imported.world.place_order(SHOP, BOUGHT)
    before = read_to(imported, "shopify_orders")
    imported.fault("rows_dropped", None, operation="OrderPages")
    imported.read("catch_up", "shopify_orders")
    assert last(imported, "shopify_orders")[:2] == (
        "incomplete",
        "The platform counts 2, 1 are here. Sync again; the figures may be incomplete.",
    )
    assert read_to(imported, "shopify_orders") == before
    imported.sandbox.faults.clear()
    imported.read("catch_up", "shopify_orders")
    assert last(imported, "shopify_orders")[0] == "whole"


@pytest.mark.parametrize("kind", ["first_import", "catch_up"])
def test_what_comes_between_reading_and_counting_is_the_next_readings(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    shop.open()
    shop.read("first_import", "shopify_products")
    if kind == "catch_up":
        shop.read("first_import", "shopify_orders", "shopify_customers")
    for source in (ShopifyOrders, ShopifyCustomers):
        counted = source.source_count

        def busy(self: Any, access: Any, plan: Any, counted: Any = counted) -> int | None:
            shop.world.place_order(SHOP, {**BOUGHT, "customer": f"c{len(shop.store.orders)}"})
            shop.world.tag_order(SHOP, max(shop.store.orders) - 2, ["sent"])
            return counted(self, access, plan)

        monkeypatch.setattr(source, "source_count", busy)
    before = read_to(shop, "shopify_orders")
    shop.read(kind, "shopify_orders", "shopify_customers")
    assert [last(shop, source)[:2] for source in ("shopify_orders", "shopify_customers")] == [("whole", "")] * 2
    assert read_to(shop, "shopify_orders") != before


@pytest.mark.usefixtures("later")
def test_an_order_that_changes_after_it_was_read_is_the_next_readings(
    imported: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = imported.world.place_order(SHOP, BOUGHT)
    counted = ShopifyOrders.source_count

    def changed(self: Any, access: Any, plan: Any) -> int | None:
        imported.world.move_clock(120)
        imported.world.tag_order(SHOP, placed.order_id, ["sent"])
        return counted(self, access, plan)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(ShopifyOrders, "source_count", changed)
        imported.read("catch_up", "shopify_orders")
    assert last(imported, "shopify_orders") == ("whole", "", {}, True)
    imported.read("catch_up", "shopify_orders")
    here = imported.query(f"select updated_at from shop_order where order_id = {placed.order_id}")
    assert here == [(placed.updated_at.replace(microsecond=0),)]
