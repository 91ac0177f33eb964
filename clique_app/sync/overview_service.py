"""How each source stands: state, age, rows, the reading under way, the log of readings, and the webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, func, select

from clique_app import clock
from clique_app.connections.service import SHOPIFY
from clique_app.integrations.registry import channel_label
from clique_app.integrations.shopify.scopes import missing
from clique_app.integrations.shopify.subscriptions import topic_name
from clique_app.sync import counts_service, inbox_service
from clique_app.sync.source import Kind, Source
from clique_app.sync.sources import SOURCES
from clique_app.tables import Connection, SyncCursor, SyncRun, WebhookCheck

LOG_PAGE = 20

State = Literal[
    "not_connected", "waiting", "expired", "not_allowed", "importing", "reading", "failed", "incomplete", "stale",
    "up_to_date",
]  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One reading of a source. share: how much of it is done, from 0 to 1, where that is known."""

    run_id: int
    source: str
    kind: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    expected: int | None
    read: int
    written: int
    skipped: int
    why: tuple[tuple[str, int], ...]
    stage: str
    message: str
    share: float | None = None
    per_second: float | None = None
    days: int | None = None  # how far back from its start an import reaches; None: to the beginning

    @property
    def seconds_left(self) -> float | None:
        """From the share done and the time it took; unknown before there is anything to go by."""
        taken = (self.finished_at or clock.now()) - self.started_at
        if not self.share or self.share < 0.02:
            return None
        return taken.total_seconds() * (1 - self.share) / self.share


@dataclass(frozen=True)
class Standing:
    """One source as it stands now."""

    source: str
    label: str
    channel: str
    cadence: str
    state: State
    fresh_at: datetime | None
    rows: int
    counted: int | None  # the source's own count at the last reading that asked for it
    kept: int  # ours of the same
    history_from: date | None  # first day that is here; None: all, once the history is whole
    problem: str = ""  # in words
    mend: Kind | None = None  # the kind of reading that mends it
    current: Reading | None = None
    last: Reading | None = None
    first_import_done: bool = False
    history_done: bool = False


@dataclass(frozen=True)
class Log:
    """One page of the log of readings, newest first."""

    readings: tuple[Reading, ...]
    count: int
    offset: int


@dataclass(frozen=True)
class Webhooks:
    """The store's deliveries of the last two weeks, and its subscriptions."""

    received: int = 0
    last_at: datetime | None = None
    lag_seconds: float | None = None  # median of the last hundred, from arriving to being worked off
    waiting: int = 0
    dead: int = 0
    last_error: str = ""
    oldest_seconds: float | None = None  # since when the longest waiting delivery waits
    checked_at: datetime | None = None  # when the subscriptions were last looked at
    topics: int = 0  # subscribed to
    mended: tuple[str, ...] = ()  # topics that had drifted then
    check_problem: str = ""


@dataclass(frozen=True)
class _Known:
    """What the tables say of all sources, read once."""

    connections: dict[str, Connection]
    cursors: dict[str, SyncCursor]
    newest: dict[str, list[SyncRun]]  # by source: the newest run of each kind and state
    counts: dict[tuple[str, str], int]  # rows by table and channel


def standings(session: Session, store_id: int, sources: Sequence[Source] = SOURCES) -> list[Standing]:
    """All sources, in the order in which a store reads them."""
    known = _known(session, store_id, sources)
    return [_standing(source, known) for source in sources]


def log(session: Session, store_id: int, *, source: str = "", offset: int = 0, limit: int = LOG_PAGE) -> Log:
    """A page of the readings, of one source or of all."""
    mine = [SyncRun.store_id == store_id, *([SyncRun.source == source] if source else [])]
    count = session.exec(select(func.count()).select_from(SyncRun).where(*mine)).one()
    offset = max(0, min(offset, (count - 1) // limit * limit))
    page = select(SyncRun).where(*mine).order_by(col(SyncRun.run_id).desc()).offset(offset).limit(limit)
    return Log(tuple(_reading(run) for run in session.exec(page)), count, offset)


def webhooks(session: Session, store_id: int) -> Webhooks:
    """How the store's webhooks come in. System session: the inbox belongs to no store."""
    shop_domain = inbox_service.domain_of(session, store_id)
    row = session.execute(_WEBHOOKS, {"shop": shop_domain}).one()
    standing = inbox_service.standing(session, shop_domain)
    dead = inbox_service.dead_letters(session, shop_domain, limit=1)
    return Webhooks(
        row.received,
        row.last_at,
        row.lag,
        standing.waiting,
        standing.dead,
        dead[0].error if dead else "",
        standing.oldest_seconds,
    )


def subscriptions(session: Session, store_id: int, found: Webhooks) -> Webhooks:
    """The same with the last look at the store's subscriptions."""
    check = session.get(WebhookCheck, store_id)
    if check is None:
        return found
    drifted = ",".join(part for part in (check.created, check.updated, check.removed) if part)
    mended = tuple(sorted({topic_name(topic) for topic in drifted.split(",") if topic}))
    return replace(found, checked_at=check.checked_at, topics=check.held, mended=mended, check_problem=check.problem)


_REACH = {"manual": 1, "final": 1, "first_import": 2}  # of ads and e-mail: how far back, if further than a catch-up
_WEBHOOKS = sa.text(
    """
    select count(*) as received, max(received_at) as last_at,
           (select percentile_cont(0.5) within group (order by extract(epoch from done_at - received_at))
            from (select done_at, received_at from inbox_event where shop_domain = :shop and state = 'done'
                  order by received_at desc limit 100) newest) as lag
    from inbox_event where shop_domain = :shop
    """
)


def _known(session: Session, store_id: int, sources: Sequence[Source]) -> _Known:
    newest = (
        select(SyncRun)
        .where(SyncRun.store_id == store_id)
        .ext(distinct_on(col(SyncRun.source), col(SyncRun.kind), col(SyncRun.state)))
        .order_by(col(SyncRun.source), col(SyncRun.kind), col(SyncRun.state), col(SyncRun.run_id).desc())
    )
    runs: dict[str, list[SyncRun]] = {}
    for run in session.exec(newest):
        runs.setdefault(run.source, []).append(run)
    return _Known(
        {one.channel: one for one in session.exec(select(Connection).where(Connection.store_id == store_id))},
        {one.source: one for one in session.exec(select(SyncCursor).where(SyncCursor.store_id == store_id))},
        runs,
        counts_service.counts(session, store_id, dict.fromkeys(table for source in sources for table in source.tables)),
    )


def _standing(source: Source, known: _Known) -> Standing:
    cursor = known.cursors.get(source.key)
    runs = sorted(known.newest.get(source.key, ()), key=lambda run: (run.kind == "history", -run.run_id))
    running = next((run for run in reversed(runs) if run.state == "running"), None)
    bad = next((run for run in runs if run.state in ("failed", "incomplete") and not _made_good(run, runs)), None)
    done = {run.kind for run in runs if run.state == "whole"}
    ended = [run for run in runs if run.finished_at]
    connection = known.connections.get(source.channel)
    state, problem = _state(source, connection, cursor, running, bad)
    mend: Kind | None = None
    if bad is not None and state in ("failed", "incomplete"):
        mend = "history" if bad.kind == "history" else "manual"
    return Standing(
        source=source.key,
        label=source.label,
        channel=source.channel,
        cadence=source.cadence,
        state=state,
        fresh_at=cursor.fresh_at if cursor else None,
        rows=sum(known.counts.get((table, channel), 0) for table in source.tables for channel in {"", source.channel}),
        counted=cursor.source_count if cursor else None,
        kept=cursor.rows if cursor else 0,
        history_from=cursor.history_from if cursor else None,
        problem=problem,
        mend=mend,
        current=_reading(running) if running else None,
        last=_reading(max(ended, key=lambda run: run.run_id)) if ended else None,
        first_import_done="first_import" in done,
        history_done="history" in done,
    )


def _made_good(bad: SyncRun, runs: Sequence[SyncRun]) -> bool:
    """Whether a later run was whole that read all that this one had to."""
    later = (run for run in runs if run.run_id > bad.run_id and run.state in ("whole", "superseded"))
    return any(_covers(run, bad) for run in later)


def _covers(run: SyncRun, bad: SyncRun) -> bool:
    if "history" in (run.kind, bad.kind):
        return run.kind == bad.kind
    if run.source.startswith(SHOPIFY):  # it tells what has changed since the last whole reading
        return True
    return _REACH.get(run.kind, 0) >= _REACH.get(bad.kind, 0)


def _state(
    source: Source,
    connection: Connection | None,
    cursor: SyncCursor | None,
    running: SyncRun | None,
    bad: SyncRun | None,
) -> tuple[State, str]:
    """The first thing to know of a source, and what is wrong in words."""
    platform = channel_label(source.channel)
    if connection is None or connection.state in ("disconnected", "choosing_account"):
        return "not_connected", ""
    if connection.state != "connected":
        return "expired", connection.last_error or f"Access to {platform} has ended."
    if source.channel == SHOPIFY:
        for need in missing(connection.scopes.split()):
            if need.source == source.key:
                return "not_allowed", need.stops
    if running is not None:
        return ("importing" if running.kind in ("first_import", "history") else "reading"), ""
    if bad is not None:
        return ("failed" if bad.state == "failed" else "incomplete"), _problem(bad, connection, platform)
    if cursor is None or cursor.fresh_at is None:
        return "waiting", ""
    if clock.now() - cursor.fresh_at > source.stale_after:
        return "stale", f"{source.label} were last read {cursor.fresh_at:%-d %b %H:%M} UTC."
    return "up_to_date", ""


def _problem(bad: SyncRun, connection: Connection, platform: str) -> str:
    """What a run said of the access before the last connecting no longer holds. Shopify is connected time and again."""
    was_before = bad.finished_at and connection.connected_at and bad.finished_at < connection.connected_at
    if bad.state == "failed" and was_before and connection.channel != SHOPIFY:
        return f"Not read to the end before {platform} was connected again. Clique reads the rest by itself."
    return bad.message


def _reading(run: SyncRun) -> Reading:
    taken = ((run.finished_at or run.heartbeat_at) - run.started_at).total_seconds()
    return Reading(
        run_id=run.run_id,
        source=run.source,
        kind=run.kind,
        state=run.state,
        started_at=run.started_at,
        finished_at=run.finished_at,
        expected=run.expected,
        read=run.read,
        written=run.written,
        skipped=run.skipped,
        why=tuple(sorted(run.skipped_why.items())),
        stage=run.stage,
        message=run.message,
        share=_share(run),
        per_second=run.read / taken if taken >= 1 else None,
        days=_days(run),
    )


def _days(run: SyncRun) -> int | None:
    first, last = run.plan.get("first_day"), run.plan.get("last_day")
    return (date.fromisoformat(last) - date.fromisoformat(first)).days if first and last else None


def _share(run: SyncRun) -> float | None:
    """Of the rows, where the source counts them; else as the source says."""
    if run.expected:
        return min(1.0, run.read / run.expected)
    return run.position.get("share")
