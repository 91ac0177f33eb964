"""Shopify orders into the tables: the order, its lines, its ledger entries, its touches, its buyer's first order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, LiteralString

from psycopg import sql
from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.shopify import documents, mapping, reads
from clique_app.integrations.shopify.mapping import MappedOrder
from clique_app.sync import reading
from clique_app.sync.source import Access, Batch, Plan, Written
from clique_app.sync.staging_service import COST_KINDS, COST_ON_DAY, cursor, stage
from clique_app.tables import Store

JOURNEY_PATIENCE = timedelta(days=3)  # Shopify attributes sessions within hours; later it will not come any more

ORDER_COLUMNS = (
    "order_id bigint", "name text", "processed_at timestamptz", "day date", "created_at timestamptz",
    "updated_at timestamptz", "cancelled_at timestamptz", "test bool", "customer_id bigint", "source_name text",
    "currency text", "presentment_currency text", "total numeric", "financial_status text",
    "fulfillment_status text", "country text", "region text", "postal_code text", "fulfilment_location_id bigint",
    "journey_ready bool", "payload_hash bytea",
)  # fmt: skip
LINE_COLUMNS = (
    "line_id bigint", "order_id bigint", "product_id bigint", "variant_id bigint", "title text", "sku text",
    "quantity int", "current_quantity int", "unit_price numeric", "gift_card bool",
)  # fmt: skip
ENTRY_COLUMNS = (
    "sale_id bigint", "kind text", "order_id bigint", "line_id bigint", "happened_at timestamptz", "day date",
    "quantity int", "amount numeric",
)  # fmt: skip
TOUCH_COLUMNS = (
    "order_id bigint", "position int", "occurred_at timestamptz", "channel text", "source text", "medium text",
    "campaign text", "campaign_platform_id text", "ad_platform_id text", "click_id text", "landing_path text",
)  # fmt: skip


def _names(columns: tuple[LiteralString, ...]) -> LiteralString:
    return ", ".join(f'"{column.split()[0]}"' for column in columns)


# An older record never replaces a newer one, and an equal one is left alone. Taken in the order of ids, so that two
# writers of the same orders wait for each other instead of locking each other out.
UPSERT_ORDERS = f"""
insert into shop_order (store_id, {_names(ORDER_COLUMNS)})
select %(store)s, {_names(ORDER_COLUMNS)} from stage_order order by order_id
on conflict (store_id, order_id) do update set
  {", ".join(f'"{c.split()[0]}" = excluded."{c.split()[0]}"' for c in ORDER_COLUMNS[1:])}
where shop_order.payload_hash is distinct from excluded.payload_hash
  and shop_order.updated_at <= excluded.updated_at
returning order_id, (xmax = 0) as is_new
"""  # noqa: S608

# a deleted product takes its id off Shopify's lines; what was once known is kept
KEEP_PRODUCTS = """
update stage_line s
set product_id = coalesce(s.product_id, l.product_id), variant_id = coalesce(s.variant_id, l.variant_id)
from order_line l
where l.store_id = %(store)s and l.line_id = s.line_id and (s.product_id is null or s.variant_id is null)
"""
INSERT_LINES = f"""
insert into order_line (store_id, {_names(LINE_COLUMNS)})
select %(store)s, {_names(LINE_COLUMNS)} from stage_line where order_id = any(%(orders)s)
"""  # noqa: S608
INSERT_TOUCHES = f"""
insert into touch (store_id, {_names(TOUCH_COLUMNS)})
select %(store)s, {_names(TOUCH_COLUMNS)} from stage_touch where order_id = any(%(orders)s)
"""  # noqa: S608
INSERT_ENTRIES = f"""
insert into sale_entry (store_id, {_names(ENTRY_COLUMNS)}, product_id, variant_id, unit_cost)
select %(store)s, e.sale_id, e.kind, e.order_id, e.line_id, e.happened_at, e.day, e.quantity, e.amount,
       l.product_id, l.variant_id, c.cost
from stage_entry e
left join stage_line l on l.line_id = e.line_id
left join ({COST_ON_DAY}) c
  on c.variant_id = l.variant_id and e.day >= c.from_day and e.day < c.to_day and e.kind = any(%(cost_kinds)s)
where e.order_id = any(%(orders)s)
"""  # noqa: S608

BUYERS = """
select customer_id from stage_order where customer_id is not null
union
select o.customer_id from shop_order o join stage_order s using (order_id)
where o.store_id = %(store)s and o.customer_id is not null
"""
STUB_CUSTOMERS = """
insert into customer (store_id, customer_id, country, region, postal_code)
select distinct %(store)s::bigint, customer_id, '', '', '' from stage_order
where customer_id is not null order by customer_id
on conflict do nothing
"""
LOCK_CUSTOMERS = """
select customer_id from customer where store_id = %(store)s and customer_id = any(%(customers)s)
order by customer_id for no key update
"""
FIRST_ORDERS = """
update customer c
set first_order_id = f.order_id, first_order_at = f.processed_at, first_order_day = f.day
from (
  select b.customer_id, o.order_id, o.processed_at, o.day
  from unnest(%(customers)s::bigint[]) b(customer_id)
  left join lateral (
    select order_id, processed_at, day from shop_order
    where store_id = %(store)s and customer_id = b.customer_id and not test
    order by processed_at, order_id limit 1
  ) o on true
) f
where c.store_id = %(store)s and c.customer_id = f.customer_id
  and (c.first_order_id, c.first_order_at, c.first_order_day)
      is distinct from (f.order_id, f.processed_at, f.day)
"""


class ShopifyOrders:
    """The source of orders: a bulk file for an import, pages of what changed for a catch-up."""

    key = "shopify_orders"
    label = "Shopify orders"
    channel = "shopify"
    tables: tuple[str, ...] = ("shop_order",)
    cadence = "Webhooks, hourly catch-up"
    stale_after = timedelta(hours=3)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        return reading.batches(access, plan, documents.ORDERS, self._search(access, plan), "Orders")

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        return write_orders(session, store_id, batch.records)

    def source_count(self, access: Access, plan: Plan) -> int | None:
        return reads.count(reading.client(access), documents.ORDERS, self._search(access, plan))

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        with cursor(session) as run:
            run.execute(
                """
                select count(*) from shop_order where store_id = %(store)s
                  and (%(since)s::timestamptz is null or updated_at >= %(since)s)
                  and (%(first)s::date is null or day >= %(first)s) and (%(last)s::date is null or day <= %(last)s)
                """,
                {
                    "store": store_id,
                    "since": reading.since(plan),
                    "first": None if plan.since else plan.first_day,
                    "last": None if plan.since else plan.last_day,
                },
            )
            return _one(run.fetchone())

    def _search(self, access: Access, plan: Plan) -> str | None:
        return reading.updated_since(plan) or reading.processed_within(access, plan)


def fetch_orders(access: Access, ids: list[int]) -> list[dict[str, Any]]:
    """Orders by id, as write_orders takes them. Those Shopify does not show (any more) are left out."""
    return reads.by_ids(reading.client(access), documents.ORDERS, ids)


def without_journey(session: Session, store_id: int) -> list[int]:
    """Recent orders whose visits Shopify had not attributed when they were read: to be fetched again."""
    with cursor(session) as run:
        run.execute(
            "select order_id from shop_order where store_id = %s and not journey_ready and created_at > %s",
            (store_id, clock.now() - JOURNEY_PATIENCE),
        )
        return [order_id for (order_id,) in run]


def write_orders(session: Session, store_id: int, records: list[dict[str, Any]]) -> Written:
    """Bring orders to the state of these records; the result is the same in any order and repetition."""
    store = session.get_one(Store, store_id)
    newest: dict[int, MappedOrder] = {}
    for record in records:
        mapped = mapping.order(record, store.time_zone)
        known = newest.get(mapped.order.order_id)
        if known is None or known.order.updated_at <= mapped.order.updated_at:
            newest[mapped.order.order_id] = mapped
    if not newest:
        return Written(len(records), 0)
    orders = list(newest.values())
    _stage(session, orders)
    changed, older = _move(session, store_id)
    skipped = {
        "repeated in the batch": len(records) - len(orders),
        "older than what is here": older,
        "unchanged": len(orders) - len(changed) - older,
    }
    return Written(
        len(records), len(changed), {why: count for why, count in skipped.items() if count}, tuple(sorted(changed))
    )


def _stage(session: Session, orders: list[MappedOrder]) -> None:
    stage(session, "stage_order", ORDER_COLUMNS, ((*o.order, o.payload_hash()) for o in orders))
    stage(session, "stage_line", LINE_COLUMNS, (row for o in orders for row in o.lines))
    stage(session, "stage_entry", ENTRY_COLUMNS, (row for o in orders for row in o.entries))
    stage(session, "stage_touch", TOUCH_COLUMNS, (row for o in orders for row in o.touches))


def _move(session: Session, store_id: int) -> tuple[list[int], int]:
    """From the staging tables into their own; the orders that changed, and how many came too late."""
    with cursor(session) as run:
        of_store = {"store": store_id}
        customers = [customer for (customer,) in run.execute(BUYERS, of_store)]
        # costs do not change between being looked up here and being written
        run.execute("select pg_advisory_xact_lock_shared(hashtextextended('unit_cost', %(store)s))", of_store)
        written = run.execute(UPSERT_ORDERS, of_store).fetchall()
        changed, known = [i for i, _ in written], [i for i, is_new in written if not is_new]
        older = _one(
            run.execute(
                "select count(*) from stage_order s join shop_order o using (order_id) "
                "where o.store_id = %(store)s and o.updated_at > s.updated_at",
                of_store,
            ).fetchone()
        )
        if not changed:
            return [], older
        run.execute(KEEP_PRODUCTS, of_store)
        if known:
            for table in ("sale_entry", "touch", "order_line"):
                delete = sql.SQL("delete from {} where store_id = %s and order_id = any(%s)")
                run.execute(delete.format(sql.Identifier(table)), (store_id, known))
        values = {**of_store, "orders": changed, "customers": customers, "cost_kinds": list(COST_KINDS)}
        for statement in (
            INSERT_LINES,
            INSERT_ENTRIES,
            INSERT_TOUCHES,
            STUB_CUSTOMERS,
            LOCK_CUSTOMERS,
            FIRST_ORDERS,
        ):
            run.execute(statement, values)
        return changed, older


def _one(row: Any) -> int:
    return row[0]
