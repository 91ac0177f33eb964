"""Single Shopify objects, hinted at by webhooks: fetched again by id and written like those of an import."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from clique_app.integrations.shopify.values import number
from clique_app.sync.catalog_service import fetch_products, retire_products, write_products
from clique_app.sync.customers_service import delete_customers, fetch_customers, write_customers
from clique_app.sync.inventory_service import fetch_inventory, write_inventory
from clique_app.sync.orders_service import delete_orders, fetch_orders, write_orders
from clique_app.sync.reading import DELETED, NOT_SHOWN
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
KIND_OF: dict[str, ObjectKind] = {
    "shopify_orders": "order",
    "shopify_products": "product",
    "shopify_inventory": "inventory_item",
    "shopify_customers": "customer",
}
TABLE_OF = {"order": "shop_order", "product": "product", "customer": "customer"}  # an item's levels come and go


def missing(session: Session, store_id: int, objects: Iterable[tuple[ObjectKind, int]]) -> set[tuple[ObjectKind, int]]:
    """Those of the objects that are not here yet."""
    asked: dict[ObjectKind, list[int]] = {}
    for kind, object_id in objects:
        asked.setdefault(kind, []).append(object_id)
    found: set[tuple[ObjectKind, int]] = set()
    for kind, ids in asked.items():
        if table := TABLE_OF.get(kind):
            query = sa.text(
                f"select id from unnest(cast(:ids as bigint[])) id where not exists"  # noqa: S608
                f" (select from {table} where store_id = :store and {kind}_id = id)"
            )
            found |= {(kind, object_id) for object_id in session.scalars(query, {"ids": ids, "store": store_id})}
    return found


def fetch(access: Access, kind: ObjectKind, ids: list[int]) -> list[dict[str, Any]]:
    """The objects as Shopify has them now; no database here."""
    return FETCH[kind](access, ids)


def write(
    session: Session,
    store_id: int,
    kind: ObjectKind,
    ids: Collection[int],
    records: list[dict[str, Any]],
    deleted: Collection[int] = (),
) -> Written:
    """Write what was fetched for these ids. deleted: those that Shopify has said it deleted."""
    written = WRITE[kind](session, store_id, records)
    gone = sorted(set(ids) - {number(record["id"]) for record in records})
    if not gone:
        return written
    return replace(_added(written, forget(session, store_id, kind, gone, deleted)), gone=tuple(gone))


def forget(
    session: Session, store_id: int, kind: ObjectKind, gone: Collection[int], deleted: Collection[int] = ()
) -> Written:
    """What Shopify no longer shows: a product is retired, an order or a customer that was deleted there is here too."""
    match kind:
        case "product":
            return retire_products(session, store_id, list(gone))
        case "order":
            done = delete_orders(session, store_id, gone, deleted)
        case "customer":
            done = delete_customers(session, store_id, gone)
        case "inventory_item":
            done = 0
    reasons = {DELETED: done, NOT_SHOWN: len(gone) - done}
    return Written(len(gone), 0, {why: count for why, count in reasons.items() if count})


def _added(one: Written, other: Written) -> Written:
    reasons = {*one.skipped, *other.skipped}
    return Written(
        one.read + other.read,
        one.written + other.written,
        {why: one.skipped.get(why, 0) + other.skipped.get(why, 0) for why in reasons},
        one.order_ids + other.order_ids,
    )
