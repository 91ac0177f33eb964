"""BENCHMARKS: every benchmark by its name, in the order they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import (
    attribution,
    catch_up,
    events,
    home,
    imports,
    live_page,
    memory,
    meta_year,
    metrics,
    storm,
    visits,
    webhooks,
)
from tests.bench.figure import Result
from tests.bench.place import Place


@dataclass(frozen=True)
class Benchmark:
    """What it is called, the keys it must give, and how it is run."""

    name: str
    keys: tuple[str, ...]
    run: Callable[[Place], Result]


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("memory", ("web_idle_mb", "worker_idle_mb"), memory.run),
    Benchmark("home", ("home_lcp_s", "home_first_figure_s", "home_inp_ms", "home_cls", "home_js_kb_gz"), home.run),
    Benchmark("metrics", ("dashboard_p95_ms", "metric_max_ms"), metrics.run),
    Benchmark("growth", ("home_growth",), metrics.grow),
    Benchmark(
        "attribution",
        ("attribution_demo_store_s", "attribution_1m_s", "attribution_one_day_s", "attribution_speedup_vs_pandas"),
        attribution.run,
    ),
    Benchmark("events", ("event_p95_ms", "events_per_s", "session_kb"), events.run),
    Benchmark("live", ("webhook_to_page_p95_s",), live_page.run),
    Benchmark("webhooks", ("webhooks_accepted_per_s", "webhook_p99_ms", "webhook_ratio_to_hmac_handler"), webhooks.run),
    Benchmark("catch_up", ("catch_up_s",), catch_up.run),
    Benchmark("meta_year", ("meta_year_s", "meta_year_rows_per_s", "meta_year_peak_mb"), meta_year.run),
    Benchmark("visits", ("collector_events_per_s", "collector_p99_ms", "sessions_day_rebuilt_s"), visits.run),
    Benchmark("storm", ("storm_lost", "storm_acknowledged_per_s"), storm.run),
    Benchmark("import", ("import_ratio_to_copy", "import_peak_mb"), imports.run),
)
