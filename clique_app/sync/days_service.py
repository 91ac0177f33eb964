"""Store days, worked out again from their instants where the store has changed its time zone."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from sqlmodel import Session

from clique_app.sync.costs_service import move_costs, recost
from clique_app.sync.staging_service import cursor
from clique_app.tables import Store

# Locked in the order in which whoever writes them does.
LOCK_ORDERS = """
select from shop_order where store_id = %(store)s and day <> (processed_at at time zone %(zone)s)::date
order by order_id for no key update
"""
LOCK_CUSTOMERS = """
select from customer where store_id = %(store)s and first_order_day <> (first_order_at at time zone %(zone)s)::date
order by customer_id for no key update
"""
MOVE_ORDERS = """
update shop_order set day = (processed_at at time zone %(zone)s)::date
where store_id = %(store)s and day <> (processed_at at time zone %(zone)s)::date
"""
MOVE_ENTRIES = """
with moved as (
  update sale_entry set day = (happened_at at time zone %(zone)s)::date
  where store_id = %(store)s and day <> (happened_at at time zone %(zone)s)::date
  returning variant_id
)
select count(*), array_agg(distinct variant_id) filter (where variant_id is not null) from moved
"""
MOVE_CUSTOMERS = """
update customer set first_order_day = (first_order_at at time zone %(zone)s)::date
where store_id = %(store)s and first_order_day <> (first_order_at at time zone %(zone)s)::date
"""
MOVE_VISITS = """
update web_session set day = (started_at at time zone %(zone)s)::date
where store_id = %(store)s and day <> (started_at at time zone %(zone)s)::date
"""
MOVE_ANSWERS = """
update survey_response set day = (answered_at at time zone %(zone)s)::date
where store_id = %(store)s and day <> (answered_at at time zone %(zone)s)::date
"""
# the store's first known day begins with its first order
FIRST_ORDER = """
select min(processed_at) from shop_order
where store_id = %(store)s and day = (select history_from from store where store_id = %(store)s)
"""
MOVE_HISTORY = """
update store set history_from = (%(first)s at time zone %(zone)s)::date where store_id = %(store)s
"""
# of the first day that was read, only a part is here where days begin earlier now
LATER = """
select exists (
  select from shop_order where store_id = %(store)s and day < (processed_at at time zone %(zone)s)::date)
"""
MOVE_READ = """
update sync_cursor set history_from = history_from + 1
where store_id = %(store)s and source = 'shopify_orders' and history_from is not null
"""
# of deliveries no day is kept, so no trigger marks those that were summed
MARK_DELIVERIES = "insert into metric_change (store_id, source, day) values (%(store)s, 'delivery', null)"


def settle(session: Session, store_id: int) -> int:
    """Bring all days to the store's zone; of how many sales the day moved. Their credits are then to be made anew."""
    values = {"store": store_id, "zone": session.get_one(Store, store_id).time_zone}
    with cursor(session) as run:
        run.execute("select pg_advisory_xact_lock(hashtextextended('unit_cost', %(store)s))", values)
        run.execute(LOCK_ORDERS, values)
        first, later = _one(run, FIRST_ORDER, values), _one(run, LATER, values)
        moved = run.execute(MOVE_ORDERS, values).rowcount
        if moved and first:
            run.execute(MOVE_HISTORY, {**values, "first": first})
        if later:
            run.execute(MOVE_READ, values)
        found = run.execute(MOVE_ENTRIES, values).fetchone()
        assert found is not None
        entries, sold = found
        run.execute(LOCK_CUSTOMERS, values)
        run.execute(MOVE_CUSTOMERS, values)
        run.execute(MOVE_VISITS, values)
        run.execute(MOVE_ANSWERS, values)
        if variants := {*(sold or ()), *move_costs(run, store_id, values["zone"])}:
            recost(run, store_id, sorted(variants))
        if moved or entries:
            run.execute(MARK_DELIVERIES, values)
    return moved + entries


def _one(run: psycopg.Cursor, query: LiteralString, values: dict[str, Any]) -> Any:
    found = run.execute(query, values).fetchone()
    return found[0] if found else None
