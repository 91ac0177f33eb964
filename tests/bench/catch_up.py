"""The hourly catch-up of orders: pages of what changed in the last hour, mapped, written, credited, reconciled."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from clique_app.demo.folders import PROJECT
from tests.bench.figure import Figure, Result
from tests.bench.place import Place

ORDERS, QUICK_ORDERS = 800, 200


def _make_orders(place: Place, wanted: int) -> None:
    """Until the demo's own worker has read them too: it does so within the same limit of Shopify's."""
    count = "select count(*) from shop_order where store_id = %s"
    before = place.query(count, place.store_id)[0][0]
    place.control("POST", "orders", json={"shop": place.demo.store, "count": wanted})
    until = time.monotonic() + 300
    while time.monotonic() < until:
        time.sleep(1)
        waiting = place.query("select count(*) from inbox_event where state = 'new'")[0][0]
        if not waiting and place.query(count, place.store_id)[0][0] >= before + wanted:
            return
    raise RuntimeError("The demo did not work off its webhooks in 5 minutes.")


def run(place: Place) -> Result:
    _make_orders(place, QUICK_ORDERS if place.quick else ORDERS)
    with place.scratch_database("clique_bench_catch_up") as environment:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.catch_up_once", place.demo.store, place.token()],
            cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found = json.loads(done.stdout.splitlines()[-1])
    seconds, reading_s = found["seconds"], found["reading_s"]
    return Result(
        [Figure("catch_up_s", seconds, "s", reading_s, seconds / reading_s)],
        {"catch_up": found},
        f"{found['orders']:,} orders of the last hour, read page by page at Shopify's rate from the sandbox, which "
        "takes its share of the same cores",
        "reading the same pages a second time without writing a row, in this run; before both Shopify's limit is full",
    )
