"""The benchmarks' registry and what they write; nothing is timed here."""

import json
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.figure import GOALS, Figure, Result, percentile
from tests.bench.registry import BENCHMARKS


def test_every_goal_is_measured_by_exactly_one_benchmark() -> None:
    keys = [key for benchmark in BENCHMARKS for key in benchmark.keys if key in GOALS]
    assert sorted(keys) == sorted(GOALS)


def test_names_of_benchmarks_are_unique() -> None:
    assert len({benchmark.name for benchmark in BENCHMARKS}) == len(BENCHMARKS)


def test_the_summary_is_a_list_of_figures_and_keeps_those_of_other_benchmarks(tmp_path: Path) -> None:
    latency = Result([Figure("event_p95_ms", 80.0, "ms", baseline=40.0, ratio=2.0)], {"ms": [80.0]}, "one tab")
    memory = Result([Figure("web_idle_mb", 120.0, "MB")], {"mb": [120.0]}, "an idle process", "Reflex alone")
    report.write(tmp_path, "events", latency, {"load_before": (0.1, 0.1, 0.1)})
    report.write(tmp_path, "memory", memory, {"load_before": (0.2, 0.2, 0.2)})
    rows = {row["key"]: row for row in json.loads((tmp_path / "summary.json").read_text())}
    assert rows["event_p95_ms"] == {
        "key": "event_p95_ms",
        "value": 80.0,
        "unit": "ms",
        "baseline": 40.0,
        "ratio": 2.0,
        "goal": "<= 50",
        "met": False,
    }
    assert rows["web_idle_mb"]["met"] is True
    raw = json.loads((tmp_path / "samples" / "memory.json").read_text())
    assert raw["samples"] == {"mb": [120.0]}
    assert raw["baseline_source"] == "Reflex alone"
    assert raw["versions"]["reflex"]
    assert raw["load_before"] == [0.2, 0.2, 0.2]


def test_a_goal_that_is_not_met_prints_unmet() -> None:
    missed = Result([Figure("webhooks_accepted_per_s", 10.0, "1/s")], {}, "a slow machine")
    assert "UNMET >= 5000" in report.table(missed)


def test_a_figure_without_a_goal_is_neither_met_nor_unmet() -> None:
    assert Figure("attribution_demo_store_s", 1.0, "s").as_row()["met"] is None


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == expected
