"""What a unit costs from which day on: a row for each change, and sales valued at the cost then valid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import psycopg
from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.shopify.mapping import CostField, CostRow
from clique_app.sync.staging_service import COST_DAY, COST_KINDS, COST_ON_DAY, cursor, stage
from clique_app.tables import Store, StoreSettings

NAMED = 3  # of the items whose metafield holds no amount
COST_COLUMNS = ("inventory_item_id bigint", "cost numeric", "as_of timestamptz", "day date")
EVER = date(1970, 1, 1)  # the first cost known counts for all days before: nobody knows another
# A cost counts from the store day on which Shopify was told of it, whenever it is read; an older reading is no news.
ADD_COSTS = """
insert into unit_cost (store_id, variant_id, valid_from, cost, as_of)
select %(store)s, v.variant_id,
       case when latest.cost is null then %(first)s else greatest(s.day, latest.valid_from) end, s.cost, s.as_of
from stage_cost s
join variant v on v.store_id = %(store)s and v.inventory_item_id = s.inventory_item_id
left join lateral (
  select cost, valid_from, as_of from unit_cost u
  where u.store_id = %(store)s and u.variant_id = v.variant_id
  order by valid_from desc limit 1
) latest on true
where s.cost is distinct from latest.cost and s.as_of >= coalesce(latest.as_of, s.as_of)
order by v.variant_id
on conflict (store_id, variant_id, valid_from) do update set cost = excluded.cost, as_of = excluded.as_of
returning variant_id
"""
# The days of costs by the store's zone as it is now, each not before the one before; of two that fall on one day the
# later counts. What did not come from Shopify has no instant, and keeps its day.
PLACED = """
create temporary table cost_placed on commit drop as
with dated as (
  select *, as_of is null or valid_from = %(first)s as keeps, (as_of at time zone %(zone)s)::date as told_on
  from unit_cost where store_id = %(store)s
),
placed as (
  select *, case when keeps then valid_from else max(case when keeps then valid_from else told_on end) over (
    partition by variant_id order by valid_from) end as on_day
  from dated
)
select distinct on (variant_id, on_day) variant_id, on_day, cost, as_of from placed
where variant_id in (select variant_id from placed where on_day <> valid_from)
order by variant_id, on_day, valid_from desc
"""
FORGET_COSTS = """
delete from unit_cost where store_id = %(store)s and variant_id in (select variant_id from cost_placed)
"""
PLACE_COSTS = """
insert into unit_cost (store_id, variant_id, valid_from, cost, as_of)
select %(store)s, variant_id, on_day, cost, as_of from cost_placed order by variant_id, on_day
returning variant_id
"""
RECOST_ENTRIES = f"""
update sale_entry e set unit_cost = c.cost
from ({COST_ON_DAY}) c
where e.store_id = %(store)s and c.variant_id = any(%(variants)s) and e.variant_id = c.variant_id
  and {COST_DAY} >= c.from_day and {COST_DAY} < c.to_day and e.kind = any(%(cost_kinds)s)
  and e.unit_cost is distinct from c.cost
"""  # noqa: S608


def cost_field(session: Session, store_id: int) -> CostField | None:
    """The metafield that Settings name as the place of unit costs."""
    kept, store = session.get(StoreSettings, store_id), session.get_one(Store, store_id)
    if kept is None or not kept.cost_metafield or kept.cost_metafield_at is None:
        return None
    return CostField(kept.cost_metafield, kept.cost_metafield_at, store.currency)


def in_words(wrong: Sequence[str], metafield: str) -> str:
    """The items whose metafield holds no amount, and what to do; empty where there are none."""
    if not wrong:
        return ""
    named = f"{', '.join(wrong[:NAMED])}{', ...' if len(wrong) > NAMED else ''}"
    return (
        f"{len(wrong):,} {'cost is' if len(wrong) == 1 else 'costs are'} not read: the metafield {metafield} holds no "
        f"amount ({named}). Enter a number there, or the cost per item in Shopify."
    )


def write_costs(session: Session, store_id: int, costs: Iterable[CostRow]) -> set[int]:
    """Note changed costs and value the sales they touch; the variants whose cost changed."""
    zone = session.get_one(Store, store_id).time_zone
    newest: dict[int, CostRow] = {}
    for row in costs:
        known = newest.get(row.inventory_item_id)
        if known is None or known.as_of <= row.as_of:
            newest[row.inventory_item_id] = row
    if not newest:
        return set()
    stage(session, "stage_cost", COST_COLUMNS, ((*row, clock.day_of(row.as_of, zone)) for row in newest.values()))
    values: dict[str, Any] = {"store": store_id, "first": EVER}
    with cursor(session) as run:
        run.execute("select pg_advisory_xact_lock(hashtextextended('unit_cost', %(store)s))", values)
        variants = [variant for (variant,) in run.execute(ADD_COSTS, values).fetchall()]
        if variants:
            recost(run, store_id, variants)
    return set(variants)


def move_costs(run: psycopg.Cursor, store_id: int, zone: str) -> set[int]:
    """Bring the days of costs to the store's zone, under the lock of costs; the variants whose days moved."""
    values = {"store": store_id, "zone": zone, "first": EVER}
    run.execute(PLACED, values)
    run.execute(FORGET_COSTS, values)
    return {variant for (variant,) in run.execute(PLACE_COSTS, values).fetchall()}


def recost(run: psycopg.Cursor, store_id: int, variants: Sequence[int]) -> None:
    """Value the sales of these variants at the cost of their day."""
    run.execute(RECOST_ENTRIES, {"store": store_id, "cost_kinds": list(COST_KINDS), "variants": list(variants)})
