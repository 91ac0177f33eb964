"""One reading of a source: batches into tables, each in one transaction with its counters and position.

Who runs holds an advisory lock on a connection of its own, so a killed run is free at once; a run that is still
'running' while nobody holds its lock is dead, and is taken over from its position.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from clique_app import clock, live
from clique_app.attribution import service as attribution
from clique_app.connections.access import access
from clique_app.database import store_session, system_session
from clique_app.errors import AccessExpired, CliqueError, RateLimited, Unavailable
from clique_app.integrations.access import Access
from clique_app.logs import log
from clique_app.sync.source import Batch, Kind, Plan, Source
from clique_app.tables import Connection, Store, SyncCursor, SyncRun

FIRST_IMPORT_DAYS = 90
FINAL_DAYS = 28  # how far back ad platforms restate
PUBLISH_EVERY_SECONDS = 0.25
TRIES_WITHOUT_PROGRESS = 5
SETTLE_SECONDS = 2.0
ORDERS = "shopify_orders"
BY_DAYS = (ORDERS, "meta_ads")  # imported 90 days first and then the rest; other sources come whole at once
ALL_ORDERS_SCOPE = "read_all_orders"
SHOWN_WITHOUT_SCOPE_DAYS = 60  # Shopify shows no older orders without it


class TakenOver(Exception):
    """Another process continued this run, because this one had lost its lock."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    run_id: int
    kind: Kind
    state: str  # whole | incomplete | failed


@contextmanager
def sole_runner(store_id: int, source: str) -> Iterator[bool]:
    """Whether this process is now the only one that runs this source of this store."""
    key = {"key": f"sync/{store_id}/{source}"}
    with system_session() as session:
        # a lock of this session's transaction: its connection is used for nothing else while the run lasts
        locked = session.scalar(sa.text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key)
        yield bool(locked)


def unfinished(session: Session, store_id: int, source: str) -> SyncRun | None:
    """The run of this source that did not come to its end."""
    query = select(SyncRun).where(SyncRun.store_id == store_id, SyncRun.source == source, SyncRun.state == "running")
    return session.exec(query.order_by(sa.desc("run_id")).limit(1)).first()


def is_due(session: Session, store_id: int, source: str, kind: Kind) -> bool:
    """Whether a reading of this kind still has to be made: imports are made once."""
    if kind not in ("first_import", "history"):
        return True
    done = select(SyncRun.run_id).where(
        SyncRun.store_id == store_id, SyncRun.source == source, SyncRun.kind == kind, SyncRun.state == "whole"
    )
    return session.exec(done.limit(1)).first() is None


def plan_of(session: Session, store_id: int, source: str, kind: Kind) -> Plan:
    """What a run of this kind has to read."""
    store, cursor = session.get_one(Store, store_id), session.get(SyncCursor, (store_id, source))
    today = clock.today(store.time_zone)
    if kind == "history":
        known_from = cursor.history_from if cursor else None
        return Plan("history", last_day=known_from - timedelta(days=1) if known_from else today)
    if kind == "first_import" or cursor is None or cursor.read_to is None:
        return Plan("first_import", first_day=today - timedelta(days=FIRST_IMPORT_DAYS), last_day=today)
    if kind == "final":
        return Plan("final", first_day=today - timedelta(days=FINAL_DAYS), last_day=today - timedelta(days=1))
    return Plan(kind, last_day=today, since=cursor.read_to)


class Run:
    """Reads one source once, from the beginning or from where a killed run stopped."""

    def __init__(self, source: Source, store_id: int) -> None:
        self.source, self.store_id = source, store_id
        self.run_id = 0
        self.plan = Plan("manual")
        self._heartbeat: datetime | None = None
        self._published = 0.0

    def begin(self, kind: Kind) -> None:
        """Take over an unfinished run, or start one."""
        with store_session(self.store_id) as session:
            run = unfinished(session, self.store_id, self.source.key)
            cursor = session.get(SyncCursor, (self.store_id, self.source.key))
            if cursor is None:
                cursor = SyncCursor(store_id=self.store_id, source=self.source.key, position={})
                session.add(cursor)
            if run is not None and cursor.position.get("run_id") == run.run_id:
                self.plan = _plan_from(cursor.position["plan"], cursor.position["position"])
            else:
                self.plan = plan_of(session, self.store_id, self.source.key, kind)
                run = SyncRun(
                    store_id=self.store_id,
                    source=self.source.key,
                    kind=self.plan.kind,
                    started_at=clock.now(),
                    heartbeat_at=clock.now(),
                )
                session.add(run)
                session.flush()
                cursor.position = {"run_id": run.run_id, "plan": _plan_to(self.plan), "position": {}}
            run.heartbeat_at = self._heartbeat = clock.now()
            self.run_id = run.run_id
        self._publish(force=True)

    def go(self) -> Outcome:
        """Read to the end and reconcile. RateLimited goes through: the run then waits, unfinished, for its return."""
        try:
            self._read()
            return self._finish()
        except RateLimited as error:
            self._say(error.message)
            raise  # it goes on later, from its position
        except (TakenOver, DBAPIError):
            raise
        except CliqueError as error:
            return self._fail(error.message)
        except Exception as error:
            log("sync").error("sync_failed", store_id=self.store_id, source=self.source.key, exc_info=error)
            return self._fail("Clique could not read what the platform sent. The rows read before are kept.")

    def _read(self) -> None:
        given = access(self.store_id, self.source.channel)
        tries, finished = 0, False
        while not finished:
            try:
                for batch in self.source.batches(given, self.plan):
                    self._write(batch)
                    tries = 0
                finished = True
            except AccessExpired:
                if tries:
                    raise
                # a token lives an hour and an import may take longer
                given = access(self.store_id, self.source.channel, refused=given.token)
                tries += 1
            except Unavailable:
                tries += 1
                if tries >= TRIES_WITHOUT_PROGRESS:
                    raise
                time.sleep(2**tries)

    def _write(self, batch: Batch) -> None:
        with self._owned() as (session, run):
            written = self.source.write(session, self.store_id, batch)
            attribution.credit_orders(session, self.store_id, list(written.order_ids))
            run.read += written.read
            run.written += written.written
            run.skipped += sum(written.skipped.values())
            run.skipped_why = {
                why: run.skipped_why.get(why, 0) + written.skipped.get(why, 0)
                for why in run.skipped_why.keys() | written.skipped.keys()
            }
            run.stage, run.expected = batch.stage, batch.expected or run.expected
            position = {"run_id": self.run_id, "plan": _plan_to(self.plan), "position": batch.position}
            session.get_one(SyncCursor, (self.store_id, self.source.key)).position = position
        self.plan = replace(self.plan, position=batch.position)
        self._publish()

    @contextmanager
    def _owned(self) -> Iterator[tuple[Session, SyncRun]]:
        """A transaction that holds only while this run is ours. The heartbeat is the fence: who takes over moves it."""
        with store_session(self.store_id) as session:
            run = session.get_one(SyncRun, (self.store_id, self.run_id), with_for_update=True)
            if run.state != "running" or run.heartbeat_at != self._heartbeat:
                raise TakenOver
            run.heartbeat_at = beat = clock.now()
            yield session, run
        self._heartbeat = beat

    def _finish(self) -> Outcome:
        given = access(self.store_id, self.source.channel)
        state, message, theirs, ours = self._reconciled(given)
        if state == "incomplete":
            time.sleep(SETTLE_SECONDS)  # something may have changed between the two counts
            state, message, theirs, ours = self._reconciled(given)
        with self._owned() as (session, run):
            if run.read != run.written + run.skipped:
                state = "incomplete"
                message = f"{run.read:,} rows were read, but {run.written + run.skipped:,} are accounted for."
            run.state, run.message, run.finished_at = state, message, clock.now()
            cursor = session.get_one(SyncCursor, (self.store_id, self.source.key))
            cursor.position, cursor.rows = {}, ours
            cursor.source_count = theirs
            if state == "whole":
                self._advance(session, run, cursor)
            if self.source.channel != "shopify":
                attribution.link_campaigns(session, self.store_id)
        self._publish(force=True)
        live.publish(self.store_id, "figures")
        return Outcome(self.run_id, self.plan.kind, state)

    def _advance(self, session: Session, run: SyncRun, cursor: SyncCursor) -> None:
        """A whole run moves what is known: read to its start, from its first day on."""
        cursor.fresh_at = clock.now()
        if self.plan.kind not in ("history", "final"):
            cursor.read_to = max(filter(None, (cursor.read_to, run.started_at)))
        if self.plan.kind == "first_import" and self.source.key in BY_DAYS:
            cursor.history_from = self.plan.first_day
        elif self.plan.kind == "history":
            cursor.history_from = None
        if self.source.key == ORDERS and self.plan.kind in ("first_import", "history"):
            store = session.get_one(Store, self.store_id)
            shopify = session.get_one(Connection, (self.store_id, "shopify"))
            all_orders = ALL_ORDERS_SCOPE in shopify.scopes.split()
            if not all_orders:
                cursor.history_from = clock.today(store.time_zone) - timedelta(days=SHOWN_WITHOUT_SCOPE_DAYS)
            store.history_complete = self.plan.kind == "history" and all_orders
            store.history_from = session.scalar(
                sa.text("select min(day) from shop_order where store_id = :store"), {"store": self.store_id}
            )

    def _reconciled(self, given: Access) -> tuple[str, str, int | None, int]:
        theirs = self.source.source_count(given, self.plan)
        with store_session(self.store_id) as session:
            ours = self.source.kept_count(session, self.store_id, self.plan)
        if theirs is None or theirs == ours:
            return "whole", "", theirs, ours
        message = f"The platform counts {theirs:,}, {ours:,} are here. Sync again; the figures may be incomplete."
        return "incomplete", message, theirs, ours

    def _say(self, stage: str) -> None:
        """What the run is doing, or waiting for."""
        with self._owned() as (_, run):
            run.stage = stage
        self._publish(force=True)

    def _fail(self, message: str) -> Outcome:
        with self._owned() as (_, run):
            run.state, run.message, run.finished_at = "failed", message, clock.now()
        self._publish(force=True)
        return Outcome(self.run_id, self.plan.kind, "failed")

    def _publish(self, *, force: bool = False) -> None:
        """Progress to the open pages, at most four times a second."""
        if force or time.monotonic() - self._published >= PUBLISH_EVERY_SECONDS:
            self._published = time.monotonic()
            live.publish(self.store_id, "sync", {"source": self.source.key})


def _plan_to(plan: Plan) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(replace(plan, position={})).items()}


def _plan_from(stored: dict[str, Any], position: dict[str, Any]) -> Plan:
    return Plan(
        kind=stored["kind"],
        first_day=date.fromisoformat(stored["first_day"]) if stored["first_day"] else None,
        last_day=date.fromisoformat(stored["last_day"]) if stored["last_day"] else None,
        since=datetime.fromisoformat(stored["since"]) if stored["since"] else None,
        position=position,
    )
