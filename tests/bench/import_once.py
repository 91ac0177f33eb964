"""Reads all orders from a bulk file Shopify has finished; run in a process of its own to see its memory.

`python -m tests.bench.import_once SHOP TOKEN` prints {seconds, orders, peak_mb, anonymous_mb}.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from clique_app.connections.access import access
from clique_app.integrations.shopify import bulk, documents
from clique_app.sync import reading
from clique_app.sync.orders_service import ShopifyOrders
from tasks.install import open_store
from tasks.runs import Run


class Memory(threading.Thread):
    """The most memory of its own (not of mapped files) this process was seen with."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.anonymous_kb = 0

    def run(self) -> None:
        while True:
            self.anonymous_kb = max(self.anonymous_kb, status_kb("RssAnon"))
            time.sleep(0.02)


def status_kb(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


def main(shop: str, token: str) -> None:
    store_id = open_store(shop, token, 77_001)
    client = reading.client(access(store_id, "shopify"))
    bulk_id = bulk.start(client, documents.ORDERS.bulk(""))
    export = list(bulk.follow(client, bulk_id))[-1]
    assert export.whole
    run = Run(ShopifyOrders(), store_id)
    run.begin("history")
    run.plan = replace(run.plan, position={"bulk": bulk_id, "done": 0, "read": 0, "expected": export.roots})
    memory = Memory()
    memory.start()
    begun = time.perf_counter()
    outcome = run.go()
    seconds = time.perf_counter() - begun
    assert outcome.state == "whole", outcome
    print(
        json.dumps(
            {
                "seconds": seconds,
                "orders": export.roots,
                "lines_of_file": export.lines,
                "peak_mb": status_kb("VmHWM") / 1024,
                "anonymous_mb": memory.anonymous_kb / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
