"""Sessions of the online store, built as its visitors go along."""

from __future__ import annotations

from itertools import product

import dramatiq

from clique_app import live
from clique_app.attribution import service as attribution
from clique_app.database import store_session, system_session
from clique_app.site import service
from clique_app.site.sessions import PARTS
from tasks.broker import ANALYSIS


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def build_sessions(store_id: int, part: int) -> None:
    """Sessions of everybody of a part who was seen since, and the credits of what they bought."""
    while True:
        with store_session(store_id) as session:
            built = service.build_sessions(session, store_id, part)
            if built and built.orders:
                attribution.credit_orders(session, store_id, built.orders, "journeys")
        if not built or not built.visitors:
            return
        if built.orders:  # open pages need not read again for every step of a visitor
            live.publish(store_id, "figures")


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def build_all_sessions() -> None:
    """Often, for the stores that had visitors."""
    with system_session() as session:
        waiting = service.stores_waiting(session)
    for store_id, part in product(waiting, range(PARTS)):
        build_sessions.send(store_id, part)
