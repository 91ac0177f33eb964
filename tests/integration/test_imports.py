"""Files into the tables: whole or not at all, the same however often, beside what Shopify gives itself."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from clique_app.attribution import service as attribution
from clique_app.cli import app
from clique_app.database import store_session
from clique_app.errors import InvalidInput, NotFound
from clique_app.imports import service
from clique_app.imports.orders_service import forget_twins
from clique_app.imports.service import OPERATOR, Preview
from clique_app.metrics import grouping_service, periods, sums_service
from clique_app.metrics import service as metrics
from clique_app.sync.catalog_service import PRESENT_AT, ShopifyProducts
from clique_app.sync.customers_service import write_customers
from clique_app.sync.orders_service import ShopifyOrders, write_orders
from clique_app.sync.source import Batch, Plan
from clique_app.tables import METADATA, Connection, Store
from tasks import imports
from tests.import_files import BOOK_NET_SALES_BY_DAY, book_csv, order, orders_csv
from tests.integration.stores import make_store
from tests.unit.integrations.shopify_records import agreement, sale
from tests.unit.integrations.shopify_records import order as shopify_order

pytestmark = pytest.mark.usefixtures("database_env")

CANDLE, MUG = ("Amber candle", "A1", 2, "20.00"), ("Mug", "M1", 1, "10.00")
TABLES = ("shop_order", "order_line", "sale_entry", "credit", "customer", "product", "variant", "unit_cost", "campaign",
          "ad_group", "ad", "ad_day")  # fmt: skip
KEYED = "{store_id,customer_id,payload_hash}"  # of a hash that is another in every store
SPEND = "Day,Channel,Campaign,Spend,Currency,Impressions,Clicks\n"
PRODUCTS = (
    "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Cost per item,Status\n"
    "amber,Amber candle,Acme,Title,Default Title,A1,20.00,8.00,active\n"
)


def receive(store_id: int, content: str) -> Preview:
    with store_session(store_id) as session:
        service.receive(session, store_id, OPERATOR, "file.csv", content.encode())
    with store_session(store_id) as session:
        shown = service.preview(session, store_id, OPERATOR)
    assert shown is not None
    return shown


def put(store_id: int, content: str) -> int:
    """Import a file; its id."""
    shown = receive(store_id, content)
    assert not shown.problems, shown.problems
    with store_session(store_id) as session:
        service.begin(session, store_id, shown.file_id, OPERATOR)
    imports.import_now(store_id, shown.file_id)
    return shown.file_id


def remove(store_id: int, file_id: int) -> None:
    imports.remove_file(store_id, file_id, OPERATOR)


def rows(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]


def dump(database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(database_url, f"select * from {table} order by {table}::text") for table in TABLES}


def figure(store_id: int, key: str, start: str, end: str) -> Decimal | None:
    with store_session(store_id) as session:
        return metrics.figure(session, store_id, key, periods.between(start, end)).value


def by_day(store_id: int, key: str, start: str, end: str) -> dict[str, float]:
    with store_session(store_id) as session:
        found = grouping_service.grouped(session, store_id, [key], periods.between(start, end), "day")
    return {row.member: float(row.figures[key].value or 0) for row in found.rows}


@pytest.mark.parametrize("with_ids", [True, False])
def test_the_book_as_a_file_gives_the_figures_worked_out_by_hand(with_ids: bool) -> None:
    store_id = make_store()
    shown = receive(store_id, book_csv(with_ids=with_ids))
    assert (shown.new, shown.replaced, shown.kept, shown.amount) == (13, 0, 0, Decimal("252.00"))
    assert (str(shown.first_day), str(shown.last_day)) == ("2026-03-02", "2026-03-09")
    put(store_id, book_csv(with_ids=with_ids))
    days = ("2026-03-02", "2026-03-09")
    assert by_day(store_id, "net_sales", *days) == BOOK_NET_SALES_BY_DAY
    assert by_day(store_id, "credited_sales", *days) == BOOK_NET_SALES_BY_DAY
    expected = {"net_sales": 252, "orders": 12, "customers": 11, "discounts": 23, "refunds": 50, "gross_sales": 325}
    assert {key: figure(store_id, key, *days) for key in expected} == expected
    with store_session(store_id) as session:
        assert str(session.get_one(Store, store_id).history_from) == "2026-03-02"


def test_the_planner_is_told_what_a_file_has_brought(database_url: str) -> None:
    put(make_store(), book_csv())
    planned_for = "select reltuples::int from pg_class where oid = any ('{shop_order,customer}'::regclass[]) order by 1"
    assert rows(database_url, planned_for) == [(12,), (13,)]


def test_a_file_imported_again_changes_nothing(database_url: str) -> None:
    store_id = make_store()
    for content in (book_csv(), PRODUCTS, SPEND + "2026-03-02,TikTok,Spring,12.34,USD,1000,20\n"):
        put(store_id, content)
        before = dump(database_url)
        again = receive(store_id, content)
        assert (again.new, again.replaced, again.can_import) == (0, 0, False)
        assert "already" in again.notes[0]
        put(store_id, content)
        assert dump(database_url) == before


def test_parts_that_overlap_make_the_whole(database_url: str) -> None:
    whole, parts = make_store("one.myshopify.com"), make_store("two.myshopify.com")
    lines = book_csv().splitlines(keepends=True)
    put(whole, book_csv())
    for start, end in ((5, 12), (1, 7), (9, 14)):
        put(parts, lines[0] + "".join(lines[start:end]))
    for table in ("shop_order", "order_line", "sale_entry", "credit"):
        one, two = (
            rows(
                database_url,
                f"select to_jsonb(t) - '{KEYED}'::text[] from {table} t where store_id = {store} order by 1",
            )
            for store in (whole, parts)
        )
        assert one
        assert one == two, table


def test_an_error_in_the_last_line_leaves_the_tables_empty(database_url: str) -> None:
    store_id = make_store()
    empty = dump(database_url)
    shown = receive(store_id, orders_csv(order("#1", CANDLE), order("#2", MUG, Created_at="yesterday")))
    assert [(one.line, one.column) for one in shown.problems] == [(3, "Created at")]
    with pytest.raises(InvalidInput), store_session(store_id) as session:
        service.begin(session, store_id, shown.file_id, OPERATOR)
    assert dump(database_url) == empty


def test_what_fails_while_it_is_written_leaves_nothing_and_can_be_tried_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id = make_store()
    empty = dump(database_url)
    shown = receive(store_id, book_csv())
    with store_session(store_id) as session:
        service.begin(session, store_id, shown.file_id, OPERATOR)
    with monkeypatch.context() as patch:
        patch.setattr(attribution, "credit_orders", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            imports.import_now(store_id, shown.file_id)
    assert dump(database_url) == empty
    with store_session(store_id) as session:
        failed = service.preview(session, store_id, OPERATOR)
        assert failed is not None
        assert failed.state == "failed"
        assert "Nothing of it was kept" in failed.message
        service.begin(session, store_id, shown.file_id, OPERATOR)
    imports.import_now(store_id, shown.file_id)
    imports.import_now(store_id, shown.file_id)  # the message came twice
    assert len(rows(database_url, "select from shop_order")) == 13


def test_the_trail_says_which_file_it_was_without_its_name(database_url: str) -> None:
    store_id = make_store()
    file_id = put(store_id, book_csv())
    remove(store_id, file_id)
    told = rows(database_url, "select what, detail - 'counts' from audit_entry order by entry_id")
    assert told == [(what, {"file_id": file_id, "kind": "orders"}) for what in ("file.imported", "file.removed")]


def test_a_removed_file_leaves_the_tables_as_they_were(database_url: str) -> None:
    store_id = make_store()
    put(store_id, orders_csv(order("#0", CANDLE, Created_at="2026-01-05 10:00:00 -0500", Id="1")))
    for content in (book_csv(), PRODUCTS, SPEND + "2026-03-02,TikTok,Spring,12.34,USD,1000,20\n"):
        before = dump(database_url)
        file_id = put(store_id, content)
        assert dump(database_url) != before
        remove(store_id, file_id)
        assert dump(database_url) == before
    with store_session(store_id) as session:
        assert [one.state for one in service.past(session, store_id)] == ["removed"] * 3 + ["imported"]
        assert str(session.get_one(Store, store_id).history_from) == "2026-01-05"
    with pytest.raises(InvalidInput):
        remove(store_id, file_id)


def test_what_shopify_gave_is_left_as_it_is_and_what_it_gives_later_is_the_order(database_url: str) -> None:
    store_id = make_store()
    given = shopify_order(11, agreement("ORDER", "2026-03-02T17:00:00Z", sale(1, "33.0")), name="#11")
    with store_session(store_id) as session:
        write_orders(session, store_id, [given])
    before = dump(database_url)
    named = orders_csv(order("#11", CANDLE))
    assert (receive(store_id, named).new, receive(store_id, named).kept) == (0, 1)
    put(store_id, orders_csv(order("#11", CANDLE, Id="11"), order("#12", MUG, Id="12"), order("#13", MUG)))
    assert figure(store_id, "net_sales", "2026-03-02", "2026-03-02") == 33 + 10 + 10
    with store_session(store_id) as session:  # held against Shopify's own count
        assert ShopifyOrders().kept_count(session, store_id, Plan("history")) == 1
    with store_session(store_id) as session:
        for number, total in ((12, "12.0"), (13, "13.0")):
            at = agreement("ORDER", "2026-03-02T17:00:00Z", sale(number, total, line=number))
            record = shopify_order(number, at, name=f"#{number}", updatedAt="2026-11-01T00:00:00Z")
            written = write_orders(session, store_id, [record])
            forget_twins(session, store_id, written.order_ids)
            attribution.credit_orders(session, store_id, list(written.order_ids))
        assert ShopifyOrders().kept_count(session, store_id, Plan("history")) == 3
    assert figure(store_id, "net_sales", "2026-03-02", "2026-03-02") == 33 + 12 + 13
    with store_session(store_id) as session:
        [file] = [one for one in service.past(session, store_id) if one.state == "imported"]
    remove(store_id, file.file_id)
    assert figure(store_id, "net_sales", "2026-03-02", "2026-03-02") == 33 + 12 + 13
    assert set(before["shop_order"]) <= set(dump(database_url)["shop_order"])


def test_a_changed_order_of_a_file_is_replaced_by_a_later_file(database_url: str) -> None:
    store_id = make_store()
    put(store_id, orders_csv(order("#1", CANDLE, MUG, Id="1")))
    refunded = orders_csv(order("#1", CANDLE, MUG, Id="1", Refunded_Amount="50.00", Financial_Status="refunded"))
    assert receive(store_id, refunded).replaced == 1
    put(store_id, refunded)
    assert figure(store_id, "net_sales", "2026-03-02", "2026-03-02") == 0
    assert len(rows(database_url, "select from order_line")) == 2


def test_before_a_file_is_removed_it_is_said_what_of_earlier_files_goes_too() -> None:
    store_id = make_store()

    def said(file_id: int) -> str:
        with store_session(store_id) as session:
            return service.goes_too(session, store_id, file_id)

    first = put(store_id, orders_csv(order("#1", MUG, Id="1"), order("#2", MUG, Id="2"), order("#3", MUG, Id="3")))
    more = ("Mug", "M1", 2, "10.00")
    second = put(store_id, orders_csv(order("#2", more, Id="2"), order("#3", more, Id="3"), order("#4", MUG, Id="4")))
    assert said(first) == ""
    assert said(second).startswith("With it go 2 of the orders that an earlier file had brought")
    put(store_id, orders_csv(order("#4", more, Id="4")))
    assert said(second).startswith("With it go up to 2 of the orders")
    remove(store_id, second)
    assert figure(store_id, "orders", "2026-03-02", "2026-03-02") == 2
    put(store_id, SPEND + "2026-03-02,Podcast,Spring,1,USD,,\n")
    sheet = put(store_id, SPEND + "2026-03-02,Podcast,Spring,2,USD,,\n2026-03-03,Podcast,Spring,2,USD,,\n")
    assert said(sheet).startswith("With it goes 1 of the days of campaigns")


def test_buyers_are_known_again_by_their_e_mail() -> None:
    store_id = make_store()
    customer = {
        "id": "gid://shopify/Customer/7",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "defaultEmailAddress": {"emailAddress": "Ann@Example.com"},
        "defaultAddress": None,
    }
    with store_session(store_id) as session:
        write_customers(session, store_id, [customer])
    put(store_id, book_csv())
    with store_session(store_id) as session:
        orders = session.execute(text("select name from shop_order where customer_id = 7 order by day")).scalars().all()
        first = session.execute(text("select first_order_day::text from customer where customer_id = 7")).scalar()
    assert (orders, first) == (["#1", "#8"], "2026-03-02")


def test_buyers_that_shopify_names_later_are_taken_over() -> None:
    store_id = make_store()
    put(store_id, book_csv())
    text_ = "Customer ID,First Name,Email,Total Orders,Default Address Country Code\n77,Ann,ann@example.com,2,US\n"
    put(store_id, text_)
    with store_session(store_id) as session:
        orders = session.execute(text("select count(*) from shop_order where customer_id = 77")).scalar()
        same = session.execute(text("select count(*) from customer where email_hmac = (select email_hmac from customer"
                                    " where customer_id = 77)")).scalar()  # fmt: skip
    assert (orders, same) == (2, 1)


def test_costs_of_a_file_value_the_sales_of_a_file_in_any_order(database_url: str) -> None:
    first, second = make_store("one.myshopify.com"), make_store("two.myshopify.com")
    put(first, PRODUCTS)
    put(first, orders_csv(order("#1", CANDLE, Id="1")))
    assert figure(first, "cost_of_goods", "2026-03-02", "2026-03-02") == 16
    cheaper = PRODUCTS.replace("8.00", "7.00")
    assert receive(first, cheaper).replaced == 1
    with store_session(second) as session:
        session.execute(
            text("insert into product (store_id, product_id, title, handle, product_type, vendor, status, active,"
                 " updated_at) values (:s, 5, 'Amber candle', 'amber', '', '', 'ACTIVE', true, now())"), {"s": second}
        )  # fmt: skip
        session.execute(
            text("insert into variant (store_id, variant_id, product_id, inventory_item_id, title, sku, price, tracked,"
                 " backorder, active) values (:s, 50, 5, 50, 'Default Title', 'A1', 20, true, false, true)"),
            {"s": second},
        )  # fmt: skip
    put(second, orders_csv(order("#1", CANDLE, Id="1")))
    file_id = put(second, PRODUCTS)
    assert rows(database_url, f"select variant_id, cost from unit_cost where store_id = {second}") == [(50, 8)]
    assert figure(second, "cost_of_goods", "2026-03-02", "2026-03-02") == 16
    remove(second, file_id)
    assert rows(database_url, f"select unit_cost from sale_entry where store_id = {second}") == [(None,)]


def test_a_product_that_only_a_file_knows_stays_until_shopify_lists_its_handle(database_url: str) -> None:
    store_id, source = make_store(), ShopifyProducts()
    put(store_id, PRODUCTS)
    active = "select handle, product_id > 0, active from product order by product_id"

    def read(*there: int) -> int:
        records, position = [{"id": f"gid://shopify/Product/{one}"} for one in there], {PRESENT_AT: "2026-11-21T00:00Z"}
        with store_session(store_id) as session:
            source.write(session, store_id, Batch(records, position, ""))
            return source.kept_count(session, store_id, Plan("manual"))

    assert read() == 0
    assert rows(database_url, active) == [("amber", False, True)]
    with store_session(store_id) as session:
        session.execute(
            text("insert into product (store_id, product_id, title, handle, product_type, vendor, status, active,"
                 " updated_at) values (:s, 5, 'Amber', 'amber', '', '', 'ACTIVE', true, '2026-03-01')"), {"s": store_id}
        )  # fmt: skip
    assert read(5) == 1
    assert rows(database_url, active) == [("amber", False, False), ("amber", True, True)]
    assert read() == 0
    assert rows(database_url, active) == [("amber", False, False), ("amber", True, False)]


def test_a_spend_sheet_counts_in_every_figure_of_its_channel() -> None:
    store_id = make_store()
    put(store_id, book_csv())
    assert figure(store_id, "ad_spend", "2026-03-02", "2026-03-09") is None
    sheet = SPEND + "2026-03-02,TikTok Ads,Spring,12.34,USD,1000,20\n2026-03-09,Podcast,Host read,20,,,\n"
    file_id = put(store_id, sheet)
    assert figure(store_id, "ad_spend", "2026-03-02", "2026-03-09") == Decimal("32.34")
    mer = figure(store_id, "mer", "2026-03-02", "2026-03-09")
    assert mer is not None
    assert round(mer, 6) == round(Decimal(252) / Decimal("32.34"), 6)
    with store_session(store_id) as session:
        asked = periods.between("2026-03-02", "2026-03-09")
        split = grouping_service.grouped(session, store_id, ["ad_spend"], asked, "channel")
    assert {row.member: row.figures["ad_spend"].value for row in split.rows} == {
        "tiktok": Decimal("12.34"),
        "podcast": 20,
    }
    dearer = sheet.replace("12.34", "13.00")
    shown = receive(store_id, dearer)
    assert (shown.new, shown.replaced, shown.kept) == (0, 1, 1)
    put(store_id, dearer)
    remove(store_id, file_id)  # its TikTok day is the later file's by now
    assert figure(store_id, "ad_spend", "2026-03-02", "2026-03-09") == Decimal("13.00")


def test_spend_that_would_count_twice_or_in_another_currency_is_named() -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        session.add(Connection(store_id=store_id, channel="meta", state="connected"))
    shown = receive(store_id, SPEND + "2026-03-02,Facebook,Spring,1,USD,,\n2026-03-02,TV,Spring,1,EUR,,\n")
    assert [(one.line, one.column) for one in shown.problems] == [(2, "Channel"), (3, "Currency")]
    euro = receive(store_id, orders_csv(order("#1", CANDLE, Currency="EUR")))
    assert [(one.line, one.column) for one in euro.problems] == [(2, "Currency")]


def test_the_largest_file_that_is_taken_is_written_and_summed() -> None:
    store_id = make_store()
    most, many = ("Mug", "M1", 1, "999999999999.00"), ("Pin", "P1", 10_000_000, "99999.00")
    put(store_id, orders_csv(*(order(f"#{n}", most) for n in range(3)), order("#9", many)))
    with store_session(store_id) as session:
        assert sums_service.roll_up(session, store_id) > 0
    assert figure(store_id, "net_sales", "2026-03-02", "2026-03-02") == 3 * 999_999_999_999 + 999_990_000_000
    shown = receive(store_id, orders_csv(order("#10", ("Mug", "M1", 2_000_000_000, "999999999999.00"), Subtotal="1")))
    assert [(one.line, one.column) for one in shown.problems] == [(2, "Lineitem quantity"), (2, "Total")]
    assert not shown.can_import


def test_customers_that_cannot_be_known_again_are_counted() -> None:
    sheet = "First Name,Email,Phone,Total Orders\nAnn,,+12075550134,1\nBob,bob@example.com,,2\n"
    shown = receive(make_store(), sheet)
    assert (shown.lines, shown.new) == (2, 1)
    assert shown.notes[0] == "Skipped, for want of an id and an e-mail to know the customer by: 1."


def test_another_stores_orders_are_noticed() -> None:
    store_id = make_store()
    put(store_id, book_csv())
    strange = receive(store_id, book_csv().replace(",600000", ",700000"))
    assert "another store" in strange.problems[0].message


def test_a_store_sees_and_removes_its_own_files_only(database_url: str) -> None:
    north, south = make_store("north.myshopify.com"), make_store("south.myshopify.com")
    file_id = put(north, book_csv())
    put(south, book_csv())
    before = rows(database_url, f"select * from shop_order where store_id = {north} order by order_id")
    for call in (
        lambda session: service.remove(session, south, file_id, OPERATOR),
        lambda session: service.begin(session, south, file_id, OPERATOR),
        lambda session: service.discard(session, south, file_id, OPERATOR),
    ):
        with pytest.raises(NotFound), store_session(south) as session:
            call(session)
    assert rows(database_url, f"select * from shop_order where store_id = {north} order by order_id") == before


def test_no_table_holds_a_name_an_address_or_an_e_mail(database_url: str) -> None:
    store_id = make_store()
    shown = receive(store_id, book_csv())  # between preview and import
    found = "".join(str(rows(database_url, f"select {table}::text from {table}")) for table in METADATA.tables)
    put(store_id, book_csv())
    put(store_id, "Customer ID,First Name,Last Name,Email,Total Orders\n5,Zelda,Hidden,zelda@example.com,1\n")
    found += "".join(str(rows(database_url, f"select {table}::text from {table}")) for table in METADATA.tables)
    assert shown.name in found
    for secret in ("example.com", "Ann Example", "Hidden", "Zelda"):
        assert secret not in found


def test_the_command_previews_imports_and_names_what_is_wrong(tmp_path: Path) -> None:
    store_id = make_store()
    path = tmp_path / "orders_export.csv"
    path.write_text(book_csv())

    def clique(*options: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(app, ["import", str(path), "--store", "one.myshopify.com", "--json", *options])
        return done.exit_code, json.loads(done.stdout)

    code, told = clique("--preview")
    assert (code, told["counts"]["new"], told["amount"], told["imported"]) == (0, 13, "252.00", None)
    assert figure(store_id, "orders", "2026-03-02", "2026-03-09") == 0
    code, told = clique()
    assert (code, told["imported"]) == (0, {"new": 13, "replaced": 0, "kept": 0})
    assert figure(store_id, "orders", "2026-03-02", "2026-03-09") == 12
    code, told = clique()
    assert (code, told["counts"], told["imported"]) == (0, {"new": 0, "replaced": 0, "kept": 13}, None)
    path.write_text(SPEND + "Monday,TikTok,x,1,USD,,\n")
    code, told = clique()
    assert (code, [(one["line"], one["column"]) for one in told["problems"]]) == (1, [(2, "Day")])


def test_a_region_is_one_place_whether_a_file_or_shopify_tells_of_it(database_url: str) -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        there = {"countryCodeV2": "US", "province": "New York", "zip": "10001"}
        write_orders(session, store_id, [{**shopify_order(1), "shippingAddress": there}])
    coded = {"Shipping_Province": "NY", "Shipping_Province_Name": ""}
    billed = {
        **coded,
        "Shipping_Province": "",
        "Shipping_Country": "",
        "Billing_Province": "NY",
        "Billing_Country": "US",
    }
    unknown = {**coded, "Shipping_Province": "Upstate"}
    put(store_id, orders_csv(order("#7", CANDLE, **coded), order("#8", MUG, **billed), order("#9", MUG, **unknown)))
    places = "select country, region, count(*) from shop_order group by 1, 2 order by 2"
    assert rows(database_url, places) == [("US", "New York", 3), ("US", "Upstate", 1)]
