"""All that runs by itself. Any number of processes may run it: each firing is claimed once, without a leader.

A due job is claimed and its next time written in one transaction, then sent, then marked as sent; what was claimed by
a process that died before sending is swept. Missed ticks are caught up once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dramatiq
import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.database import system_session
from clique_app.logs import configure_logs, log
from clique_app.warehouse.service import REFRESH_JOB
from tasks import (
    actions,
    ad_pushes,
    analysis,
    baselines,
    customers,
    day_end,
    imports,
    install,
    keeping,
    rates,
    rollups,
    site,
    sync,
    warehouse,
    webhooks,
)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LOST_AFTER = timedelta(seconds=30)
KEPT = timedelta(days=7)
TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """Something that happens at every full multiple of `every`."""

    name: str
    every: timedelta
    actor: dramatiq.Actor[[], None]  # those that work store by store fan out themselves

    def next_after(self, at: datetime) -> datetime:
        """The first time after this one."""
        return EPOCH + ((at - EPOCH) // self.every + 1) * self.every


SCHEDULE: tuple[Job, ...] = (
    Job("sweep_inbox", timedelta(seconds=10), webhooks.sweep_inbox),
    Job("take_over_dead_runs", timedelta(seconds=30), sync.take_over_dead_runs),
    Job("settle_actions", timedelta(seconds=30), actions.settle_all_actions),
    Job("roll_up", timedelta(seconds=5), rollups.roll_up_changes),
    Job("reconcile_sums", timedelta(days=1), rollups.reconcile_all),
    Job("credit_days", timedelta(seconds=15), analysis.credit_changed_days),
    Job("build_sessions", timedelta(seconds=10), site.build_all_sessions),
    Job("take_up_files", timedelta(minutes=1), imports.take_up_files),
    Job("catch_up", timedelta(hours=1), sync.catch_up_all),
    Job("six_hourly_catch_up", timedelta(hours=6), sync.catch_up_six_hourly),
    Job("exchange_rates", timedelta(hours=1), rates.read_rates),
    Job("histories", timedelta(hours=6), sync.resume_all_histories),
    Job("recommendations", timedelta(hours=1), analysis.refresh_all_recommendations),
    Job("customers", timedelta(days=1), customers.retrain_all_customers),
    Job("baselines", timedelta(days=7), baselines.learn_all_baselines),
    Job(REFRESH_JOB, timedelta(minutes=15), warehouse.refresh_old_views),
    Job("end_lockers", timedelta(seconds=30), warehouse.end_lockers),
    Job("end_days", timedelta(minutes=15), day_end.end_days),
    Job("final_day", timedelta(minutes=15), sync.final_day_all),
    Job("webhook_subscriptions", timedelta(days=1), install.check_all_stores),
    Job("ad_access", timedelta(days=1), ad_pushes.check_all_access),
    Job("privacy_requests", timedelta(minutes=15), keeping.answer_open_requests),
    Job("clean_up", timedelta(days=7), keeping.clean_up_all),
)


def plan(session: Session, jobs: Sequence[Job]) -> None:
    """Give every job its first time; jobs that are no longer there lose theirs."""
    now = clock.now()
    for job in jobs:
        session.execute(
            sa.text("insert into job_schedule (name, next_at) values (:name, :next) on conflict do nothing"),
            {"name": job.name, "next": job.next_after(now)},
        )
    session.execute(sa.text("delete from job_schedule where not name = any(:names)"), {"names": [j.name for j in jobs]})


def claim(session: Session, jobs: Sequence[Job]) -> list[tuple[str, datetime]]:
    """The firings this process is to send: what is due, once however late, and what nobody sent."""
    now = clock.now()
    by_name = {job.name: job for job in jobs}
    due = session.execute(
        sa.text("select name, next_at from job_schedule where next_at <= :now order by next_at for update skip locked"),
        {"now": now},
    ).all()
    firings: list[tuple[str, datetime]] = []
    for name, at in due:
        if name not in by_name:
            continue  # of another version that runs beside this one
        session.execute(
            sa.text("update job_schedule set next_at = :next where name = :name"),
            {"name": name, "next": by_name[name].next_after(now)},
        )
        made = session.execute(
            sa.text(
                "insert into job_run (name, scheduled_at, claimed_at) values (:name, :at, :now)"
                " on conflict do nothing returning name"
            ),
            {"name": name, "at": at, "now": now},
        ).first()
        if made:
            firings.append((name, at))
    lost = session.execute(
        sa.text(
            """
            update job_run set claimed_at = :now
            where (name, scheduled_at) in (
              select name, scheduled_at from job_run
              where sent_at is null and claimed_at < :before and name = any(:names)
              for update skip locked)
            returning name, scheduled_at
            """
        ),
        {"now": now, "before": now - LOST_AFTER, "names": list(by_name)},
    ).all()
    session.execute(sa.text("delete from job_run where claimed_at < :old"), {"old": now - KEPT})
    return [*firings, *((name, at) for name, at in lost)]


def tick(jobs: Sequence[Job] = SCHEDULE) -> int:
    """Claim, commit, send, mark. Returns how many firings were sent."""
    with system_session() as session:
        firings = claim(session, jobs)
    by_name = {job.name: job for job in jobs}
    for name, _ in firings:
        by_name[name].actor.send()
    if firings:
        with system_session() as session:
            for name, at in firings:
                session.execute(
                    sa.text("update job_run set sent_at = :now where name = :name and scheduled_at = :at"),
                    {"now": clock.now(), "name": name, "at": at},
                )
    return len(firings)


def run_forever(stop: threading.Event, jobs: Sequence[Job] = SCHEDULE) -> None:
    """Tick every second until told to stop; a database or broker that is away is waited for."""
    planned = False
    while not stop.is_set():
        try:
            if not planned:
                with system_session() as session:
                    plan(session, jobs)
                planned = True
            tick(jobs)
        except Exception as error:
            log("schedule").warning("tick_failed", problem=f"{type(error).__name__}: {error}")
        stop.wait(TICK_SECONDS)


def main() -> None:
    """The scheduler process."""
    configure_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log("schedule").info("scheduler_started", jobs=len(SCHEDULE))
    run_forever(stop)


if __name__ == "__main__":
    main()
