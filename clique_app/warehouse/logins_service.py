"""Logins of analysts: one a store, read-only, made or given a new password, taken away. Owner sessions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import make_url, text
from sqlmodel import Session

from clique_app.database import raw_connection
from clique_app.errors import NotFound
from clique_app.roles import ANALYST_ROLE
from clique_app.settings import settings
from clique_app.warehouse.access import login_of

MOST_CONNECTIONS = 4
ENDS_WITHIN_MS = 5000
_LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "300s",
    "search_path": "clique",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Login:
    """How an analyst connects. The password is known only here, and only now."""

    name: str
    password: str
    url: str
    psql: str


def login_name(session: Session, store_id: int) -> str:
    """What the login of a store is called in this database."""
    oid = session.connection().scalar(text("select oid from pg_database where datname = current_database()"))
    return login_of(store_id, int(oid or 0))


def exists(session: Session, store_id: int) -> bool:
    """Whether the store has a login."""
    found = text("select exists (select from pg_roles where rolname = :name)")
    return bool(session.connection().scalar(found, {"name": login_name(session, store_id)}))


def line(session: Session, store_id: int) -> str:
    """How psql connects with it; it asks for the password."""
    return _psql(login_name(session, store_id))


def give(session: Session, store_id: int) -> Login:
    """Make the store's login, or give it a new password and end its connections."""
    name, password, connection = login_name(session, store_id), secrets.token_urlsafe(24), raw_connection(session)
    role = sql.Identifier(name)
    if not exists(session, store_id):
        connection.execute(sql.SQL("create role {}").format(role))
    # what the server is told is a verifier: the password itself stands in no log
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    terms = sql.SQL("alter role {} login nocreatedb nocreaterole inherit connection limit {} password {}")
    connection.execute(terms.format(role, sql.Literal(MOST_CONNECTIONS), sql.Literal(verifier)))
    for setting, value in _LIMITS.items():
        change = sql.SQL("alter role {} set {} = {}")
        connection.execute(change.format(role, sql.Identifier(setting), sql.Literal(value)))
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(ANALYST_ROLE), role))
    _end_connections(session, name)
    return Login(name, password, *_told(name, password))


def take_away(session: Session, store_id: int) -> None:
    """Drop the store's login and end its connections. NotFound where it has none."""
    if not exists(session, store_id):
        raise NotFound("This store has no login for SQL.")
    name = login_name(session, store_id)
    _end_connections(session, name)
    raw_connection(session).execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def _end_connections(session: Session, name: str) -> None:
    connection = raw_connection(session)
    # who may end a connection is a member of its role
    connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(name)))
    # waited for: what a connection made for itself ends with it, and a role that owns something cannot be dropped
    end = "select pg_terminate_backend(pid, %s) from pg_stat_activity where usename = %s"
    connection.execute(end, [ENDS_WITHIN_MS, name])
    connection.execute(sql.SQL("revoke {} from current_user").format(sql.Identifier(name)))


def _told(name: str, password: str) -> tuple[str, str]:
    """The address as a URL and as a line for psql."""
    url = make_url(settings().database_url).set(drivername="postgresql", username=name, password=password)
    return url.render_as_string(hide_password=False), f"PGPASSWORD={password} {_psql(name)}"


def _psql(name: str) -> str:
    url = make_url(settings().database_url).set(drivername="postgresql")
    given = conninfo_to_dict(url.render_as_string(hide_password=False))
    kept = {key: str(given[key]) for key in ("host", "port", "dbname", "sslmode", "sslrootcert") if given.get(key)}
    return f"psql '{make_conninfo(user=name, **kept)}'"
