"""Reads all orders from a bulk file Shopify has finished; run in a process of its own to see its memory.

`python -m tests.bench.import_once SHOP TOKEN URL` reads the export of the server there (tests/bench/export_server.py)
and prints {seconds, peak_mb, anonymous_mb, own_processor_s}.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from clique_app.settings import settings
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


def main(shop: str, token: str, url: str) -> None:
    store_id = open_store(shop, token, 77_001)
    os.environ["SHOPIFY_BASE_URL"] = f"{url}/{{shop}}"
    settings.cache_clear()
    run = Run(ShopifyOrders(), store_id)
    run.begin("history")
    run.plan = replace(run.plan, last_day=None, position={"bulk": "gid://shopify/BulkOperation/1", "done": 0, "at": 0})
    memory = Memory()
    memory.start()
    begun, used = time.perf_counter(), time.process_time()
    outcome = run.go()
    seconds = time.perf_counter() - begun
    assert outcome.state == "whole", outcome
    found = {
        "seconds": seconds,
        "peak_mb": status_kb("VmHWM") / 1024,
        "anonymous_mb": memory.anonymous_kb / 1024,
        "own_processor_s": time.process_time() - used,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
