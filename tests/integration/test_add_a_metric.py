"""The diff that the how-to shows is all a metric takes: applied to a copy of the program, the page, the documents, the
commands and analysts' SQL have it by themselves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from clique_app.database import owner_session, store_session
from clique_app.metrics import registry, service
from clique_app.warehouse import logins_service
from tests.conftest import PROJECT
from tests.integration.full_store import WHOLE, make_full_store

pytestmark = pytest.mark.usefixtures("database_env")
KEY, SHOP = "net_sales_per_unit", "harbor.myshopify.com"
SPAN = (WHOLE.start.isoformat(), WHOLE.end.isoformat())
PAGE = f"""
import json
from clique_app.components import metric_views
from clique_app.metrics import baselines, registry
item = metric_views.asked_of({{"metric": "{KEY}"}}).metric
print(json.dumps({{
    "listed": [theme.metrics for theme in metric_views.catalogue("unit")],
    "facts": dict(metric_views.definition_of(item)),
    "dimensions": registry.dimensions(item),
    "step": baselines.step(item),
}}))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program with the diff applied."""
    [diff] = re.findall(r"```diff\n(.*?)```", (PROJECT / "docs/how-to/add-a-metric.md").read_text(), re.DOTALL)
    here = tmp_path / "copy"
    for folder in ("clique_app", "tasks", "docs"):
        shutil.copytree(PROJECT / folder, here / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for arguments in (["--check"], []):
        subprocess.run(["git", "apply", *arguments], cwd=here, input=diff, text=True, check=True)
    changed = subprocess.run(["git", "apply", "--numstat"], cwd=here, input=diff, text=True, capture_output=True)
    assert [line.split("\t")[2] for line in changed.stdout.splitlines()] == ["clique_app/metrics/catalog/sales.py"]
    return here


def run(copy: Path, *arguments: str) -> str:
    """What Python says in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def clique(copy: Path, *arguments: str) -> str:
    return run(copy, "-m", "clique_app.cli", *arguments)


def test_the_diff_of_the_how_to_is_all_a_metric_takes(copy: Path) -> None:
    store_id = make_full_store(SHOP, 1)
    with store_session(store_id) as session:
        figures = service.figures(session, store_id, ["net_sales", "units"], WHOLE)
    net_sales, units = (figures[key].value for key in ("net_sales", "units"))
    assert net_sales
    assert units
    value = net_sales / units
    assert KEY not in {item.key for item in registry.METRICS}

    assert KEY in clique(copy, "metrics", "list", "--category", "sales")
    asked = ("--store", SHOP, "--from", SPAN[0], "--to", SPAN[1], "--json")
    told = json.loads(clique(copy, "metrics", "show", KEY, *asked, "--by", "product"))
    assert told["value"] == pytest.approx(float(value), abs=0.005)
    assert len(told["rows"]) == 3

    page = json.loads(run(copy, "-c", PAGE))
    assert [KEY, "Net sales a unit"] in page["listed"][0]
    assert page["facts"]["Formula"] == "Net sales ÷ Units"
    assert page["facts"]["Worked example"] == "Net sales 100, Units 4: 25.00"
    assert "product" in page["dimensions"]
    assert page["step"] == "day"

    run(copy, "-m", "clique_app.metrics.docs")
    assert f"### {KEY}" in (copy / "docs/metrics.md").read_text()

    clique(copy, "metrics", "populate")
    with owner_session() as session:
        login = logins_service.give(session, store_id)
    with psycopg.connect(login.url) as analyst:
        [[whole, by_product, of_month]] = analyst.execute(
            f"""select clique.{KEY}(%(start)s, %(end)s),
              (select sum(b.value * u.value) from clique.{KEY}_by('product', %(start)s, %(end)s) b
               join clique.units_by('product', %(start)s, %(end)s) u using (member)),
              (select sum(m.{KEY} * m.units) from months m)""",  # pyright: ignore[reportArgumentType]
            {"start": SPAN[0], "end": SPAN[1]},
        ).fetchall()
        assert whole == pytest.approx(value, abs=Decimal("1e-9"))
        assert by_product == pytest.approx(net_sales, abs=Decimal("1e-9"))
        assert of_month == pytest.approx(net_sales, abs=Decimal("1e-9"))
    with owner_session() as session:
        logins_service.take_away(session, store_id)
