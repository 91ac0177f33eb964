"""Shopify products into the tables: products, variants, and what a unit costs from which day on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.shopify import documents, mapping, reads
from clique_app.integrations.shopify.mapping import ProductRow, VariantRow
from clique_app.integrations.shopify.values import number
from clique_app.sync import reading
from clique_app.sync.source import Access, Batch, Plan, Written
from clique_app.sync.staging_service import COST_KINDS, COST_ON_DAY, cursor, stage
from clique_app.tables import Store

PRODUCT_COLUMNS = (
    "product_id bigint", "title text", "handle text", "product_type text", "vendor text", "status text",
    "updated_at timestamptz",
)  # fmt: skip
VARIANT_COLUMNS = (
    "variant_id bigint", "product_id bigint", "inventory_item_id bigint", "title text", "sku text",
    "price numeric", "tracked bool", "backorder bool", "cost numeric",
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
select count(*) from older
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
ADD_COSTS = """
insert into unit_cost (store_id, variant_id, valid_from, cost)
select %(store)s, s.variant_id, %(today)s, s.cost
from stage_variant s
left join lateral (
  select cost from unit_cost u
  where u.store_id = %(store)s and u.variant_id = s.variant_id and u.valid_from <= %(today)s
  order by valid_from desc limit 1
) latest on true
where s.cost is not null and s.cost is distinct from latest.cost
order by s.variant_id
on conflict (store_id, variant_id, valid_from) do update set cost = excluded.cost
returning variant_id
"""
RECOST_ENTRIES = f"""
update sale_entry e set unit_cost = c.cost
from ({COST_ON_DAY}) c
where e.store_id = %(store)s and c.variant_id = any(%(variants)s) and e.variant_id = c.variant_id
  and e.day >= c.from_day and e.day < c.to_day and e.kind = any(%(cost_kinds)s)
  and e.unit_cost is distinct from c.cost
"""  # noqa: S608
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
NOT_PRESENT = """
select product_id from product
where store_id = %(store)s and active and updated_at < %(read_from)s and product_id <> all(%(present)s)
"""


class ShopifyProducts:
    """The source of products, variants and unit costs."""

    key = "shopify_products"
    label = "Shopify products"
    channel = "shopify"
    tables: tuple[str, ...] = ("product", "variant")
    cadence = "Webhooks, hourly catch-up"
    stale_after = timedelta(hours=6)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        search, read_from = reading.updated_since(plan), clock.now()
        present: list[int] = []
        for batch in reading.batches(access, plan, documents.PRODUCTS, search, "Products"):
            present += [number(record["id"]) for record in batch.records]
            yield batch
        if search is None and not plan.position:  # all were read in one go, so what is missing was deleted
            yield Batch([], {"present": present, "read_from": read_from.isoformat()}, "Products, deleted ones")

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        if "present" in batch.position:
            read_from = datetime.fromisoformat(batch.position["read_from"])
            _retire_missing(session, store_id, batch.position["present"], read_from)
        return write_products(session, store_id, batch.records)

    def source_count(self, access: Access, plan: Plan) -> int | None:
        return reads.count(reading.client(access), documents.PRODUCTS, reading.updated_since(plan))

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        with cursor(session) as run:
            row = run.execute(
                "select count(*) from product where store_id = %(store)s and active "
                "and (%(since)s::timestamptz is null or updated_at >= %(since)s)",
                {"store": store_id, "since": reading.since(plan)},
            ).fetchone()
            assert row is not None
            return row[0]


def fetch_products(access: Access, ids: list[int]) -> list[dict[str, Any]]:
    """Products by id, as write_products takes them; what is missing was deleted: give it to retire_products."""
    return reads.by_ids(reading.client(access), documents.PRODUCTS, ids)


def write_products(session: Session, store_id: int, records: list[dict[str, Any]]) -> Written:
    """Bring products to the state of these records. A changed cost counts from the store's today on."""
    newest: dict[int, tuple[ProductRow, list[VariantRow]]] = {}
    for record in records:
        row, variants = mapping.product(record)
        known = newest.get(row.product_id)
        if known is None or known[0].updated_at <= row.updated_at:
            newest[row.product_id] = row, variants
    if not newest:
        return Written(len(records), 0)
    stage(session, "stage_product", PRODUCT_COLUMNS, (row for row, _ in newest.values()))
    stage(session, "stage_variant", VARIANT_COLUMNS, (v for _, variants in newest.values() for v in variants))
    changed, older = _move(session, store_id)
    skipped = {
        "repeated in the batch": len(records) - len(newest),
        "older than what is here": older,
        "unchanged": len(newest) - older - changed,
    }
    return Written(len(records), changed, {why: count for why, count in skipped.items() if count})


def retire_products(session: Session, store_id: int, ids: list[int]) -> Written:
    """Products that were deleted in Shopify: inactive, with their history kept."""
    with cursor(session) as run:
        row = run.execute(RETIRE_PRODUCTS, {"store": store_id, "products": ids}).fetchone()
        assert row is not None
        retired = row[0]
    unknown = len(ids) - retired
    return Written(len(ids), retired, {"already gone": unknown} if unknown else {})


def _retire_missing(session: Session, store_id: int, present: list[int], read_from: datetime) -> None:
    with cursor(session) as run:
        run.execute(NOT_PRESENT, {"store": store_id, "present": present, "read_from": read_from})
        missing = [product_id for (product_id,) in run]
    if missing:
        retire_products(session, store_id, missing)


def _move(session: Session, store_id: int) -> tuple[int, int]:
    """How many products changed, and how many records came too late."""
    today = clock.today(session.get_one(Store, store_id).time_zone)
    values: dict[str, Any] = {"store": store_id, "today": today, "cost_kinds": list(COST_KINDS)}
    with cursor(session) as run:
        row = run.execute(DROP_OLDER, values).fetchone()
        assert row is not None
        changed = {product for (product,) in run.execute(UPSERT_PRODUCTS, values).fetchall()}
        changed |= {product for (product,) in run.execute(UPSERT_VARIANTS, values).fetchall()}
        changed |= {product for (product,) in run.execute(RETIRE_VARIANTS, values).fetchall()}
        run.execute("select pg_advisory_xact_lock(hashtextextended('unit_cost', %(store)s))", values)
        variants = [variant for (variant,) in run.execute(ADD_COSTS, values).fetchall()]
        if variants:
            run.execute(RECOST_ENTRIES, {**values, "variants": variants})
            run.execute(
                "select distinct product_id from stage_variant where variant_id = any(%(variants)s)",
                {"variants": variants},
            )
            changed |= {product for (product,) in run.fetchall()}
        return len(changed), row[0]
