"""Crediting every order by the store's model, written to the table: the demo's store, stores of up to 2 M orders."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

from clique_app.demo.folders import PROJECT
from tests.bench.attribution_once import FLOORS
from tests.bench.figure import Figure, Result
from tests.bench.place import Place

SIZES, BESIDE = (250_000, 500_000, 1_000_000, 2_000_000), 1_000_000
QUICK_SIZES = (20_000, 40_000)
MEANS = ("polars", "duckdb", "pandas")


def run(place: Place) -> Result:
    demo = _demo(place)
    sizes, beside_at = (QUICK_SIZES, QUICK_SIZES[-1]) if place.quick else (SIZES, BESIDE)
    with place.scratch_database("clique_attribution") as environment, tempfile.TemporaryDirectory() as folder:
        made = _output("attribution_once", environment, str(beside_at), folder, *map(str, sizes))
        beside = {means: _output("attribution_beside", environment, means, folder) for means in MEANS}
    whole = next(one for one in made if one["orders"] == beside_at)
    for means in ("polars", "duckdb"):
        assert [beside[means]["by_visit"], beside[means]["by_place"]] == whole["by_visit_and_by_place"], means
    figures = [*demo.figures]
    if not place.quick:
        pandas, growth = beside["pandas"]["seconds"], made[-1]["all_s"] / made[0]["all_s"]
        figures += [
            Figure("attribution_1m_s", whole["all_s"], "s", beside["polars"]["seconds"],
                   whole["all_s"] / beside["polars"]["seconds"]),
            Figure("attribution_again_1m_s", whole["again_s"], "s"),
            *(Figure(f"attribution_{floor.removesuffix('_s')}_1m_s", whole[floor], "s") for floor in FLOORS),
            Figure("attribution_speedup_vs_pandas", pandas / whole["all_s"], "", pandas),
            Figure("attribution_one_day_s", median(whole["day_s"]), "s"),
            Figure("attribution_growth_8x", growth, "", SIZES[-1] / SIZES[0], growth / (SIZES[-1] / SIZES[0])),
        ]  # fmt: skip
    return Result(
        figures,
        {**demo.samples, "sizes": made, "beside": beside},
        f"{demo.on}; stores made in their tables, 400 days, 4 touches an order and 200,000 days of ads by region;"
        " beside: frames in memory, not written, pandas scaled from 2 of 50 regions; and what any way through the same"
        " tables has to do: the visits joined with their orders, what was booked added up by order and day, the credits"
        " written into a table with the same indexes, and without",
    )


def _output(module: str, environment: dict[str, str], *arguments: str) -> Any:
    command = (sys.executable, "-m", f"tests.bench.{module}", *arguments)
    done = subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _demo(place: Place) -> Result:
    from clique_app.attribution.service import credit_orders
    from clique_app.database import store_session

    whole: list[float] = []
    day: list[float] = []
    found = place.query(
        "select order_id from shop_order where store_id = %s and day = (select max(day) - 1 from shop_order)",
        place.store_id,
    )
    for seconds, orders in ((whole, None), (day, [i for (i,) in found])):
        for _ in range(1 if place.quick else 3):
            with store_session(place.store_id) as session:
                begun = time.perf_counter()
                credit_orders(session, place.store_id, orders)
            seconds.append(time.perf_counter() - begun)  # with the commit
    return Result(
        [
            Figure("attribution_demo_store_s", median(whole), "s"),
            Figure("attribution_demo_day_s", median(day), "s"),
            Figure("attribution_orders_per_s", place.orders / median(whole), "1/s"),
        ],
        {"all_orders_s": whole, "one_day_s": day, "orders_of_the_day": len(found)},
        place.data,
    )
