"""An order or a customer that was deleted in Shopify leaves the figures, whether a webhook told of it or not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clique_app import clock
from clique_app.tables import InboxEvent
from tests.contract.shopify_sandbox import SHOP
from tests.integration.shopify_shop import SCOPES, Shop

WITHOUT_ALL_ORDERS = [scope for scope in SCOPES if scope != "read_all_orders"]
VISITS = [{"landing_page": f"https://{SHOP}/?utm_source=facebook"}]
BOUGHT = {"lines": [{"sku": "C1", "quantity": 2}], "customer": "one-off", "visits": VISITS}
PARTS = ("shop_order", "order_line", "sale_entry", "touch", "credit")


@pytest.fixture
def subscribed(imported: Shop) -> Shop:
    """The store sends what happens in it."""
    from tasks.install import check_store

    check_store.fn(imported.store_id)
    return imported


def delivered(shop: Shop, topic: str) -> list[tuple[str, str]]:
    """What became of the deliveries of a topic."""
    return shop.query(f"select state, error from inbox_event where topic = '{topic}' order by number")  # pyright: ignore[reportReturnType]


def sent(shop: Shop, topic: str) -> int:
    return sum(headers["x-shopify-topic"] == topic for headers, _ in shop.sandbox.received)


def left_of(shop: Shop, order_id: int) -> int:
    return sum(shop.query(f"select count(*) from {table} where order_id = {order_id}")[0][0] for table in PARTS)


def test_a_deleted_order_and_customer_leave_with_all_that_was_booked(subscribed: Shop) -> None:
    placed = subscribed.world.place_order(SHOP, BOUGHT)
    subscribed.deliver("orders/create")
    kept = subscribed.world.place_order(SHOP, BOUGHT)
    subscribed.sandbox.eventually(lambda: sent(subscribed, "orders/create") == 2)
    subscribed.deliver("orders/create")
    subscribed.deliver("customers/update")
    first = f"select first_order_id from customer where customer_id = {placed.customer_id}"
    assert left_of(subscribed, placed.order_id) == len(PARTS)
    assert subscribed.query(first) == [(placed.order_id,)]
    subscribed.world.cancel_order(SHOP, placed.order_id)
    subscribed.world.delete_order(SHOP, placed.order_id)
    subscribed.deliver("orders/delete")
    assert left_of(subscribed, placed.order_id) == 0
    assert subscribed.query(first) == [(kept.order_id,)]
    assert delivered(subscribed, "orders/delete") == [("done", "no longer shown by Shopify")]
    subscribed.world.cancel_order(SHOP, kept.order_id)
    subscribed.world.delete_order(SHOP, kept.order_id)
    subscribed.world.delete_customer(SHOP, kept.customer_id)
    subscribed.sandbox.eventually(lambda: sent(subscribed, "orders/delete") == 2)
    subscribed.deliver("orders/delete")
    subscribed.deliver("customers/delete")
    assert subscribed.query(first) == []
    subscribed.read("catch_up")
    assert subscribed.differences() == []


def test_what_is_said_to_be_deleted_and_is_shown_stays(subscribed: Shop) -> None:
    placed = subscribed.world.place_order(SHOP, BOUGHT)
    subscribed.deliver("orders/create")
    told(subscribed, "orders/delete", placed.order_id)
    assert left_of(subscribed, placed.order_id)
    assert delivered(subscribed, "orders/delete") == [("done", "")]


def test_of_an_old_order_that_is_not_shown_only_what_shopify_says_tells_whether_it_was_deleted(
    subscribed: Shop,
) -> None:
    old = [o for o in subscribed.store.orders.values() if o.created_at < clock.now() - timedelta(days=100)]
    subscribed.world.set_scopes(SHOP, WITHOUT_ALL_ORDERS)
    told(subscribed, "orders/updated", old[0].order_id)
    assert delivered(subscribed, "orders/updated")[-1] == ("done", "no longer shown by Shopify")
    assert left_of(subscribed, old[0].order_id)
    subscribed.world.cancel_order(SHOP, old[0].order_id)
    subscribed.world.delete_order(SHOP, old[0].order_id)
    told(subscribed, "orders/updated", old[0].order_id, drained=False)  # it came first, and the two are one fetch
    subscribed.deliver("orders/delete")
    assert left_of(subscribed, old[0].order_id) == 0


def test_a_deletion_that_no_webhook_told_of_is_found_by_the_next_reading(
    imported: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=1))  # it reads what was done just now
    placed = imported.world.place_order(SHOP, BOUGHT)
    imported.read("catch_up")
    imported.world.cancel_order(SHOP, placed.order_id)
    imported.world.delete_order(SHOP, placed.order_id)
    imported.world.delete_customer(SHOP, placed.customer_id)
    for source in ("shopify_orders", "shopify_customers"):
        imported.read("catch_up", source)
        log = f"select state, skipped_why from sync_run where source = '{source}' order by run_id desc limit 1"
        assert imported.query(log) == [("whole", {"deleted in Shopify": 1})]
    assert left_of(imported, placed.order_id) == 0
    imported.read("catch_up", "shopify_inventory")
    assert imported.differences() == []


def told(shop: Shop, topic: str, order_id: int, *, drained: bool = True) -> None:
    """A delivery that the store need not have sent."""
    from clique_app.database import system_session
    from tasks.webhooks import drain_inbox

    with system_session() as session:
        kind = {"kind": "order", "object_id": order_id}
        number = len(shop.query("select from inbox_event"))
        session.add(InboxEvent(source="shopify", delivery_id=f"t{number}", topic=topic, shop_domain=SHOP,
                               received_at=clock.now(), **kind))  # fmt: skip
    if drained:
        drain_inbox.fn(SHOP)
