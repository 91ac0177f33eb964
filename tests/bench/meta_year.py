"""A year of Meta for 40 campaigns in 50 regions: reports by ad and by region, paged, written, reconciled."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from clique_app.demo.folders import PROJECT
from clique_app.demo.servers import free_port
from tests.bench.figure import Figure, Result
from tests.bench.place import Place, process

SHOP = "year-of-ads.myshopify.com"
CAMPAIGNS, QUICK_CAMPAIGNS = 40, 4
COUNTRIES = ("US", "CA", "AU", "BR")  # 50 regions in the sandbox


@contextmanager
def _sandbox(environment: dict[str, str], campaigns: int) -> Iterator[dict[str, str]]:
    """A platform sandbox of its own with the one store; gives the environment that points there."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    keys = {
        "--api-key": "SHOPIFY_API_KEY",
        "--api-secret": "SHOPIFY_API_SECRET",
        "--app-url": "SHOPIFY_APP_URL",
    }
    words = [word for option, name in keys.items() for word in (option, environment[name])]
    command = (sys.executable, "-m", "clique_app.sandbox", "--port", str(port), "--no-default-store", *words)
    with TemporaryDirectory() as data, process((*command, "--data", data), environment):
        _wait(url)
        since = str((datetime.now(UTC) - timedelta(days=370)).date())
        plans = [
            {"name": f"Campaign {n}", "since": since, "daily_budget": f"{400 + n}.00", "countries": COUNTRIES}
            for n in range(campaigns)
        ]
        book = {"shop": SHOP, "products": [], "orders": [], "ad_accounts": [{"id": "700", "campaigns": plans}]}
        httpx.post(f"{url}/_control/stores", json=book, timeout=60, trust_env=False).raise_for_status()
        yield {**environment, **json.loads((Path(data) / "environment.json").read_text())}


def _wait(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/health", timeout=2, trust_env=False)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("The sandbox did not start.")


def run(place: Place) -> Result:
    campaigns = QUICK_CAMPAIGNS if place.quick else CAMPAIGNS
    with place.scratch_database("clique_bench_meta") as scratch, _sandbox(scratch, campaigns) as environment:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.meta_once", SHOP],
            cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found = json.loads(done.stdout.splitlines()[-1])
    seconds, reading_s = found["seconds"], found["reading_s"]
    return Result(
        [
            Figure("meta_year_s", seconds, "s", reading_s, seconds / reading_s),
            Figure("meta_year_rows_per_s", found["rows"] / seconds, "1/s", found["rows"] / reading_s),
            Figure("meta_year_peak_mb", found["peak_mb"], "MB"),
        ],
        {"import": found},
        f"{campaigns} campaigns, {found['days']:,} ad days and {found['regions']:,} region days of a year, month by"
        " month as asynchronous reports from the sandbox, which takes its share of the same cores",
        "reading the same reports a second time without writing a row, in this run",
    )
