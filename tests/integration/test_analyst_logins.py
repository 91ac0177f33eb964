"""Analysts' logins: what they are kept from beside other stores' rows, and that they end whatever they have made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from clique_app import cli, clock, database
from clique_app.database import owner_session, store_session, system_session
from clique_app.errors import CliqueError
from clique_app.metrics import sums_service
from clique_app.roles import APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE
from clique_app.settings import settings
from clique_app.warehouse import logins_service
from clique_app.warehouse import service as warehouse
from tasks import schedule
from tasks import warehouse as warehouse_tasks
from tests.conftest import PROJECT, TEST_SETTINGS, Servers
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")
SHOP = "west.myshopify.com"
MAKES = {
    "a large object": "select lo_create(0)",
    "a default privilege": "alter default privileges grant select on tables to public",
    "a default privilege for a role": "alter default privileges grant select on tables to clique_reader",
}
KEPT_FROM = (
    "select lo_create(0)",
    "select lo_creat(-1)",
    "select lo_from_bytea(0, 'x')",
    "select lo_import('/etc/hostname')",
    *(
        f"select pg_{tried}advisory_{kind}lock{shared}({numbers})"
        for tried in ("", "try_")
        for kind in ("", "xact_")
        for shared in ("", "_shared")
        for numbers in ("1", "1, 1")
    ),
)


@pytest.fixture
def store_id() -> Iterator[int]:
    made = make_store(SHOP)
    yield made
    with owner_session() as session:
        if logins_service.exists(session, made):
            logins_service.take_away(session, made)


def login_of(store_id: int) -> logins_service.Login:
    with owner_session() as session:
        return logins_service.give(session, store_id)


@contextmanager
def analyst(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        yield connection


def let_everybody() -> None:
    """As on a server whose owner of the database could not withhold anything."""
    with owner_session() as session:
        for function in ("lo_create(oid)", "pg_advisory_lock(bigint)"):
            session.connection().exec_driver_sql(f"grant execute on function {function} to public")


def test_locks_that_our_work_waits_for_and_large_objects_are_not_for_analysts(store_id: int) -> None:
    with analyst(login_of(store_id).url) as connection:
        for statement in KEPT_FROM:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
    with owner_session() as session:
        assert warehouse.open_to_all(session) == []
    lock = text("select pg_try_advisory_xact_lock(1)")
    for opened in (store_session(store_id), system_session(), database.warehouse_session(), owner_session()):
        with opened as session:
            assert session.connection().scalar(lock)


def test_who_holds_such_a_lock_where_it_cannot_be_withheld_is_ended(store_id: int) -> None:
    let_everybody()
    other = make_store("east.myshopify.com")
    with owner_session() as session:
        assert warehouse.open_to_all(session) == ["lo_create(oid)", "pg_advisory_lock(bigint)"]
    told = CliRunner().invoke(cli.app, ["warehouse", "check"])
    assert told.exit_code == 0
    assert "pg_advisory_lock(bigint)" in told.stderr
    with analyst(login_of(store_id).url) as connection, analyst(login_of(other).url) as idle:
        connection.execute("select pg_advisory_lock(hashtextextended('roll_up', %s))", [other])
        with store_session(other) as session:
            assert sums_service.roll_up(session, other) == -1
        warehouse_tasks.end_lockers.fn()
        with store_session(other) as session:
            assert sums_service.roll_up(session, other) >= 0
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
        idle.execute("select 1")
    with owner_session() as session:
        logins_service.take_away(session, other)


@pytest.mark.parametrize("statement", MAKES.values(), ids=MAKES)
@pytest.mark.parametrize("by", ["the command", "an uninstall"])
def test_a_login_ends_with_what_it_made(store_id: int, by: str, statement: str) -> None:
    let_everybody()
    login = login_of(store_id)
    with analyst(login.url) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
        if by == "the command":
            told = CliRunner().invoke(cli.app, ["sql", "--store", SHOP, "--revoke"])
            assert (told.exit_code, told.stdout) == (0, f"The login of {SHOP} is gone, and its connections with it.\n")
        else:
            warehouse_tasks.end_analysts.fn(store_id)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(login.url)
    with owner_session() as session:
        assert not session.connection().scalar(
            text("select exists (select from pg_roles where rolname = :name)"), {"name": login.name}
        )
        assert session.connection().scalar(text("select count(*) from pg_largeobject_metadata")) == 0


def test_a_login_that_made_something_in_another_database_is_shut_and_the_database_is_named(
    store_id: int, servers: Servers
) -> None:
    login, elsewhere = login_of(store_id), make_url(servers.postgres_url).database
    with analyst(make_url(login.url).set(database=elsewhere).render_as_string(hide_password=False)) as connection:
        connection.execute("alter default privileges grant select on tables to public")
    told = CliRunner().invoke(cli.app, ["sql", "--store", SHOP, "--revoke"])
    assert told.exit_code == 1
    assert told.stderr == (
        f"clique: The login {login.name} is shut and reads nothing, but it has made things in other databases of this "
        f"server: {elsewhere}. Run there `drop owned by {login.name}`, then revoke it again.\n"
    )
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(login.url)
    with owner_session() as session:
        assert not logins_service.exists(session, store_id)
    with pytest.raises(CliqueError):
        warehouse_tasks.end_analysts.fn(store_id)
    with analyst(login_of(store_id).url) as connection:  # it can be given again
        connection.execute("select count(*) from products")
    with psycopg.connect(servers.postgres_url, autocommit=True) as owner:
        owner.execute(sql.SQL("drop owned by {}").format(sql.Identifier(login.name)))
    told = CliRunner().invoke(cli.app, ["sql", "--store", SHOP, "--revoke"])
    assert told.exit_code == 0


def test_an_owner_that_is_no_superuser_gives_and_ends_logins(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    owner_name, name = f"plain_owner_{os.getpid()}", f"clique_plain_{os.getpid()}"
    owner, plain = sql.Identifier(owner_name), sql.Identifier(name)
    ours = sql.SQL(", ").join(map(sql.Identifier, (APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE, "clique_reader")))
    url = make_url(servers.postgres_url).set(database=name, username=owner_name, password="plain")
    with psycopg.connect(servers.postgres_url, autocommit=True) as superuser:
        superuser.execute(sql.SQL("create role {} login createrole password 'plain'").format(owner))
        superuser.execute(sql.SQL("grant {}, clique_analyst to {} with admin option").format(ours, owner))
        superuser.execute(sql.SQL("create database {} owner {}").format(plain, owner))
    try:
        monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
        settings.cache_clear()
        migrate()
        store_id = make_store(SHOP)
        login = login_of(store_id)
        with owner_session() as session:
            assert "lo_create(oid)" in warehouse.open_to_all(session)
            assert warehouse.drift(session) == []
        with analyst(login.url) as connection:
            connection.execute("select lo_create(0)")
            connection.execute("alter default privileges grant select on tables to public")
            connection.execute("select pg_advisory_lock(1)")
            warehouse_tasks.end_lockers.fn()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")
        warehouse_tasks.end_analysts.fn(store_id)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(login.url)
        with owner_session() as session:
            found = text("select exists (select from pg_roles where rolname = :name)")
            assert not session.connection().scalar(found, {"name": login.name})
    finally:
        for role in (APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE, None):
            database._engine(settings().database_url, role).dispose()
        with psycopg.connect(servers.postgres_url, autocommit=True) as superuser:
            superuser.execute(sql.SQL("drop database {} with (force)").format(plain))
            superuser.execute(sql.SQL("drop owned by {}").format(owner))
            superuser.execute(sql.SQL("drop role {}").format(owner))


def migrate() -> None:
    environment = {**os.environ, **TEST_SETTINGS}
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=PROJECT, env=environment, check=True)


def test_after_an_upgrade_the_views_are_filled_at_the_next_tick(store_id: int) -> None:
    with system_session() as session:
        schedule.plan(session, schedule.SCHEDULE)
    far = clock.now() + timedelta(days=3)
    with owner_session() as session:
        session.connection().execute(text("update job_schedule set next_at = :far"), {"far": far})
        warehouse.drop(session)
    migrate()
    with analyst(login_of(store_id).url) as connection:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            connection.execute("select count(*) from orders")
        with system_session() as session:
            assert [name for name, _ in schedule.claim(session, schedule.SCHEDULE)] == [warehouse.REFRESH_JOB]
        with database.warehouse_session() as session:
            assert warehouse.due(session)
        warehouse_tasks.refresh_warehouse.fn()
        assert connection.execute("select count(*) from orders").fetchall() == [(0,)]


def test_populate_makes_sums_and_fills_everything(store_id: int) -> None:
    with owner_session() as session:
        warehouse.drop(session)
    told = CliRunner().invoke(cli.app, ["metrics", "populate"])
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("Made.\n")
    assert f"{SHOP}: " in told.stdout
    with analyst(login_of(store_id).url) as connection:
        assert connection.execute("select count(*) from orders").fetchall() == [(0,)]
    with store_session(store_id) as session:
        assert session.connection().scalar(text("select count(*) from metric_change")) == 0
        assert session.connection().scalar(text("select count(*) from metric_summed")) != 0
    again = CliRunner().invoke(cli.app, ["metrics", "populate"])
    assert again.stdout.startswith("It is as the catalogue says.\n")
