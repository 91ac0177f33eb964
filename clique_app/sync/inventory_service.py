"""Shopify stock into the tables: locations, levels now, what items cost, and the level each store day ended with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from clique_app import clock
from clique_app.errors import Unavailable
from clique_app.integrations.shopify import documents, mapping, reads
from clique_app.integrations.shopify.mapping import CostRow, LevelRow, LocationRow
from clique_app.integrations.shopify.values import number
from clique_app.sync import reading
from clique_app.sync.costs_service import cost_field, write_costs
from clique_app.sync.source import Access, Batch, Plan, Written
from clique_app.sync.staging_service import cursor, stage
from clique_app.tables import Store, SyncCursor

LOCATION_COLUMNS = ("location_id bigint", "name text", "country text", "region text", "active bool")
LEVEL_COLUMNS = (
    "inventory_item_id bigint", "location_id bigint", "available int", "committed int", "incoming int",
    "updated_at timestamptz",
)  # fmt: skip

READ_COLUMNS = ("inventory_item_id bigint", "read_at timestamptz")

# What was read of an item before what is here tells nothing: a place it lacks may be new, one it has may be gone.
NEWEST = """
insert into inventory_read as r (store_id, inventory_item_id, read_at)
select %(store)s, inventory_item_id, read_at from stage_read order by inventory_item_id
on conflict (store_id, inventory_item_id) do update set read_at = excluded.read_at where r.read_at <= excluded.read_at
returning inventory_item_id
"""
UPSERT_LOCATIONS = """
insert into location as l (store_id, location_id, name, country, region, active)
select %(store)s, location_id, name, country, region, active from stage_location order by location_id
on conflict (store_id, location_id) do update set
  name = excluded.name, country = excluded.country, region = excluded.region, active = excluded.active
where (l.name, l.country, l.region, l.active)
      is distinct from (excluded.name, excluded.country, excluded.region, excluded.active)
"""
UPSERT_LEVELS = """
insert into inventory_level as l
  (store_id, inventory_item_id, location_id, available, committed, incoming, updated_at)
select %(store)s, inventory_item_id, location_id, available, committed, incoming, updated_at
from stage_level order by inventory_item_id, location_id
on conflict (store_id, inventory_item_id, location_id) do update set
  available = excluded.available, committed = excluded.committed, incoming = excluded.incoming,
  updated_at = excluded.updated_at
where (l.available, l.committed, l.incoming, l.updated_at)
      is distinct from (excluded.available, excluded.committed, excluded.incoming, excluded.updated_at)
  and l.updated_at <= excluded.updated_at
returning inventory_item_id
"""
# what is stocked there no longer, and items whose variant was retired while they were being read
DROP_LEVELS = """
delete from inventory_level l
where l.store_id = %(store)s and l.inventory_item_id = any(%(items)s)
  and (not exists (select from stage_level s
                   where s.inventory_item_id = l.inventory_item_id and s.location_id = l.location_id)
       or exists (select from variant v where v.store_id = l.store_id
                  and v.inventory_item_id = l.inventory_item_id and not v.active))
returning inventory_item_id
"""
# of the levels as they now stand, which a late record has not changed
SNAPSHOT = """
insert into inventory_day as d (store_id, day, inventory_item_id, location_id, available, committed, incoming)
select l.store_id, %(today)s, l.inventory_item_id, l.location_id, l.available, l.committed, l.incoming
from inventory_level l where l.store_id = %(store)s and l.inventory_item_id = any(%(items)s)
order by l.inventory_item_id, l.location_id
on conflict (store_id, day, inventory_item_id, location_id) do update set
  available = excluded.available, committed = excluded.committed, incoming = excluded.incoming
where (d.available, d.committed, d.incoming)
      is distinct from (excluded.available, excluded.committed, excluded.incoming)
"""
# A level that has not changed since a day ended is what it was then; of another, the last that was noted counts.
CLOSE_DAYS = """
insert into inventory_day as d (store_id, day, inventory_item_id, location_id, available, committed, incoming)
select l.store_id, e.day, l.inventory_item_id, l.location_id, k.available, k.committed, k.incoming
from inventory_level l
cross join (
  select day::date as day, (day + interval '1 day') at time zone %(zone)s as ends
  from generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') day
) e
cross join lateral (
  select l.available, l.committed, l.incoming where l.updated_at < e.ends
  union all
  (select b.available, b.committed, b.incoming from inventory_day b
   where l.updated_at >= e.ends and b.store_id = l.store_id and b.day <= e.day
     and b.inventory_item_id = l.inventory_item_id and b.location_id = l.location_id
   order by b.day desc limit 1)
) k
where l.store_id = %(store)s
order by e.day, l.inventory_item_id, l.location_id
on conflict (store_id, day, inventory_item_id, location_id) do update set
  available = excluded.available, committed = excluded.committed, incoming = excluded.incoming
where (d.available, d.committed, d.incoming)
      is distinct from (excluded.available, excluded.committed, excluded.incoming)
"""
CLOSED_TOGETHER = timedelta(days=31)  # further back nobody asks for the stock of a day that was missed
ASKED_TOGETHER = 1000  # items that were left out, held in memory at once


class ShopifyInventory:
    """The source of stock and of costs. Read whole each time: Shopify's search does not find items by a changed level,
    and a product does not count as changed when only its cost did."""

    key = "shopify_inventory"
    label = "Shopify inventory"
    channel = "shopify"
    tables: tuple[str, ...] = ("inventory_level",)
    cadence = "Webhooks, hourly catch-up"
    stale_after = timedelta(hours=3)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        read, seen = int(plan.position.get("read", 0)), set[int]()
        began: str = plan.position.get("began", clock.now().isoformat())  # a file tells no more than when it was made
        take, listing = partial(_as_of, read_at=began), documents.inventory(access.cost_metafield)
        for batch in reading.batches(access, plan, listing, None, "Stock of items", take):
            read = batch.position.get("read", read + len(batch.records))
            seen |= _items(batch.records)
            yield replace(batch, position={**batch.position, "began": began}) if batch.position else batch
        yield from _left_out(access, read, seen)

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        return write_inventory(session, store_id, batch.records)

    def source_count(self, access: Access, plan: Plan) -> int | None:
        return None  # Shopify does not count inventory items; what was left out is found by its variants

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        with cursor(session) as run:
            row = run.execute(
                "select count(distinct inventory_item_id) from inventory_level where store_id = %s", (store_id,)
            ).fetchone()
            assert row is not None
            return row[0]


def _left_out(access: Access, read: int, seen: set[int]) -> Iterator[Batch]:
    """Where not as much was read as Shopify has variants: the stock of those whose item was not seen, asked for by
    id. What interrupts this leaves the reading incomplete, as it would begin anew."""
    shopify = reading.client(access)
    try:
        counted = reads.count(shopify, documents.VARIANT_ITEMS, None)
        if read == counted:
            return
        listed, missing = 0, set[int]()
        for page in reads.pages(shopify, documents.VARIANT_ITEMS, None):
            listed += len(page.records)
            missing |= {number(variant["inventoryItem"]["id"]) for variant in page.records} - seen
        wanted = sorted(missing)
        for start in range(0, len(wanted), ASKED_TOGETHER):
            found = fetch_inventory(access, wanted[start : start + ASKED_TOGETHER])
            missing -= _items(found)
            yield Batch(found, {}, "Stock of items that were left out")
    except Unavailable as error:
        yield Batch([], {}, "Stock of items", missing=f"The stock of some items may be missing. {error.message}")
        return
    told = []
    if missing:
        told.append(f"Shopify did not give the stock of {len(missing):,} {'item' if len(missing) == 1 else 'items'}.")
    if counted is not None and listed < counted:
        told.append(f"Shopify counts {counted:,} variants, but lists {listed:,}.")
    if told:
        yield Batch([], {}, "Stock of items", missing=f"{' '.join(told)} Sync again; stock may be incomplete.")


def _items(records: list[dict[str, Any]]) -> set[int]:
    return {number(record["id"]) for record in records}


def fetch_inventory(access: Access, item_ids: list[int]) -> list[dict[str, Any]]:
    """Inventory items by id with their levels, as write_inventory takes them."""
    read_at, listing = clock.now().isoformat(), documents.inventory(access.cost_metafield)
    return [_as_of(item, read_at) for item in reads.by_ids(reading.client(access), listing, item_ids)]


def _as_of(record: dict[str, Any], read_at: str) -> dict[str, Any]:
    """With the time before which it was not read: the item itself does not change when its levels do."""
    return {**record, "readAt": read_at}


def write_inventory(session: Session, store_id: int, records: list[dict[str, Any]]) -> Written:
    """Bring stock and costs of these items to these records, and the day's last state with them."""
    newest: dict[int, dict[str, Any]] = {}
    for record in sorted(records, key=_read_at):
        newest[number(record["id"])] = record
    if not newest:
        return Written(0, 0)
    stage(session, "stage_read", READ_COLUMNS, ((item, _read_at(record)) for item, record in newest.items()))
    with cursor(session) as run:
        items = [item for (item,) in run.execute(NEWEST, {"store": store_id}).fetchall()]
    levels: list[LevelRow] = []
    locations: dict[int, LocationRow] = {}
    for item in items:
        rows, places = mapping.inventory(newest[item])
        levels += rows
        locations |= {place.location_id: place for place in places}
    stage(session, "stage_location", LOCATION_COLUMNS, locations.values())
    stage(session, "stage_level", LEVEL_COLUMNS, levels)
    today = clock.today(session.get_one(Store, store_id).time_zone)
    values = {"store": store_id, "items": items, "today": today}
    with cursor(session) as run:
        run.execute(UPSERT_LOCATIONS, values)
        changed = {item for (item,) in run.execute(UPSERT_LEVELS, values).fetchall()}
        changed |= {item for (item,) in run.execute(DROP_LEVELS, values).fetchall()}
        run.execute(SNAPSHOT, values)
    named, costs, wrong = cost_field(session, store_id), list[CostRow](), list[str]()
    for record in records:
        try:
            if cost := mapping.item_cost(record, named):
                costs.append(cost)
        except mapping.WrongCost:
            wrong.append(record["sku"] or f"item {number(record['id'])}")
    write_costs(session, store_id, costs)
    skipped = {
        "repeated in the batch": len(records) - len(newest),
        "older than what is here": len(newest) - len(items),
        "unchanged": len(items) - len(changed),
    }
    left = {why: count for why, count in skipped.items() if count}
    return Written(len(records), len(changed), left, wrong_costs=tuple(wrong))


def _read_at(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["readAt"])


def close_days(session: Session, store_id: int) -> bool:
    """Note, for every level, the stock that each store day ended with which is over by now. False where stock has not
    been read since yesterday ended, so that yesterday is not known yet. Of days before stock was first read nothing is
    noted: only levels that have not changed since are known of them, and a part would look like the whole."""
    store, read = session.get_one(Store, store_id), session.get(SyncCursor, (store_id, ShopifyInventory.key))
    yesterday = clock.today(store.time_zone) - timedelta(days=1)
    known = clock.day_of(read.read_to, store.time_zone) - timedelta(days=1) if read and read.read_to else None
    if known is None:
        return False
    closed = store.stock_closed_on or known
    first = max(closed + timedelta(days=1), known - CLOSED_TOGETHER)
    if first <= known:
        with cursor(session) as run:
            run.execute(CLOSE_DAYS, {"store": store_id, "zone": store.time_zone, "first": first, "last": known})
    store.stock_closed_on = max(closed, known)
    return known >= yesterday
