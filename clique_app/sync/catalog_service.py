"""Shopify products into the tables: products, variants, their costs; and those that were deleted there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.shopify import documents, mapping, reads
from clique_app.integrations.shopify.mapping import CostRow, ProductRow, VariantRow
from clique_app.integrations.shopify.values import number
from clique_app.sync import reading
from clique_app.sync.costs_service import write_costs
from clique_app.sync.source import Access, Aside, Batch, Plan, Written
from clique_app.sync.staging_service import cursor, stage

PRODUCT_COLUMNS = (
    "product_id bigint", "title text", "handle text", "product_type text", "vendor text", "status text",
    "updated_at timestamptz",
)  # fmt: skip
VARIANT_COLUMNS = (
    "variant_id bigint", "product_id bigint", "inventory_item_id bigint", "title text", "sku text",
    "price numeric", "tracked bool", "backorder bool",
)  # fmt: skip

UPSERT_PRODUCTS = """
insert into product as p
  (store_id, product_id, title, handle, product_type, vendor, status, updated_at, active)
select %(store)s, product_id, title, handle, product_type, vendor, status, updated_at, true
from stage_product order by product_id
on conflict (store_id, product_id) do update set
  title = excluded.title, handle = excluded.handle, product_type = excluded.product_type,
  vendor = excluded.vendor, status = excluded.status, updated_at = excluded.updated_at, active = true
where (p.title, p.handle, p.product_type, p.vendor, p.status, p.updated_at, p.active)
      is distinct from (excluded.title, excluded.handle, excluded.product_type, excluded.vendor,
                        excluded.status, excluded.updated_at, true)
  and p.updated_at <= excluded.updated_at
returning product_id
"""
# what is older than what is here must not touch the variants either
DROP_OLDER = """
with older as (
  delete from stage_product s using product p
  where p.store_id = %(store)s and p.product_id = s.product_id and p.updated_at > s.updated_at
  returning s.product_id
), gone as (
  delete from stage_variant where product_id in (select product_id from older)
)
select product_id from older
"""
UPSERT_VARIANTS = """
insert into variant as v
  (store_id, variant_id, product_id, inventory_item_id, title, sku, price, tracked, backorder, active)
select %(store)s, variant_id, product_id, inventory_item_id, title, sku, price, tracked, backorder, true
from stage_variant order by variant_id
on conflict (store_id, variant_id) do update set
  product_id = excluded.product_id, inventory_item_id = excluded.inventory_item_id, title = excluded.title,
  sku = excluded.sku, price = excluded.price, tracked = excluded.tracked, backorder = excluded.backorder,
  active = true
where (v.product_id, v.inventory_item_id, v.title, v.sku, v.price, v.tracked, v.backorder, v.active)
      is distinct from (excluded.product_id, excluded.inventory_item_id, excluded.title, excluded.sku,
                        excluded.price, excluded.tracked, excluded.backorder, true)
returning product_id
"""
RETIRE_VARIANTS = """
update variant v set active = false
from stage_product p
where v.store_id = %(store)s and v.product_id = p.product_id and v.active
  and not exists (select from stage_variant s where s.variant_id = v.variant_id)
returning v.product_id
"""
# what is not sold any more is nowhere in stock; the stock of past days stays
DROP_LEVELS = """
delete from inventory_level l using variant v
where l.store_id = %(store)s and v.store_id = %(store)s and v.inventory_item_id = l.inventory_item_id
  and v.product_id = any(%(products)s) and not v.active
"""
RETIRE_PRODUCTS = """
with gone as (
  update product set active = false where store_id = %(store)s and product_id = any(%(products)s) and active
  returning product_id
), variants as (
  update variant set active = false
  where store_id = %(store)s and active and product_id in (select product_id from gone)
)
select count(*) from gone
"""
# Only what Shopify once listed can be missing from its list. What a file alone knows has an id of ours, below 0; it
# gives way to the product of the same handle.
NOT_PRESENT = """
select p.product_id from product p
where p.store_id = %(store)s and p.active and p.updated_at < %(read_from)s and p.product_id <> all(%(present)s)
  and (p.product_id > 0 or exists (
    select from product listed
    where listed.store_id = %(store)s and listed.product_id = any(%(present)s) and listed.handle = p.handle))
"""
# what a plan should have brought
KEPT = """
select product_id from product where store_id = %(store)s and active and product_id > 0
  and (%(since)s::timestamptz is null
       or updated_at >= %(since)s and (%(until)s::timestamptz is null or updated_at < %(until)s))
"""


PRESENT_AT = "present_at"  # position of the batch that holds the ids of all products there were then


class ShopifyProducts:
    """The source of products, variants and unit costs."""

    key = "shopify_products"
    label = "Shopify products"
    channel = "shopify"
    tables: tuple[str, ...] = ("product", "variant")
    cadence = "Webhooks, hourly catch-up"
    stale_after = timedelta(hours=6)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        yield from reading.batches(access, plan, documents.PRODUCTS, reading.updated_since(plan), "Products")
        yield from _present(access)

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        if PRESENT_AT in batch.position:
            present = [number(record["id"]) for record in batch.records]
            return _retire_missing(session, store_id, present, datetime.fromisoformat(batch.position[PRESENT_AT]))
        return write_products(session, store_id, batch.records)

    def source_count(self, access: Access, plan: Plan) -> int | None:
        search = reading.before(plan, reading.updated_since(plan))
        return reads.count(reading.client(access), documents.PRODUCTS, search)

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        with cursor(session) as run:
            row = run.execute(f"select count(*) from ({KEPT}) kept", _kept(store_id, plan)).fetchone()  # noqa: S608
            return row[0] if row else 0

    def kept_ids(self, session: Session, store_id: int, plan: Plan) -> list[int]:
        with cursor(session) as run:
            return [product_id for (product_id,) in run.execute(KEPT, _kept(store_id, plan))]

    def aside(self, access: Access, plan: Plan, ids: list[int]) -> Aside:
        return reading.aside(access, plan, documents.PRODUCTS, ids)


def _kept(store_id: int, plan: Plan) -> dict[str, Any]:
    return {"store": store_id, "since": reading.since(plan), "until": reading.until(plan)}


def _present(access: Access) -> Iterator[Batch]:
    """The ids of all products there are. A list that Shopify's own count does not bear out retires nothing."""
    read_from, found = clock.now(), list[dict[str, Any]]()
    for batch in reading.batches(access, Plan("final"), documents.PRODUCT_IDS, None, "Products there are"):
        found += batch.records
        yield Batch([], {}, batch.stage)  # nothing to write yet; a long list is still being read
    if reads.count(reading.client(access), documents.PRODUCT_IDS, None) == len(found):
        yield Batch(found, {PRESENT_AT: read_from.isoformat()}, "Products, deleted ones")


def fetch_products(access: Access, ids: list[int]) -> list[dict[str, Any]]:
    """Products by id, as write_products takes them; what is missing was deleted: give it to retire_products."""
    return reads.by_ids(reading.client(access), documents.PRODUCTS, ids)


def write_products(session: Session, store_id: int, records: list[dict[str, Any]]) -> Written:
    """Bring products to the state of these records, and what their variants cost with them."""
    newest: dict[int, tuple[ProductRow, list[VariantRow], list[CostRow]]] = {}
    for record in records:
        mapped = mapping.product(record)
        known = newest.get(mapped[0].product_id)
        if known is None or known[0].updated_at <= mapped[0].updated_at:
            newest[mapped[0].product_id] = mapped
    if not newest:
        return Written(len(records), 0)
    stage(session, "stage_product", PRODUCT_COLUMNS, (row for row, _, _ in newest.values()))
    stage(session, "stage_variant", VARIANT_COLUMNS, (v for _, variants, _ in newest.values() for v in variants))
    product_of = {v.variant_id: v.product_id for _, variants, _ in newest.values() for v in variants}
    moved, older = _move(session, store_id)
    recosted = write_costs(session, store_id, (cost for _, _, costs in newest.values() for cost in costs))
    changed = moved | {product_of[variant] for variant in recosted}
    skipped = {
        "repeated in the batch": len(records) - len(newest),
        "older than what is here": len(older - changed),
        "unchanged": len(newest.keys() - older - changed),
    }
    return Written(len(records), len(changed), {why: count for why, count in skipped.items() if count})


def retire_products(session: Session, store_id: int, ids: list[int]) -> Written:
    """Products that were deleted in Shopify: inactive, with their history kept."""
    with cursor(session) as run:
        row = run.execute(RETIRE_PRODUCTS, {"store": store_id, "products": ids}).fetchone()
        assert row is not None
        retired = row[0]
        run.execute(DROP_LEVELS, {"store": store_id, "products": ids})
    unknown = len(ids) - retired
    return Written(len(ids), retired, {"already gone": unknown} if unknown else {})


def _retire_missing(session: Session, store_id: int, present: list[int], read_from: datetime) -> Written:
    with cursor(session) as run:
        run.execute(NOT_PRESENT, {"store": store_id, "present": present, "read_from": read_from})
        missing = [product_id for (product_id,) in run]
    return retire_products(session, store_id, missing) if missing else Written(0, 0)


def _move(session: Session, store_id: int) -> tuple[set[int], set[int]]:
    """Which products changed, and whose records came too late."""
    values = {"store": store_id}
    with cursor(session) as run:
        older = {product for (product,) in run.execute(DROP_OLDER, values).fetchall()}
        changed = {product for (product,) in run.execute(UPSERT_PRODUCTS, values).fetchall()}
        changed |= {product for (product,) in run.execute(UPSERT_VARIANTS, values).fetchall()}
        retired = {product for (product,) in run.execute(RETIRE_VARIANTS, values).fetchall()}
        run.execute(DROP_LEVELS, {**values, "products": list(retired)})
        return changed | retired, older
