"""METRICS: every metric by its key, checked when imported."""

from __future__ import annotations

from collections.abc import Iterable

from clique_app.errors import NotFound
from clique_app.metrics import expression
from clique_app.metrics.catalog.ads import ADS
from clique_app.metrics.catalog.advocacy import ADVOCACY
from clique_app.metrics.catalog.costs import COSTS
from clique_app.metrics.catalog.email import EMAIL
from clique_app.metrics.catalog.retention import RETENTION
from clique_app.metrics.catalog.sales import SALES
from clique_app.metrics.catalog.site import SITE
from clique_app.metrics.catalog.stock import STOCK
from clique_app.metrics.catalog.value import VALUE
from clique_app.metrics.definition import TIMES, Dimension, Formula, Leaf, Metric, Total

METRICS: tuple[Metric, ...] = (
    *SALES, *COSTS, *ADS, *SITE, *EMAIL, *RETENTION, *VALUE, *STOCK, *ADVOCACY,
)  # fmt: skip

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


def leaves(item: Metric, dimensions: Iterable[Dimension] = ()) -> tuple[Leaf, ...]:
    """All totals and readings a metric rests on, once each, in the order they are named; for these dimensions."""
    asked = tuple(dimensions)
    item = answering(item, asked)
    if not isinstance(item, Formula):
        return (item,)
    return tuple(dict.fromkeys(leaf for part in inputs(item) for leaf in leaves(part, asked)))


def has(item: Metric, dimensions: Iterable[Dimension]) -> bool:
    """Whether it can be grouped and narrowed by these itself, without a partner."""
    asked = set(dimensions) - set(TIMES)
    if isinstance(item, Formula):
        return all(has(part, asked) for part in inputs(item))
    return asked <= item.groups.keys() or (isinstance(item, Total) and item.undivided)


def answering(item: Metric, dimensions: Iterable[Dimension]) -> Metric:
    """The metric that answers for these dimensions: itself, or where it cannot the first of its partners that can."""
    asked = tuple(dimensions)
    if not asked or not item.partners or has(item, asked):
        return item
    return next((other for other in map(metric, item.partners) if has(other, asked)), item)


if len(_BY_KEY) != len(METRICS):
    raise ValueError("two metrics share a key")
for _item in METRICS:
    leaves(_item)
    [metric(key) for key in _item.partners]
