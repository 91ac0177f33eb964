"""What is worked out from the tables by itself."""

from __future__ import annotations

import dramatiq
import sqlalchemy as sa

from clique_app import live
from clique_app.attribution import days_service, versions_service
from clique_app.database import store_session, system_session
from clique_app.metrics.credited_by_service import credited_by, wanted
from clique_app.recommendations import service as recommendations
from tasks.broker import ANALYSIS, MINUTE_MS
from tasks.stores import installed_stores


@dramatiq.actor(queue_name=ANALYSIS)
def refresh_recommendations(store_id: int) -> None:
    """Make, renew and withdraw a store's cards. Hourly too, so that a wish of the settings that was lost on its way to
    the orders is found here."""
    with store_session(store_id) as session:
        recommendations.refresh(session, store_id)
        as_wanted = credited_by(session, store_id) == wanted(session, store_id)
    if not as_wanted:
        credit_all_orders.send(store_id)
    live.publish(store_id, "recommendations")


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def refresh_all_recommendations() -> None:
    """Hourly, for stores where nothing was read but time has passed."""
    for store in installed_stores():
        refresh_recommendations.send(store.store_id)


@dramatiq.actor(queue_name=ANALYSIS)
def credit_all_orders(store_id: int) -> None:
    """Credit every order anew where the attribution model or window was changed."""
    with store_session(store_id) as session:
        if not days_service.credit_as_wanted(session, store_id):
            return
    live.publish(store_id, "figures")
    refresh_recommendations.send(store_id)
    credit_days.send(store_id)


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def credit_changed_days() -> None:
    """Every few seconds: the stores in which credits have changed."""
    with system_session() as session:
        changed = session.execute(sa.text("select distinct store_id from credit_change")).scalars().all()
    for store_id in changed:
        credit_days.send(store_id)


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0, time_limit=30 * MINUTE_MS)
def credit_days(store_id: int) -> None:
    """Credit a store's changed days by every model, the newest first, some orders a transaction."""
    with store_session(store_id) as session:
        if days_service.history_is_read(session, store_id):
            return  # its days change all the time
        if versions_service.is_due(session, store_id):
            versions_service.learn(session, store_id)
    left = 1
    while left > 0:
        with store_session(store_id) as session:
            left = days_service.credit_days(session, store_id)
        live.publish(store_id, "attribution")
