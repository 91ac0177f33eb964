"""Actions whose process died between write and read-back are settled by reading the platform."""

from __future__ import annotations

import dramatiq

from clique_app.actions import execute
from tasks.broker import ACTIONS, patient
from tasks.stores import installed_stores


@dramatiq.actor(queue_name=ACTIONS)
def settle_actions(store_id: int) -> None:
    """Settle one store's interrupted actions."""
    with patient():
        execute.settle_open(store_id)


@dramatiq.actor(queue_name=ACTIONS, max_retries=0)
def settle_all_actions() -> None:
    """Every half minute, every store."""
    for store in installed_stores():
        settle_actions.send(store.store_id)
