"""Builds sessions in the database, for the visitors who were seen since."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.database import raw_connection
from clique_app.site import sessions
from clique_app.tables import Store
from clique_app.tables.site import PIXEL

EVENTS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Built:
    """Of how many visitors sessions were built, and the orders whose buyers were among them."""

    visitors: int
    orders: tuple[int, ...]


def stores_waiting(session: Session) -> list[int]:
    """Stores with events that are in no session yet. System session."""
    # one look into the index a store, however many events wait
    query = sa.text(
        "select store_id from store s where exists (select from visitor_waiting w where w.store_id = s.store_id)"
    )
    return list(session.scalars(query))


def build_sessions(session: Session, store_id: int, part: int) -> Built | None:
    """Build the sessions of visitors of one of sessions.PARTS who were seen; None where another process does it."""
    locked = sa.text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    if not session.scalar(locked, {"key": f"sessions/{store_id}/{part}"}):
        return None
    values = {
        "store": store_id,
        "parts": sessions.PARTS,
        "part": part,
        "zone": session.get_one(Store, store_id).time_zone,
        "limit": EVENTS_AT_ONCE,
        "source": PIXEL,
        "now": clock.now(),
    }
    with raw_connection(session).cursor() as run:
        run.execute(sessions.WINDOW)
        run.execute("delete from visit_window")
        run.execute(sessions.TAKE_WAITING, values)
        visitors = run.rowcount
        if not visitors:
            return Built(0, ())
        run.execute("analyze visit_window")
        run.execute(sessions.TAKE_OUT, values)
        span = run.execute(sessions.SPAN).fetchone()
        assert span is not None
        run.execute(sessions.BUILD, {**values, "since": span[0], "until": span[1]})
        orders = tuple(order_id for (order_id,) in run.execute(sessions.ORDERS, values))
        run.execute(sessions.SEEN, values)
    return Built(visitors, orders)
