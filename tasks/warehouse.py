"""Refreshes the analysts' materialized views: daily, and after large readings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

import dramatiq
from sqlalchemy import text

from clique_app.database import owner_session, warehouse_session
from clique_app.errors import NotFound
from clique_app.logs import log
from clique_app.warehouse import definition, logins_service, service
from tasks.broker import HISTORY, MINUTE_MS, SYNC, send_soon

SOON_MS = MINUTE_MS  # readings that end together are one refresh


@dramatiq.actor(queue_name=HISTORY, max_retries=0, time_limit=60 * MINUTE_MS)
def refresh_warehouse() -> None:
    """All of them, in the order in which they rest on each other; after the one that is under way, if there is one."""
    with warehouse_session() as alone:
        lock = text("select pg_try_advisory_xact_lock(hashtextextended('refresh_warehouse', 0))")
        if alone.connection().scalar(lock):
            refresh_now()
        else:
            send_soon(refresh_warehouse, delay_ms=SOON_MS)


def refresh_now() -> None:
    """The same, here."""
    for _ in refresh_each():
        pass


def refresh_each() -> Iterator[tuple[str, Decimal]]:
    """View by view with its seconds, each in a transaction of its own: no lock lasts longer than its refresh."""
    for view in definition.KEPT:
        with warehouse_session() as session:
            seconds = service.refresh(session, view.name)
        yield view.name, seconds


@dramatiq.actor(queue_name=HISTORY, max_retries=0)
def refresh_old_views() -> None:
    """Every quarter of an hour: views that were never filled, or are a day old."""
    with warehouse_session() as session:
        is_due = service.due(session)
    if is_due:
        refresh_warehouse.send()


@dramatiq.actor(queue_name=SYNC)
def end_analysts(store_id: int) -> None:
    """The store has uninstalled: its analysts see nothing from now on."""
    with suppress(NotFound):
        take_login_away(store_id)


def take_login_away(store_id: int) -> None:
    """Shut the login first, whatever becomes of the rest, then drop it. NotFound where the store has none."""
    with owner_session() as session:
        logins_service.shut(session, store_id)
    with owner_session() as session:
        logins_service.take_away(session, store_id)


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def end_lockers() -> None:
    """Every half minute: analysts that hold locks for which Clique's work would wait. There are some only where the
    database's owner is no superuser and could not keep such locks from them."""
    with owner_session() as session:
        if ended := logins_service.end_lockers(session):
            log("warehouse").warning("lockers_ended", logins=ended)
