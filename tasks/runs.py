"""One reading of a source: batches into tables, each in one transaction with its counters and position.

Who runs holds an advisory lock on a connection of its own, so a killed run is free at once; a run that is still
'running' while nobody holds its lock is dead, and is taken over from its position.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from clique_app import clock, live
from clique_app.attribution import service as attribution
from clique_app.connections.access import access
from clique_app.connections.service import shows_all_orders
from clique_app.database import store_session, system_session
from clique_app.errors import AccessExpired, CliqueError, RateLimited, Unavailable
from clique_app.imports.orders_service import forget_twins
from clique_app.imports.spend_service import give_way
from clique_app.integrations import hindrance
from clique_app.integrations.access import Access
from clique_app.integrations.shopify.scopes import SHOWN_WITHOUT_SCOPE_DAYS
from clique_app.logs import log
from clique_app.settings import settings
from clique_app.sync import costs_service, objects_service
from clique_app.sync.ads_service import ADS, AdsSource
from clique_app.sync.orders_service import journeys_given_up, unbalanced
from clique_app.sync.source import Askable, Batch, Kind, Plan, Source, Written
from clique_app.tables import Store, SyncCursor, SyncRun
from clique_app.tables.attribution import CHANGED, FIRST_READ

FINAL_DAYS = 28  # how far back ad platforms restate
PUBLISH_EVERY_SECONDS = 0.25
TRIES_WITHOUT_PROGRESS = 5
SETTLE_SECONDS = 2.0
ORDERS = "shopify_orders"
# imported FIRST_IMPORT_DAYS first and then the rest; other sources come whole at once
BY_DAYS = (ORDERS, *(source.key for source in ADS), "klaviyo_email")
BEFORE_ALL = date(2006, 1, 1)  # before there was a Shopify
DAYS_NAMED = 5
MISSING_SAID_CHARS = 1000


class TakenOver(Exception):
    """Another process continued this run, because this one had lost its lock."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    run_id: int
    kind: Kind
    state: str  # whole | incomplete | failed


@dataclass(frozen=True)
class Held:
    """What is here, held against what the platform counts."""

    theirs: int | None
    ours: int
    message: str  # in words, what is missing; empty: nothing
    gone: Sequence[int] = ()  # are here, and not shown by the platform any more

    @property
    def whole(self) -> bool:
        return not self.message


def lane(source: str, kind: Kind) -> str:
    """What runs beside each other. The deep history of orders takes hours, and the hourly catch-up goes on meanwhile:
    writing orders is safe at once and in any order."""
    return "history" if source == ORDERS and kind == "history" else ""


@contextmanager
def sole_runner(store_id: int, source: str, lane: str = "") -> Iterator[bool]:
    """Whether this process is now the only one that runs this source of this store, in this lane."""
    key = {"key": f"sync/{store_id}/{source}/{lane}"}
    with system_session() as session:
        # a lock of this session's transaction: its connection is used for nothing else while the run lasts
        locked = session.scalar(sa.text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key)
        yield bool(locked)


def unfinished(session: Session, store_id: int, source: str, in_lane: str = "") -> SyncRun | None:
    """The run of this source that did not come to its end."""
    query = select(SyncRun).where(SyncRun.store_id == store_id, SyncRun.source == source, SyncRun.state == "running")
    runs = session.exec(query.order_by(sa.desc("run_id")))
    return next((run for run in runs if lane(source, cast(Kind, run.kind)) == in_lane), None)


def is_due(session: Session, store_id: int, source: str, kind: Kind) -> bool:
    """Whether a reading of this kind still has to be made: imports are made once. So is the history of orders, but
    once more where it ended with what Shopify showed then, and it shows all now."""
    if kind not in ("first_import", "history"):
        return True
    if kind == "history" and source == ORDERS and _shows_more(session, store_id):
        return True
    done = select(SyncRun.run_id).where(
        SyncRun.store_id == store_id, SyncRun.source == source, SyncRun.kind == kind, SyncRun.state == "whole"
    )
    return session.exec(done.limit(1)).first() is None


def history_missing(session: Session, store_id: int, source: str) -> bool:
    """Whether a source is read, but not its days before the first import."""
    cursor = session.get(SyncCursor, (store_id, source))
    begins_late = cursor is not None and cursor.history_from is not None
    return begins_late and is_due(session, store_id, source, "history")


def _shows_more(session: Session, store_id: int) -> bool:
    return shows_all_orders(session, store_id) and not session.get_one(Store, store_id).history_complete


def plan_of(session: Session, store_id: int, source: str, kind: Kind) -> Plan:
    """What a run of this kind has to read."""
    store, cursor = session.get_one(Store, store_id), session.get(SyncCursor, (store_id, source))
    today, now = clock.today(store.time_zone), clock.now()
    if kind == "history":
        known_from = cursor.history_from if cursor else None
        return Plan("history", last_day=known_from - timedelta(days=1) if known_from else today, until=now)
    if kind == "first_import" or cursor is None or cursor.read_to is None:
        first_day = today - timedelta(days=settings().first_import_days) if source in BY_DAYS else None
        if source == ORDERS and first_day is not None:
            first_day = max(first_day, _shown_from(session, store_id, today) or first_day)
        return Plan("first_import", first_day=first_day, last_day=today, until=now)
    if kind == "final":
        return Plan("final", first_day=today - timedelta(days=FINAL_DAYS), last_day=today - timedelta(days=1))
    return Plan(kind, last_day=today, since=cursor.read_to, until=now)


def _shown_from(session: Session, store_id: int, today: date) -> date | None:
    """The first day whose orders Shopify shows whole; None: it shows all."""
    if shows_all_orders(session, store_id):
        return None
    return today - timedelta(days=SHOWN_WITHOUT_SCOPE_DAYS - 1)


class Run:
    """Reads one source once, from the beginning or from where a killed run stopped."""

    def __init__(self, source: Source, store_id: int) -> None:
        self.source, self.store_id = source, store_id
        self.run_id = 0
        self.plan = Plan("manual")
        self._wrong_costs: list[str] = []
        self._met: dict[str, int] = {}
        self._heartbeat: datetime | None = None
        self._published = 0.0

    def begin(self, kind: Kind) -> None:
        """Take over an unfinished run, or start one."""
        with store_session(self.store_id) as session:
            run = unfinished(session, self.store_id, self.source.key, lane(self.source.key, kind))
            if session.get(SyncCursor, (self.store_id, self.source.key)) is None:
                session.add(SyncCursor(store_id=self.store_id, source=self.source.key))
            if run is not None:
                self.plan = _plan_from(run.plan, run.position)
                self._met = run.plan.get("met", {})
            else:
                self.plan = plan_of(session, self.store_id, self.source.key, kind)
                run = SyncRun(
                    store_id=self.store_id,
                    source=self.source.key,
                    kind=self.plan.kind,
                    started_at=clock.now(),
                    heartbeat_at=clock.now(),
                    plan=_plan_to(self.plan),
                )
                session.add(run)
                session.flush()
            run.heartbeat_at = self._heartbeat = clock.now()
            self.run_id = run.run_id
        self._publish(force=True)

    def go(self) -> Outcome:
        """Read to the end and reconcile. RateLimited goes through: the run then waits, unfinished, for its return."""
        with hindrance.collected(self._met):
            return self._go()

    def _go(self) -> Outcome:
        try:
            self._read()
            return self._finish()
        except RateLimited as error:
            self._wait(error.message)
            raise  # it goes on later, from its position
        except (TakenOver, DBAPIError):
            raise
        except CliqueError as error:
            return self._fail(error.message)
        except Exception as error:
            log("sync").error("sync_failed", store_id=self.store_id, source=self.source.key, exc_info=error)
            return self._fail("Clique could not read what the platform sent. The rows read before are kept.")

    def _read(self) -> None:
        given, refused, tries, finished = None, None, 0, False
        while not finished:
            try:
                given = access(self.store_id, self.source.channel, refused=refused)
                for batch in _ahead(self.source.batches(given, self.plan)):
                    self._write(batch)
                    refused, tries = None, 0
                finished = True
            except AccessExpired:
                if given is None or refused is not None:
                    raise
                refused = given.token  # a token lives an hour and an import may take longer
            except Unavailable:
                tries += 1
                if tries >= TRIES_WITHOUT_PROGRESS:
                    raise
                time.sleep(2**tries)

    def _write(self, batch: Batch) -> None:
        with self._owned() as (session, run):
            written = self.source.write(session, self.store_id, batch)
            if written.order_ids:
                forget_twins(session, self.store_id, written.order_ids)
                cause = FIRST_READ if self.plan.kind in ("first_import", "history") else CHANGED
                attribution.credit_orders(session, self.store_id, list(written.order_ids), cause)
            if isinstance(self.source, AdsSource):
                give_way(session, self.store_id, self.source.channel)
            _account(run, written)
            run.stage, run.expected = batch.stage, batch.expected or run.expected
            run.position = batch.position
            for missing in (batch.missing, written.missing):
                if missing not in run.message and len(run.message) < MISSING_SAID_CHARS:
                    run.message = f"{run.message} {missing}".strip()
        self.plan = replace(self.plan, position=batch.position)
        self._wrong_costs += written.wrong_costs
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
        held = self._held(given)
        if not held.whole:
            time.sleep(SETTLE_SECONDS)  # something may have changed between the two counts
            held = self._held(given)
        with self._owned() as (session, run):
            if held.gone:
                kind = objects_service.KIND_OF[self.source.key]
                _account(run, objects_service.forget(session, self.store_id, kind, held.gone))
            problems = [run.message, held.message]  # what was missing on the way
            if run.read != run.written + run.skipped:
                problems.append(f"{run.read:,} rows were read, but {run.written + run.skipped:,} are accounted for.")
            read_whole = not any(problems)
            if self.source.key == ORDERS:  # reading again would not help, so what is known moves on all the same
                problems.append(unbalanced(session, self.store_id))
            problems.append(costs_service.in_words(self._wrong_costs, given.cost_metafield))
            problem = " ".join(filter(None, problems))
            told = [problem or hindrance.in_words()]
            if self.source.key == ORDERS and self.plan.since and read_whole:  # the next reading begins where it ends
                told.append(journeys_given_up(session, self.store_id, self.plan.since, run.started_at))
            run.state, run.message = "incomplete" if problem else "whole", " ".join(filter(None, told))
            run.finished_at, run.position = clock.now(), {}
            cursor = session.get_one(SyncCursor, (self.store_id, self.source.key))
            cursor.rows, cursor.source_count = held.ours, held.theirs
            if read_whole:
                self._advance(session, run, cursor)
            if self.source.channel != "shopify":
                attribution.link_campaigns(session, self.store_id)
            state = run.state
        self._publish(force=True)
        live.publish(self.store_id, "figures")
        return Outcome(self.run_id, self.plan.kind, state)

    def _advance(self, session: Session, run: SyncRun, cursor: SyncCursor) -> None:
        """A whole run moves what is known: read to its start, from its first day on."""
        cursor.fresh_at = clock.now()
        if self.plan.kind not in ("history", "final"):
            cursor.read_to = max(filter(None, (cursor.read_to, run.started_at)))
        if (
            self.plan.kind == "first_import"
            and self.source.key in BY_DAYS
            and is_due(session, self.store_id, self.source.key, "history")
        ):
            cursor.history_from = self.plan.first_day
        elif self.plan.kind == "history":
            cursor.history_from = None
        if self.source.key == ORDERS and self.plan.kind in ("first_import", "history"):
            store = session.get_one(Store, self.store_id)
            shown = _shown_from(session, self.store_id, clock.today(store.time_zone))
            if shown is not None:
                cursor.history_from = max(shown, cursor.history_from or shown)
            store.history_complete = self.plan.kind == "history" and shown is None
            store.history_from = session.scalar(
                sa.text("select min(day) from shop_order where store_id = :store"), {"store": self.store_id}
            )

    def _held(self, given: Access) -> Held:
        theirs, ours = self._counts(given, self.plan)
        gone: list[int] = []
        if theirs is not None and theirs < ours and isinstance(self.source, Askable):
            with store_session(self.store_id) as session:
                ids = self.source.kept_ids(session, self.store_id, self.plan)
            aside = self.source.aside(given, self.plan, ids)
            ours, gone = len(ids) - len(aside.gone) - aside.later, aside.gone
        if theirs is None or theirs == ours:
            return Held(theirs, ours, "", gone)
        message = f"The platform counts {theirs:,}, {ours:,} are here. Sync again; the figures may be incomplete."
        if self.source.key == ORDERS and self.plan.since is None:
            first, last = self.plan.first_day or BEFORE_ALL, self.plan.last_day or clock.today(given.time_zone)
            days = ", ".join(f"{day:%-d %B %Y} ({count:,})" for day, count in self._days_short(given, first, last))
            message = f"{message} Missing: {days}." if days else message
        return Held(theirs, ours, message)

    def _counts(self, given: Access, plan: Plan) -> tuple[int | None, int]:
        theirs = self.source.source_count(given, plan)
        with store_session(self.store_id) as session:
            return theirs, self.source.kept_count(session, self.store_id, plan)

    def _days_short(self, given: Access, first: date, last: date) -> list[tuple[date, int]]:
        """The first days of which the platform has more than is here, found by halving."""
        theirs, ours = self._counts(given, replace(self.plan, first_day=first, last_day=last))
        if theirs is None or theirs <= ours:
            return []
        if first == last:
            return [(first, theirs - ours)]
        middle = first + (last - first) // 2
        found = self._days_short(given, first, middle)
        if len(found) < DAYS_NAMED:
            found += self._days_short(given, middle + timedelta(days=1), last)
        return found[:DAYS_NAMED]

    def _wait(self, why: str) -> None:
        """Say what the run waits for, and keep what it has met. A wait counts once, however often its end is tried."""
        with self._owned() as (_, run):
            if run.stage != why:
                hindrance.overcome(why)
            run.stage, run.plan = why, {**run.plan, "met": hindrance.met()}
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


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The next batch is read and mapped while the database takes the present one."""
    context = copy_context()  # what is collected along the way is collected there too
    with ThreadPoolExecutor(1, thread_name_prefix="reading") as reader:
        coming = reader.submit(context.run, next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(context.run, next, batches, None)
            yield batch


def _account(run: SyncRun, written: Written) -> None:
    run.read += written.read
    run.written += written.written
    run.skipped += sum(written.skipped.values())
    run.skipped_why = {
        why: run.skipped_why.get(why, 0) + written.skipped.get(why, 0)
        for why in run.skipped_why.keys() | written.skipped.keys()
    }


def _plan_to(plan: Plan) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(replace(plan, position={})).items()}


def _plan_from(stored: dict[str, Any], position: dict[str, Any]) -> Plan:
    return Plan(
        kind=stored["kind"],
        first_day=date.fromisoformat(stored["first_day"]) if stored["first_day"] else None,
        last_day=date.fromisoformat(stored["last_day"]) if stored["last_day"] else None,
        since=datetime.fromisoformat(stored["since"]) if stored["since"] else None,
        until=datetime.fromisoformat(stored["until"]) if stored.get("until") else None,
        position=position,
    )
