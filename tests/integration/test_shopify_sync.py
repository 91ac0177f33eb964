"""Shopify's records from the emulator, through the real client, into the tables."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from clique_app import clock
from clique_app.database import store_session, system_session
from clique_app.errors import AccessExpired, Unavailable
from clique_app.integrations.shopify import documents, mapping
from clique_app.settings import settings
from clique_app.sync import customers_service, inventory_service, objects_service, reading
from clique_app.sync.catalog_service import write_products
from clique_app.sync.orders_service import ShopifyOrders, fetch_orders, without_journey, write_orders
from clique_app.sync.source import Access, Plan, Written
from clique_app.sync.sources import SOURCES
from clique_app.tables import Store
from tests.book import BOOK, FIGURES, NET_SALES_BY_DAY, SHOP
from tests.contract import shopify_sandbox
from tests.unit.integrations.shopify_records import agreement, order, sale

pytestmark = pytest.mark.usefixtures("database_env")
TABLES = ("customer", "shop_order", "order_line", "sale_entry", "touch", "product", "variant", "unit_cost",
          "location", "inventory_level", "inventory_day")  # fmt: skip
NET = "kind in ('sale', 'discount', 'refund', 'edit', 'cancellation')"


def make_store(shop_domain: str = SHOP) -> int:
    with system_session() as session:
        store = Store(shop_domain=shop_domain, currency="USD", time_zone="America/New_York", installed_at=clock.now())
        session.add(store)
        session.flush()
        return store.store_id


@pytest.fixture
def shopify(monkeypatch: pytest.MonkeyPatch) -> Iterator[shopify_sandbox.Sandbox]:
    """The hand-written book in a running emulator."""
    monkeypatch.setattr(shopify_sandbox, "SHOP", SHOP)
    world = shopify_sandbox.World(seed=3)
    world.create_store(BOOK)
    world.install(SHOP, shopify_sandbox.SCOPES)
    with shopify_sandbox.running(world) as running:
        monkeypatch.setenv("SHOPIFY_BASE_URL", f"http://127.0.0.1:{running.port}/shopify/{{shop}}")
        settings.cache_clear()
        yield running


@pytest.fixture
def access(shopify: shopify_sandbox.Sandbox) -> Access:
    token = shopify.exchange(subject_token=shopify.session_token(SHOP)).json()["access_token"]
    return Access(make_store(), SHOP, "America/New_York", "USD", token)


def run(access: Access, plan: Plan | None = None) -> dict[str, int]:
    """How many records each source wrote."""
    found: dict[str, int] = {}
    for source in SOURCES:
        if source.channel == "shopify":
            found[source.key] = 0
            for batch in source.batches(access, plan or Plan("first_import")):
                with store_session(access.store_id) as session:
                    written = source.write(session, access.store_id, batch)
                assert written.read == written.written + sum(written.skipped.values())
                found[source.key] += written.written
    return found


def rows(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]


def dump(database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(database_url, f"select * from {table} order by {table}::text") for table in TABLES}


def put(store_id: int, *records: dict[str, Any]) -> Written:
    with store_session(store_id) as session:
        return write_orders(session, store_id, list(records))


@pytest.mark.parametrize("by_bulk_file", [False, True])
def test_the_book_gives_the_figures_worked_out_by_hand(
    access: Access, database_url: str, monkeypatch: pytest.MonkeyPatch, by_bulk_file: bool
) -> None:
    if by_bulk_file:
        monkeypatch.setattr(reading, "PAGED_UP_TO", 0)
    run(access)
    by_day = rows(database_url, f"select day::text, sum(amount) from sale_entry where {NET} group by 1 order by 1")
    assert {day: float(amount) for day, amount in by_day} == NET_SALES_BY_DAY
    [(orders, buyers)] = rows(
        database_url, "select count(*), count(distinct customer_id) from shop_order where not test"
    )
    [(units, cost)] = rows(database_url, "select sum(quantity), sum(quantity * unit_cost) from sale_entry")
    assert (orders, buyers, units, float(cost)) == tuple(
        FIGURES[key] for key in ("orders", "customers", "units", "cost_of_goods")
    )


def test_pages_bulk_files_and_ids_give_the_same_rows(
    access: Access, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(access)
    before = dump(database_url)
    monkeypatch.setattr(reading, "PAGED_UP_TO", 0)
    again = run(access)
    assert set(again.values()) == {0}
    ids = [order_id for (order_id,) in rows(database_url, "select order_id from shop_order")]
    assert put(access.store_id, *fetch_orders(access, ids)).skipped == {"unchanged": 13}
    assert dump(database_url) == before


def test_the_sources_count_agrees_with_ours(access: Access) -> None:
    run(access)
    for source in SOURCES:
        if source.channel == "shopify" and source.key != "shopify_inventory":
            for plan in (
                Plan("first_import"),
                Plan("catch_up", since=clock.now()),
                Plan("first_import", first_day=datetime(2026, 3, 5, tzinfo=UTC).date()),
            ):
                with store_session(access.store_id) as session:
                    kept = source.kept_count(session, access.store_id, plan)
                assert source.source_count(access, plan) == kept


def test_a_bulk_import_goes_on_where_it_was_killed(
    access: Access, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGED_UP_TO", 0)
    monkeypatch.setattr("clique_app.integrations.shopify.families.PART", 5)
    source, position = ShopifyOrders(), {}
    for batch in source.batches(access, Plan("first_import")):
        with store_session(access.store_id) as session:
            source.write(session, access.store_id, batch)
        position = batch.position
        if position.get("done") == 5:
            break
    read = []
    for batch in source.batches(access, Plan("first_import", position=position)):
        assert batch.position["bulk"] == position["bulk"]
        with store_session(access.store_id) as session:
            read.append(source.write(session, access.store_id, batch).written)
    assert sum(read) == 8
    assert rows(database_url, "select count(*) from shop_order") == [(13,)]


def test_an_export_that_fails_half_way_is_made_anew_and_its_part_is_kept_at_last(
    access: Access, shopify: shopify_sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGED_UP_TO", 0)
    shopify.faults.add({"platform": "shopify", "fault": "bulk_failed", "times": 1})
    batches = list(ShopifyOrders().batches(access, Plan("first_import")))
    assert (sum(len(batch.records) for batch in batches), batches[-1].missing) == (13, "")
    shopify.faults.add({"platform": "shopify", "fault": "bulk_failed", "times": 3})
    batches = list(ShopifyOrders().batches(access, Plan("first_import")))
    assert 0 < sum(len(batch.records) for batch in batches) < 13
    assert "part-way" in batches[-1].missing


def test_a_changed_order_a_deleted_product_and_a_new_cost_come_in_by_their_ids(
    access: Access, shopify: shopify_sandbox.Sandbox, database_url: str
) -> None:
    run(access)
    store = shopify.world.store(SHOP)
    order_id = min(store.orders)
    gone, kept = sorted(store.products)[:2]
    variant = store.products[kept].variants[0]
    line = store.orders[order_id].lines[0]
    shopify.world.refund_order(SHOP, order_id, [(line.line_id, 1)])
    shopify.world.delete_product(SHOP, gone)
    shopify.world.update_variant(SHOP, variant.variant_id, unit_cost="13.50")
    with store_session(access.store_id) as session:
        for kind, ids in (("order", [order_id]), ("product", [gone, kept])):
            found = objects_service.fetch(access, kind, ids)  # pyright: ignore[reportArgumentType]
            written = objects_service.write(session, access.store_id, kind, ids, found)  # pyright: ignore[reportArgumentType]
            assert written.written == len(ids)
    assert rows(database_url, f"select sum(quantity) from sale_entry where line_id = {line.line_id}") == [(1,)]
    assert rows(database_url, f"select variant_id from order_line where line_id = {line.line_id}") == [
        (line.variant_id,)
    ]
    assert rows(database_url, f"select active from product where product_id = {gone}") == [(False,)]
    costs = f"select cost::float from unit_cost where variant_id = {variant.variant_id} order by valid_from"
    assert rows(database_url, costs) == [(12.0,), (13.5,)]


def test_a_deleted_product_is_found_by_a_whole_reading_too(
    access: Access, shopify: shopify_sandbox.Sandbox, database_url: str
) -> None:
    run(access)
    gone = min(shopify.world.store(SHOP).products)
    shopify.world.delete_product(SHOP, gone)
    run(access)
    assert rows(database_url, "select product_id from product where not active") == [(gone,)]


def test_a_cost_counts_from_its_day_on_and_the_first_one_before_it(database_url: str) -> None:
    store_id = make_store()
    put(store_id, order(1, processedAt="2026-03-02T17:00:00Z"), order(2, processedAt="2026-03-20T17:00:00Z"))
    for today, cost in (("2026-03-10", "8.00"), ("2026-03-15", "9.00")):
        variant = {
            "id": "gid://shopify/ProductVariant/100", "title": "Default", "sku": "A1", "price": "20.00",
            "inventoryPolicy": "DENY",
            "inventoryItem": {"id": "gid://shopify/InventoryItem/9", "tracked": True, "unitCost": {"amount": cost},
                              "updatedAt": f"{today}T12:00:00Z"},
        }  # fmt: skip
        product = {
            "id": "gid://shopify/Product/10", "title": "Candle", "handle": "candle", "productType": "", "vendor": "",
            "status": "ACTIVE", "updatedAt": "2026-03-01T00:00:00Z", "variants": [variant],
        }  # fmt: skip
        with store_session(store_id) as session:
            assert write_products(session, store_id, [product]).written == 1
    put(store_id, order(3, processedAt="2026-03-12T17:00:00Z"))
    costs = rows(database_url, "select order_id, unit_cost::float from sale_entry order by 1")
    assert costs == [(1, 8.0), (2, 9.0), (3, 8.0)]


def test_any_order_and_repetition_of_records_gives_the_same_rows(database_url: str) -> None:
    versions = []
    for number in range(1, 6):
        placed = agreement("ORDER", "2026-03-02T17:00:00Z", sale(number * 10, "20.0"))
        back = agreement("REFUND", "2026-03-05T17:00:00Z", sale(number * 10 + 1, "-20.0", action="RETURN"))
        versions.append(order(number, placed))
        versions.append(order(number, placed, back, updatedAt="2026-03-05T17:00:00Z"))
    dumps = []
    for seed in range(6):
        store_id = make_store(f"store-{seed}.myshopify.com")
        deliveries = versions * 2
        random.Random(seed).shuffle(deliveries)
        while deliveries:
            count = random.Random(len(deliveries)).randint(1, 4)
            written = put(store_id, *deliveries[:count])
            assert written.read == written.written + sum(written.skipped.values())
            del deliveries[:count]
        dumps.append(
            [
                [row[1:] for row in rows(database_url, f"select * from {table} where store_id = {store_id} order by 2")]
                for table in ("shop_order", "order_line", "customer")
            ]
            + [
                rows(
                    database_url,
                    "select sale_id, kind, day, quantity, amount from sale_entry "
                    f"where store_id = {store_id} order by sale_id",
                )
            ]
        )
    assert all(each == dumps[0] for each in dumps)
    assert len(dumps[0][3]) == 10


def test_the_first_order_moves_when_older_ones_or_other_buyers_become_known(database_url: str) -> None:
    store_id = make_store()
    first = "select customer_id, first_order_id, first_order_day::text from customer order by 1"
    put(store_id, order(5, processedAt="2026-03-09T17:00:00Z"))
    assert rows(database_url, first) == [(7, 5, "2026-03-09")]
    put(store_id, order(2, processedAt="2026-03-01T17:00:00Z"), order(1, processedAt="2026-02-01T17:00:00Z", test=True))
    assert rows(database_url, first) == [(7, 2, "2026-03-01")]
    merged = order(2, processedAt="2026-03-01T17:00:00Z", updatedAt="2026-03-02T17:00:00Z",
                   customer={"id": "gid://shopify/Customer/8"})  # fmt: skip
    put(store_id, merged)
    assert rows(database_url, first) == [(7, 5, "2026-03-09"), (8, 2, "2026-03-01")]


def test_entries_that_an_order_no_longer_has_are_gone(database_url: str) -> None:
    store_id = make_store()
    put(store_id, order(1, agreement("ORDER", "2026-03-02T17:00:00Z", sale(1, "20.0"), sale(2, "30.0"))))
    put(
        store_id,
        order(1, agreement("ORDER", "2026-03-02T17:00:00Z", sale(1, "20.0")), updatedAt="2026-03-03T00:00:00Z"),
    )
    assert rows(database_url, "select sale_id, amount from sale_entry") == [(1, Decimal(20))]


def test_orders_whose_visits_are_not_attributed_yet_are_asked_for_again() -> None:
    store_id, recent = make_store(), clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    waiting = {"customerJourneySummary": {"ready": False}}
    put(store_id, order(1, createdAt=recent, **waiting), order(2, **waiting), order(3, createdAt=recent))
    with store_session(store_id) as session:
        assert without_journey(session, store_id) == [1]


@pytest.mark.parametrize("hour_of_creation", [0, 5, 10, 15])
def test_the_longer_an_order_waits_for_its_visits_the_rarer_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, hour_of_creation: int
) -> None:
    store_id, created = make_store(), datetime(2026, 3, 1, hour_of_creation, tzinfo=UTC)
    put(store_id, order(1, createdAt=created.isoformat(), customerJourneySummary={"ready": False}))
    asked = list[int]()
    for hour in range(24 * 31):
        monkeypatch.setattr(clock, "now", lambda hours=hour: created + timedelta(hours=hours, minutes=1))
        with store_session(store_id) as session:
            asked += [hour] * len(without_journey(session, store_id))
    assert asked[:48] == list(range(48))
    assert all(after - before <= max(1, 2 * (before // 24)) for before, after in itertools.pairwise((*asked, 30 * 24)))
    assert asked[-1] < 30 * 24
    assert len(asked) < 150


def test_an_order_with_more_than_a_page_holds_is_read_whole(
    access: Access, monkeypatch: pytest.MonkeyPatch, shopify: shopify_sandbox.Sandbox
) -> None:
    inner = tuple(replace(c, size=1) if c.name == "lineItems" else c for c in documents.ORDERS.inner)
    short = replace(documents.ORDERS, inner=inner)
    monkeypatch.setattr(documents, "ORDERS", short)
    edited = next(o for o in shopify.world.store(SHOP).orders.values() if len(o.lines) == 2)
    [record] = fetch_orders(access, [edited.order_id])
    assert len(mapping.order(record, "America/New_York").lines) == 2


def test_stock_has_a_level_now_and_one_for_the_day(
    access: Access, shopify: shopify_sandbox.Sandbox, database_url: str
) -> None:
    run(access)
    item, location = next(iter(shopify.world.store(SHOP).stock))
    shopify.world.set_stock(SHOP, item, location, 3)
    with store_session(access.store_id) as session:
        found = inventory_service.fetch_inventory(access, [item])
        inventory_service.write_inventory(session, access.store_id, found)
    for table in ("inventory_level", "inventory_day"):
        assert rows(database_url, f"select available from {table} where inventory_item_id = {item}") == [(3,)]


def test_no_email_address_reaches_the_tables(access: Access, database_url: str) -> None:
    run(access)
    assert rows(database_url, "select count(*) from customer where customer::text like '%@%'") == [(0,)]
    assert customers_service.email_key(1) != customers_service.email_key(2)


@pytest.mark.parametrize("fault", ["http_429", "throttled", "5xx", "truncated_page", "empty_page"])
@pytest.mark.parametrize("by_bulk_file", [False, True])
def test_a_passing_trouble_leaves_the_import_whole(
    access: Access,
    shopify: shopify_sandbox.Sandbox,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    by_bulk_file: bool,
) -> None:
    monkeypatch.setattr(reading, "PAGED_UP_TO", 0 if by_bulk_file else 1000)
    shopify.faults.add({"platform": "shopify", "fault": fault, "times": 2})
    run(access)
    assert rows(database_url, f"select sum(amount)::float from sale_entry where {NET}") == [(FIGURES["net_sales"],)]


@pytest.mark.parametrize(
    ("fault", "error"),
    [("error_in_200", Unavailable), ("expired_token", AccessExpired), ("revoked_token", AccessExpired)],
)
def test_what_does_not_pass_is_reported(
    access: Access, shopify: shopify_sandbox.Sandbox, fault: str, error: type[Exception]
) -> None:
    shopify.faults.add({"platform": "shopify", "fault": fault, "times": None})
    with pytest.raises(error):
        run(access)


def test_writers_of_the_same_orders_at_once_end_with_the_newest(database_url: str) -> None:
    store_id = make_store()
    waves = [
        [order(n, updatedAt=f"2026-03-0{version}T17:00:00Z", name=f"v{version}") for n in range(1, 60)]
        for version in range(3, 9)
    ]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda wave: put(store_id, *random.sample(wave, len(wave))), waves * 3))
    assert rows(database_url, "select name, count(*) from shop_order group by 1") == [("v8", 59)]
    assert rows(database_url, "select count(*) from sale_entry") == [(59,)]
    assert rows(database_url, "select first_order_id from customer") == [(1,)]
