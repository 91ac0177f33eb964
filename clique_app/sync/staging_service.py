"""Rows into temporary tables by COPY, from where set-based statements move them. COPY into tables with row-level
security is refused, so this is the way for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlmodel import Session

from clique_app.database import raw_connection
from clique_app.sync import copy_lines

# what a unit costs on a day: the latest cost on or before it, and before the first known one that one
COST_ON_DAY = """
select variant_id, cost,
       case when row_number() over w = 1 then '-infinity'::date else valid_from end as from_day,
       coalesce(lead(valid_from) over w, 'infinity'::date) as to_day
from unit_cost where store_id = %(store)s
window w as (partition by variant_id order by valid_from)
"""
# what comes back is worth what it was booked at when it was sold, whatever it costs by then
COST_DAY = """
coalesce(case when e.quantity < 0 then (
  select min(sold.day) from sale_entry sold
  where sold.store_id = e.store_id and sold.order_id = e.order_id and sold.line_id = e.line_id and sold.quantity > 0
) end, e.day)
"""
# the same of entries that are staged: a whole order is, always
STAGED_COST_DAYS = """
select line_id, min(day) filter (where quantity > 0) as day from {entries}
where line_id is not null group by line_id having min(quantity) < 0
"""
COST_KINDS = ("sale", "refund", "edit", "cancellation")


def stage(session: Session, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Fill the temporary table of this name (columns as 'name type') with rows; it is empty at the next commit."""
    with _staging(session, name, columns) as cursor, cursor.copy(_into(name)) as copy:
        for row in rows:
            copy.write_row(row)
    _analyze(session, name)


def stage_lines(session: Session, name: str, columns: Sequence[str], lines: Iterable[bytes]) -> None:
    """The same with rows that are lines already, in blocks of any size."""
    with _staging(session, name, columns) as cursor, cursor.copy(_into(name, copy_lines.OPTIONS)) as copy:
        copy.write(b"".join(lines))


@contextmanager
def _staging(session: Session, name: str, columns: Sequence[str]) -> Iterator[psycopg.Cursor]:
    with cursor(session) as run:
        table = sql.Identifier(name)
        body = sql.SQL(", ".join(columns))  # pyright: ignore[reportArgumentType]  # written here, never input
        run.execute(sql.SQL("create temporary table if not exists {} ({}) on commit delete rows").format(table, body))
        run.execute(sql.SQL("delete from {}").format(table))
        yield run


def _into(name: str, options: LiteralString = "format text") -> sql.Composed:
    return sql.SQL("copy {} from stdin with ({})").format(sql.Identifier(name), sql.SQL(options))


def _analyze(session: Session, name: str) -> None:
    """Nobody else does it for temporary tables, and the joins are planned by it."""
    with cursor(session) as run:
        run.execute(sql.SQL("analyze {}").format(sql.Identifier(name)))


def cursor(session: Session) -> psycopg.Cursor:
    """A cursor in the session's own transaction."""
    return raw_connection(session).cursor()
