"""Reads all orders from a bulk file Shopify has finished; run in a process of its own to see its memory.

`python -m tests.bench.import_once SHOP TOKEN URL` reads the export of the server there (tests/bench/export_server.py)
and prints {seconds, peak_mb, anonymous_mb, processor_s}, its child's memory and processor time
among them.
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

import psutil

from clique_app.settings import settings
from clique_app.sync.orders_service import ShopifyOrders
from tasks.install import open_store
from tasks.runs import Run


class Memory(threading.Thread):
    """The most memory this process and its children were seen with together, and how much of it was their own (not
    of mapped files)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_kb = self.anonymous_kb = 0

    def run(self) -> None:
        own = os.getpid()
        while True:
            family = [own, *(child.pid for child in psutil.Process().children())]
            self.peak_kb = max(self.peak_kb, sum(status_kb("VmRSS", pid) for pid in family))
            self.anonymous_kb = max(self.anonymous_kb, sum(status_kb("RssAnon", pid) for pid in family))
            time.sleep(0.25)  # looking for children is not free


def status_kb(name: str, pid: int | None = None) -> int:
    try:
        found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid or 'self'}/status").read_text())
    except OSError:  # it has ended
        return 0
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
    begun = time.perf_counter()
    outcome = run.go()
    seconds = time.perf_counter() - begun
    assert outcome.state == "whole", outcome
    found = {
        "seconds": seconds,
        "peak_mb": max(memory.peak_kb, status_kb("VmHWM")) / 1024,
        "anonymous_mb": memory.anonymous_kb / 1024,
        "processor_s": sum(os.times()[:4]),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
