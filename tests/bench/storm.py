"""60 seconds of webhooks while web, worker, Valkey and PostgreSQL are killed in turn, beside the demo."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import psutil

from clique_app.demo import run as demo_run
from clique_app.demo.folders import PROJECT
from clique_app.demo.processes import Supervisor
from tests.bench.figure import Figure, Result
from tests.bench.place import Place
from tests.kit import storm

ORDERS, RATE, SECONDS, CONNECTIONS = 5_000, 2_000, 60.0, 64


def run(place: Place) -> Result:
    orders, rate, seconds = (500, 1_000, 15.0) if place.quick else (ORDERS, RATE, SECONDS)
    like = demo_run._web(place.demo, {})
    port = place.demo.app_url.rsplit(":", 1)[1]
    served = psutil.Process(place.service("web")["pid"]).environ()["REFLEX_WEB_WORKDIR"]
    with tempfile.TemporaryDirectory(prefix="clique-storm-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        supervisor = Supervisor(folder / "logs", PROJECT)
        try:
            own = storm.Place(
                supervisor,
                folder,
                web=tuple("PORT" if word == port else word for word in like.command),
                environment={**like.environment, "REFLEX_WEB_WORKDIR": served},
            )
            own.start(orders)
            outcome = storm.rage(own, folder, rate=rate, seconds=seconds, connections=CONNECTIONS, drained_within=900)
        finally:
            supervisor.stop()
    kills = ", ".join(
        f"{kill.name} at {kill.at_seconds:.0f} s (back after {kill.away_seconds:.1f} s)" for kill in outcome.kills
    )
    return Result(
        [
            Figure("storm_lost", len(outcome.lost) + outcome.different_orders + outcome.missing_orders, ""),
            Figure("storm_acknowledged_per_s", outcome.acknowledged_per_s, "1/s"),
            Figure("storm_new_order_here_s", max(outcome.here_after_seconds), "s"),
            Figure("storm_drained_after_s", outcome.drained_after_seconds, "s"),
            Figure("storm_oldest_waited_s", outcome.oldest_seconds, "s"),
        ],
        asdict(outcome),
        f"{outcome.load['acknowledged']:,} acknowledged of {outcome.load['sent']:,} sent over "
        f"{outcome.orders + outcome.new_orders:,} orders; {rate:,} a second asked for",
        notes=[
            f"killed: {kills}",
            f"{outcome.load['refused']:,} refused and {outcome.load['cut_off']:,} cut off, sent again; "
            f"{outcome.dead} given up; lost = acknowledged and not done + orders that differ from Shopify's or lack",
            "drained at the rate of Shopify's standard limit (100 points a second): that bounds how soon all are read",
        ],
    )
