"""Retention and privacy: the weekly cleanup, and requests of Shopify's privacy topics."""

from __future__ import annotations

import dramatiq

from clique_app import live
from clique_app.database import store_session
from clique_app.keeping import cleanup, privacy, privacy_service
from clique_app.logs import log
from tasks.broker import HISTORY, MINUTE_MS, SYNC
from tasks.stores import all_stores


@dramatiq.actor(queue_name=HISTORY, time_limit=60 * MINUTE_MS)
def clean_up_store(store_id: int) -> None:
    """Archive and delete what is older than the store's settings allow."""
    cleanup.clean_up(store_id)


@dramatiq.actor(queue_name=HISTORY, max_retries=0)
def clean_up_all() -> None:
    """Weekly, every store."""
    cleanup.clean_up_strangers()
    for store in all_stores():
        clean_up_store.send(store.store_id)


@dramatiq.actor(queue_name=SYNC, time_limit=60 * MINUTE_MS)
def answer_privacy_request(store_id: int, request_id: int) -> None:
    """Carry out one request everywhere."""
    state = privacy.answer(store_id, request_id)
    log("keeping").info("privacy_request", store_id=store_id, request_id=request_id, state=state)
    live.publish(store_id, "figures")


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def answer_open_requests() -> None:
    """What no message reached, or what failed before."""
    for store in all_stores():
        with store_session(store.store_id) as session:
            waiting = privacy_service.open_requests(session, store.store_id)
        for request_id in waiting:
            answer_privacy_request.send(store.store_id, request_id)
