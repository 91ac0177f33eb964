"""Sheets of what customers say and do, held against what apps and earlier files told, written and taken back."""

from __future__ import annotations

from collections import Counter
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlmodel import Session

from clique_app import clock
from clique_app.advocacy import records_service
from clique_app.advocacy.records import Kind, Record
from clique_app.advocacy.records_service import KEPT, NEW, REPLACED
from clique_app.imports.definition import Done, Judged, Tell, counted
from clique_app.imports.records import ParsedFile
from clique_app.sync.staging_service import cursor
from clique_app.tables.imports import NO_DAY

SAMPLE = 10
STATES = {NEW: "New", REPLACED: "Will be replaced", KEPT: "Already here"}
_KEEP: LiteralString = """
insert into imported_row (store_id, kind, row_id, day, file_id)
select %(store)s, %(kind)s, unnest(%(rows)s::bigint[]), %(no_day)s, %(file)s
on conflict (store_id, kind, row_id, day) do update set file_id = excluded.file_id
"""
_REMOVE: LiteralString = """
delete from {table} t using imported_row r
where r.store_id = %(store)s and r.file_id = %(file)s and r.kind = %(kind)s
  and t.store_id = %(store)s and t.record_id = r.row_id
"""


class AdvocacySheet:
    """A sheet of one of the five kinds."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.key, self.noun, self.replaces = kind.key, kind.noun, kind.key

    def judge(self, session: Session, store_id: int, parsed: ParsedFile) -> Judged:
        told = self._told(parsed)
        states = records_service.judge(session, store_id, self._kind, told, clock.now(), of_file=True)
        counts = Counter(states.values())
        shown = [name for name, _ in self._kind.columns if name != "customer_hmac"]
        return Judged(
            counts[NEW],
            counts[REPLACED],
            counts[KEPT],
            min((one.day for one in told), default=None),
            max((one.day for one in told), default=None),
            columns=("Line", "Day", "Source", *(name.replace("_", " ").capitalize() for name in shown), "Here"),
            sample=tuple(_sample(one, shown, states[one.record_id]) for one in told[:SAMPLE]),
            notes=_notes(self._kind),
        )

    def write(self, session: Session, store_id: int, file_id: int, parsed: ParsedFile, tell: Tell) -> Done:
        told = tuple(counted(self._told(parsed), tell))
        states = records_service.judge(session, store_id, self._kind, told, clock.now(), of_file=True)
        records_service.write(session, store_id, self._kind)
        mine = [number for number, state in states.items() if state != KEPT]
        values = self._values(store_id, file_id)
        with cursor(session) as run:
            run.execute(_KEEP, {**values, "rows": mine, "no_day": NO_DAY})
        return Done(records_service.counted(states.values()))

    def remove(self, session: Session, store_id: int, file_id: int) -> Done:
        with cursor(session) as run:
            return Done({"removed": self._removed(run, store_id, file_id)})

    def _removed(self, run: psycopg.Cursor, store_id: int, file_id: int) -> int:
        statement = sql.SQL(_REMOVE).format(table=sql.Identifier(self._kind.table))
        return run.execute(statement, self._values(store_id, file_id)).rowcount

    def _values(self, store_id: int, file_id: int) -> dict[str, Any]:
        return {"store": store_id, "file": file_id, "kind": self._kind.key}

    def _told(self, parsed: ParsedFile) -> tuple[Record, ...]:
        return getattr(parsed, self._kind.key)


def _sample(one: Record, shown: list[str], state: str) -> tuple[str, ...]:
    own = (getattr(one, name) for name in shown)
    return str(one.line), one.day.isoformat(), one.source, *("" if v is None else str(v) for v in own), STATES[state]


def _notes(kind: Kind) -> tuple[str, ...]:
    personal = any(name == "customer_hmac" for name, _ in kind.columns)
    return ("Of a person only a keyed hash of the e-mail is kept; no names and no texts.",) if personal else ()
