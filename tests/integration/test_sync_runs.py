"""The runner: whole or not whole, taken over after a kill, never twice at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from clique_app.database import store_session
from clique_app.errors import AccessExpired, Rejected, Unavailable
from clique_app.sync import planner_service
from tests.integration.stores import CustomerSource, make_store

pytestmark = pytest.mark.usefixtures("database_env")


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(*entries: Any) -> None:
        from tasks import sync

        monkeypatch.setattr(sync, "SOURCES", entries)

    return use


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import runs

    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs.time, "sleep", lambda _: None)


def read(store_id: int, kind: Any = "first_import") -> None:
    from tasks.sync import run_source

    run_source.fn(store_id, "paced", kind)


def query(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]


RUNS = "select kind, state, read, written, message from sync_run order by run_id"


def test_a_whole_import_says_whole_and_moves_the_cursor(database_url: str, sources: Callable[..., None]) -> None:
    sources(CustomerSource(total=35))
    read(make_store())
    assert query(database_url, RUNS) == [("first_import", "whole", 35, 35, "")]
    assert query(database_url, "select rows, source_count, read_to is null from sync_cursor") == [(35, 35, False)]
    assert query(database_url, "select position from sync_run") == [({},)]


def test_the_planner_is_told_what_an_import_has_brought(database_url: str, sources: Callable[..., None]) -> None:
    planned_for = "select reltuples::int from pg_class where oid = 'customer'::regclass"
    assert query(database_url, planned_for) == [(-1,)]
    sources(CustomerSource(total=35))
    read(make_store())
    assert query(database_url, planned_for) == [(35,)]


def test_what_one_import_is_writing_is_not_taken_for_nothing_when_another_ends(database_url: str) -> None:
    """Its pages are seen, its rows not yet: the joins with them were planned for one row and took minutes."""
    planned_for = "select reltuples::int from pg_class where oid = 'customer'::regclass"
    one, other = make_store(), make_store("two.myshopify.com")
    filled = sa.text(
        "insert into customer (store_id, customer_id, country, region, postal_code) "
        "select :store, n, '', '', '' from generate_series(1, 3000) n"
    )
    with store_session(one) as writing:
        writing.connection().execute(filled, {"store": one})
        with store_session(other) as ending:
            planner_service.renew(ending)
        assert query(database_url, planned_for) == [(0,)]
        planner_service.expect(writing)
        assert writing.connection().scalar(sa.text(planned_for)) == 3000


def test_an_import_that_changed_nothing_has_nothing_analysed(database_url: str) -> None:
    analysed = "select coalesce(sum(analyze_count), 0)::int from pg_stat_user_tables where schemaname = 'public'"
    store_id = make_store()
    for _ in range(2):  # the first sees to what setting up the store has changed
        with store_session(store_id) as session:
            session.connection().execute(sa.text("select pg_stat_force_next_flush()"))
            planner_service.renew(session)
    [(before,)] = query(database_url, analysed)
    with store_session(store_id) as session:
        planner_service.renew(session)
    assert query(database_url, analysed) == [(before,)]


def test_a_count_that_differs_from_the_sources_own_never_says_whole(
    database_url: str, sources: Callable[..., None]
) -> None:
    sources(CustomerSource(total=35, claims=36))
    read(make_store())
    [(_, state, _, _, message)] = query(database_url, RUNS)
    assert state == "incomplete"
    assert "36" in message
    assert "35" in message
    assert query(database_url, "select read_to from sync_cursor") == [(None,)]


def test_a_refusal_of_the_platform_fails_the_run_in_its_words(database_url: str, sources: Callable[..., None]) -> None:
    class Refusing(CustomerSource):
        def write(self, session: Any, store_id: int, batch: Any) -> Any:
            if batch.records[0]["id"] == 20:
                raise Rejected("Shopify has frozen this store.")
            return super().write(session, store_id, batch)

    sources(Refusing(total=35))
    read(make_store())
    assert query(database_url, RUNS) == [("first_import", "failed", 20, 20, "Shopify has frozen this store.")]


def test_our_own_bug_fails_the_run_and_keeps_what_was_read(database_url: str, sources: Callable[..., None]) -> None:
    class Broken(CustomerSource):
        def write(self, session: Any, store_id: int, batch: Any) -> Any:
            return super().write(session, store_id, batch) if batch.records[0]["id"] < 20 else [][0]

    sources(Broken(total=35))
    read(make_store())
    [(_, state, count, _, message)] = query(database_url, RUNS)
    assert (state, count) == ("failed", 20)
    assert "IndexError" not in message


def test_a_platform_that_is_away_is_waited_for_from_the_same_position(
    database_url: str, sources: Callable[..., None]
) -> None:
    class Flaky(CustomerSource):
        def batches(self, access: Any, plan: Any) -> Any:
            for count, batch in enumerate(super().batches(access, plan)):
                if count == 1:
                    raise Unavailable("Shopify did not answer.")
                yield batch

    source = Flaky(total=35)
    sources(source)
    read(make_store())
    assert query(database_url, RUNS)[0][1:4] == ("whole", 35, 35)
    assert [p.get("next", 0) for p in source.positions] == [0, 10, 20, 30]


def test_an_access_that_ended_fails_the_run_and_marks_the_connection(
    database_url: str, sources: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from clique_app.integrations.shopify import oauth

    class Locked(CustomerSource):
        def batches(self, access: Any, plan: Any) -> Any:
            raise AccessExpired("401")
            yield

    def refuse(*_: str) -> None:
        raise AccessExpired("Open Clique in Shopify admin to reconnect.")

    monkeypatch.setattr(oauth, "refresh", refuse)
    sources(Locked(total=35))
    read(make_store())
    assert query(database_url, RUNS)[0][1] == "failed"
    assert query(database_url, "select state, last_error from connection") == [
        ("expired", "Open Clique in Shopify admin to reconnect.")
    ]


def test_a_first_import_is_made_once_however_often_its_message_comes(
    database_url: str, sources: Callable[..., None]
) -> None:
    sources(CustomerSource(total=35))
    store_id = make_store()
    read(store_id)
    read(store_id)
    assert len(query(database_url, RUNS)) == 1
    assert query(database_url, "select distinct postal_code from customer") == [("1",)]


def test_two_asks_at_once_are_one_reading(database_url: str, sources: Callable[..., None]) -> None:
    sources(CustomerSource(total=35))
    store_id = make_store()
    gate = threading.Barrier(4)

    def ask() -> None:
        gate.wait()
        read(store_id)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(query(database_url, RUNS)) == 1
    assert query(database_url, "select distinct postal_code from customer") == [("1",)]


@pytest.mark.parametrize(
    ("reading", "asked", "waits"),
    [
        ("first_import", "manual", False),
        ("first_import", "final", True),
        ("catch_up", "manual", False),
        ("manual", "catch_up", False),
        ("final", "final", False),
        ("final", "manual", True),
        ("final", "catch_up", True),
        ("history", "manual", True),
        ("history", "catch_up", True),
    ],
)
def test_an_ask_is_one_only_with_a_reading_that_brings_what_it_wants(
    sources: Callable[..., None], monkeypatch: pytest.MonkeyPatch, reading: Any, asked: Any, *, waits: bool
) -> None:
    """A final reading and the deep history end with a day before today, so who wants the newest waits for their end."""
    from tasks import runs, sync

    source, again = CustomerSource(total=35), list[Any]()
    sources(source)
    monkeypatch.setattr(sync.run_source, "send_with_options", lambda args, delay: again.append(args))
    store_id = make_store()
    read(store_id)
    with runs.sole_runner(store_id, "paced") as alone:
        assert alone
        under_way = runs.Run(source, store_id)  # pyright: ignore[reportArgumentType]
        if reading != "first_import":
            under_way.begin(reading)
        else:
            with store_session(store_id) as session:
                session.execute(sa.text("update sync_run set state = 'running'"))
        read(store_id, asked)
    assert again == ([(store_id, "paced", asked)] if waits else [])


def test_a_run_whose_worker_died_is_taken_over_from_its_position(
    database_url: str, sources: Callable[..., None]
) -> None:
    from tasks import runs

    source = CustomerSource(total=35)
    sources(source)
    store_id = make_store()
    dead = runs.Run(source, store_id)  # pyright: ignore[reportArgumentType]
    dead.begin("first_import")
    from clique_app.connections.access import access

    first = next(iter(source.batches(access(store_id, "shopify"), dead.plan)))
    dead._write(first)
    read(store_id, "catch_up")
    assert query(database_url, "select kind, state, read from sync_run order by run_id") == [
        ("first_import", "whole", 35),
        ("catch_up", "whole", 35),
    ]
    assert source.positions[1] == {"next": 10}
    with pytest.raises(runs.TakenOver):
        dead._write(first)


def test_nothing_half_read_is_shown_as_whole(database_url: str, sources: Callable[..., None]) -> None:
    from tasks import runs

    source = CustomerSource(total=35)
    store_id = make_store()
    run = runs.Run(source, store_id)  # pyright: ignore[reportArgumentType]
    run.begin("first_import")
    run._write(next(iter(source.batches(None, run.plan))))  # pyright: ignore[reportArgumentType]
    assert query(database_url, "select state, finished_at from sync_run") == [("running", None)]
    assert query(database_url, "select fresh_at, read_to from sync_cursor") == [(None, None)]


def start_worker() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dramatiq", "tests.integration.paced_worker", "-p", "1", "-t", "4"]
    return subprocess.Popen(command, cwd=Path.cwd(), start_new_session=True)


def until(condition: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited too long"
        threading.Event().wait(0.1)
    return time.monotonic() - began


def test_an_import_goes_on_after_kill_9_of_its_worker_and_reads_nothing_twice(database_url: str) -> None:
    from tasks.sync import run_source

    store_id = make_store()
    run_source.send(store_id, "paced", "first_import")
    count = "select count(*) from customer"
    worker = start_worker()
    try:
        until(lambda: query(database_url, count)[0][0] >= 20, 30)
        assert worker.poll() is None
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        done = query(database_url, count)[0][0]
        assert 0.05 * 400 <= done <= 0.95 * 400
        assert query(database_url, "select state from sync_run") == [("running",)]
        worker = start_worker()
        until(lambda: query(database_url, "select state from sync_run limit 1") == [("whole",)], 60)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert query(database_url, "select read, written, expected from sync_run where kind = 'first_import'") == [
        (400, 400, 400)
    ]
    assert query(database_url, count) == [(400,)]
    with store_session(store_id) as session:
        from tasks import runs

        assert not runs.is_due(session, store_id, "paced", "first_import")
