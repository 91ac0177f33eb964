"""Every metric of the catalogue by every way to it."""

from __future__ import annotations

import json
import math
import re

import psycopg

from clique_app.metrics.registry import METRICS
from tests.e2e.demos import Demo, clique, metrics, python


def known_and_the_same(demo: Demo, shop: str, start: str, end: str) -> int:
    """How many metrics are known; each has been found the same by all means."""
    keys = [item.key for item in METRICS]
    said = metrics(demo, keys, shop, start, end)
    own = json.loads(python(demo["folder"], "-m", "tests.e2e.arithmetic", shop, start, end))
    told = clique(demo["folder"], "sql", "--store", shop)
    with psycopg.connect(re.findall(r"postgresql://\S+", told)[0]) as analyst:
        query = "select " + ", ".join(f"clique.{key}(%(start)s, %(end)s)::float" for key in keys)
        (found,) = analyst.execute(query, {"start": start, "end": end}).fetchall()  # pyright: ignore
    known = {key for key, value in said.items() if value is not None}
    differing = {
        item.key: (said[item.key], by_sql, own[item.key])
        for item, by_sql in zip(METRICS, found, strict=True)
        if not close(said[item.key], by_sql, 0.005 if item.unit == "money" else 1e-9)
        or (item.key in known and not close(said[item.key], own[item.key], 0.005 if item.unit == "money" else 1e-9))
    }
    assert not differing, differing
    return len(known)


def close(one: float | None, other: float | None, apart: float) -> bool:
    """The command line says money to the cent."""
    return one is other if one is None or other is None else math.isclose(one, other, rel_tol=1e-9, abs_tol=apart)
