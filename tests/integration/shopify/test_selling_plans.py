"""An order that was bought with a selling plan is one of a subscription, whatever its source is called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.metrics import service
from clique_app.metrics.definition import Period
from clique_app.sync.objects_service import fetch, write
from tests.contract.shopify_sandbox import SHOP
from tests.integration.shopify_shop import Shop

PLANNED = "select count(*) from shop_order where selling_plan"
ONCE = {"sku": "C1", "quantity": 1}
MONTHLY = {"sku": "C2", "quantity": 1, "selling_plan": "Every month"}


def buys(shop: Shop, customer: str, days_ago: int, *lines: dict[str, object], source: str = "web") -> int:
    at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    spec = {"customer": customer, "processed_at": at, "lines": list(lines), "source": source}
    return shop.world.place_order(SHOP, spec).order_id


def subscribers(shop: Shop) -> int | None:
    """Who had a subscription before the last ten days."""
    today = datetime.now(UTC).date()
    with store_session(shop.store_id) as session:
        period = Period(today - timedelta(days=10), today)
        found = service.figure(session, shop.store_id, "subscribers_at_start", period).value
    return None if found is None else int(found)


def test_a_line_with_a_selling_plan_makes_its_order_one_of_a_subscription(shop: Shop) -> None:
    buys(shop, "Ann", 20, ONCE, MONTHLY)
    buys(shop, "Ben", 20, ONCE)
    buys(shop, "Cleo", 20, ONCE, source="subscription_contract_checkout_one")
    buys(shop, "Dan", 5, MONTHLY)
    shop.open()
    shop.import_all()
    assert shop.query(PLANNED) == [(2,)]
    assert subscribers(shop) == 2
    assert shop.differences() == []


def test_a_store_without_subscriptions_has_nobody_to_keep(imported: Shop) -> None:
    assert imported.query(PLANNED) == [(0,)]
    assert subscribers(imported) is None


def test_a_bulk_file_a_page_and_an_id_tell_the_same(shop: Shop, by_bulk_file: Callable[[], None]) -> None:
    order_id = buys(shop, "Ann", 20, MONTHLY)
    shop.open()
    by_bulk_file()
    shop.import_all()
    kept = shop.query("select * from shop_order order by order_id")
    assert shop.query(PLANNED) == [(1,)]
    records = fetch(access(shop.store_id, "shopify"), "order", [order_id, *shop.store.orders][:20])
    with store_session(shop.store_id) as session:
        assert write(session, shop.store_id, "order", [order_id], records).written == 0
    assert shop.query("select * from shop_order order by order_id") == kept
    shop.world.edit_order(SHOP, buys(shop, "Eve", 1, ONCE), [MONTHLY], [])
    shop.read("catch_up", "shopify_orders")
    assert shop.query(PLANNED) == [(2,)]
