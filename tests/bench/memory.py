"""Idle memory of the web process and the worker, beside their frameworks alone."""

from __future__ import annotations

import sys
import time

import httpx

from tests.bench.figure import Figure, Result
from tests.bench.place import Place, process

REFLEX_ALONE = "import reflex, reflex.app, uvicorn; reflex.App(); print('up', flush=True); import time; time.sleep(60)"
DRAMATIQ_ALONE = (
    "import dramatiq, dramatiq.brokers.redis, redis; dramatiq.set_broker(dramatiq.brokers.redis.RedisBroker());"
    "print('up', flush=True); import time; time.sleep(60)"
)


def _alone(place: Place, program: str) -> float:
    with process((sys.executable, "-c", program), place.environment) as started:
        assert started.stdout is not None
        started.stdout.readline()
        return place.pss_mb(started.pid)


def run(place: Place) -> Result:
    baselines = {"web": _alone(place, REFLEX_ALONE), "worker": _alone(place, DRAMATIQ_ALONE)}
    found: dict[str, list[float]] = {}
    for name in baselines:
        pid = place.restart(name)
        time.sleep(8)
        httpx.get(place.demo.app_url, trust_env=False)
        found[name] = []
        for _ in range(3):
            found[name].append(place.pss_mb(pid))
            time.sleep(1)
    return Result(
        [
            Figure(f"{name}_idle_mb", max(found[name]), "MB", alone, max(found[name]) / alone)
            for name, alone in baselines.items()
        ],
        {"pss_mb": found, "alone_mb": baselines},
        "freshly started processes of the demo with nothing to do; PSS of the process and its children",
        "the framework imported and standing in a process of its own, in this run",
    )
