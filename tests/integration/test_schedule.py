"""Firings without a leader: once each, however many schedulers run."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import psycopg
import pytest
from dramatiq import Message

from clique_app import clock
from clique_app.database import system_session

pytestmark = pytest.mark.usefixtures("database_env")


class Sender:
    """Stands where an actor stands."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self) -> None:
        self.sent += 1


def job(name: str, every_seconds: float, sender: Sender):
    from tasks.schedule import Job

    return Job(name, timedelta(seconds=every_seconds), sender)  # pyright: ignore[reportArgumentType]


def planned(*jobs) -> None:
    from tasks import schedule

    with system_session() as session:
        schedule.plan(session, jobs)


def test_three_schedulers_fire_each_time_once(database_url: str) -> None:
    program = (
        "import threading, sys, time\n"
        "from datetime import timedelta\n"
        "from tasks import schedule\n"
        "schedule.TICK_SECONDS = 0.1\n"
        "class S:\n"
        "    def send(self): print('fired', flush=True)\n"
        "jobs = tuple(schedule.Job(f'job{i}', timedelta(seconds=1), S()) for i in range(5))\n"
        "stop = threading.Event()\n"
        "threading.Timer(60, stop.set).start()\n"
        "schedule.run_forever(stop, jobs)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path.cwd()) for _ in range(3)
    ]

    def seconds_fired() -> int:
        with psycopg.connect(database_url) as connection:
            row = connection.execute("select count(distinct scheduled_at) from job_run").fetchone()
        return row[0] if row else 0

    def wait_for(seconds: int) -> None:
        deadline = time.monotonic() + 60
        while seconds_fired() < seconds:
            assert time.monotonic() < deadline
            time.sleep(0.2)

    wait_for(3)
    assert processes[0].poll() is None
    os.kill(processes[0].pid, signal.SIGKILL)
    wait_for(8)
    for process in processes[1:]:
        assert process.poll() is None
        process.kill()
    fired = sum(process.communicate()[0].count(b"fired") for process in processes)
    with psycopg.connect(database_url) as connection:
        total, distinct, seconds = connection.execute(  # pyright: ignore[reportGeneralTypeIssues]
            "select count(*), count(distinct (name, scheduled_at)), count(distinct scheduled_at) from job_run"
        ).fetchone()
    assert total == distinct
    assert total >= 5 * (seconds - 2)  # the first and the last second may be cut
    assert seconds >= 6
    # the one that was killed may have claimed without sending; nobody sends twice
    assert total - 5 <= fired <= total


def at(monkeypatch: pytest.MonkeyPatch, **later: int) -> None:
    """Let it be that much after a minute past some full hour."""
    time_then = datetime(2026, 3, 4, 10, 1, tzinfo=UTC) + timedelta(**later)
    monkeypatch.setattr(clock, "now", lambda: time_then)


def test_what_was_missed_is_caught_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import schedule

    sender = Sender()
    jobs = (job("hourly", 3600, sender),)
    at(monkeypatch)
    planned(*jobs)
    assert schedule.tick(jobs) == 0
    at(monkeypatch, hours=9)
    assert [schedule.tick(jobs), schedule.tick(jobs)] == [1, 0]
    assert sender.sent == 1


def test_a_firing_claimed_by_a_process_that_died_is_sent_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import schedule

    sender = Sender()
    jobs = (job("hourly", 3600, sender),)
    at(monkeypatch)
    planned(*jobs)
    at(monkeypatch, hours=1)
    with system_session() as session:
        assert len(schedule.claim(session, jobs)) == 1  # and then dies
    assert schedule.tick(jobs) == 0
    at(monkeypatch, hours=1, seconds=31)
    assert [schedule.tick(jobs), schedule.tick(jobs)] == [1, 0]
    assert sender.sent == 1


def test_a_job_that_is_no_longer_in_the_schedule_stops(database_url: str) -> None:
    planned(job("old", 1, Sender()), job("kept", 1, Sender()))
    planned(job("kept", 1, Sender()))
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select name from job_schedule").fetchall() == [("kept",)]


def test_every_job_of_the_schedule_has_an_actor_without_arguments_and_a_name_of_its_own() -> None:
    from tasks.schedule import SCHEDULE

    assert len({entry.name for entry in SCHEDULE}) == len(SCHEDULE)
    for entry in SCHEDULE:
        assert entry.actor.fn.__code__.co_argcount == 0


def test_what_many_ask_for_within_its_delay_is_one_message_that_waits_for_its_end() -> None:
    from tasks.baselines import learn_baselines
    from tasks.broker import broker, send_soon

    def waiting() -> list[tuple[int, int]]:
        """The store of each message, and when it is to be taken up, in milliseconds."""
        found = [
            Message.decode(message) for message in cast(list[bytes], broker.client.hvals("dramatiq:analysis.DQ.msgs"))
        ]
        return sorted((message.args[0], message.options["eta"]) for message in found)

    asked_at = time.time() * 1000
    for store_id in (1, 1, 2, 1):
        send_soon(learn_baselines, store_id, delay_ms=400)
    assert [store_id for store_id, _ in waiting()] == [1, 2]
    assert all(eta >= asked_at + 399 for _, eta in waiting())
    time.sleep(0.5)
    send_soon(learn_baselines, 1, delay_ms=400)
    assert [store_id for store_id, _ in waiting()] == [1, 1, 2], "what comes after the first is up has its own"
