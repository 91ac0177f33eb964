"""Makes the warehouse, holds it against the catalogue, refreshes its views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic

from psycopg import sql
from sqlalchemy import text
from sqlmodel import Session

from clique_app import clock
from clique_app.database import raw_connection
from clique_app.logs import log
from clique_app.warehouse import access, definition

OLD_AFTER = timedelta(days=1)
REFRESH_JOB = "refresh_warehouse"  # of tasks/schedule.py

# what stands in the two schemas now: bodies of functions, queries of views
_OBJECTS = """
select p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid)) from pg_proc p
where p.pronamespace in ('clique'::regnamespace, 'clique_kept'::regnamespace)
union all
select c.oid::regclass::text, md5(pg_get_viewdef(c.oid)) from pg_class c
where c.relkind in ('v', 'm') and c.relnamespace in ('clique'::regnamespace, 'clique_kept'::regnamespace)
"""
_OPEN = f"select name::text from ({access.NOT_FOR_ALL}) found order by 1"
_PLAIN_NAMES = "set local search_path = pg_catalog"  # names and bodies are told in full


@dataclass(frozen=True)
class Age:
    """A materialized view and when it was last refreshed; None: never."""

    view: str
    refreshed_at: datetime | None
    seconds: Decimal | None


def make(session: Session, *, anew: bool = False) -> bool:
    """Make roles, functions and views unless they stand as the code has them. Owner session. Returns whether it did."""
    if not anew and _made(session) == definition.fingerprint():
        return False
    _run(session, definition.statements())
    connection = session.connection()
    record = text("insert into clique_kept.object (name, fingerprint) values (:name, :fingerprint)")
    connection.execute(record, [{"name": name, "fingerprint": made} for name, made in _objects(session).items()])
    connection.execute(
        text("insert into clique_kept.made (fingerprint) values (:made)"), {"made": definition.fingerprint()}
    )
    return True


def refresh_soon(session: Session) -> None:
    """Let the scheduler's next tick fill the views: they were made in a migration, which is not to last so long. Owner
    session."""
    job = """
    insert into job_schedule (name, next_at) values (:name, :now)
    on conflict (name) do update set next_at = excluded.next_at
    """
    session.connection().execute(text(job), {"name": REFRESH_JOB, "now": clock.now()})


def open_to_all(session: Session) -> list[str]:
    """PostgreSQL's own functions that are to be withheld from analysts and are not. Owner session."""
    return list(session.connection().execute(text(_OPEN)).scalars())


def drop(session: Session) -> None:
    """Take it away, so that the tables it rests on can be changed. Logins stay and see nothing. Owner session."""
    _run(session, access.DROP)


def drift(session: Session) -> list[str]:
    """How what stands differs from the code, in words. Owner session."""
    made = _made(session)
    if made is None:
        return ["The warehouse has not been made."]
    told = [] if made == definition.fingerprint() else ["The code defines it otherwise than it was made."]
    noted = _pairs(session, "select name, fingerprint from clique_kept.object")
    stands = _objects(session)
    told += [f"{name} is missing." for name in sorted(noted.keys() - stands.keys())]
    told += [f"{name} is not one of ours." for name in sorted(stands.keys() - noted.keys())]
    told += [f"{name} was changed." for name in sorted(stands.keys() & noted.keys()) if stands[name] != noted[name]]
    return told


def ages(session: Session) -> list[Age]:
    """Every materialized view, in the order of refreshing. Warehouse session."""
    found = session.connection().execute(text("select view, refreshed_at, seconds from clique_kept.refresh"))
    known = {view: (at, seconds) for view, at, seconds in found}
    return [Age(view.name, *known.get(view.name, (None, None))) for view in definition.KEPT]


def due(session: Session) -> bool:
    """Whether a view has never been filled or is a day old. Warehouse session."""
    before = clock.now() - OLD_AFTER
    return any(age.refreshed_at is None or age.refreshed_at <= before for age in ages(session))


def refresh_filled(session: Session, view: str) -> None:
    """Refresh one view unless it was never filled, and so holds nobody. Warehouse session."""
    if _is_filled(session, view):
        refresh(session, view)


def refresh(session: Session, view: str) -> Decimal:
    """Refresh one view, while it is read if it has been filled before. Warehouse session. Returns the seconds."""
    connection, started, now = session.connection(), monotonic(), clock.now()  # what is read from now on is not in it
    # rows were moved about since the last refresh: what rests on this view is planned by what it holds now
    concurrently = "concurrently" if _is_filled(session, view) else ""
    connection.exec_driver_sql(f"refresh materialized view {concurrently} clique_kept.{view}")
    connection.exec_driver_sql(f"analyze clique_kept.{view}")
    seconds = Decimal(str(round(monotonic() - started, 3)))
    note = """
    insert into clique_kept.refresh (view, refreshed_at, seconds) values (:view, :now, :seconds)
    on conflict (view) do update set refreshed_at = excluded.refreshed_at, seconds = excluded.seconds
    """
    connection.execute(text(note), {"view": view, "now": now, "seconds": seconds})
    log("warehouse").info("view_refreshed", view=view, seconds=float(seconds))
    return seconds


def _is_filled(session: Session, view: str) -> bool:
    """Whether the view stands and has been refreshed before."""
    filled = text("select relispopulated from pg_class where oid = to_regclass(:view)")
    return bool(session.connection().scalar(filled, {"view": f"clique_kept.{view}"}))


def _run(session: Session, statements: Iterable[str]) -> None:
    connection = raw_connection(session)
    for statement in statements:
        connection.execute(sql.SQL(statement))  # pyright: ignore[reportArgumentType]  # our own, made of the catalogue


def _made(session: Session) -> str | None:
    if session.connection().scalar(text("select to_regclass('clique_kept.made')")) is None:
        return None
    return session.connection().scalar(text("select fingerprint from clique_kept.made"))


def _objects(session: Session) -> dict[str, str]:
    session.connection().exec_driver_sql(_PLAIN_NAMES)
    found = _pairs(session, _OBJECTS)
    session.connection().exec_driver_sql("reset search_path")
    return found


def _pairs(session: Session, query: str) -> dict[str, str]:
    return {name: fingerprint for name, fingerprint in session.connection().execute(text(query))}
