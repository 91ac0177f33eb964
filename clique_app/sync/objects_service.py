"""Single Shopify objects, hinted at by webhooks: fetched again by id and written like those of an import."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from clique_app.integrations.shopify.values import number
from clique_app.sync.catalog_service import fetch_products, retire_products, write_products
from clique_app.sync.customers_service import fetch_customers, write_customers
from clique_app.sync.inventory_service import fetch_inventory, write_inventory
from clique_app.sync.orders_service import fetch_orders, write_orders
from clique_app.sync.source import Access, Written
from clique_app.sync.topics import ObjectKind

FETCH = {
    "order": fetch_orders,
    "product": fetch_products,
    "inventory_item": fetch_inventory,
    "customer": fetch_customers,
}
WRITE = {
    "order": write_orders,
    "product": write_products,
    "inventory_item": write_inventory,
    "customer": write_customers,
}
SOURCE_OF = {
    "order": "shopify_orders",
    "product": "shopify_products",
    "inventory_item": "shopify_inventory",
    "customer": "shopify_customers",
}


def fetch(access: Access, kind: ObjectKind, ids: list[int]) -> list[dict[str, Any]]:
    """The objects as Shopify has them now; no database here."""
    return FETCH[kind](access, ids)


def write(session: Session, store_id: int, kind: ObjectKind, ids: list[int], records: list[dict[str, Any]]) -> Written:
    """Write what was fetched for these ids. What Shopify no longer shows: a product is retired; of an order it may
    only be the app's view that ended (60 days without read_all_orders), so what is here stays."""
    written = WRITE[kind](session, store_id, records)
    gone = sorted(set(ids) - {number(record["id"]) for record in records})
    if not gone:
        return written
    if kind == "product":
        retired = retire_products(session, store_id, gone)
        return _added(written, retired)
    return _added(written, Written(len(gone), 0, {"no longer shown by Shopify": len(gone)}))


def _added(one: Written, other: Written) -> Written:
    reasons = {*one.skipped, *other.skipped}
    return Written(
        one.read + other.read,
        one.written + other.written,
        {why: one.skipped.get(why, 0) + other.skipped.get(why, 0) for why in reasons},
        one.order_ids + other.order_ids,
    )
