"""Unit costs that a store keeps in a metafield of its variants."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from clique_app import clock
from clique_app.connections import settings_service
from clique_app.connections.access import access
from clique_app.connections.settings_service import Saved
from clique_app.database import store_session
from clique_app.errors import InvalidInput
from clique_app.integrations.shopify import client, documents, mapping, reads
from clique_app.integrations.shopify.mapping import CostField
from clique_app.integrations.shopify.values import number
from clique_app.sync import objects_service, reading
from tests.contract.shopify_sandbox import SHOP
from tests.integration.shopify_shop import Shop

OWNER = 42
NAME = "custom.cost"


def named(shop: Shop, name: str) -> Saved:
    """The owner names the metafield in Settings."""
    with store_session(shop.store_id) as session:
        texts = settings_service.read(session, shop.store_id, OWNER).texts
        return settings_service.save(session, shop.store_id, OWNER, {**texts, "cost_metafield": name}, False)


def variant(shop: Shop, sku: str) -> Any:
    return next(v for v in shop.store.variants.values() if v.sku == sku)


def hold(shop: Shop, sku: str, value: str | None, *, name: str = NAME, kind: str = "number_decimal") -> None:
    shop.world.set_metafield(SHOP, variant(shop, sku).variant_id, name, value, kind)


def costs(shop: Shop, sku: str) -> list[Decimal]:
    """What a unit has cost, the oldest first."""
    of = f"select cost from unit_cost where variant_id = {variant(shop, sku).variant_id} order by valid_from"
    return [cost for (cost,) in shop.query(of)]


@pytest.fixture
def opened(shop: Shop) -> Shop:
    """The wick has no cost in Shopify; its metafield has one, and so has the candle's, beside Shopify's own."""
    hold(shop, "C4", "1.25")
    hold(shop, "C1", "99.00")
    shop.world.place_order(SHOP, {"lines": [{"sku": "C4", "quantity": 2}]})
    shop.open()
    return shop


def test_the_metafield_is_read_where_shopify_has_no_cost(opened: Shop) -> None:
    named(opened, NAME)
    opened.import_all()
    assert opened.log("shopify_inventory") == ("whole", "")
    assert costs(opened, "C4") == [Decimal("1.25")]
    assert costs(opened, "C1") == [Decimal(8)], "Shopify's own cost goes first"
    sold = f"select quantity, unit_cost from sale_entry where variant_id = {variant(opened, 'C4').variant_id}"
    assert opened.query(f"{sold} and kind = 'sale'") == [(2, Decimal("1.25"))]
    assert opened.differences() == []


def test_a_store_that_names_none_has_none_read(opened: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = client.Client.query
    monkeypatch.setattr(client.Client, "query", lambda *args, **more: asked.append(args[1]) or real(*args, **more))
    opened.import_all()
    assert any("inventoryItems" in document for document in asked)
    assert not any("metafield" in document for document in asked)
    assert costs(opened, "C4") == []


def test_a_page_an_id_and_a_bulk_file_tell_the_same(opened: Shop) -> None:
    named(opened, NAME)
    given = access(opened.store_id, "shopify")
    assert given.cost_metafield == NAME
    shopify, listing = reading.client(given), documents.inventory(given.cost_metafield)
    paged = [record for chunk in reads.pages(shopify, listing, None) for record in chunk.records]
    exported = [record for chunk in reads.exported(shopify, listing, None, {}) for record in chunk.records]
    ids = [number(record["id"]) for record in paged]
    field = CostField(NAME, clock.now(), "EUR")
    told = [{mapping.item_cost(one, field) for one in every} for every in (paged, exported)]
    asked = {
        mapping.item_cost(one, field) for start in (0, 2) for one in reads.by_ids(shopify, listing, ids[start:][:2])
    }
    assert told == [asked, asked]
    assert {cost.cost for cost in asked if cost} == {Decimal(n) for n in ("8", "3", "21", "1.25")}


@pytest.mark.parametrize(
    ("value", "kind", "cost"),
    [
        ("2", "number_integer", "2"),
        (" 2.50 ", "single_line_text_field", "2.5"),
        (json.dumps({"amount": "2.75", "currency_code": "EUR"}), "money", "2.75"),
        (json.dumps({"amount": "2.75", "currency_code": "USD"}), "money", None),
        ("2,50", "single_line_text_field", None),
        ("-1", "number_decimal", None),
        ("1e3", "single_line_text_field", None),
        ("{cheap", "single_line_text_field", None),
        ("about 2", "single_line_text_field", None),
    ],
)
def test_an_amount_is_booked_and_anything_else_is_told_and_booked_nowhere(
    opened: Shop, value: str, kind: str, cost: str | None
) -> None:
    named(opened, NAME)
    hold(opened, "C4", value, kind=kind)
    opened.read("first_import", "shopify_products", "shopify_inventory")
    opened.read("catch_up", "shopify_inventory")
    assert costs(opened, "C4") == ([] if cost is None else [Decimal(cost)])
    state, message = opened.log("shopify_inventory")
    assert state == ("incomplete" if cost is None else "whole")
    assert message == (
        "1 cost is not read: the metafield custom.cost holds no amount (C4). "
        "Enter a number there, or the cost per item in Shopify."
        if cost is None
        else ""
    )
    levels = opened.query("select count(*) from inventory_level")
    assert levels == [(len(opened.store.stock),)], "the stock is read all the same"
    assert opened.query("select read_to is not null from sync_cursor where source = 'shopify_inventory'") == [(True,)]


def test_a_wrong_value_that_is_mended_is_booked_from_the_day_it_was(opened: Shop) -> None:
    named(opened, NAME)
    hold(opened, "C4", "none")
    opened.read("first_import", "shopify_products", "shopify_inventory")
    hold(opened, "C4", "1.50")
    opened.read("catch_up", "shopify_inventory")
    assert opened.log("shopify_inventory") == ("whole", "")
    assert costs(opened, "C4") == [Decimal("1.5")]


def test_a_cost_in_shopify_replaces_the_metafields_and_a_webhook_reads_it_too(opened: Shop) -> None:
    named(opened, NAME)
    opened.import_all()
    hold(opened, "C4", "1.40")
    item = variant(opened, "C4").inventory_item_id

    def told() -> None:
        records = objects_service.fetch(access(opened.store_id, "shopify"), "inventory_item", [item])
        with store_session(opened.store_id) as session:
            objects_service.write(session, opened.store_id, "inventory_item", [item], records)

    told()
    assert costs(opened, "C4")[-1] == Decimal("1.4")
    opened.world.move_clock(1)
    opened.world.update_variant(SHOP, variant(opened, "C4").variant_id, unit_cost="1.60")
    told()
    assert costs(opened, "C4")[-1] == Decimal("1.6")
    opened.read("catch_up")
    assert costs(opened, "C4")[-1] == Decimal("1.6")


def test_another_metafield_counts_from_when_it_is_named_however_old_its_value_is(opened: Shop) -> None:
    hold(opened, "C4", "1.75", name="erp.unit_cost")
    wick, long_ago = variant(opened, "C4"), clock.now() - timedelta(hours=1)
    wick.item_updated_at = wick.metafields["erp.unit_cost"].updated_at = long_ago
    hold(opened, "C4", "1.30")
    named(opened, NAME)
    opened.import_all()
    of_before = objects_service.fetch(
        access(opened.store_id, "shopify"), "inventory_item", [variant(opened, "C4").inventory_item_id]
    )
    assert costs(opened, "C4") == [Decimal("1.3")]
    assert named(opened, "erp.unit_cost").reread_costs
    opened.read("catch_up", "shopify_inventory")
    assert costs(opened, "C4")[-1] == Decimal("1.75")
    with store_session(opened.store_id) as session:  # what was asked for before the change comes late
        objects_service.write(session, opened.store_id, "inventory_item", [], of_before)
    assert costs(opened, "C4")[-1] == Decimal("1.75")
    named(opened, "")
    opened.read("catch_up", "shopify_inventory")
    assert costs(opened, "C4")[-1] == Decimal("1.75"), "what is known stays"


def test_costs_are_read_at_once_when_their_place_changes(opened: Shop) -> None:
    from clique_app.pages.settings import follow_up

    opened.queued()
    follow_up(opened.store_id, named(opened, NAME))
    assert ("run_source", opened.store_id, "shopify_inventory", "manual") in opened.queued()


@pytest.mark.parametrize(
    "name", ["cost", "custom.", "custom.co st", "a.b.c", 'custom.cost") { id }', "custom.\uff43ost"]
)
def test_what_is_no_name_of_a_metafield_is_refused(opened: Shop, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"Metafield with the unit cost: Enter its namespace and key"):
        named(opened, name)
