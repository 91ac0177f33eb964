"""METRICS: every metric by its key, checked when imported."""

from __future__ import annotations

from clique_app.errors import NotFound
from clique_app.metrics import expression
from clique_app.metrics.catalog.ads import ADS
from clique_app.metrics.catalog.advocacy import ADVOCACY
from clique_app.metrics.catalog.costs import COSTS
from clique_app.metrics.catalog.email import EMAIL
from clique_app.metrics.catalog.sales import SALES
from clique_app.metrics.catalog.site import SITE
from clique_app.metrics.definition import Formula, Metric, Total

METRICS: tuple[Metric, ...] = (*SALES, *COSTS, *ADS, *EMAIL, *SITE, *ADVOCACY)

_BY_KEY = {metric.key: metric for metric in METRICS}


def metric(key: str) -> Metric:
    """The metric with this key."""
    found = _BY_KEY.get(key)
    if found is None:
        raise NotFound(f"There is no metric {key!r}. Known: {', '.join(sorted(_BY_KEY))}.")
    return found


def inputs(item: Metric) -> tuple[Metric, ...]:
    """What a formula is worked out from; nothing for a total."""
    return tuple(metric(key) for key in expression.inputs(item.expression)) if isinstance(item, Formula) else ()


def totals(item: Metric) -> tuple[Total, ...]:
    """All totals a metric rests on, once each, in the order they are named."""
    if isinstance(item, Total):
        return (item,)
    return tuple(dict.fromkeys(total for part in inputs(item) for total in totals(part)))


if len(_BY_KEY) != len(METRICS):
    raise ValueError("two metrics share a key")
for _item in METRICS:
    totals(_item)
