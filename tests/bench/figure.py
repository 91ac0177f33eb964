"""A measured figure and the goal it is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Goal:
    """At most or at least a limit, in the figure's unit."""

    way: Literal["<=", ">="]
    limit: float
    unit: str

    def is_met(self, value: float) -> bool:
        return value <= self.limit if self.way == "<=" else value >= self.limit

    def __str__(self) -> str:
        return f"{self.way} {self.limit:g}"


GOALS: dict[str, Goal] = {
    "home_lcp_s": Goal("<=", 1.5, "s"),
    "home_first_figure_s": Goal("<=", 2.0, "s"),
    "home_inp_ms": Goal("<=", 100, "ms"),
    "home_cls": Goal("<=", 0.03, ""),
    "home_js_kb_gz": Goal("<=", 180, "KB"),
    "event_p95_ms": Goal("<=", 50, "ms"),
    "events_per_s": Goal(">=", 500, "1/s"),
    "session_kb": Goal("<=", 170, "KB"),
    "web_idle_mb": Goal("<=", 160, "MB"),
    "worker_idle_mb": Goal("<=", 120, "MB"),
    "webhooks_accepted_per_s": Goal(">=", 5000, "1/s"),
    "webhook_p99_ms": Goal("<=", 50, "ms"),
    "webhook_ratio_to_hmac_handler": Goal(">=", 0.35, ""),
    "collector_events_per_s": Goal(">=", 5000, "1/s"),
    "collector_p99_ms": Goal("<=", 50, "ms"),
    "sessions_day_rebuilt_s": Goal("<=", 5, "s"),
    "storm_lost": Goal("<=", 0, ""),
    "storm_acknowledged_per_s": Goal(">=", 2000, "1/s"),
    "webhook_to_page_p95_s": Goal("<=", 5, "s"),
    "dashboard_p95_ms": Goal("<=", 50, "ms"),
    "metric_max_ms": Goal("<=", 300, "ms"),
    "attribution_1m_s": Goal("<=", 1.5, "s"),
    "attribution_one_day_s": Goal("<=", 0.3, "s"),
    "attribution_speedup_vs_pandas": Goal(">=", 100, ""),
    "import_ratio_to_copy": Goal(">=", 0.25, ""),
    "import_peak_mb": Goal("<=", 400, "MB"),
}


@dataclass(frozen=True)
class Figure:
    """One key's value; baseline is what ran beside it in the same run, in the same unit."""

    key: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None

    def as_row(self) -> dict[str, Any]:
        goal = GOALS.get(self.key)
        return {
            "key": self.key,
            "value": round(self.value, 4),
            "unit": self.unit,
            "baseline": None if self.baseline is None else round(self.baseline, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "goal": None if goal is None else str(goal),
            "met": None if goal is None else goal.is_met(self.value),
        }


@dataclass(frozen=True)
class Result:
    """What one benchmark found, and all that is needed to judge it."""

    figures: list[Figure]
    samples: dict[str, Any]
    on: str  # the data and load it was measured on
    baseline_source: str = ""
    notes: list[str] = field(default_factory=list)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]
