"""The hourly catch-up of orders: pages of what changed in the last hour, mapped, written, credited, reconciled."""

from __future__ import annotations

import json
import subprocess
import sys

from clique_app.demo.folders import PROJECT
from tests.bench.figure import Figure, Result
from tests.bench.place import Place

ORDERS, QUICK_ORDERS = 800, 200


def run(place: Place) -> Result:
    wanted = QUICK_ORDERS if place.quick else ORDERS
    place.control("POST", "orders", json={"shop": place.demo.store, "count": wanted})
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
        "reading the same pages a second time without writing a row, in this run",
    )
