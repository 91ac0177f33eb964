"""Logins of analysts: one a store, read-only, made or given a new password, taken away. Owner sessions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import make_url, text
from sqlmodel import Session

from clique_app.database import raw_connection
from clique_app.errors import CliqueError, NotFound
from clique_app.roles import ANALYST_ROLE
from clique_app.settings import settings
from clique_app.warehouse import access

MOST_CONNECTIONS = 4
ENDS_WITHIN_MS = 5000
_LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "300s",
    "search_path": "clique",
    "timezone": "UTC",
}
# what it owns in other databases of the server, where it was never asked to be
_ELSEWHERE = """
select string_agg(distinct d.datname, ', ') from pg_shdepend s join pg_database d on d.oid = s.dbid
where s.refclassid = 'pg_authid'::regclass and s.refobjid = (select oid from pg_roles where rolname = :name)
  and d.datname <> current_database()
"""


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
    return access.login_of(store_id, int(oid or 0))


def exists(session: Session, store_id: int) -> bool:
    """Whether the store has a login that can be used."""
    found = text("select exists (select from pg_roles where rolname = :name and rolcanlogin)")
    return bool(session.connection().scalar(found, {"name": login_name(session, store_id)}))


def line(session: Session, store_id: int) -> str:
    """How psql connects with it; it asks for the password."""
    return _psql(login_name(session, store_id))


def give(session: Session, store_id: int) -> Login:
    """Make the store's login, or give it a new password and end its connections."""
    name, password, connection = login_name(session, store_id), secrets.token_urlsafe(24), raw_connection(session)
    role = sql.Identifier(name)
    if not _has_role(session, name):
        connection.execute(sql.SQL("create role {}").format(role))
    # what the server is told is a verifier: the password itself stands in no log
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    terms = sql.SQL("alter role {} login connection limit {} password {}")
    connection.execute(terms.format(role, sql.Literal(MOST_CONNECTIONS), sql.Literal(verifier)))
    for setting, value in _LIMITS.items():
        change = sql.SQL("alter role {} set {} = {}")
        connection.execute(change.format(role, sql.Identifier(setting), sql.Literal(value)))
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(ANALYST_ROLE), role))
    _end_connections(session, name)
    return Login(name, password, *_told(name, password))


def shut(session: Session, store_id: int) -> None:
    """Nobody connects with the store's login any more, once this is committed. NotFound where it has none."""
    name = login_name(session, store_id)
    if not _has_role(session, name):
        raise NotFound("This store has no login for SQL.")
    raw_connection(session).execute(sql.SQL("alter role {} nologin password null").format(sql.Identifier(name)))


def take_away(session: Session, store_id: int) -> None:
    """End the connections of the store's login and drop it with what it made. What can come between has to find it shut
    already: `shut` is committed before. NotFound where it has none."""
    shut(session, store_id)
    name, connection = login_name(session, store_id), raw_connection(session)
    role = sql.Identifier(name)
    _end_connections(session, name)
    connection.execute(sql.SQL("grant {} to current_user").format(role))  # who may drop what it owns is a member of it
    connection.execute(sql.SQL("drop owned by {}").format(role))
    if elsewhere := session.connection().scalar(text(_ELSEWHERE), {"name": name}):
        raise CliqueError(
            f"The login {name} is shut and reads nothing, but it has made things in other databases of this server: "
            f"{elsewhere}. Run there `drop owned by {name}`, then revoke it again."
        )
    connection.execute(sql.SQL("drop role {}").format(role))


def end_lockers(session: Session) -> int:
    """End the connections of analysts that hold locks by number, where they cannot be kept from taking them."""
    names = session.connection().execute(text(access.LOCKERS)).scalars().all()
    for name in names:
        _end_connections(session, name)
    return len(names)


def _has_role(session: Session, name: str) -> bool:
    found = text("select exists (select from pg_roles where rolname = :name)")
    return bool(session.connection().scalar(found, {"name": name}))


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
