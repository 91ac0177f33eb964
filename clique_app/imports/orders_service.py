"""Orders of a file into the same tables as Shopify's own. What Shopify wrote itself is left as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, LiteralString

from sqlmodel import Session

from clique_app.clock import day_of
from clique_app.imports import customers_service
from clique_app.imports.definition import Done, Judged, Tell, counted, quietly, still_fits
from clique_app.imports.ledger import Booked, book, order_id_of
from clique_app.imports.records import OrderRecord, ParsedFile, Problem
from clique_app.imports.values import made_id
from clique_app.sync import first_orders_service
from clique_app.sync.order_rows import ENTRY_COLUMNS
from clique_app.sync.staging_service import COST_KINDS, COST_ON_DAY, STAGED_COST_DAYS, cursor, stage
from clique_app.tables import Store
from clique_app.tables.imports import NO_DAY
from clique_app.tables.orders import NET_SALES_KINDS

ORDER_COLUMNS = (
    "order_id bigint", "name text", "processed_at timestamptz", "day date", "created_at timestamptz",
    "updated_at timestamptz", "cancelled_at timestamptz", "test bool", "customer_id bigint", "source_name text",
    "currency text", "presentment_currency text", "total numeric", "stated_total numeric", "financial_status text",
    "fulfillment_status text", "country text", "region text", "postal_code text", "journey_ready bool",
    "payload_hash bytea",
)  # fmt: skip
LINE_COLUMNS = (
    "line_id bigint", "order_id bigint", "title text", "sku text", "quantity int", "current_quantity int",
    "unit_price numeric", "gift_card bool", "product_id bigint", "variant_id bigint",
)  # fmt: skip
OWN_COLUMNS = ("order_id bigint", "email_hash text", "line int", "state text")
SAMPLE = 10


def _names(columns: tuple[LiteralString, ...]) -> LiteralString:
    return ", ".join(f'"{column.split()[0]}"' for column in columns)


# an order is a file's while it is as the file wrote it; one of the same name without an id is the same order
JUDGE = """
with here as (
  select o.order_id, o.name, o.payload_hash, r.mark is not distinct from o.payload_hash and r.file_id is not null as own
  from shop_order o
  left join imported_row r on r.store_id = o.store_id and r.kind = 'order' and r.row_id = o.order_id
  where o.store_id = %(store)s
)
update file_own f set state = case
    when h.order_id is null then case when f.order_id < 0 and n.name is not null then 'kept' else 'new' end
    when not h.own or h.payload_hash = s.payload_hash then 'kept'
    else 'replaced' end
from file_order s
left join here h on h.order_id = s.order_id
left join (select distinct name from here where order_id > 0) n on n.name = s.name
where f.order_id = s.order_id
"""
STRANGERS = """
select count(*) filter (where h.order_id is not null), count(n.name), count(*)
from file_order s
left join shop_order h on h.store_id = %(store)s and h.order_id = s.order_id
left join (select distinct name from shop_order where store_id = %(store)s and order_id > 0) n
  on n.name = s.name and h.order_id is null
where s.order_id > 0
"""
FORGET_FORMER = """
delete from shop_order o using file_own f, imported_row r
where o.store_id = %(store)s and o.order_id = f.order_id and f.state = 'replaced'
  and r.store_id = %(store)s and r.kind = 'order' and r.row_id = o.order_id and r.mark = o.payload_hash
"""
INSERT_ORDERS = f"""
insert into shop_order (store_id, {_names(ORDER_COLUMNS)})
select %(store)s, {_names(ORDER_COLUMNS)} from file_order
where order_id in (select order_id from file_own where state <> 'kept') order by order_id
on conflict do nothing
returning order_id
"""  # noqa: S608
# by the stock-keeping unit where one variant alone has it, else by the name that Shopify gives a line
MATCH_LINES = (
    """
update file_line l set product_id = v.product_id, variant_id = v.variant_id
from (
  select sku, min(product_id) as product_id, min(variant_id) as variant_id
  from variant where store_id = %(store)s and sku <> '' group by sku having count(*) = 1
) v
where v.sku = l.sku
""",
    """
update file_line l set product_id = v.product_id, variant_id = v.variant_id
from (
  select p.title || case when v.title in ('', 'Default Title') then '' else ' - ' || v.title end as title,
         min(v.product_id) as product_id, min(v.variant_id) as variant_id
  from variant v join product p on p.store_id = v.store_id and p.product_id = v.product_id
  where v.store_id = %(store)s group by 1 having count(*) = 1
) v
where l.variant_id is null and v.title = l.title
""",
)
INSERT_LINES = f"""
insert into order_line (store_id, {_names(LINE_COLUMNS)})
select %(store)s, {_names(LINE_COLUMNS)} from file_line where order_id = any(%(orders)s)
"""  # noqa: S608
INSERT_ENTRIES = f"""
insert into sale_entry (store_id, {_names(ENTRY_COLUMNS)}, product_id, variant_id, unit_cost)
select %(store)s, e.sale_id, e.kind, e.order_id, e.line_id, e.happened_at, e.day, e.quantity, e.amount,
       l.product_id, l.variant_id, c.cost
from file_entry e
left join file_line l on l.line_id = e.line_id
left join ({STAGED_COST_DAYS.format(entries="file_entry")}) sold on sold.line_id = e.line_id and e.quantity < 0
left join ({COST_ON_DAY}) c
  on c.variant_id = l.variant_id and coalesce(sold.day, e.day) >= c.from_day and coalesce(sold.day, e.day) < c.to_day
  and e.kind = any(%(cost_kinds)s)
where e.order_id = any(%(orders)s)
"""  # noqa: S608
KEEP_ROWS = """
insert into imported_row (store_id, kind, row_id, day, file_id, mark)
select %(store)s, 'order', order_id, %(no_day)s, %(file)s, payload_hash from file_order
where order_id = any(%(orders)s)
on conflict (store_id, kind, row_id, day) do update set file_id = excluded.file_id, mark = excluded.mark
"""
REMOVE = """
delete from shop_order o using imported_row r
where r.store_id = %(store)s and r.file_id = %(file)s and r.kind = 'order'
  and o.store_id = %(store)s and o.order_id = r.row_id and o.payload_hash is not distinct from r.mark
returning o.customer_id
"""
# a file without ids names orders that Shopify may give later: the platform's own record is the one that stays
FORGET_TWINS = """
delete from shop_order f using shop_order o
where f.store_id = %(store)s and f.order_id < 0 and o.store_id = %(store)s and o.order_id = any(%(orders)s)
  and o.order_id > 0 and o.name = f.name
returning f.customer_id
"""


class OrdersFile:
    """Shopify's orders export."""

    key = "orders"
    noun = "orders"
    replaces = "order"

    def judge(self, session: Session, store_id: int, parsed: ParsedFile) -> Judged:
        store = session.get_one(Store, store_id)
        booked = _booked(parsed, store)
        states = _stage(session, store, parsed.orders, booked)
        counts, days = Counter(states.values()), [day_of(one.created_at, store.time_zone) for one in parsed.orders]
        return Judged(
            counts["new"],
            counts["replaced"],
            counts["kept"],
            min(days, default=None),
            max(days, default=None),
            sum((row.amount for one in booked for row in one.entries if row.kind in NET_SALES_KINDS), Decimal(0)),
            ("Line", "Order", "Day", "Items", "Subtotal", "Refunded", "Here"),
            tuple(
                (
                    str(one.line), one.name, day.isoformat(), str(len(one.lines)), f"{one.subtotal:,.2f}",
                    f"{one.refunded:,.2f}", STATES[states[order_id_of(one)]],
                )
                for one, day in list(zip(parsed.orders, days, strict=True))[:SAMPLE]
            ),
            _problems(session, store, parsed.orders),
            _notes(parsed.orders),
        )  # fmt: skip

    def write(self, session: Session, store_id: int, file_id: int, parsed: ParsedFile, tell: Tell) -> Done:
        store = session.get_one(Store, store_id)
        states = _stage(session, store, parsed.orders, _booked(parsed, store, tell))
        still_fits(_problems(session, store, parsed.orders))
        values: dict[str, Any] = {"store": store_id, "file": file_id, "no_day": NO_DAY, "cost_kinds": list(COST_KINDS)}
        with cursor(session) as run:
            # costs do not change between being looked up here and being written
            run.execute("select pg_advisory_xact_lock_shared(hashtextextended('unit_cost', %(store)s))", values)
            customers_service.buyers(run, values)
            run.execute(FORGET_FORMER, values)
            orders = [order_id for (order_id,) in run.execute(INSERT_ORDERS, values).fetchall()]
            values["orders"] = orders
            for statement in (*MATCH_LINES, INSERT_LINES, INSERT_ENTRIES, KEEP_ROWS):
                run.execute(statement, values)
            buyers = [one for (one,) in run.execute("select distinct customer_id from file_order").fetchall() if one]
            first_orders_service.renew(run, store_id, buyers)
            customers_service.adopt(run, store_id)
        forget_twins(session, store_id, orders)
        counts = Counter(states[order_id] for order_id in orders)
        kept = len(states) - len(orders)
        return Done({"new": counts["new"], "replaced": counts["replaced"], "kept": kept}, tuple(sorted(orders)))

    def remove(self, session: Session, store_id: int, file_id: int) -> Done:
        with cursor(session) as run:
            gone = run.execute(REMOVE, {"store": store_id, "file": file_id}).fetchall()
            first_orders_service.renew(run, store_id, [customer for (customer,) in gone if customer])
        customers_service.forget(session, store_id, file_id)
        return Done({"removed": len(gone)})


STATES = {"new": "New", "replaced": "Will be replaced", "kept": "Already here"}


def forget_twins(session: Session, store_id: int, order_ids: Sequence[int]) -> None:
    """Shopify has given these orders: what a file without ids had brought of them goes."""
    with cursor(session) as run:
        gone = run.execute(FORGET_TWINS, {"store": store_id, "orders": list(order_ids)}).fetchall()
        first_orders_service.renew(run, store_id, [customer for (customer,) in gone if customer])


def _booked(parsed: ParsedFile, store: Store, tell: Tell = quietly) -> list[Booked]:
    return [book(one, store.time_zone) for one in counted(parsed.orders, tell)]


def _stage(session: Session, store: Store, orders: Sequence[OrderRecord], booked: Sequence[Booked]) -> dict[int, str]:
    """Fill the temporary tables; what each order is against those here."""
    both = list(zip(orders, booked, strict=True))
    stage(session, "file_order", ORDER_COLUMNS, (_row(store, one, rows) for one, rows in both))
    stage(session, "file_own", OWN_COLUMNS, ((rows.order_id, one.email_hash, one.line, "new") for one, rows in both))
    stage(session, "file_line", LINE_COLUMNS, ((*line, None, None) for rows in booked for line in rows.lines))
    stage(session, "file_entry", ENTRY_COLUMNS, (entry for rows in booked for entry in rows.entries))
    with cursor(session) as run:
        run.execute(JUDGE, {"store": store.store_id})
        return dict(run.execute("select order_id, state from file_own").fetchall())


def _row(store: Store, one: OrderRecord, rows: Booked) -> tuple[Any, ...]:
    customer = made_id("customer", one.email_hash) if one.email_hash else None
    return (
        rows.order_id, one.name, one.created_at, day_of(one.created_at, store.time_zone), one.created_at,
        one.updated_at, one.cancelled_at, one.test, customer, one.source, store.currency, store.currency, one.total,
        one.total, one.financial_status, one.fulfillment_status, one.country, one.region, one.postal_code,
        True, rows.mark(one),
    )  # fmt: skip


def _problems(session: Session, store: Store, orders: Sequence[OrderRecord]) -> tuple[Problem, ...]:
    found = [
        Problem(
            one.line,
            "Currency",
            f"The order is in {one.currency}, the store sells in {store.currency}. Export it in the store's currency.",
        )
        for one in orders
        if one.currency not in ("", store.currency)
    ]
    with cursor(session) as run:
        known, named, whole = run.execute(STRANGERS, {"store": store.store_id}).fetchone() or (0, 0, 0)
    if not known and named > whole / 2:
        found.append(Problem(0, "Id", "The orders have names of orders here and other ids: another store's file?"))
    return tuple(found)


def _notes(orders: Sequence[OrderRecord]) -> tuple[str, ...]:
    notes: list[str] = []
    undated = [one for one in orders if one.refunded and not one.cancelled_at]
    if undated:
        amount = sum(one.refunded for one in undated)
        notes.append(
            f"Refunds of {amount:,.2f}, with tax and shipping, have no day in an export. They are booked on the day of "
            f"the order: {', '.join(one.name for one in undated[:3])}{', ...' if len(undated) > 3 else ''}."
        )
    if without := sum(one.order_id is None for one in orders):
        notes.append(f"Told by their names, for want of an Id: {without:,}.")
    if without := sum(not one.email_hash for one in orders):
        notes.append(f"Without an e-mail, and so without a customer: {without:,}.")
    return tuple(notes)
