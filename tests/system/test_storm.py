"""A short storm of webhooks in which every process is killed while it works. The long one is a benchmark."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clique_app.demo.folders import PROJECT
from clique_app.demo.processes import Supervisor
from tests.kit import storm

WEB = (sys.executable, "-m", "uvicorn", "--factory", "tests.kit.intake:app", "--port", "PORT", "--no-access-log")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[storm.Place]:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    try:
        yield storm.Place(supervisor, tmp_path, web=WEB, environment={})
    finally:
        supervisor.stop()


def test_nothing_acknowledged_is_lost_when_each_process_is_killed_in_a_storm(
    place: storm.Place, tmp_path: Path
) -> None:
    place.start(orders=300)
    outcome = storm.rage(place, tmp_path, rate=400, seconds=8, connections=16, drained_within=90)
    assert [kill.name for kill in outcome.kills] == ["web", "worker", "valkey", "postgres"]
    assert outcome.load["acknowledged"] > 500
    assert outcome.load["cut_off"] + outcome.load["refused"] > 0, "the kills were not felt"
    assert outcome.lost == []
    assert outcome.dead == 0
    assert (outcome.different_orders, outcome.missing_orders) == (0, 0)
