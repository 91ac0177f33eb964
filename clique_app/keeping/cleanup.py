"""The weekly cleanup of one store: what is older than its settings allow goes to the archive, then from the tables.

Opens its own sessions and commits some rows at a time. Rows are in exactly one place whenever it is killed: a file
counts only once its rows have left, which the next run finds out.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from sqlmodel import Session

from clique_app import clock
from clique_app.database import raw_connection, store_session, system_session
from clique_app.keeping import archive, parquet
from clique_app.keeping.archive import Apart
from clique_app.keeping.retention import AGING, Aging
from clique_app.logs import log
from clique_app.tables import METADATA, AuditEntry, Store, StoreSettings

ROWS_AT_ONCE = 20_000
CLEANED = "kept.cleaned_up"
TICKETS_KEPT = timedelta(days=1)
UNKNOWN_KEPT = timedelta(days=14)  # deliveries for stores that are not ours

Counts = dict[str, dict[str, int]]


def clean_up(store_id: int) -> Counts | None:
    """Rows archived and deleted by table; None where another process is at it."""
    with system_session() as alone:
        key = {"key": f"cleanup/{store_id}"}
        # a lock of this session's transaction: its connection is used for nothing else while the run lasts
        if not alone.scalar(sa.text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key):
            return None
        with store_session(store_id) as session:
            store = session.get_one(Store, store_id)
            kept = session.get(StoreSettings, store_id) or StoreSettings(store_id=store_id)  # pyright: ignore
        counts: Counts = {}
        with Apart() as apart:
            for aging in AGING:
                _settle_pending(apart, store, aging)
                counts[aging.table] = _age(apart, store, aging, _ago(getattr(kept, aging.setting)))
        counts["archive"] = {"deleted": archive.expire(store.shop_domain, _ago(kept.keep_archive_days))}
        with store_session(store_id) as session:
            counts.update(_forget(session, store_id, kept))
            detail: dict[str, Any] = {name: count for name, count in counts.items() if any(count.values())}
            session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=None, what=CLEANED, detail=detail))
        log("keeping").info("cleaned_up", store_id=store_id, rows=detail)
        return counts


def clean_up_strangers() -> int:
    """Deliveries for stores that are not ours. Returns how many went."""
    with system_session() as session:
        gone = session.connection().execute(
            sa.text(
                "delete from inbox_event i where state <> 'new' and received_at < :before"
                " and not exists (select from store s where s.shop_domain = i.shop_domain)"
            ),
            {"before": clock.now() - UNKNOWN_KEPT},
        )
        return gone.rowcount


def _age(apart: Apart, store: Store, aging: Aging, before: datetime) -> dict[str, int]:
    total = 0
    while True:
        with _session_of(aging, store.store_id) as session:
            rows = _taken(session, store, aging, before)
            files = _written(apart, store, aging, rows)
        for path in files:
            archive.settle(path)
        total += len(rows)
        if len(rows) < ROWS_AT_ONCE:
            return {"archived": total, "deleted": total}


def _taken(session: Session, store: Store, aging: Aging, before: datetime) -> list[tuple[Any, ...]]:
    query = sql.SQL(
        "delete from {table} where ctid = any(array(select ctid from {table} where {dated} < %(before)s"
        " and {may_go} order by {dated} limit %(limit)s)) returning {columns}"
    ).format(
        table=sql.Identifier(aging.table),
        dated=sql.Identifier(aging.dated),
        may_go=sql.SQL(aging.may_go),
        columns=sql.SQL(", ").join(map(sql.Identifier, aging.archived)),
    )
    values = {"before": before, "store": store.store_id, "shop": store.shop_domain, "limit": ROWS_AT_ONCE}
    with raw_connection(session).cursor() as run:
        return run.execute(query, values).fetchall()


def _written(apart: Apart, store: Store, aging: Aging, rows: list[tuple[Any, ...]]) -> list[Path]:
    """Pending files, one a month; on the disk before the transaction that took the rows ends."""
    months: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    dated = aging.archived.index(aging.dated)
    for row in rows:
        months[f"{row[dated]:%Y-%m}"].append(row)
    files: list[Path] = []
    for month, part in sorted(months.items()):
        path = archive.new_file(store.shop_domain, aging.table, month, clock.now())
        apart.run(parquet.write, path, _kinds(aging), part)
        files.append(path)
    return files


def _settle_pending(apart: Apart, store: Store, aging: Aging) -> None:
    """A run was killed between writing and saying so: its files count if their rows have left the table."""
    for path in archive.pending(store.shop_domain, aging.table):
        row = apart.run(parquet.first, path)
        if row is None:
            path.unlink()  # never finished, so its rows were not taken
            continue
        table = METADATA.tables[aging.table]
        owner = table.c.store_id == store.store_id if "store_id" in table.c else sa.true()
        here = sa.select(sa.literal(1)).where(owner, *(table.c[name] == row[name] for name in aging.key))
        with _session_of(aging, store.store_id) as session:
            is_here = session.connection().execute(here).first() is not None
        if is_here:
            path.unlink()
        else:
            archive.settle(path)


def _forget(session: Session, store_id: int, kept: StoreSettings) -> Counts:
    """What is not archived: reports on customers, and used or lapsed tickets."""
    connection = session.connection()
    reports = connection.execute(
        sa.text(
            "update privacy_request set report = '{}', customer_id = null"
            " where store_id = :store and answered_at < :before and report <> '{}'"
        ),
        {"store": store_id, "before": _ago(kept.keep_reports_days)},
    )
    tickets = connection.execute(
        sa.text("delete from connect_ticket where store_id = :store and expires_at < :before"),
        {"store": store_id, "before": clock.now() - TICKETS_KEPT},
    )
    return {"privacy_request": {"emptied": reports.rowcount}, "connect_ticket": {"deleted": tickets.rowcount}}


def _ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _session_of(aging: Aging, store_id: int) -> AbstractContextManager[Session]:
    return system_session() if aging.system else store_session(store_id)


def _kinds(aging: Aging) -> dict[str, str]:
    columns = METADATA.tables[aging.table].columns
    return {name: _kind(columns[name].type) for name in aging.archived}


def _kind(of: sa.types.TypeEngine[Any]) -> str:
    kinds: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
        (sa.JSON, "json"),
        (sa.Numeric, "amount"),
        (sa.Integer, "whole"),
        (sa.DateTime, "time"),
        (sa.Date, "day"),
        (sa.Boolean, "flag"),
        (sa.LargeBinary, "bytes"),
    )
    return next((kind for known, kind in kinds if isinstance(of, known)), "text")
