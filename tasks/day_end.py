"""What is done once when a store's day is over: the stock it ended with is noted, and its products are read whole."""

from __future__ import annotations

from datetime import timedelta

import dramatiq

from clique_app import clock
from clique_app.database import store_session
from clique_app.sync import inventory_service
from clique_app.tables import Store
from tasks.broker import SYNC
from tasks.stores import connected_channels, installed_stores
from tasks.sync import start_sync


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def end_days() -> None:
    """Every quarter of an hour: the stores whose yesterday is still open."""
    for store in installed_stores():
        yesterday = clock.today(store.time_zone) - timedelta(days=1)
        if store.stock_closed_on is None or store.stock_closed_on < yesterday:
            end_day.send(store.store_id)


@dramatiq.actor(queue_name=SYNC)
def end_day(store_id: int) -> None:
    """Note yesterday's stock, once the hourly catch-up has read it; then look through all products."""
    with store_session(store_id) as session:
        imported_just_now = session.get_one(Store, store_id).stock_closed_on is None
        closed = inventory_service.close_days(session, store_id)
    if closed and not imported_just_now and "shopify" in connected_channels(store_id):
        start_sync(store_id, "shopify_products", "final")
