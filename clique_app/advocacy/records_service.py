"""Records into their table: judged against what is here, written once, the newest word standing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlmodel import Session

from clique_app.advocacy.records import Kind, Record
from clique_app.sync.staging_service import cursor, stage

SHARED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("record_id", "bigint"),
    ("source", "text"),
    ("day", "date"),
    ("withdrawn", "boolean"),
)
NEW, REPLACED, KEPT = "new", "replaced", "kept"

# a file's word yields to an app's, whenever it was read
_YIELD: LiteralString = """
update {table} t set told_at = s.told_at
from {staged} s join imported_row r on r.store_id = %(store)s and r.kind = %(kind)s and r.row_id = s.record_id
where t.store_id = %(store)s and t.record_id = s.record_id and t.told_at > s.told_at
"""
# what an outside app told is not overwritten by a file, and nothing by what is older
_JUDGE: LiteralString = """
update {staged} s set state = case
    when ({here}) is not distinct from ({told}) or t.told_at > s.told_at then 'kept'
    when %(of_file)s and not exists (
      select from imported_row r where r.store_id = %(store)s and r.kind = %(kind)s and r.row_id = t.record_id)
      then 'kept'
    else 'replaced' end
from {table} t where t.store_id = %(store)s and t.record_id = s.record_id
"""
_WRITE: LiteralString = """
insert into {table} as t (store_id, {names}, told_at)
select %(store)s, {told}, s.told_at from {staged} s where s.state <> 'kept' order by s.record_id
on conflict (store_id, record_id) do update set
  ({names}, told_at) = ({excluded}, excluded.told_at)
where t.told_at <= excluded.told_at
"""
# an app that says the same again has said it now; what it tells of is no longer the file's
_CONFIRM: LiteralString = """
update {table} t set told_at = s.told_at from {staged} s
where s.state = 'kept' and t.store_id = %(store)s and t.record_id = s.record_id and t.told_at < s.told_at
"""
_TAKE_OVER: LiteralString = """
delete from imported_row r using {staged} s
where r.store_id = %(store)s and r.kind = %(kind)s and r.row_id = s.record_id
"""


def judge(
    session: Session, store_id: int, kind: Kind, records: Sequence[Record], told_at: datetime, *, of_file: bool
) -> dict[int, str]:
    """Of each record, by its id: new, replaced or kept. They are staged for `write` in the same transaction."""
    newest = {record.record_id: record for record in records}
    names = [name for name, _ in (*SHARED, *kind.columns)]
    columns = [*(f"{name} {type_}" for name, type_ in (*SHARED, *kind.columns)), "told_at timestamptz", "state text"]
    rows = ((*(getattr(one, name) for name in names), told_at, NEW) for one in newest.values())
    with cursor(session) as run:
        stage(session, _staged(kind), columns, rows)
        if not of_file:
            _run(run, _YIELD, store_id, kind)
        _run(run, _JUDGE, store_id, kind, of_file=of_file)
        found = sql.SQL("select record_id, state from {}").format(sql.Identifier(_staged(kind)))
        return dict(run.execute(found).fetchall())


def write(session: Session, store_id: int, kind: Kind) -> None:
    """Write what was judged as of a file."""
    with cursor(session) as run:
        _run(run, _WRITE, store_id, kind)


def tell(session: Session, store_id: int, kind: Kind, records: Sequence[Record], told_at: datetime) -> dict[str, int]:
    """Take what an outside app tells; how many are new, replaced and the same as before. Safe to repeat."""
    states = judge(session, store_id, kind, records, told_at, of_file=False)
    with cursor(session) as run:
        for statement in (_WRITE, _CONFIRM, _TAKE_OVER):
            _run(run, statement, store_id, kind)
    return counted(states.values())


def counted(states: Iterable[str]) -> dict[str, int]:
    """How many of each state."""
    counts = Counter(states)
    return {state: counts[state] for state in (NEW, REPLACED, KEPT)}


def _staged(kind: Kind) -> str:
    return f"told_{kind.table}"


def _run(run: psycopg.Cursor, statement: LiteralString, store_id: int, kind: Kind, **values: bool) -> None:
    names = [name for name, _ in (*SHARED, *kind.columns)]
    parts: Mapping[str, sql.Composable] = {
        "table": sql.Identifier(kind.table),
        "staged": sql.Identifier(_staged(kind)),
        "names": sql.SQL(", ").join(map(sql.Identifier, names)),
        "here": sql.SQL(", ").join(sql.Identifier("t", name) for name in names),
        "told": sql.SQL(", ").join(map(_told, names)),
        "excluded": sql.SQL(", ").join(sql.Identifier("excluded", name) for name in names),
    }
    run.execute(sql.SQL(statement).format(**parts), {"store": store_id, "kind": kind.key, **values})


def _told(name: str) -> sql.Composable:
    """A staged column as its table holds it."""
    form: LiteralString = "decode(nullif({}, ''), 'hex')" if name == "customer_hmac" else "{}"
    return sql.SQL(form).format(sql.Identifier("s", name))
