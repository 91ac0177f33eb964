"""How many rows the tables hold of a store."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session

from clique_app.logs import log
from clique_app.tables import METADATA
from clique_app.tables.counts import COUNTED

_KEPT = """
select of_table, channel, sum(rows) from row_count where store_id = :store and of_table = any(:kept) group by 1, 2
"""
_SETTLE = """
with former as (
    delete from row_count where store_id = :store returning of_table, channel, rows
), added as (
    select of_table, channel, sum(rows) as rows from former group by 1, 2
), there as ({there})
insert into row_count (store_id, of_table, channel, rows)
select :store, of_table, channel, coalesce(t.rows, 0) from there t full join added a using (of_table, channel)
returning of_table, channel, rows, (
    select a.rows from added a where a.of_table = row_count.of_table and a.channel = row_count.channel)
"""


def counts(session: Session, store_id: int, tables: Iterable[str]) -> dict[tuple[str, str], int]:
    """Rows by table and channel; "": of no channel's own."""
    asked = list(tables)
    few = [_COUNTS.get(table, _counted(table)) for table in asked if table not in COUNTED]
    values = {"store": store_id, "kept": [table for table in asked if table in COUNTED]}
    rows = session.connection().execute(sa.text(" union all ".join([_KEPT, *few])), values)
    return {(table, channel): int(count) for table, channel, count in rows}


def settle(session: Session, store_id: int) -> list[str]:
    """One row for all before it, held against the tables. Returns the tables whose count was another one."""
    there = " union all ".join(
        f"select '{table}' as of_table, {channel} as channel, count(*) as rows from {table}"  # noqa: S608
        " where store_id = :store group by 2"
        for table, channel in COUNTED.items()
    )
    rows = session.connection().execute(sa.text(_SETTLE.format(there=there)), {"store": store_id}).all()
    differing = sorted({table for table, _, now, before in rows if now != (before or 0)})
    if differing:
        log("sync").error("row_count_differed", store_id=store_id, tables=differing)
    return differing


def _counted(table: str) -> str:
    channel = "channel" if "channel" in METADATA.tables[table].columns else "''"
    return f"select '{table}', {channel}, count(*) from {table} where store_id = :store group by 2"  # noqa: S608


_COUNTS = {
    "ad_product": "select 'ad_product', a.channel, count(*) from ad_product p join ad a using (store_id, ad_id) "
    "where store_id = :store group by 2"
}
