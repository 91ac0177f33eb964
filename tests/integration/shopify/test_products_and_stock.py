"""Products, costs and stock of a store, as they were and as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clique_app import clock
from clique_app.database import store_session
from clique_app.integrations.shopify.mapping import CostRow
from clique_app.sync import inventory_service
from clique_app.sync.costs_service import write_costs
from clique_app.sync.objects_service import fetch, write
from tests.contract.shopify_sandbox import SHOP
from tests.integration.shopify_shop import Shop


def webhook(shop: Shop, kind: Any, *ids: int) -> None:
    """What a delivery about these objects leads to."""
    from clique_app.connections.access import access

    records = fetch(access(shop.store_id, "shopify"), kind, list(ids))
    with store_session(shop.store_id) as session:
        write(session, shop.store_id, kind, list(ids), records)


def costs(shop: Shop, variant_id: int) -> list[tuple[str, float]]:
    return [
        (str(day), float(cost))
        for day, cost in shop.query(
            f"select valid_from, cost from unit_cost where variant_id = {variant_id} order by valid_from"
        )
    ]


def candle(shop: Shop) -> Any:
    return next(v for v in shop.store.variants.values() if v.sku == "C1")


def at(day: str, hour: int = 12) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00")


def test_a_cost_of_which_no_product_webhook_tells_is_noticed_with_the_stock(imported: Shop) -> None:
    variant = candle(imported)
    imported.world.update_variant(SHOP, variant.variant_id, unit_cost="9.10")
    imported.read("catch_up", "shopify_inventory")
    today = imported.store.day_of(datetime.now(UTC)).isoformat()
    assert costs(imported, variant.variant_id)[-1] == (today, 9.1)


def test_a_sale_keeps_the_cost_of_its_day_when_the_cost_changes(imported: Shop) -> None:
    variant = candle(imported)
    of_candles = f"select sum(quantity * unit_cost) from sale_entry where variant_id = {variant.variant_id}"
    before = imported.query(of_candles)
    imported.world.update_variant(SHOP, variant.variant_id, unit_cost="9.10")
    imported.world.place_order(SHOP, {"lines": [{"sku": "C1", "quantity": 2}]})
    webhook(imported, "inventory_item", variant.inventory_item_id)
    imported.read("catch_up", "shopify_orders")
    assert imported.query(of_candles) == [(before[0][0] + 2 * Decimal("9.10"),)]


def test_a_cost_counts_from_the_day_shopify_was_told_and_an_older_reading_is_no_news(shop: Shop) -> None:
    shop.open()
    shop.read("first_import", "shopify_products")
    variant, item = candle(shop).variant_id, candle(shop).inventory_item_id
    assert costs(shop, variant) == [("1970-01-01", 8.0)], "the first cost known counts for all days before"
    day = shop.store.day_of(datetime.now(UTC))
    late = (day + timedelta(days=2)).isoformat()
    rows = [
        CostRow(item, Decimal("9.10"), at((day + timedelta(days=1)).isoformat(), 22)),  # 23:00 or later in Berlin
        CostRow(item, Decimal("9.90"), at(late)),
        CostRow(item, Decimal("8.50"), at(late, 3)),
        CostRow(item, Decimal("9.90"), at(late, 18)),
    ]
    for order in (rows, rows[::-1], rows):
        for row in order:
            with store_session(shop.store_id) as session:
                write_costs(session, shop.store_id, [row])
    found = costs(shop, variant)
    assert found[0] == ("1970-01-01", 8.0)
    assert found[-1] == (late, 9.9)
    assert 8.5 not in [cost for _, cost in found]


def test_stock_tells_what_is_promised_what_is_coming_and_what_sells_on_without(imported: Shop) -> None:
    variant = candle(imported)
    imported.world.place_order(SHOP, {"lines": [{"sku": "C1", "quantity": 3}, {"sku": "C3", "quantity": 1}]})
    imported.read("catch_up")
    assert imported.differences() == []
    berlin = min(imported.store.locations)
    level = f"where inventory_item_id = {variant.inventory_item_id} and location_id = {berlin}"
    assert imported.query(f"select available, committed, incoming from inventory_level {level}") == [(17, 3, 24)]
    assert imported.query(f"select available, committed, incoming from inventory_day {level}") == [(17, 3, 24)]
    assert imported.query("select sku, backorder from variant where backorder") == [("C3", True)]


def test_a_deleted_product_is_inactive_with_its_history_and_nowhere_in_stock(imported: Shop) -> None:
    product = imported.store.products[candle(imported).product_id]
    sold = f"select count(*), sum(amount), sum(unit_cost) from sale_entry where product_id = {product.product_id}"
    days = f"select count(*) from inventory_day where inventory_item_id = {candle(imported).inventory_item_id}"
    before = imported.query(sold), imported.query(days)
    imported.world.delete_product(SHOP, product.product_id)
    webhook(imported, "product", product.product_id)
    imported.read("catch_up")
    assert (imported.query(sold), imported.query(days)) == before
    assert imported.query(f"select active, title from product where product_id = {product.product_id}") == [
        (False, "Candle")
    ]
    assert imported.differences() == []


def test_a_deletion_that_no_webhook_told_of_is_noticed_by_the_next_reading(imported: Shop) -> None:
    imported.world.delete_product(SHOP, candle(imported).product_id)
    imported.read("catch_up", "shopify_products")
    assert imported.log("shopify_products") == ("whole", "")
    assert imported.query("select title from product where not active") == [("Candle",)]


# the end of a day


def close(shop: Shop, monkeypatch: pytest.MonkeyPatch, now: datetime, read: datetime) -> bool:
    monkeypatch.setattr(clock, "now", lambda: now)
    with store_session(shop.store_id) as session:
        from clique_app.tables import SyncCursor

        session.get_one(SyncCursor, (shop.store_id, "shopify_inventory")).read_to = read
        return inventory_service.close_days(session, shop.store_id)


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """One level, as it was noted on the 26th and as it is since a change at noon of the 28th."""
    shop.open()
    with store_session(shop.store_id) as session:
        for statement in (
            f"insert into sync_cursor (store_id, source, rows) values ({shop.store_id}, 'shopify_inventory', 1)",
            "insert into inventory_level (store_id, inventory_item_id, location_id, available, committed, incoming,"
            f" updated_at) values ({shop.store_id}, 1, 1, 5, 2, 9, '2026-03-28T11:00:00Z')",
            "insert into inventory_day (store_id, day, inventory_item_id, location_id, available, committed, incoming)"
            f" values ({shop.store_id}, '2026-03-26', 1, 1, 8, 0, 0)",
            "update store set stock_closed_on = '2026-03-25'",
        ):
            session.connection().exec_driver_sql(statement)
    return shop


DAYS = "select day::text, available, committed, incoming from inventory_day order by day"


def test_the_stock_of_every_day_that_is_over_is_noted_once_for_every_level(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat("2026-03-29T22:30:00Z")  # half past midnight in Berlin, the clocks have just changed
    for _ in range(2):
        assert close(stocked, monkeypatch, now, now - timedelta(minutes=10))
        assert stocked.query(DAYS) == [
            ("2026-03-26", 8, 0, 0),
            ("2026-03-27", 8, 0, 0),
            ("2026-03-28", 5, 2, 9),
            ("2026-03-29", 5, 2, 9),
        ]
    assert stocked.query("select stock_closed_on::text from store") == [("2026-03-29",)]


def test_days_before_stock_was_first_read_are_not_told_from_what_is_known_in_part(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat("2026-03-29T22:30:00Z")
    with store_session(stocked.store_id) as session:
        for statement in ("update store set stock_closed_on = null", "delete from inventory_day"):
            session.connection().exec_driver_sql(statement)
    assert close(stocked, monkeypatch, now, now - timedelta(minutes=10))
    assert stocked.query(DAYS) == []
    assert close(stocked, monkeypatch, now + timedelta(days=1), now + timedelta(days=1))
    assert stocked.query(DAYS) == [("2026-03-30", 5, 2, 9)]


def test_a_day_is_not_closed_before_stock_was_read_after_its_end(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat("2026-03-29T22:30:00Z")
    assert not close(stocked, monkeypatch, now, datetime.fromisoformat("2026-03-29T21:59:59Z"))
    assert stocked.query("select stock_closed_on::text from store") == [("2026-03-28",)]
    assert close(stocked, monkeypatch, now, datetime.fromisoformat("2026-03-29T22:00:00Z"))


def test_the_day_ends_by_itself_stock_first_then_the_products_whole(imported: Shop) -> None:
    from tasks.day_end import end_day, end_days

    with store_session(imported.store_id) as session:
        for statement in (
            "update sync_cursor set read_to = read_to - interval '2 days'",
            "update store set stock_closed_on = current_date - 4",
        ):
            session.connection().exec_driver_sql(statement)
    imported.queued()
    end_days.fn()
    assert imported.queued() == {("end_day", imported.store_id)}
    end_day.fn(imported.store_id)
    assert imported.queued() == set(), "stock has not been read since yesterday ended"
    imported.read("catch_up", "shopify_inventory")
    imported.queued()
    end_day.fn(imported.store_id)
    assert imported.queued() == {("run_source", imported.store_id, "shopify_products", "final")}
    imported.read("final", "shopify_products")
    assert imported.log("shopify_products")[0] == "whole"
    end_days.fn()
    assert imported.queued() == set()
