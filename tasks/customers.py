"""Who comes back, learnt anew every day."""

from __future__ import annotations

import dramatiq

from clique_app import live
from clique_app.database import store_session
from tasks.broker import ANALYSIS
from tasks.stores import installed_stores


@dramatiq.actor(queue_name=ANALYSIS)
def retrain_customers(store_id: int) -> None:
    """Train the models of repeat purchase on all orders and look at every customer anew."""
    from clique_app.customers import value_service  # SciPy is loaded by the worker that needs it

    with store_session(store_id) as session:
        value_service.retrain(session, store_id)
    live.publish(store_id, "customers")


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def retrain_all_customers() -> None:
    """Daily."""
    for store in installed_stores():
        retrain_customers.send(store.store_id)
