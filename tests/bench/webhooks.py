"""Webhook intake of one web process, beside a handler that only checks the signature."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import Any

import psycopg

from clique_app.demo.folders import PROJECT
from tests.bench.figure import Figure, Result, percentile
from tests.bench.place import Place, web_process

CONNECTIONS = 32


def _load(place: Place, url: str, seconds: float) -> dict[str, Any]:
    words = (url, place.demo.api_secret, "bench.myshopify.com", str(CONNECTIONS), str(seconds))
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.webhook_load", *words],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert set(found["answers"]) == {"200"}, found["answers"]
    return found


def run(place: Place) -> Result:
    rounds, seconds = (1, 2.0) if place.quick else (3, 5.0)
    ours: list[dict[str, Any]] = []
    bare: list[dict[str, Any]] = []
    with (
        place.scratch_database("clique_bench_inbox") as environment,
        web_process(place, environment, "clique_app.clique_app:app") as app_url,
        web_process(place, environment, "tests.bench.hmac_handler:app") as bare_url,
    ):
        for url in (app_url, bare_url):
            _load(place, url, 0.5)
        for _ in range(rounds):
            ours.append(_load(place, app_url, seconds))
            bare.append(_load(place, bare_url, seconds))
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            row = connection.execute("select count(*) from inbox_event").fetchone()
    assert row is not None
    assert row[0] >= sum(len(one["ms"]) for one in ours), "acknowledged, but not in the inbox"
    rate, bare_rate = (median(len(one["ms"]) / one["seconds"] for one in runs) for runs in (ours, bare))
    p99, bare_p99 = (median(percentile(one["ms"], 0.99) for one in runs) for runs in (ours, bare))
    return Result(
        [
            Figure("webhooks_accepted_per_s", rate, "1/s", bare_rate, rate / bare_rate),
            Figure("webhook_p99_ms", p99, "ms", bare_p99, p99 / bare_p99),
            Figure("webhook_ratio_to_hmac_handler", rate / bare_rate, ""),
        ],
        {"ours": ours, "hmac_only": bare, "stored": row[0]},
        f"one web process, {CONNECTIONS} keep-alive connections, 5 KB bodies, generator on the same machine; "
        "no worker drains this inbox",
        "an ASGI function that checks the HMAC and answers, under the same server command, in this run",
    )
