"""Keeps the daily sums of metrics up to date, and holds them against the rows."""

from __future__ import annotations

import dramatiq
import sqlalchemy as sa

from clique_app.attribution import service as attribution
from clique_app.customers import service as customers
from clique_app.database import store_session, system_session
from clique_app.logs import log
from clique_app.metrics import sums_service
from clique_app.sync import counts_service, days_service
from tasks.broker import ANALYSIS
from tasks.stores import installed_stores


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def roll_up_changes() -> None:
    """Every few seconds: the stores in which something has changed."""
    with system_session() as session:
        changed = session.execute(sa.text("select distinct store_id from metric_change")).scalars().all()
    for store_id in changed:
        roll_up.send(store_id)


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def roll_up(store_id: int) -> None:
    """Sum a store's changed days again. One that is summed already by another process is left to it."""
    with store_session(store_id) as session:
        if sums_service.roll_up(session, store_id) >= 0:
            customers.rank(session, store_id)


def roll_up_now(store_id: int) -> int:
    """The same here, until nothing waits. Returns how many days of sums were made; what another process sums is left
    to it."""
    made, waiting = 0, True
    while waiting:
        with store_session(store_id) as session:
            days = sums_service.roll_up(session, store_id)
            if days < 0:
                return made
            customers.rank(session, store_id)
            left = sa.text("select exists (select from metric_change where store_id = :store_id)")
            waiting = bool(session.connection().scalar(left, {"store_id": store_id}))
        made += days
    return made


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def reconcile_all() -> None:
    """Every day: each store's sums against its rows."""
    for store in installed_stores():
        reconcile.send(store.store_id)


@dramatiq.actor(queue_name=ANALYSIS)
def reconcile(store_id: int) -> None:
    """Days, sums and counts that are not what the rows say are made anew, and the log says so."""
    with store_session(store_id) as session:
        if moved := days_service.settle(session, store_id):
            attribution.credit_orders(session, store_id, None, "zone")
            log("rollups").warning("days_moved", store_id=store_id, rows=moved)
    with store_session(store_id) as session:
        counts_service.settle(session, store_id)
        sums_service.roll_up(session, store_id)
        sums_service.reconcile(session, store_id)
        customers.rank(session, store_id)
