"""Reading sources: asked for by pages, commands, the schedule and installs; run in the queues sync and history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import dramatiq
import sqlalchemy as sa
from sqlmodel import select

from clique_app import clock, live
from clique_app.attribution import service as attribution
from clique_app.connections.access import ask
from clique_app.database import store_session
from clique_app.errors import NotFound
from clique_app.sync import objects_service, planner_service, rates_service
from clique_app.sync.orders_service import without_journey
from clique_app.sync.source import Kind, Source
from clique_app.sync.sources import SOURCES
from clique_app.tables import SyncCursor, SyncRun
from tasks import analysis, baselines, customers, rates, runs, warehouse
from tasks.broker import HISTORY, MINUTE_MS, SYNC, patient, send_soon
from tasks.stores import connected_channels, installed_stores

ASK_AGAIN_MS = 5_000
JOURNEYS_AT_ONCE = 1000  # orders
LEARN_AFTER_MS = 30_000  # sources whose pasts are read together are learnt from once
SIX_HOURLY = ("klaviyo_email",)  # what its platform allows too few calls for, or moves slowly
FINAL_HOUR = 2  # in the store's time: the platforms have closed the day before
FINAL_TRIES, FINAL_AGAIN_AFTER = 4, timedelta(hours=2)  # a day, until one is whole
READ_UP_TO_NOW: tuple[Kind, ...] = ("first_import", "catch_up", "manual")  # the others end with a day before
DEAD_AFTER = timedelta(seconds=30)  # without a heartbeat; only then is it worth to look whether the lock is free


def source_of(key: str) -> Source:
    """The entry of SOURCES."""
    for source in SOURCES:
        if source.key == key:
            return source
    raise NotFound(f"There is no source {key}. Known: {', '.join(s.key for s in SOURCES)}.")


def start_sync(store_id: int, source: str | None, kind: Kind) -> list[str]:
    """Ask for a reading of one source, or of all that are connected. Call after commit. Returns what was asked for."""
    connected = connected_channels(store_id)
    asked = [s.key for s in SOURCES if s.channel in connected] if source is None else [source_of(source).key]
    if kind == "history":
        asked = [key for key in asked if key in runs.BY_DAYS]
    for key in asked:
        actor = run_history if kind == "history" else run_source
        actor.send(store_id, key, kind)
    return asked


@dramatiq.actor(queue_name=SYNC, time_limit=60 * MINUTE_MS, notify_shutdown=True)
def run_source(store_id: int, source_key: str, kind: Kind) -> None:
    """Read one source of one store."""
    with patient():
        _run(store_id, source_key, kind)


@dramatiq.actor(queue_name=HISTORY, time_limit=6 * 60 * MINUTE_MS, notify_shutdown=True)
def run_history(store_id: int, source_key: str, kind: Kind) -> None:
    """The same, in the queue where a long reading delays nobody."""
    with patient():
        _run(store_id, source_key, kind)


def _run(store_id: int, source_key: str, kind: Kind) -> None:
    source, lane = source_of(source_key), runs.lane(source_key, kind)
    with runs.sole_runner(store_id, source_key, lane) as alone:
        if not alone:
            _ask_again_unless_under_way(store_id, source_key, kind)
            return
        with store_session(store_id) as session:
            dead = runs.unfinished(session, store_id, source_key, lane)
            kinds: list[Kind] = [cast(Kind, dead.kind)] if dead else []
        wanted: list[Kind] = kinds if kind in kinds else [*kinds, kind]
        for each in wanted:
            with store_session(store_id) as session:
                due = each in kinds or runs.is_due(session, store_id, source_key, each)
            if due:
                run = runs.Run(source, store_id)
                run.begin(each)
                _after(store_id, source_key, run.go())


def _after(store_id: int, source_key: str, outcome: runs.Outcome) -> None:
    if outcome.state == "failed":
        return
    if outcome.kind in ("first_import", "history"):
        with store_session(store_id) as session:
            planner_service.renew(session)
    with store_session(store_id) as session:
        if rates_service.lacks_rates(session):
            rates.read_rates.send()
    analysis.refresh_recommendations.send(store_id)
    if outcome.kind == "first_import" and source_key in runs.BY_DAYS:
        run_history.send(store_id, source_key, "history")
    if outcome.kind == "history" or (outcome.kind == "first_import" and source_key == runs.ORDERS):
        send_soon(baselines.learn_baselines, store_id, delay_ms=LEARN_AFTER_MS)
    if outcome.kind == "history":
        send_soon(warehouse.refresh_warehouse, delay_ms=warehouse.SOON_MS)
    if outcome.kind == "history" and source_key == runs.ORDERS:
        customers.retrain_customers.send(store_id)


def _ask_again_unless_under_way(store_id: int, source_key: str, kind: Kind) -> None:
    """A second ask of what is being read is one with the first; anything else waits for its end."""
    with store_session(store_id) as session:
        current = runs.unfinished(session, store_id, source_key, runs.lane(source_key, kind))
    under_way = current is not None and (
        current.kind == kind or (kind in ("catch_up", "manual") and current.kind in READ_UP_TO_NOW)
    )
    if not under_way:
        actor = run_history if kind == "history" else run_source
        actor.send_with_options(args=(store_id, source_key, kind), delay=ASK_AGAIN_MS)


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def take_over_dead_runs() -> None:
    """Imports whose worker was killed go on; so do imports that an install could not ask for."""
    for store in installed_stores():
        with store_session(store.store_id) as session:
            silent = select(SyncRun).where(
                SyncRun.store_id == store.store_id,
                SyncRun.state == "running",
                SyncRun.heartbeat_at < clock.now() - DEAD_AFTER,
            )
            dead = [(run.source, run.kind) for run in session.exec(silent)]
        for source_key, kind in dead:
            start_sync(store.store_id, source_key, kind)  # pyright: ignore[reportArgumentType]


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def catch_up_all() -> None:
    """Hourly: what webhooks have missed, and what has none."""
    for store in installed_stores():
        connected = connected_channels(store.store_id)
        for source in SOURCES:
            if source.channel in connected and source.key not in SIX_HOURLY:
                start_sync(store.store_id, source.key, "catch_up")
        read_journeys.send(store.store_id)


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def catch_up_six_hourly() -> None:
    """Every six hours: the sources that are read less often."""
    for store in installed_stores():
        connected = connected_channels(store.store_id)
        for key in SIX_HOURLY:
            if source_of(key).channel in connected:
                start_sync(store.store_id, key, "catch_up")


def resume_histories(store_id: int) -> None:
    """Ask for the histories of connected sources that are not here whole: cut off, failed or found incomplete."""
    connected = connected_channels(store_id)
    with store_session(store_id) as session:
        missing = [
            source.key
            for source in SOURCES
            if source.channel in connected and runs.history_missing(session, store_id, source.key)
        ]
    for key in missing:
        start_sync(store_id, key, "history")


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def resume_all_histories() -> None:
    """Every six hours, until they are whole."""
    for store in installed_stores():
        resume_histories(store.store_id)


@dramatiq.actor(queue_name=SYNC)
def read_journeys(store_id: int) -> None:
    """Shopify attributes visits hours after an order: read those orders again until it has."""
    with store_session(store_id) as session:
        waiting = without_journey(session, store_id)
    for start in range(0, len(waiting), JOURNEYS_AT_ONCE):
        _read_journeys(store_id, waiting[start : start + JOURNEYS_AT_ONCE])


def _read_journeys(store_id: int, waiting: list[int]) -> None:
    with patient():
        records = ask(store_id, "shopify", lambda given: objects_service.fetch(given, "order", waiting))
    with store_session(store_id) as session:
        written = objects_service.write(session, store_id, "order", waiting, records)
        attribution.credit_orders(session, store_id, list(written.order_ids), "journeys")
    if written.order_ids:
        live.publish(store_id, "figures")


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def final_day_all() -> None:
    """Once a day after 02:00 of the store: the ad platforms' last word on the days before. What does not end whole is
    read again within hours."""
    for store in installed_stores():
        at_two = final_hour_today(clock.now(), store.time_zone)
        if clock.now() < at_two:
            continue
        with store_session(store.store_id) as session:
            of_today = session.exec(
                select(SyncRun).where(
                    SyncRun.store_id == store.store_id, SyncRun.kind == "final", SyncRun.started_at >= at_two
                )
            ).all()
            imported = set(session.exec(select(SyncCursor.source).where(sa.text("read_to is not null"))))
        connected = connected_channels(store.store_id) - {"shopify"}
        for source in SOURCES:
            tries = [run for run in of_today if run.source == source.key]
            if source.channel in connected and source.key in imported and final_is_due(tries):
                start_sync(store.store_id, source.key, "final")


def final_is_due(tries: Sequence[SyncRun]) -> bool:
    """By the day's readings of it so far."""
    if len(tries) >= FINAL_TRIES or any(run.state in ("running", "whole") for run in tries):
        return False
    return all(clock.now() - run.started_at >= FINAL_AGAIN_AFTER for run in tries)


def final_hour_today(now: datetime, time_zone: str) -> datetime:
    """02:00 of the store's present day."""
    return now.astimezone(ZoneInfo(time_zone)).replace(hour=FINAL_HOUR, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Progress:
    """Where the newest reading of a source stands."""

    source: str
    label: str
    run_id: int | None
    kind: str
    state: str  # waiting | running | whole | incomplete | failed
    stage: str
    read: int
    written: int
    skipped: int
    expected: int | None
    message: str


def progress(store_id: int, sources: Sequence[str], asked_at: datetime) -> list[Progress]:
    """The runs that answer an ask made at a time, for a page or command that follows them."""
    found: list[Progress] = []
    with store_session(store_id) as session:
        for key in sources:
            query = select(SyncRun).where(SyncRun.store_id == store_id, SyncRun.source == key)
            answers = query.where(
                sa.or_(sa.column("started_at") >= asked_at, sa.column("state") == "running")
            ).order_by(sa.desc("run_id"))
            run = session.exec(answers.limit(1)).first()
            label = source_of(key).label
            if run is None:
                found.append(Progress(key, label, None, "", "waiting", "", 0, 0, 0, None, ""))
            else:
                found.append(
                    Progress(
                        key, label, run.run_id, run.kind, run.state, run.stage,
                        run.read, run.written, run.skipped, run.expected, run.message,
                    )
                )  # fmt: skip
    return found
