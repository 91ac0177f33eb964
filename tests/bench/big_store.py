"""A store of any number of orders over 400 days, made by SQL straight in the tables and kept for the next run."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time
from hashlib import blake2b
from pathlib import Path
from time import time as now

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from clique_app.demo.folders import PROJECT

LAST_DAY = date(2026, 11, 20)
DAYS = 400
TABLES = ("shop_order", "order_line", "sale_entry", "touch", "credit", "customer", "ad_day", "web_session")

STATEMENTS = Path(__file__).with_suffix(".sql")


def _named(orders: int) -> str:
    """A database of its own for each number of orders and each version of what makes it."""
    migrations = sorted(path.read_bytes() for path in (PROJECT / "alembic" / "versions").glob("*.py"))
    made_by = blake2b(b"".join([Path(__file__).read_bytes(), STATEMENTS.read_bytes(), *migrations]), digest_size=4)
    return f"clique_bench_{orders}_{made_by.hexdigest()}"


def prepared(environment: dict[str, str], orders: int) -> dict[str, str]:
    """The environment of a database that has the store, made if it is not there, on the last of its days. Its former
    versions are dropped."""
    name, server = _named(orders), environment["DATABASE_URL"]
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    noon = datetime.combine(LAST_DAY, time(12), UTC).timestamp()
    environment = {**environment, "DATABASE_URL": url, "CLOCK_OFFSET_SECONDS": str(int(noon - now()))}
    with psycopg.connect(server, autocommit=True) as connection:
        known = [row[0] for row in connection.execute("select datname from pg_database").fetchall()]
        if name in known:
            return environment
        for former in (one for one in known if one.startswith((f"clique_bench_{orders}_", "clique_bench_made"))):
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(former)))
        connection.execute("create database clique_bench_made")
    making = {**environment, "DATABASE_URL": url.replace(name, "clique_bench_made")}
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=PROJECT, env=making, check=True)
    _fill(making["DATABASE_URL"], orders)
    subprocess.run([sys.executable, "-m", "tests.bench.big_store"], cwd=PROJECT, env=making, check=True)
    with psycopg.connect(making["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("vacuum analyze")
    with psycopg.connect(server, autocommit=True) as connection:
        rename = sql.SQL("alter database clique_bench_made rename to {}")
        connection.execute(rename.format(sql.Identifier(name)))
    return environment


def _fill(url: str, orders: int) -> None:
    asked = {
        "orders": orders,
        "days": DAYS,
        "last_day": LAST_DAY,
        "first_day": date.fromordinal(LAST_DAY.toordinal() - DAYS + 1),
        "end": datetime.combine(LAST_DAY, time.max, UTC),
    }
    with psycopg.connect(url) as connection:
        connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        connection.execute("set work_mem = '256MB'; select setseed(0.42)")
        for statement in STATEMENTS.read_text().split(";")[:-1]:
            connection.execute(statement, asked)  # pyright: ignore[reportArgumentType]
        connection.execute("analyze")


def _credit() -> None:
    """What the app itself makes of the rows: credits by every model, and the sums of days."""
    from clique_app.attribution import days_service
    from clique_app.attribution import service as attribution
    from clique_app.customers import service as customers
    from clique_app.database import store_session
    from clique_app.metrics import sums_service

    with store_session(1) as session:
        attribution.credit_orders(session, 1, None)
    left = 1
    while left:
        with store_session(1) as session:
            left = days_service.credit_days(session, 1)
    with store_session(1) as session:
        sums_service.roll_up(session, 1)
        customers.rank(session, 1)


if __name__ == "__main__":
    _credit()
