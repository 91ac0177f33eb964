"""Every page and every metric on a store of a million orders, and how their cost grows with the orders."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median

from clique_app.demo.folders import PROJECT
from tests.bench import big_store
from tests.bench.figure import Figure, Result, percentile
from tests.bench.place import Place

ORDERS, QUICK_ORDERS = 1_000_000, 50_000
SIZES, QUICK_SIZES = (250_000, 500_000, 1_000_000, 2_000_000), (25_000, 50_000)
Samples = dict[str, list[float]]


def _ask(place: Place, orders: int, rounds: int, *asked: str) -> dict[str, Samples]:
    """Milliseconds by what was asked, of the store with so many orders."""
    environment = big_store.prepared(place.environment, orders)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.big_once", str(rounds), *asked],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def _every(samples: Samples, page: str = "") -> list[float]:
    return [ms for name, of in samples.items() if name.startswith(page) for ms in of]


def _slowest(samples: Samples) -> str:
    return max(samples, key=lambda name: median(samples[name]))


def run(place: Place) -> Result:
    orders, rounds = (QUICK_ORDERS, 1) if place.quick else (ORDERS, 3)
    asked = _ask(place, orders, rounds, "dashboards", "metrics", "rows", "performance")
    views, metrics, rows, performance = (asked[name] for name in ("dashboards", "metrics", "rows", "performance"))
    groups = _ask(place, orders, 1, "groups")["groups"]  # they are many
    pages = dict.fromkeys(name.split(":")[0] for name in views)
    return Result(
        [
            Figure("dashboard_p95_ms", percentile(_every(views), 0.95), "ms"),
            Figure("dashboard_p50_ms", percentile(_every(views), 0.5), "ms"),
            *(Figure(f"dashboard_{page}_p95_ms", percentile(_every(views, page), 0.95), "ms") for page in pages),
            Figure("metric_max_ms", median(metrics[_slowest(metrics)]), "ms"),
            Figure("metric_p50_ms", percentile(_every(metrics), 0.5), "ms"),
            Figure("groups_p95_ms", percentile(_every(groups), 0.95), "ms"),
            Figure("groups_p50_ms", percentile(_every(groups), 0.5), "ms"),
            Figure("groups_max_ms", median(groups[_slowest(groups)]), "ms"),
            Figure("source_rows_max_ms", median(rows[_slowest(rows)]), "ms"),
            Figure("performance_max_ms", median(performance[_slowest(performance)]), "ms"),
        ],
        {
            "dashboard_ms": views,
            "metric_ms": metrics,
            "groups_ms": groups,
            "source_rows_ms": rows,
            "performance_ms": performance,
        },
        f"a store of {orders:,} orders over {big_store.DAYS} days; every page's reading for 5 periods and 3 "
        "comparisons; each metric over 30 days and over all of them, and on Metrics by each dimension it has, over a "
        "month and a year against those before; the first page of the rows behind each",
        notes=[
            f"slowest: page {_slowest(views)}, metric {_slowest(metrics)}, group {_slowest(groups)}, "
            f"rows {_slowest(rows)}",
        ],
    )


def grow(place: Place) -> Result:
    """Home of a year by the number of orders, beside the same from the rows."""
    sizes, rounds = (QUICK_SIZES, 1) if place.quick else (SIZES, 3)
    samples = {f"{orders}": _ask(place, orders, rounds, "home", "raw") for orders in sizes}
    figures = []
    for orders, found in samples.items():
        kept, raw = (median(_every(found[name])) for name in ("home", "raw"))
        figures.append(Figure(f"home_{int(orders) // 1000}k_ms", kept, "ms", raw, raw / kept))
    return Result(
        [*figures, Figure("home_growth", figures[-1].value / figures[0].value, "")],
        {"ms": samples},
        f"stores of {', '.join(f'{orders:,}' for orders in sizes)} orders; Home of the last 365 days; growth is the "
        f"largest's time over the smallest's, whose orders are {sizes[-1] // sizes[0]} times fewer",
        "the same page with nothing kept, by the catalogue's own SQL over the rows, in this run",
    )
