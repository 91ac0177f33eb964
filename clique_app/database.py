"""Sessions: a store's own (row-level security), the system's (stores directory, inbox, jobs), the warehouse's.

Every connection takes a role at start, so that not even raw SQL in a store's session sees another store.
The edge opens a session here; it commits at the end or rolls back. Services never commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import psycopg
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlmodel import Session

from clique_app.roles import APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE
from clique_app.settings import settings


def sqlalchemy_url(url: str) -> str:
    """A plain postgresql:// URL as SQLAlchemy wants it for psycopg 3."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@lru_cache(maxsize=8)
def _engine(url: str, role: str | None) -> Engine:
    return create_engine(
        sqlalchemy_url(url),
        # compiling what the planner thinks long takes longer than what it saves here
        connect_args={"options": f"-c role={role or 'none'} -c timezone=UTC -c jit=off"},
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        hide_parameters=True,  # an error that is logged names no customer
    )


@contextmanager
def store_session(store_id: int) -> Iterator[Session]:
    """A session that sees and writes one store's rows only; commits at the end."""
    with Session(_engine(settings().database_url, APP_ROLE), expire_on_commit=False) as session:

        @event.listens_for(session, "after_begin")
        def confine(_session: Session, _transaction: object, connection: object) -> None:
            connection.execute(  # pyright: ignore[reportAttributeAccessIssue]
                text("select set_config('app.store_id', :store, true)"), {"store": str(store_id)}
            )

        with session.begin():
            yield session


@contextmanager
def system_session() -> Iterator[Session]:
    """A session for what belongs to no store yet: the stores directory, the inbox, the jobs. Commits at the end."""
    with (
        Session(_engine(settings().database_url, SYSTEM_ROLE), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


@contextmanager
def warehouse_session() -> Iterator[Session]:
    """A session that reads all stores to refresh the materialized views. Commits at the end."""
    with (
        Session(_engine(settings().database_url, WAREHOUSE_ROLE), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


@contextmanager
def owner_session() -> Iterator[Session]:
    """A session of the login that owns the database: it makes logins and the warehouse. Commits at the end."""
    with Session(_engine(settings().database_url, None), expire_on_commit=False) as session, session.begin():
        yield session


def raw_connection(session: Session) -> psycopg.Connection:
    """The session's psycopg connection, for COPY; it stays in the session's transaction and role."""
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
