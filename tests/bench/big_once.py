"""Reads what every page and every metric asks of the big store; run in a process of its own, beside no demo.

`python -m tests.bench.big_once ROUNDS ASKED ...` prints milliseconds by what was asked.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app import clock
from clique_app.components.advice import read_board
from clique_app.components.attribution_views import BY_DAY_BOOKED, BY_ORDER_DAY, credits_view, orders_view
from clique_app.components.customer_views import best_view, cohorts_view, figures_view, payback_view
from clique_app.database import store_session
from clique_app.metrics import overview_service, performance_service, performance_sql, periods, registry, service
from clique_app.metrics.definition import Formula, Period
from clique_app.pages.data import data_view
from clique_app.pages.home import home_view
from clique_app.pages.metrics import asked_of, metric_view
from clique_app.pages.voice import heard_view, told_view, voice_view
from tests.bench.big_store import DAYS

STORE_ID, USER_ID = 1, 77_001
PERIODS = ("last_7_days", "last_30_days", "last_90_days", "last_365_days", "custom")
Samples = dict[str, list[float]]
Read = Callable[[Session, overview_service.Scope], Any]

PAGES: dict[str, Read] = {
    "home": lambda session, scope: home_view(session, STORE_ID, scope),
    # these three come in parts, each read and shown for itself
    "attribution": lambda session, scope: credits_view(session, STORE_ID, scope, "", BY_DAY_BOOKED),
    "credits by order's day": lambda session, scope: credits_view(session, STORE_ID, scope, "", BY_ORDER_DAY),
    "credits of a channel": lambda session, scope: credits_view(session, STORE_ID, scope, "meta", BY_DAY_BOOKED),
    "orders credited": lambda session, scope: orders_view(session, STORE_ID, scope, "", 0, 0),
    "voice": lambda session, scope: voice_view(session, STORE_ID, scope),
    "heard": lambda session, scope: heard_view(session, STORE_ID, scope),
    "told": lambda session, scope: told_view(session, STORE_ID, scope),
    "customers": lambda session, scope: figures_view(session, STORE_ID, scope),
    "cohorts": lambda session, scope: cohorts_view(session, STORE_ID, scope, "", ""),
    "payback": lambda session, scope: payback_view(session, STORE_ID, scope),
    "best customers": lambda session, scope: best_view(session, STORE_ID, scope),
    "metrics": lambda session, scope: metric_view(session, STORE_ID, scope, asked_of({"metric": "net_sales"})),
    "recommendations": lambda session, _: read_board(session, STORE_ID, USER_ID, []),
    "data": lambda session, _: data_view(session, STORE_ID, "", 0),
}


def _queries() -> Iterator[dict[str, str]]:
    today = clock.today("UTC")
    first, last = ((today - timedelta(days=back)).isoformat() for back in (240, 111))
    for preset, compare in product(PERIODS, periods.COMPARISONS):
        yield {"period": preset, "compare": compare, "from": first, "to": last}


def _timed(samples: Samples, name: str, ask: Callable[[Session], Any]) -> None:
    """One reading, with the session that a page opens for it."""
    begun = time.perf_counter()
    with store_session(STORE_ID) as session:
        ask(session)
    samples.setdefault(name, []).append((time.perf_counter() - begun) * 1000)


def dashboards(rounds: int) -> Samples:
    """Every page for every period and comparison; the first round only warms."""
    warm: Samples = {}
    samples: Samples = {}
    for number, query, (page, read) in product(range(rounds + 1), list(_queries()), PAGES.items()):

        def view(session: Session, query: dict[str, str] = query, read: Read = read) -> None:
            read(session, overview_service.scope(session, STORE_ID, query))

        _timed(samples if number else warm, f"{page}: {query['period']} against {query['compare']}", view)
    return samples


def _spans() -> dict[str, Period]:
    today = clock.today("UTC")
    return {
        "last_30_days": periods.choice({"period": "last_30_days"}, today).period,
        "all": Period(today - timedelta(days=DAYS - 1), today),
    }


def metrics(rounds: int) -> Samples:
    """Every metric of the catalogue, over a month and over everything."""
    samples: Samples = {}
    for item, (name, period), _ in product(registry.METRICS, _spans().items(), range(rounds)):
        _timed(
            samples,
            f"{item.key} {name}",
            lambda session, key=item.key, span=period: service.figure(session, STORE_ID, key, span),
        )
    return samples


def groups(rounds: int) -> Samples:
    """Metrics, the page, for every metric by every dimension it has, over a month and over a year."""
    samples: Samples = {}
    asked = ((item, by) for item in registry.METRICS for by in registry.dimensions(item))
    for (item, by), preset, _ in product(asked, ("last_30_days", "last_365_days"), range(rounds)):

        def view(session: Session, key: str = item.key, by: str = by, preset: str = preset) -> None:
            scope = overview_service.scope(session, STORE_ID, {"period": preset, "compare": "previous"})
            metric_view(session, STORE_ID, scope, asked_of({"metric": key, "by": by}))

        _timed(samples, f"{item.key} by {by}, {preset}", view)
    return samples


def rows(rounds: int) -> Samples:
    """The first page of the rows behind every total and reading."""
    samples: Samples = {}
    leaves = [item for item in registry.METRICS if not isinstance(item, Formula)]
    for item, (name, period), _ in product(leaves, _spans().items(), range(rounds)):
        _timed(
            samples,
            f"{item.key} {name}",
            lambda session, key=item.key, span=period: service.source_rows(session, STORE_ID, key, span),
        )
    return samples


def performance(rounds: int) -> Samples:
    """What was spent and sold, by each of what it is told by."""
    samples: Samples = {}
    for by, (name, period), _ in product(performance_sql.CUTS, _spans().items(), range(rounds)):
        _timed(
            samples,
            f"{by} {name}",
            lambda session, by=by, span=period: performance_service.performance(session, STORE_ID, span, by),
        )
    return samples


def _home_of_a_year(session: Session) -> None:
    scope = overview_service.scope(session, STORE_ID, {"period": "last_365_days", "compare": "previous"})
    home_view(session, STORE_ID, scope)


def home(rounds: int) -> Samples:
    samples: Samples = {}
    for _ in range(rounds):
        _timed(samples, "last_365_days", _home_of_a_year)
    return samples


def raw(rounds: int) -> Samples:
    """Home with nothing kept: the same catalogue summed from the rows."""

    def from_rows(session: Session) -> None:
        session.connection().execute(text("delete from metric_summed"))
        _home_of_a_year(session)
        session.rollback()

    samples: Samples = {}
    for _ in range(rounds):
        _timed(samples, "last_365_days", from_rows)
    return samples


ASKED = {
    "dashboards": dashboards, "metrics": metrics, "groups": groups, "rows": rows, "performance": performance,
    "home": home, "raw": raw,
}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps({name: ASKED[name](int(sys.argv[1])) for name in sys.argv[2:]}))
