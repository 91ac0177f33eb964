"""Sums of totals by day or channel: those kept in the rollup, and for what has changed since, those of the rows.

So a figure is exact at any moment, however far behind the rollup is; only its cost depends on that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.logs import log
from clique_app.metrics import rollup
from clique_app.metrics.definition import Dimension, Filters, Leaf, Period, Total
from clique_app.metrics.registry import METRICS
from clique_app.metrics.rollup import Changes
from clique_app.tables.rollups import NO_CAMPAIGN

Sums = Mapping[str, Mapping[Any, Decimal]]  # total: its sum by group; a group without rows is not there
MOST_CHANGES = 200_000  # seen at once
# the dimensions that are kept, with their column
KEPT: Mapping[Dimension, str] = {
    "day": "day",
    "channel": "channel",
    "campaign": f"nullif(campaign_id, {NO_CAMPAIGN})",
}

ROLLED = tuple(item for item in METRICS if isinstance(item, Total) and rollup.is_rolled(item) and rollup.moved_by(item))

_KEPT = """
select metric, {group}, sum(amount) from metric_day m
where store_id = :store_id and metric = any(:metrics) and day between :start and :end {narrowed}
  and not exists (
    select from unnest(cast(:stale_metrics as text[]), cast(:stale_days as date[])) stale (metric, day)
    where stale.metric = m.metric and stale.day = m.day)
group by 1, 2
"""

_FORGET = "delete from metric_day where store_id = :store_id and metric = :metric"
_FORGET_DAYS = f"{_FORGET} and day = any(:days)"
_IS_SUMMED = """
insert into metric_summed (store_id, metric, definition) values (:store_id, :metric, :definition)
on conflict (store_id, metric) do update set definition = excluded.definition
"""


def sums(
    session: Session,
    store_id: int,
    totals: Iterable[Total],
    period: Period,
    group: Dimension,
    filters: Filters | None = None,
) -> Sums:
    """The totals of the period, by a dimension that each of them has; None is the group of rows without one."""
    asked = list(totals)
    found: dict[str, dict[Any, Decimal]] = {total.key: {} for total in asked}
    is_kept = {group, *(filters or ())} <= KEPT.keys()
    changed = _changes(session, store_id)
    current = _summed(session, store_id)
    kept = [
        one
        for one in asked
        if is_kept and not (filters and one.undivided)
        if current.get(one.key) == rollup.definition(one) and changed.is_current(one)
    ]
    stale = {one.key: [day for day in changed.days_of(one) if period.start <= day <= period.end] for one in kept}
    if kept:
        _add_kept(session, store_id, stale, period, group, filters, found)
    for total in asked:
        days = stale.get(total.key)
        if days is None or days:
            _add_rows(session, store_id, total, period, group, filters, days, found[total.key])
    return found


def _add_kept(
    session: Session,
    store_id: int,
    stale: Mapping[str, list[date]],
    period: Period,
    group: Dimension,
    filters: Filters | None,
    found: dict[str, dict[Any, Decimal]],
) -> None:
    narrowed = "".join(f" and {_is(KEPT[dimension], dimension, filters)}" for dimension in filters or ())
    pairs = [(key, day) for key, days in stale.items() for day in days]
    values = {
        **values_of(store_id, period, filters),
        "metrics": list(stale),
        "stale_metrics": [key for key, _ in pairs],
        "stale_days": [day for _, day in pairs],
    }
    statement = text(_KEPT.format(group=KEPT[group], narrowed=narrowed))
    for key, at, amount in session.connection().execute(statement, values):
        found[key][at] = amount


def _add_rows(
    session: Session,
    store_id: int,
    total: Total,
    period: Period,
    group: Dimension,
    filters: Filters | None,
    days: list[date] | None,
    found: dict[Any, Decimal],
) -> None:
    by = total.day if group == "day" else total.groups[group]
    among, values = "", values_of(store_id, period, filters)
    if days is not None:
        among, values = f"and {total.day} = any(:days)", {**values, "days": days}
    statement = f"select {by}, {total.value} {rows_of(total, filters)} {among} group by 1"
    for at, amount in session.connection().execute(text(statement), values):
        found[at] = found.get(at, Decimal(0)) + Decimal(amount)


def rows_of(leaf: Leaf, filters: Filters | None) -> str:
    """The rows of a total or reading for :start to :end, as from and where. An undivided total is not narrowed."""
    parts = [f"r.store_id = :store_id and {leaf.period} and {leaf.where}"]
    if not (isinstance(leaf, Total) and leaf.undivided):
        parts += [
            _is(leaf.groups[dimension], dimension, filters) if dimension in leaf.groups else "false"
            for dimension in filters or ()
        ]
    return f"from {leaf.source} where {' and '.join(parts)}"


def _is(expression: str, dimension: Dimension, filters: Filters | None) -> str:
    return f"{expression} is null" if (filters or {})[dimension] is None else f"{expression} = :of_{dimension}"


def values_of(store_id: int, period: Period, filters: Filters | None) -> dict[str, Any]:
    """The parameters of rows_of."""
    members = {f"of_{dimension}": member for dimension, member in (filters or {}).items() if member is not None}
    return {"store_id": store_id, "start": period.start, "end": period.end, **members}


# the rollup itself


def roll_up(session: Session, store_id: int) -> int:
    """Sum what has changed. Returns how many days of totals that were; -1: another process is at it."""
    connection, store = session.connection(), {"store_id": store_id}
    lock = text("select pg_try_advisory_xact_lock(hashtextextended('roll_up', :store_id))")
    if not connection.scalar(lock, store):
        return -1
    seen = connection.execute(
        text("select change_id, source, day from metric_change where store_id = :store_id limit :most"),
        {**store, "most": MOST_CHANGES},
    ).all()
    # each statement from here on sees at least what these changes stand for; what comes later brings its own change
    changed = rollup.changes((source, day) for _, source, day in seen)
    new = {total.key for total in _not_summed(session, store_id)}
    summed = 0
    for total in ROLLED:
        if total.key in new or not changed.is_current(total):
            summed += _sum_again(session, store_id, total, None)
        elif days := changed.days_of(total):
            summed += _sum_again(session, store_id, total, days)
    gone = text("delete from metric_change where store_id = :store_id and change_id = any(:ids)")
    connection.execute(gone, {**store, "ids": [change_id for change_id, _, _ in seen]})
    return summed


def reconcile(session: Session, store_id: int) -> list[str]:
    """Hold every kept day against the rows. Totals that differ are summed anew; returns their keys."""
    whole = Period(date.min, date.max)
    differing: list[str] = []
    for total in ROLLED:
        kept = sums(session, store_id, [total], whole, "day")[total.key]
        rows: dict[Any, Decimal] = {}
        _add_rows(session, store_id, total, whole, "day", None, None, rows)
        if {day: amount for day, amount in rows.items() if amount} != {day: a for day, a in kept.items() if a}:
            differing.append(total.key)
            _sum_again(session, store_id, total, None)
    if differing:
        log("metrics").error("rollup_differed", store_id=store_id, totals=differing)
    return differing


def _sum_again(session: Session, store_id: int, total: Total, days: list[date] | None) -> int:
    """These days of a total, or all. Returns how many sums were written."""
    connection = session.connection()
    values: dict[str, Any] = {"store_id": store_id, "metric": total.key}
    if days is not None:
        values["days"] = days
    connection.execute(text(_FORGET if days is None else _FORGET_DAYS), values)
    made = connection.execute(text(rollup.sum_again(total, some_days=days is not None)), values)
    if days is None:
        connection.execute(text(_IS_SUMMED), {**values, "definition": rollup.definition(total)})
    return made.rowcount


def _changes(session: Session, store_id: int) -> Changes:
    rows = session.connection().execute(
        text("select distinct source, day from metric_change where store_id = :store_id"), {"store_id": store_id}
    )
    return rollup.changes((source, day) for source, day in rows)


def _summed(session: Session, store_id: int) -> dict[str, str]:
    rows = session.connection().execute(
        text("select metric, definition from metric_summed where store_id = :store_id"), {"store_id": store_id}
    )
    return {metric: made for metric, made in rows}


def _not_summed(session: Session, store_id: int) -> list[Total]:
    current = _summed(session, store_id)
    return [total for total in ROLLED if current.get(total.key) != rollup.definition(total)]
