"""Shopify orders into the tables: the order, its lines, its ledger entries, its touches, its buyer's first order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, LiteralString

from psycopg import sql
from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.shopify import documents, reads
from clique_app.integrations.shopify.scopes import SHOWN_WITHOUT_SCOPE_DAYS
from clique_app.sync import first_orders_service, order_rows, planner_service, reading
from clique_app.sync.order_rows import ENTRY_COLUMNS, LINE_COLUMNS, ORDER_COLUMNS, TOUCH_COLUMNS, OrderLines
from clique_app.sync.source import Access, Aside, Batch, Plan, Written
from clique_app.sync.staging_service import COST_KINDS, COST_ON_DAY, STAGED_COST_DAYS, cursor, stage_lines
from clique_app.tables import Store

JOURNEY_PATIENCE = timedelta(days=30)  # a journey is of the 30 days before its order: Shopify keeps no visit longer


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
  and (shop_order.updated_at, shop_order.journey_ready) <= (excluded.updated_at, excluded.journey_ready)
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
select %(store)s, {_names(LINE_COLUMNS)} from stage_line
"""  # noqa: S608
INSERT_TOUCHES = f"""
insert into touch (store_id, {_names(TOUCH_COLUMNS)})
select %(store)s, {_names(TOUCH_COLUMNS)} from stage_touch
"""  # noqa: S608
INSERT_ENTRIES = f"""
insert into sale_entry (store_id, {_names(ENTRY_COLUMNS)}, product_id, variant_id, unit_cost)
select %(store)s, e.sale_id, e.kind, e.order_id, e.line_id, e.happened_at, e.day, e.quantity, e.amount,
       l.product_id, l.variant_id, c.cost
from stage_entry e
left join stage_line l on l.line_id = e.line_id
left join ({STAGED_COST_DAYS.format(entries="stage_entry")}) sold on sold.line_id = e.line_id and e.quantity < 0
left join ({COST_ON_DAY}) c
  on c.variant_id = l.variant_id and coalesce(sold.day, e.day) >= c.from_day and coalesce(sold.day, e.day) < c.to_day
  and e.kind = any(%(cost_kinds)s)
"""  # noqa: S608

# Whose orders they were before, and whether what is here is newer.
FORMER = """
select o.customer_id, (o.updated_at, o.journey_ready) > (s.updated_at, s.journey_ready)
from stage_order s join shop_order o on o.store_id = %(store)s and o.order_id = s.order_id
where o.order_id between (select min(order_id) from stage_order) and (select max(order_id) from stage_order)
"""
# A customer has a row as soon as an order is here, so one without a row has no order but these.
NEW_CUSTOMERS = """
insert into customer (store_id, customer_id, country, region, postal_code,
                      first_order_id, first_order_at, first_order_day)
select %(store)s, customer_id, '', '', '',
       case when not test then order_id end, case when not test then processed_at end, case when not test then day end
from (
  select distinct on (customer_id) customer_id, test, order_id, processed_at, day
  from stage_order where customer_id is not null
  order by customer_id, test, processed_at, order_id
) first
order by customer_id
on conflict do nothing
"""
# New orders can only bring an earlier first one ...
EARLIER_ORDERS = """
with first as (
  select distinct on (customer_id) customer_id, order_id, processed_at, day
  from stage_order where customer_id is not null and not test
  order by customer_id, processed_at, order_id
),
later as (
  select c.customer_id from customer c join first using (customer_id)
  where c.store_id = %(store)s
    and (c.first_order_at is null or (first.processed_at, first.order_id) < (c.first_order_at, c.first_order_id))
  order by c.customer_id for no key update of c
)
update customer c
set first_order_id = first.order_id, first_order_at = first.processed_at, first_order_day = first.day
from first join later using (customer_id)
where c.store_id = %(store)s and c.customer_id = first.customer_id
  and (c.first_order_at is null or (first.processed_at, first.order_id) < (c.first_order_at, c.first_order_id))
"""
# ... but an order that changes may have gone to another customer.
LOCK_CUSTOMERS, FIRST_ORDERS = first_orders_service.statements(
    "select customer_id from stage_order union select unnest(%(buyers)s::bigint[])"
)

# Shopify shows every order that is young enough
DELETE = """
delete from shop_order where store_id = %(store)s and order_id = any(%(gone)s)
  and (order_id = any(%(deleted)s) or created_at > %(shown_from)s)
returning customer_id
"""
# what a plan should have brought
KEPT = """
select order_id from shop_order where store_id = %(store)s
  and (payload_hash is null or (order_id, payload_hash) not in (  -- files' orders Shopify may not show
    select row_id, mark from imported_row where store_id = %(store)s and kind = 'order' and mark is not null))
  and (%(since)s::timestamptz is null or updated_at >= %(since)s)
  and (%(until)s::timestamptz is null
       or case when %(since)s::timestamptz is null then created_at else updated_at end < %(until)s)
  and (%(first)s::date is null or day >= %(first)s) and (%(last)s::date is null or day <= %(last)s)
"""

UNBALANCED = """
select count(*), sum(stated_total), sum(total), (array_agg(name order by order_id))[1:3]
from shop_order where store_id = %(store)s and total <> stated_total
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
        mapped = partial(order_rows.of, time_zone=access.time_zone)
        return reading.batches(access, plan, documents.ORDERS, self._search(access, plan), "Orders", mapped)

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        written = write_lines(session, store_id, batch.records)
        planner_service.expect(session, len(batch.records))  # they are credited next
        return written

    def source_count(self, access: Access, plan: Plan) -> int | None:
        search = reading.before(plan, self._search(access, plan), "created_at")
        return reads.count(reading.client(access), documents.ORDERS, search)

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        with cursor(session) as run:
            row = run.execute(f"select count(*) from ({KEPT}) kept", _kept(store_id, plan)).fetchone()  # noqa: S608
            return row[0] if row else 0

    def kept_ids(self, session: Session, store_id: int, plan: Plan) -> list[int]:
        with cursor(session) as run:
            return [order_id for (order_id,) in run.execute(KEPT, _kept(store_id, plan))]

    def aside(self, access: Access, plan: Plan, ids: list[int]) -> Aside:
        return reading.aside(access, plan, documents.ORDERS, ids)

    def _search(self, access: Access, plan: Plan) -> str | None:
        return reading.updated_since(plan) or reading.processed_within(access, plan)


def _kept(store_id: int, plan: Plan) -> dict[str, Any]:
    days = (None, None) if plan.since else (plan.first_day, plan.last_day)
    within = {"since": reading.since(plan), "until": reading.until(plan)}
    return {"store": store_id, **within, "first": days[0], "last": days[1]}


def fetch_orders(access: Access, ids: list[int]) -> list[dict[str, Any]]:
    """Orders by id, as write_orders takes them. Those Shopify does not show (any more) are left out."""
    return reads.by_ids(reading.client(access), documents.ORDERS, ids)


def delete_orders(session: Session, store_id: int, gone: Collection[int], deleted: Collection[int]) -> int:
    """Of the orders Shopify does not show, forget those that were deleted there: those it has said so of, and those it
    would show to anyone. Of another only the app's view may have ended. Returns how many."""
    shown_from = clock.now() - timedelta(days=SHOWN_WITHOUT_SCOPE_DAYS - 1)
    values = {"store": store_id, "gone": list(gone), "deleted": list(deleted), "shown_from": shown_from}
    with cursor(session) as run:
        buyers = [customer for (customer,) in run.execute(DELETE, values).fetchall()]
        first_orders_service.renew(run, store_id, filter(None, buyers))
    return len(buyers)


def without_journey(session: Session, store_id: int) -> list[int]:
    """Recent orders whose visits Shopify had not attributed when they were read: to be fetched again. Asked for every
    hour; an order of some days comes every so many hours, rounded down to a power of two: each of these divides the
    next, so that no day's end makes it wait longer."""
    now = clock.now()
    with cursor(session) as run:
        run.execute(
            "select order_id from shop_order where store_id = %(store)s and not journey_ready and created_at > %(from)s"
            " and %(hour)s %% (1 << floor(log(2, greatest(extract(day from %(now)s - created_at), 1)))::int) = 0",
            {"store": store_id, "from": now - JOURNEY_PATIENCE, "now": now, "hour": int(now.timestamp()) // 3600},
        )
        return [order_id for (order_id,) in run]


def journeys_given_up(session: Session, store_id: int, since: datetime, until: datetime) -> str:
    """In words, the orders whose visits are not asked for any more from this time on; empty where there are none."""
    with cursor(session) as run:
        run.execute(
            "select name from shop_order where store_id = %(store)s and not journey_ready and created_at > %(from)s"
            " and created_at <= %(to)s order by order_id",
            {"store": store_id, "from": since - JOURNEY_PATIENCE, "to": until - JOURNEY_PATIENCE},
        )
        names = [name for (name,) in run]
    if not names:
        return ""
    return (
        f"Shopify has not said within {JOURNEY_PATIENCE.days} days how the {'buyer' if len(names) == 1 else 'buyers'} "
        f"of {len(names):,} {'order' if len(names) == 1 else 'orders'} came ({', '.join(names[:3])}"
        f"{', ...' if len(names) > 3 else ''}). Clique does not ask again."
    )


def unbalanced(session: Session, store_id: int) -> str:
    """In words, the orders whose bookings do not add up to what Shopify states; empty where all do."""
    with cursor(session) as run:
        found = run.execute(UNBALANCED, {"store": store_id}).fetchone()
    if not found or not found[0]:
        return ""
    count, stated, booked, names = found
    return (
        f"{count:,} {'order does' if count == 1 else 'orders do'} not add up to Shopify's total: {stated:,.2f} is "
        f"stated, {booked:,.2f} is here ({', '.join(names)}{', ...' if count > len(names) else ''})."
    )


def write_orders(session: Session, store_id: int, records: list[dict[str, Any]]) -> Written:
    """Bring orders to the state of these records; the result is the same in any order and repetition."""
    time_zone = session.get_one(Store, store_id).time_zone
    return write_lines(session, store_id, [order_rows.of(record, time_zone) for record in records])


def write_lines(session: Session, store_id: int, given: list[OrderLines]) -> Written:
    """The same for records that are mapped already."""
    orders = order_rows.newest(given)
    if not orders:
        return Written(len(given), 0)
    stage_lines(session, "stage_order", ORDER_COLUMNS, (o.order for o in orders))
    stage_lines(session, "stage_line", LINE_COLUMNS, (o.lines for o in orders))
    stage_lines(session, "stage_entry", ENTRY_COLUMNS, (o.entries for o in orders))
    stage_lines(session, "stage_touch", TOUCH_COLUMNS, (o.touches for o in orders))
    changed, older = _move(session, store_id, len(orders))
    skipped = {
        "repeated in the batch": len(given) - len(orders),
        "older than what is here": older,
        "unchanged": len(orders) - len(changed) - older,
    }
    return Written(
        len(given), len(changed), {why: count for why, count in skipped.items() if count}, tuple(sorted(changed))
    )


def _move(session: Session, store_id: int, staged: int) -> tuple[list[int], int]:
    """From the staging tables into their own; the orders that changed, and how many came too late."""
    with cursor(session) as run:
        of_store = {"store": store_id}
        former = run.execute(FORMER, of_store).fetchall()
        # costs do not change between being looked up here and being written
        run.execute("select pg_advisory_xact_lock_shared(hashtextextended('unit_cost', %(store)s))", of_store)
        written = run.execute(UPSERT_ORDERS, of_store).fetchall()
        changed, known = [i for i, _ in written], [i for i, is_new in written if not is_new]
        older = sum(is_older for _, is_older in former)
        if not changed:
            return [], older
        values = {
            **of_store,
            "orders": changed,
            "known": known,
            "buyers": [customer for customer, _ in former if customer is not None],
            "cost_kinds": list(COST_KINDS),
        }
        if len(changed) < staged:
            for table in ("stage_order", "stage_line", "stage_entry", "stage_touch"):
                delete = sql.SQL("delete from {} where order_id <> all(%(orders)s)")
                run.execute(delete.format(sql.Identifier(table)), values)
        if known:
            run.execute(KEEP_PRODUCTS, values)
            for table in ("sale_entry", "touch", "order_line"):
                delete = sql.SQL("delete from {} where store_id = %(store)s and order_id = any(%(known)s)")
                run.execute(delete.format(sql.Identifier(table)), values)
        firsts = (LOCK_CUSTOMERS, FIRST_ORDERS) if known else (EARLIER_ORDERS,)
        for statement in (INSERT_LINES, INSERT_ENTRIES, INSERT_TOUCHES, NEW_CUSTOMERS, *firsts):
            planner_service.expect(session)  # what marks the days it changes joins what was written before it
            run.execute(statement, values)
        return changed, older
