"""Reads what changed in the last hour into an empty database; run in a process of its own.

`python -m tests.bench.catch_up_once SHOP TOKEN` prints {seconds, reading_s, orders}.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

from clique_app import clock
from clique_app.connections.access import access
from clique_app.sync.orders_service import ShopifyOrders
from clique_app.sync.source import Plan
from tasks.install import open_store
from tasks.runs import Run

HOUR = timedelta(hours=1)
FULL_AGAIN_SECONDS = 20  # until Shopify's limit has filled up from nothing


def main(shop: str, token: str) -> None:
    store_id = open_store(shop, token, 77_001)
    source, now = ShopifyOrders(), clock.now()
    run = Run(source, store_id)
    run.begin("catch_up")
    run.plan = Plan("catch_up", last_day=now.date(), since=now - HOUR)
    time.sleep(FULL_AGAIN_SECONDS)
    begun = time.perf_counter()
    outcome = run.go()
    seconds = time.perf_counter() - begun
    assert outcome.state == "whole", outcome
    time.sleep(FULL_AGAIN_SECONDS)
    begun = time.perf_counter()
    orders = sum(len(batch.records) for batch in source.batches(access(store_id, "shopify"), run.plan))
    print(json.dumps({"seconds": seconds, "reading_s": time.perf_counter() - begun, "orders": orders}))


if __name__ == "__main__":
    main(*sys.argv[1:])
