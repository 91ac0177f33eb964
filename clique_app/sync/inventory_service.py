"""Shopify stock into the tables: locations, levels now, and the level each store day ended with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.shopify import documents, mapping, reads
from clique_app.integrations.shopify.mapping import LevelRow, LocationRow
from clique_app.integrations.shopify.values import number
from clique_app.sync import reading
from clique_app.sync.source import Access, Batch, Plan, Written
from clique_app.sync.staging_service import cursor, stage
from clique_app.tables import Store

LOCATION_COLUMNS = ("location_id bigint", "name text", "country text", "region text", "active bool")
LEVEL_COLUMNS = (
    "inventory_item_id bigint", "location_id bigint", "available int", "committed int", "incoming int",
    "updated_at timestamptz",
)  # fmt: skip

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
DROP_LEVELS = """
delete from inventory_level l
where l.store_id = %(store)s and l.inventory_item_id = any(%(items)s)
  and not exists (select from stage_level s
                  where s.inventory_item_id = l.inventory_item_id and s.location_id = l.location_id)
returning inventory_item_id
"""
# of the levels as they now stand, which a late record has not changed
SNAPSHOT = """
insert into inventory_day as d (store_id, day, inventory_item_id, location_id, available)
select l.store_id, %(today)s, l.inventory_item_id, l.location_id, l.available
from inventory_level l where l.store_id = %(store)s and l.inventory_item_id = any(%(items)s)
order by l.inventory_item_id, l.location_id
on conflict (store_id, day, inventory_item_id, location_id) do update set available = excluded.available
where d.available <> excluded.available
"""


class ShopifyInventory:
    """The source of stock. Read whole each time: Shopify's search does not find items by a changed level."""

    key = "shopify_inventory"
    label = "Shopify inventory"
    channel = "shopify"
    tables: tuple[str, ...] = ("inventory_level",)
    cadence = "Webhooks, hourly catch-up"
    stale_after = timedelta(hours=3)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        return reading.batches(access, plan, documents.INVENTORY, None, "Stock of items")

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        return write_inventory(session, store_id, batch.records)

    def source_count(self, access: Access, plan: Plan) -> int | None:
        return None  # Shopify does not count inventory items

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        with cursor(session) as run:
            row = run.execute(
                "select count(distinct inventory_item_id) from inventory_level where store_id = %s", (store_id,)
            ).fetchone()
            assert row is not None
            return row[0]


def fetch_inventory(access: Access, item_ids: list[int]) -> list[dict[str, Any]]:
    """Inventory items by id with their levels, as write_inventory takes them."""
    return reads.by_ids(reading.client(access), documents.INVENTORY, item_ids)


def write_inventory(session: Session, store_id: int, records: list[dict[str, Any]]) -> Written:
    """Bring the stock of these items to these records, and the day's last state with it."""
    levels: dict[tuple[int, int], LevelRow] = {}
    locations: dict[int, LocationRow] = {}
    items = list(dict.fromkeys(number(record["id"]) for record in records))
    for record in records:
        rows, places = mapping.inventory(record)
        locations |= {place.location_id: place for place in places}
        for row in rows:
            known = levels.get(row[:2])
            if known is None or known.updated_at <= row.updated_at:
                levels[row.inventory_item_id, row.location_id] = row
    if not items:
        return Written(0, 0)
    stage(session, "stage_location", LOCATION_COLUMNS, locations.values())
    stage(session, "stage_level", LEVEL_COLUMNS, levels.values())
    today = clock.today(session.get_one(Store, store_id).time_zone)
    values = {"store": store_id, "items": items, "today": today}
    with cursor(session) as run:
        run.execute(UPSERT_LOCATIONS, values)
        changed = {item for (item,) in run.execute(UPSERT_LEVELS, values).fetchall()}
        changed |= {item for (item,) in run.execute(DROP_LEVELS, values).fetchall()}
        run.execute(SNAPSHOT, values)
    same = len(records) - len(changed)
    return Written(len(records), len(changed), {"unchanged": same} if same else {})
