"""How many rows large tables hold of a store. Triggers count, so that no code path can forget to."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.base import big, identity

# those a page would count for tenths of a second: by the column of their channel, where they are several channels'
COUNTED = {"shop_order": "''", "customer": "''", "ad_day": "channel", "campaign_region_day": "channel"}


class RowCount(SQLModel, table=True):
    """By how many rows one statement, or all before it, changed a table. Their sum is how many there are. Without a
    foreign key: rows may come before their store in a restore."""

    __tablename__ = "row_count"

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger)
    count_id: int = identity()
    of_table: str
    channel: str  # "": of none
    rows: int = big()


def triggers() -> Iterator[str]:
    """Statements that count every row that comes or goes, however it does."""
    for table, channel in COUNTED.items():
        for event, transition, sign in (("insert", "new table as moved", ""), ("delete", "old table as moved", "-")):
            name = f"row_count_{table}_{event}"
            yield f"""
            create function {name}() returns trigger language plpgsql as $$
            begin
              insert into row_count (store_id, of_table, channel, rows)
              select store_id, '{table}', {channel}, {sign}count(*) from moved group by 1, 3;
              return null;
            end $$
            """  # noqa: S608  # names of our own
            yield (
                f"create trigger {name} after {event} on {table} referencing {transition} "
                f"for each statement execute function {name}()"
            )


def counted(table: str) -> str:
    """SQL of how many rows there are, by store and channel."""
    return f"select store_id, '{table}', {COUNTED[table]}, count(*) from {table} group by 1, 3"  # noqa: S608
