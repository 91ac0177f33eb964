"""Figures from the tables: all of Home for every period and comparison, and every metric of the catalogue."""

from __future__ import annotations

import time
from itertools import product
from statistics import median

from tests.bench.figure import Figure, Result, percentile
from tests.bench.place import Place


def run(place: Place) -> Result:
    from clique_app.database import store_session
    from clique_app.metrics import overview_service, periods, registry, service
    from clique_app.metrics.definition import Formula
    from clique_app.pages.home import home_view

    repeats = 1 if place.quick else 5
    views: dict[str, list[float]] = {}
    metrics: dict[str, list[float]] = {}
    with store_session(place.store_id) as session:
        for number, (preset, compare) in product(range(repeats + 1), product(periods.PRESETS, periods.COMPARISONS)):
            begun = time.perf_counter()
            scope = overview_service.scope(session, place.store_id, {"period": preset, "compare": compare})
            home_view(session, place.store_id, scope)
            if number:  # the first round only warms
                views.setdefault(f"{preset} against {compare}", []).append((time.perf_counter() - begun) * 1000)
        whole = periods.between("2000-01-01", "2099-12-31")
        for item, (name, period) in product(
            registry.METRICS,
            (("last_30_days", periods.choice({"period": "last_30_days"}, scope.today).period), ("all", whole)),
        ):
            for _ in range(3):
                begun = time.perf_counter()
                service.figure(session, place.store_id, item.key, period)
                if not isinstance(item, Formula):
                    service.source_rows(session, place.store_id, item.key, period)
                metrics.setdefault(f"{item.key} {name}", []).append((time.perf_counter() - begun) * 1000)
    every = [ms for samples in views.values() for ms in samples]
    slowest = max(metrics, key=lambda name: median(metrics[name]))
    return Result(
        [
            Figure("dashboard_p95_ms", percentile(every, 0.95), "ms"),
            Figure("dashboard_p50_ms", percentile(every, 0.5), "ms"),
            Figure("metric_max_ms", median(metrics[slowest]), "ms"),
        ],
        {"home_ms": views, "metric_ms": metrics},
        f"{place.data}; Home's whole reading for every preset and comparison; each metric with its first page of rows",
        notes=[f"slowest metric: {slowest}; slowest Home: {max(views, key=lambda name: median(views[name]))}"],
    )
