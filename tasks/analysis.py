"""What is worked out from the tables by itself."""

from __future__ import annotations

import dramatiq

from clique_app import live
from clique_app.attribution import service as attribution
from clique_app.database import store_session
from clique_app.recommendations import service as recommendations
from tasks.broker import ANALYSIS
from tasks.stores import installed_stores


@dramatiq.actor(queue_name=ANALYSIS)
def refresh_recommendations(store_id: int) -> None:
    """Make, renew and withdraw a store's cards."""
    with store_session(store_id) as session:
        recommendations.refresh(session, store_id)
    live.publish(store_id, "recommendations")


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def refresh_all_recommendations() -> None:
    """Hourly, for stores where nothing was read but time has passed."""
    for store in installed_stores():
        refresh_recommendations.send(store.store_id)


@dramatiq.actor(queue_name=ANALYSIS)
def credit_all_orders(store_id: int) -> None:
    """Credit every order anew: the attribution window was changed."""
    with store_session(store_id) as session:
        attribution.credit_orders(session, store_id, None)
    live.publish(store_id, "figures")
    refresh_recommendations.send(store_id)
