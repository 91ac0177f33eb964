"""METRICS: every metric by its key, checked when imported."""

from __future__ import annotations

from collections.abc import Iterable

from clique_app.errors import NotFound
from clique_app.metrics import expression
from clique_app.metrics.catalog.ads import ADS
from clique_app.metrics.catalog.advocacy import ADVOCACY
from clique_app.metrics.catalog.costs import COSTS
from clique_app.metrics.catalog.divided import DIVIDED_ADS, DIVIDED_COSTS
from clique_app.metrics.catalog.email import EMAIL
from clique_app.metrics.catalog.retention import RETENTION
from clique_app.metrics.catalog.sales import SALES
from clique_app.metrics.catalog.site import SITE
from clique_app.metrics.catalog.stock import STOCK
from clique_app.metrics.catalog.value import VALUE
from clique_app.metrics.definition import (
    BY_FIRST_ORDER,
    NAMES,
    TIMES,
    Dimension,
    Formula,
    Leaf,
    Metric,
    Need,
    Reading,
    Total,
)

THEMES: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    ("Sales", SALES),
    ("Costs and profit", (*COSTS, *DIVIDED_COSTS)),
    ("Ads and attribution", (*ADS, *DIVIDED_ADS)),
    ("Online store", SITE),
    ("E-mail", EMAIL),
    ("Retention", RETENTION),
    ("Value of customers", VALUE),
    ("Stock", STOCK),
    ("Advocacy", ADVOCACY),
)
METRICS = tuple(item for _, items in THEMES for item in items)

_BY_KEY = {metric.key: metric for metric in METRICS}


def metric(key: str) -> Metric:
    """The metric with this key."""
    found = _BY_KEY.get(key)
    if found is None:
        raise NotFound(f"There is no metric {key!r}. Known: {', '.join(sorted(_BY_KEY))}.")
    return found


def inputs(item: Metric) -> tuple[Metric, ...]:
    """What a formula is worked out from; nothing for a total or a reading."""
    return tuple(metric(key) for key in expression.inputs(item.expression)) if isinstance(item, Formula) else ()


def leaves(item: Metric, asked: Iterable[Dimension] = ()) -> tuple[Leaf, ...]:
    """All totals and readings a metric rests on, once each, in the order they are named; for these dimensions."""
    asked = tuple(asked)
    item = answering(item, asked)
    if not isinstance(item, Formula):
        return (item,)
    return tuple(dict.fromkeys(leaf for part in inputs(item) for leaf in leaves(part, asked)))


def needs(leaf: Leaf, asked: Iterable[Dimension] = ()) -> tuple[Need, ...]:
    """What must be there before it is known, grouped or narrowed by these dimensions."""
    by_first_order = any(one in leaf.groups for one in asked if one in BY_FIRST_ORDER)
    return (*leaf.needs, "history") if by_first_order else leaf.needs


def grain(item: Metric) -> str:
    """What one row beneath it is, of each of its inputs."""
    return "; ".join(dict.fromkeys(leaf.grain for leaf in leaves(item)))


def matures(item: Metric) -> str:
    """What is left out until its time has come; "" where all is known at once."""
    return item.matures or " ".join(dict.fromkeys(leaf.matures for leaf in leaves(item) if leaf.matures))


def no_past(item: Metric) -> str:
    """Why it has no normal range, of each of its inputs; "" where it has one."""
    found = (leaf.no_past for leaf in leaves(item) if isinstance(leaf, Reading) and leaf.no_past)
    return " ".join(dict.fromkeys(found))


def target(item: Metric) -> str:
    """Where it is to be, in words; "" where nothing is aimed at."""
    if item.target is None:
        return ""
    than = item.target.than
    for key in expression.inputs(than):
        than = than.replace(key, metric(key).name)
    return f"{item.target.side} {than}"


def dimensions(item: Metric) -> tuple[Dimension, ...]:
    """What it can be grouped and narrowed by, itself or through partners."""
    return tuple(one for one in NAMES if tells(item, [one]))


def has(item: Metric, asked: Iterable[Dimension]) -> bool:
    """Whether it can be grouped and narrowed by these itself, without a partner."""
    asked = set(asked) - set(TIMES)
    if isinstance(item, Formula):
        return all(has(part, asked) for part in inputs(item))
    return asked <= item.groups.keys() or (isinstance(item, Total) and item.undivided)


def answering(item: Metric, asked: Iterable[Dimension]) -> Metric:
    """The metric that answers for these dimensions: itself, or where it cannot the first of its partners that can."""
    asked = tuple(asked)
    if not asked or not item.partners or has(item, asked):
        return item
    return next((other for other in map(metric, item.partners) if tells(other, asked)), item)


def tells(item: Metric, asked: Iterable[Dimension]) -> bool:
    """Whether it can be grouped and narrowed by these, itself or through partners."""
    asked = tuple(asked)
    return all(has(leaf, asked) for leaf in leaves(item, asked))


def no_further(item: Metric) -> str:
    """Why it can be grouped by no more than it is, of each of its inputs; "" where nothing is to be said."""
    return item.no_further or " ".join(dict.fromkeys(leaf.no_further for leaf in leaves(item) if leaf.no_further))


if len(_BY_KEY) != len(METRICS):
    raise ValueError("two metrics share a key")
for _item in METRICS:
    leaves(_item)
    [metric(key) for key in _item.partners]
    target(_item)
