"""Whatever Shopify does while it is read: the tables are what the store is afterwards, and the log says what was."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from clique_app.database import store_session
from clique_app.errors import Unavailable
from clique_app.integrations.shopify import subscriptions
from clique_app.tables.site import WebSession
from tests.contract.shopify_sandbox import SHOP
from tests.integration.shopify_shop import SCOPES, SOURCES, Shop

NET_KINDS = "('sale', 'discount', 'refund', 'edit', 'cancellation')"
EVENING = datetime(2026, 3, 2, 20, tzinfo=UTC)
# fault, times, what the log then says of it
PASSING = [
    ("http_429", 2, "asked Clique to slow down, 2 times"),
    ("throttled", 2, "limit for this store is used up, 2 times"),
    ("5xx", 2, "having trouble (status 502), 2 times"),
    ("5xx", 10, "having trouble (status 502), 10 times"),
    ("truncated_page", 2, "cut off, 2 times"),
    ("error_in_200", 2, "having trouble: Internal error"),
    ("expired_token", 1, "ended the access token early"),
    ("timeout", 2, "did not answer (ReadTimeout), 2 times"),  # last: from here on patience is short
]


def live_on(shop: Shop) -> None:
    """A day in the life of the store, of which no webhook tells."""
    world, store = shop.world, shop.store
    first = min(store.orders)
    world.refund_order(SHOP, first, [(store.orders[first].lines[0].line_id, 1)])
    world.edit_order(SHOP, first + 1, [{"sku": "C2", "quantity": 2}])
    world.cancel_order(SHOP, first + 4)
    for n in range(3):
        world.place_order(SHOP, {"customer": f"new{n}", "lines": [{"sku": "C1", "quantity": 1}], "tax_rate": "0.08"})
    candle, soap, _, wick = store.products.values()
    world.update_variant(SHOP, candle.variants[0].variant_id, unit_cost="9.10")
    world.update_product(SHOP, soap.product_id, title="Soap bar")
    world.delete_product(SHOP, wick.product_id)
    item, location = next(iter(store.stock))
    world.set_incoming(SHOP, item, location, 7)


def test_a_store_that_is_opened_is_connected_and_read_whole(shop: Shop) -> None:
    shop.open()
    assert shop.query("select state, access_token is not null, scopes from connection")[0][:2] == ("connected", True)
    assert shop.query("select name, currency, time_zone, country from store") == [
        ("Book", "EUR", "Europe/Berlin", "DE")
    ]
    shop.import_all()
    assert shop.differences() == []
    assert shop.query(
        "select source, kind, state, message, read = written + skipped from sync_run order by run_id"
    ) == [
        ("shopify_products", "first_import", "whole", "", True),
        ("shopify_inventory", "first_import", "whole", "", True),
        ("shopify_orders", "first_import", "whole", "", True),
        ("shopify_customers", "first_import", "whole", "", True),
        ("shopify_orders", "history", "whole", "", True),
    ]


def test_a_catch_up_brings_all_that_changed_and_nothing_twice(imported: Shop) -> None:
    live_on(imported)
    assert len(imported.differences()) == 6
    imported.read("catch_up")
    assert imported.differences() == []
    imported.read("catch_up")
    newest = "select sum(written) from (select written from sync_run order by run_id desc limit 4) last"
    assert imported.query(newest) == [(0,)]


def test_a_refund_of_an_old_order_is_booked_on_its_own_day_and_leaves_the_former_days(imported: Shop) -> None:
    by_day = "select day, sum(amount) from sale_entry where kind in ('sale', 'discount', 'refund') group by 1"
    before = dict(imported.query(by_day))
    old = min(imported.store.orders.values(), key=lambda order: order.processed_at)
    imported.world.refund_order(SHOP, old.order_id, [(old.lines[0].line_id, 1)])
    imported.read("catch_up")
    after = dict(imported.query(by_day))
    assert {day for day in after if after[day] != before.get(day)} == {imported.store.day_of(datetime.now(UTC))}
    assert imported.differences() == []


def test_a_store_that_changes_its_time_zone_has_all_its_days_in_the_new_one(imported: Shop) -> None:
    from clique_app.metrics import sums_service
    from tasks.install import check_store
    from tasks.rollups import reconcile, roll_up

    zone = imported.store.zone
    [(won,)] = imported.query("select min(first_order_at) from customer")
    # half a day away, on the side of another date at the hour that the first customer was won
    far = "Pacific/Kiritimati" if won.astimezone(zone).hour >= 12 else "Pacific/Pago_Pago"
    misplaced = f"""
    select (select count(*) from shop_order where day <> (processed_at at time zone '{far}')::date),
           (select count(*) from sale_entry where day <> (happened_at at time zone '{far}')::date),
           (select count(*) from customer where first_order_day <> (first_order_at at time zone '{far}')::date),
           (select count(*) from web_session where day <> (started_at at time zone '{far}')::date)
    """
    credited = f"""
    select day, sum(amount) from credit group by 1 having sum(amount) <> 0
    except select day, sum(amount) from sale_entry
    where kind in {NET_KINDS} group by 1 having sum(amount) <> 0
    """
    with store_session(imported.store_id) as session:
        session.add(
            WebSession(
                store_id=imported.store_id, visitor_id=b"v", started_at=won, ended_at=won,
                day=won.astimezone(zone).date(), channel="direct", page_views=1, product_views=0, engaged_seconds=0,
            )
        )  # fmt: skip
    roll_up.fn(imported.store_id)
    imported.store.shop.time_zone, imported.store.zone = far, ZoneInfo(far)
    check_store.fn(imported.store_id)
    assert all(imported.query(misplaced)[0]), "what is moved is of another date there"
    reconcile.fn(imported.store_id)
    assert imported.query(misplaced) == [(0, 0, 0, 0)]
    assert imported.query(credited) == []
    with store_session(imported.store_id) as session:
        sums_service.roll_up(session, imported.store_id)
        assert sums_service.reconcile(session, imported.store_id) == []
    written = imported.query("select order_id, xmin::text from shop_order order by 1")
    reconcile.fn(imported.store_id)
    assert imported.query("select order_id, xmin::text from shop_order order by 1") == written


def test_costs_answers_and_what_is_known_follow_a_changed_time_zone(imported: Shop) -> None:
    from tasks.install import check_store
    from tasks.rollups import reconcile

    candle, soap = sorted(imported.store.variants)[:2]
    day, later = EVENING.date(), EVENING.date() + timedelta(days=1)
    costs = [(candle, "1970-01-01", 8, EVENING - timedelta(days=60)), (candle, day, 9, EVENING),
             (soap, "1970-01-01", 3, EVENING - timedelta(days=60)), (soap, day, 4, EVENING.replace(hour=8)),
             (soap, later, 5, EVENING.replace(hour=11))]  # fmt: skip
    rows = ", ".join(f"({imported.store_id}, {v}, '{first}', {cost}, '{at}')" for v, first, cost, at in costs)
    change(imported, f"delete from unit_cost where variant_id in ({candle}, {soap})")
    change(imported, f"insert into unit_cost (store_id, variant_id, valid_from, cost, as_of) values {rows}")
    answer = f"{imported.store_id}, '1', '{day}', '{EVENING}', '{EVENING}', 9, '', ''"
    columns = "store_id, subject, day, answered_at, changed_at, nps, heard, channel"
    change(imported, f"insert into survey_response ({columns}) values ({answer})")
    change(imported, "update sync_cursor set history_from = '2026-01-01' where source = 'shopify_orders'")
    far = "Pacific/Auckland"
    imported.store.shop.time_zone, imported.store.zone = far, ZoneInfo(far)
    check_store.fn(imported.store_id)
    for _ in range(2):
        reconcile.fn(imported.store_id)
        kept = "select valid_from, cost::float from unit_cost where variant_id = {} order by 1 offset 1"
        assert imported.query(kept.format(candle)) == [(later, 9.0)]
        assert imported.query(kept.format(soap)) == [(day, 4.0), (later, 5.0)]
        assert imported.query("select day from survey_response") == [(later,)]
        assert imported.query("select history_from = (select min(day) from shop_order) from store") == [(True,)]
        read = "select history_from::text from sync_cursor where source = 'shopify_orders'"
        assert imported.query(read) == [("2026-01-02",)], "of the first day that was read only a part is here"


def change(shop: Shop, statement: str) -> None:
    with psycopg.connect(shop.database_url) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType,reportCallIssue]


def test_each_trouble_that_passes_is_overcome_and_told(imported: Shop) -> None:
    orders = sorted(imported.store.orders)
    for n, (fault, times, said) in enumerate(PASSING):
        imported.world.refund_order(SHOP, orders[7 * (n % 3) + n // 3], [], shipping="1.00")
        imported.world.place_order(SHOP, {"customer": "again", "lines": [{"sku": "C2", "quantity": 1}]})
        imported.fault(fault, times)
        imported.read("catch_up", "shopify_orders")
        state, message = imported.log()
        assert state == "whole", fault
        assert said in message
    imported.read("catch_up")
    assert imported.differences() == []


def test_a_limit_is_waited_for_as_long_as_shopify_says(imported: Shop) -> None:
    imported.waits.clear()
    imported.fault("http_429", 2)
    imported.read("catch_up", "shopify_products")
    assert imported.waits == [2.0, 2.0]


def test_an_empty_page_with_a_next_one_is_not_the_end(shop: Shop) -> None:
    shop.open()
    shop.fault("empty_page", 2, operation="OrderPages")
    shop.import_all()
    assert (
        "sent an empty page and said that more follows, 2 times"
        in shop.query("select message from sync_run where source = 'shopify_orders' and kind = 'first_import'")[0][0]
    )
    assert shop.differences() == []


def test_all_troubles_together_in_any_order_leave_the_import_whole(shop: Shop) -> None:
    shop.open()
    troubles = [name for name, times, _ in PASSING if times < 10 and name != "expired_token"] * 2 + ["expired_token"]
    random.Random(4).shuffle(troubles)
    for name in troubles:
        shop.fault(name)
    shop.import_at_last()
    assert shop.differences() == []
    assert shop.query("select distinct state from sync_run") == [("whole",)]


def test_each_trouble_that_lasts_fails_the_reading_in_words_and_the_next_one_mends_it(
    imported: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks import runs

    monkeypatch.setattr(runs, "TRIES_WITHOUT_PROGRESS", 1)
    for fault, said in (("5xx", "having trouble"), ("truncated_page", "cut off"), ("timeout", "did not answer")):
        imported.world.place_order(SHOP, {"customer": "again", "lines": [{"sku": "C2", "quantity": 1}]})
        imported.fault(fault, None)
        imported.read("catch_up", "shopify_orders")
        state, message = imported.log()
        assert state == "failed"
        assert said in message
        imported.sandbox.faults.clear()
    imported.read("catch_up")
    assert imported.log()[0] == "whole"
    assert imported.differences() == []


def test_a_limit_that_lasts_leaves_the_reading_to_go_on_later(imported: Shop) -> None:
    from dramatiq.errors import Retry

    live_on(imported)
    imported.fault("http_429", None)
    with pytest.raises(Retry):
        imported.read("catch_up", "shopify_orders")
    assert imported.log()[0] == "running"
    imported.sandbox.faults.clear()
    imported.read("catch_up")
    assert imported.differences() == []


def test_a_revoked_access_ends_the_connection_in_words_until_somebody_opens_clique_again(imported: Shop) -> None:
    live_on(imported)
    imported.fault("revoked_token")
    imported.read("catch_up", "shopify_orders")
    assert imported.log() == (
        "failed", "Shopify ended Clique's access to this store. Open Clique in Shopify admin to reconnect."
    )  # fmt: skip
    assert imported.query("select state from connection") == [("expired",)]
    imported.open()
    assert imported.query("select state, last_error from connection") == [("connected", None)]
    imported.read("catch_up")
    assert imported.differences() == []


def test_rows_that_shopify_leaves_out_without_a_word_never_make_a_whole_reading(shop: Shop) -> None:
    shop.open()
    shop.fault("rows_dropped", 1, operation="OrderPages")
    shop.read("first_import")
    state, message = shop.log()
    assert state == "incomplete"
    assert "The platform counts 25, 12 are here" in message
    shop.import_all()
    assert shop.log()[0] == "whole"
    assert shop.differences() == []


def test_a_list_of_products_that_lacks_some_retires_none(imported: Shop) -> None:
    imported.fault("rows_dropped", 1, operation="nodes { id } pageInfo")
    imported.read("catch_up", "shopify_products")
    assert imported.differences() == []
    assert imported.log("shopify_products")[0] == "whole"


def stock_log(shop: Shop) -> tuple[str, str, int]:
    """How the newest reading of stock ended, and of how many items it is here."""
    [(items,)] = shop.query("select count(distinct inventory_item_id) from inventory_level")
    return *shop.log("shopify_inventory"), items


def test_stock_that_a_page_leaves_out_is_asked_for_item_by_item(shop: Shop) -> None:
    shop.open()
    shop.read("first_import", "shopify_products")
    shop.fault("rows_dropped", 1, operation="InventoryItemPages")
    shop.read("first_import", "shopify_inventory")
    assert stock_log(shop) == ("whole", "", 4)
    shop.read("first_import", "shopify_orders", "shopify_customers")
    shop.read("history")
    assert shop.differences() == []


def test_stock_that_a_bulk_file_leaves_out_is_asked_for_item_by_item(
    shop: Shop, by_bulk_file: Callable[[], None]
) -> None:
    shop.open()
    by_bulk_file()
    shop.fault("rows_dropped", 1, method="BULK", operation="inventoryItems(")
    shop.import_all()
    assert stock_log(shop) == ("whole", "", 4)
    assert shop.differences() == []


def test_stock_that_shopify_goes_on_leaving_out_never_makes_a_whole_reading(shop: Shop) -> None:
    shop.open()
    shop.read("first_import", "shopify_products")
    shop.fault("rows_dropped", 1, operation="InventoryItemPages")
    shop.fault("5xx", None, operation="InventoryItemByIds")
    shop.read("first_import", "shopify_inventory")
    assert stock_log(shop)[::2] == ("incomplete", 2)
    assert "The stock of some items may be missing. Shopify is having trouble" in shop.log("shopify_inventory")[1]
    shop.sandbox.faults.clear()
    shop.fault("rows_dropped", None)  # the list of variants too
    shop.read("first_import", "shopify_inventory")
    assert stock_log(shop)[0] == "incomplete"
    assert "Shopify counts 4 variants, but lists 2." in shop.log("shopify_inventory")[1]
    shop.sandbox.faults.clear()
    shop.read("first_import", "shopify_inventory")
    assert stock_log(shop) == ("whole", "", 4)


def test_an_item_that_shopify_lists_but_does_not_give_is_missing_in_words(
    imported: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported.fault("rows_dropped", 1, operation="InventoryItemPages")
    monkeypatch.setattr("clique_app.integrations.shopify.reads.by_ids", lambda client, listing, ids: [])
    imported.read("catch_up", "shopify_inventory")
    state, message = imported.log("shopify_inventory")
    assert state == "incomplete"
    assert "Shopify did not give the stock of 2 items. Sync again; stock may be incomplete." in message


def test_much_stock_is_read_by_bulk_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app.sync import reading

    shop.open()
    for paged_up_to, by_file in ((4, False), (3, True)):  # the store has four variants
        monkeypatch.setattr(reading, "PAGED_UP_TO", paged_up_to)
        shop.read("manual", "shopify_inventory")
        assert shop.log("shopify_inventory")[0] == "whole"
        found = shop.sandbox.ask("{ currentBulkOperation(type: QUERY) { query rootObjectCount } }")
        assert (found["currentBulkOperation"] is not None) == by_file
    assert "inventoryItems(" in found["currentBulkOperation"]["query"]
    assert found["currentBulkOperation"]["rootObjectCount"] == "4"


@pytest.mark.parametrize("fault", ["5xx", "timeout", "truncated_page", "bulk_failed"])
def test_a_bulk_file_in_trouble_is_fetched_or_made_again(
    shop: Shop, by_bulk_file: Callable[[], None], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == "timeout":
        real = httpx.Client.stream
        monkeypatch.setattr(
            httpx.Client, "stream", lambda *args, **kwargs: real(*args, **{**kwargs, "timeout": httpx.Timeout(2.0)})
        )
    shop.open()
    by_bulk_file()
    shop.fault(fault, 1, **({} if fault == "bulk_failed" else {"path": ".jsonl"}))
    shop.read("first_import")
    shop.read("catch_up")
    shop.read("history")
    assert shop.log()[0] == "whole"
    assert shop.differences() == []


def test_a_bulk_file_that_lacks_orders_never_makes_a_whole_reading(
    shop: Shop, by_bulk_file: Callable[[], None]
) -> None:
    shop.open()
    by_bulk_file()
    shop.fault("rows_dropped", 1, method="BULK", operation="orders(")
    shop.read("first_import")
    state, message = shop.log()
    assert state == "incomplete"
    assert "12" in message
    shop.import_all()
    assert shop.differences() == []


@pytest.mark.parametrize("source", ["shopify_orders", "shopify_products", "shopify_inventory"])
def test_a_bulk_file_that_has_an_object_twice_takes_nothing_from_it(
    imported: Shop, by_bulk_file: Callable[[], None], source: str
) -> None:
    by_bulk_file()
    imported.fault("root_repeated", None, method="BULK")
    imported.read("final", source)
    assert imported.log(source) == ("failed", "Shopify has failed to export this list 3 times. Sync again later.")
    assert imported.differences() == []
    imported.sandbox.faults.clear()
    imported.fault("root_repeated", 2, method="BULK")
    imported.read("final", source)
    assert imported.log(source)[0] == "whole"
    assert imported.differences() == []


def test_a_webhook_subscription_that_was_accepted_but_not_made_is_noticed_and_asked_for_again(imported: Shop) -> None:
    from tasks.install import check_store

    imported.fault("write_ok_no_change", None)
    with pytest.raises(Unavailable, match="does not have them"):
        check_store.fn(imported.store_id)
    assert imported.sandbox.ask("{ webhookSubscriptionsCount { count } }")["webhookSubscriptionsCount"]["count"] == 0
    imported.sandbox.faults.clear()
    check_store.fn(imported.store_id)
    found = imported.sandbox.ask("{ webhookSubscriptions(first: 50) { nodes { topic } } }")["webhookSubscriptions"]
    assert {node["topic"] for node in found["nodes"]} == set(subscriptions.TOPICS)


def test_an_uninstall_forgets_the_access_and_stops_a_reading_and_a_reinstall_catches_up(imported: Shop) -> None:
    from clique_app.connections import service
    from tasks import runs
    from tasks.sync import source_of

    store_id = imported.store_id
    under_way = runs.Run(source_of("shopify_orders"), store_id)
    under_way.begin("catch_up")
    imported.world.uninstall(SHOP)
    with store_session(store_id) as session:
        assert service.uninstall(session, store_id, datetime.now(UTC) + timedelta(seconds=1))
    assert imported.query("select state, access_token, refresh_token, expires_at from connection") == [
        ("revoked", None, None, None)
    ]
    assert imported.log() == ("failed", "Clique was uninstalled meanwhile.")
    with pytest.raises(runs.TakenOver), under_way._owned():
        pass
    imported.read("catch_up", "shopify_orders")
    assert imported.log() == (
        "failed", "Clique is not installed in this store. Install it again in Shopify admin."
    )  # fmt: skip
    live_on(imported)
    imported.world.install(SHOP, SCOPES)
    imported.queued()
    assert imported.open() == store_id
    assert imported.queued() == {
        ("check_store", store_id),
        ("check_pixel", store_id),
        *(("run_source", store_id, key, "catch_up") for key in SOURCES),
    }
    imported.read("catch_up")
    assert imported.differences() == []
