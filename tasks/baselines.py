"""What is normal for each store, learnt when its past has been read and anew every week."""

from __future__ import annotations

import dramatiq

from clique_app import live
from clique_app.database import store_session
from clique_app.metrics import baselines_service
from tasks.broker import ANALYSIS
from tasks.stores import installed_stores


@dramatiq.actor(queue_name=ANALYSIS)
def learn_baselines(store_id: int) -> None:
    """Learn a store's normal; open pages draw their bands anew."""
    with store_session(store_id) as session:
        baselines_service.learn(session, store_id)
    live.publish(store_id, "figures")


@dramatiq.actor(queue_name=ANALYSIS, max_retries=0)
def learn_all_baselines() -> None:
    """Weekly."""
    for store in installed_stores():
        learn_baselines.send(store.store_id)
