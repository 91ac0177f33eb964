"""Rows into temporary tables by COPY, from where set-based statements move them. COPY into tables with row-level
security is refused, so this is the way for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlmodel import Session

from clique_app.database import raw_connection

# what a unit costs on a day: the latest cost on or before it, and before the first known one that one
COST_ON_DAY = """
select variant_id, cost,
       case when row_number() over w = 1 then '-infinity'::date else valid_from end as from_day,
       coalesce(lead(valid_from) over w, 'infinity'::date) as to_day
from unit_cost where store_id = %(store)s
window w as (partition by variant_id order by valid_from)
"""
COST_KINDS = ("sale", "refund", "edit", "cancellation")


def stage(session: Session, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Fill the temporary table of this name (columns as 'name type') with rows; it is empty at the next commit."""
    connection = raw_connection(session)
    table = sql.Identifier(name)
    with connection.cursor() as cursor:
        body = sql.SQL(", ".join(columns))  # pyright: ignore[reportArgumentType]  # written here, never input
        cursor.execute(
            sql.SQL("create temporary table if not exists {} ({}) on commit delete rows").format(table, body)
        )
        cursor.execute(sql.SQL("delete from {}").format(table))
        with cursor.copy(sql.SQL("copy {} from stdin").format(table)) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(sql.SQL("analyze {}").format(table))  # nobody else does, and the joins are planned by it


def cursor(session: Session) -> psycopg.Cursor:
    """A cursor in the session's own transaction."""
    return raw_connection(session).cursor()
