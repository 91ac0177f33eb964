"""`clique doctor`: one line for each thing that has to be right, with what to do where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import redis
import typer
from alembic.config import Config
from alembic.script import ScriptDirectory

from clique_app.demo import record, vendor
from clique_app.demo.folders import PROJECT, tool_path

OLDEST_POSTGRES = 150_000
CLOCK_SECONDS = 5.0


class Wrong(Exception):
    """A check failed; the message says what to do."""


def show() -> bool:
    """Prints all checks; whether all are well."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Python", _python),
        ("Node", _node),
        ("published schema", _vendored),
    ]
    demo = record.running_demo()
    database_url = os.environ.get("DATABASE_URL") or (demo.database_url if demo else "")
    redis_url = os.environ.get("REDIS_URL") or (demo.redis_url if demo else "")
    if database_url:
        checks += [
            ("PostgreSQL", lambda: _postgres(database_url)),
            ("migrations", lambda: _migrations(database_url)),
            ("roles", lambda: _roles(database_url)),
            ("clock", lambda: _clock(database_url)),
        ]
    if redis_url:
        checks.append(("Redis", lambda: _redis(redis_url)))
    results = [_line(name, check) for name, check in checks]
    if not database_url or not redis_url:
        typer.echo("  -   servers: no demo runs and DATABASE_URL and REDIS_URL are not both set, so none was checked")
    return all(results)


def _line(name: str, check: Callable[[], str]) -> bool:
    try:
        typer.echo(f"  ok  {name}: {check()}")
    except (Wrong, psycopg.Error, redis.RedisError, OSError, subprocess.SubprocessError) as error:
        typer.echo(f"  NO  {name}: {str(error).strip()}")
        return False
    return True


def _python() -> str:
    return sys.version.split()[0]


def _node() -> str:
    node = shutil.which("node", path=tool_path())
    if not node:
        raise Wrong("not found; `make setup` installs it into .venv")
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def _vendored() -> str:
    missing = [item.target for item in vendor.VENDORED if not item.present()]
    if missing:
        raise Wrong(f"{', '.join(missing)} missing; `clique setup` fetches it")
    return f"{len(vendor.VENDORED)} files"


def _query(url: str, query: LiteralString, *values: str) -> tuple[Any, ...]:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query, values).fetchone()
    assert row is not None
    return row


def _postgres(url: str) -> str:
    number, name = _query(url, "select current_setting('server_version_num')::int, current_setting('server_version')")
    if number < OLDEST_POSTGRES:
        raise Wrong(f"version {name} is too old; use 15 or newer")
    return name


def _migrations(url: str) -> str:
    head = ScriptDirectory.from_config(Config(toml_file=PROJECT / "pyproject.toml")).get_current_head()
    (table,) = _query(url, "select to_regclass('alembic_version')::text")
    current = _query(url, "select max(version_num) from alembic_version")[0] if table else None
    if current != head:
        raise Wrong(f"at {current or 'nothing'}, not {head}; run `alembic upgrade head`")
    return f"at {head}"


def _roles(url: str) -> str:
    from clique_app.roles import APP_ROLE, SYSTEM_ROLE

    for role in (APP_ROLE, SYSTEM_ROLE):
        (found,) = _query(url, "select count(*) from pg_roles where rolname = %s", role)
        if not found:
            raise Wrong(f"there is no {role}; run `alembic upgrade head`")
        (member,) = _query(url, "select pg_has_role(current_user, %s, 'member')", role)
        if not member:
            raise Wrong(f"this user may not take {role}; run `grant {role} to <user>` as an administrator")
    (bypasses,) = _query(url, "select rolsuper or rolbypassrls from pg_roles where rolname = %s", APP_ROLE)
    if bypasses:
        raise Wrong(f"{APP_ROLE} is above row-level security; run `alter role {APP_ROLE} nosuperuser nobypassrls`")
    return f"{APP_ROLE} is under row-level security"


def _clock(url: str) -> str:
    (server,) = _query(url, "select clock_timestamp()")
    apart = abs((datetime.now(UTC) - server).total_seconds())  # the machine's own clock is what is checked
    if apart > CLOCK_SECONDS:
        raise Wrong(f"this machine and PostgreSQL are {apart:.0f} s apart; set both by NTP")
    return f"{apart:.1f} s from PostgreSQL's"


def _redis(url: str) -> str:
    with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, decode_responses=True) as client:
        version = client.info("server").get("redis_version")  # pyright: ignore[reportAttributeAccessIssue]
        settings = client.config_get("append*") | client.config_get("maxmemory-policy")  # pyright: ignore
    if settings.get("appendonly") != "yes":
        raise Wrong("queued work is lost in a crash; set `appendonly yes`")
    if settings.get("maxmemory-policy") != "noeviction":
        raise Wrong("queued work can be evicted; set `maxmemory-policy noeviction`")
    return f"{version}, append-only file on"
