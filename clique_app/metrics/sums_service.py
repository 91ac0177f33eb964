"""Sums of totals by day or another dimension: those that are kept, and for what has changed since, those of the rows.

So a figure is exact at any moment, however far behind the rollup is; only its cost depends on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, cast

from sqlalchemy import text
from sqlmodel import Session

from clique_app.logs import log
from clique_app.metrics import rollup
from clique_app.metrics.catalog.divided import PERFORMANCE_DAY
from clique_app.metrics.definition import Dimension, Filters, Leaf, Period, Total
from clique_app.metrics.kept import CUSTOMER_SALES, KEPT, PERFORMANCE, RANKED_BY, Kept
from clique_app.metrics.registry import METRICS
from clique_app.metrics.rollup import ALL_DAYS, SOME_DAYS, Changes, Cut
from clique_app.sync import planner_service

Sums = Mapping[str, Mapping[Any, Decimal]]  # total: its sum by group; a group without rows is not there
T = TypeVar("T")
MOST_CHANGES = 200_000  # seen at once
ROLLED = tuple(item for item in METRICS if isinstance(item, Total) and rollup.is_rolled(item) and rollup.moved_by(item))

# one row a metric: a year of days would be thousands
_KEPT = """
select metric, {each}, array_agg(amount) from (
    select metric, {group}, {amount} as amount from metric_day m
    where store_id = :store_id and metric = any(:metrics) and cut = :cut and day between :start and :end {narrowed}
    {grouped}
) summed group by 1
"""
_NOT_STALE = """
and not exists (
    select from unnest(cast(:stale_metrics as text[]), cast(:stale_days as date[])) stale (metric, day)
    where stale.metric = m.metric and stale.day = m.day)
"""


@dataclass(frozen=True)
class Moment:
    """What figures of one moment rest on: what has changed since it was summed, what is kept and as which definition
    made it, and what of it has been read, with its days, so that a page reads it once."""

    changed: Changes
    kept: Mapping[str, str]
    read: dict[str, tuple[Period, Any]] = field(default_factory=dict)

    def once(self, name: str, period: Period, read: Callable[[], T]) -> T:
        """What was read of these days, or of more."""
        if not self.has(name, period):
            self.read[name] = period, read()
        return cast(T, self.read[name][1])

    def has(self, name: str, period: Period) -> bool:
        """Whether these days were read."""
        days, _ = self.read.get(name, (None, None))
        return days is not None and days.start <= period.start and period.end <= days.end


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
    moment: Moment | None = None,
) -> Sums:
    """The totals of the period, by a dimension that each of them has; None is the group of rows without one."""
    asked, moment = list(totals), moment or now(session, store_id)
    if group != "day" or filters:
        return _read(session, store_id, asked, period, (group,), filters, moment)
    missing = [total for total in asked if not moment.has(total.key, period)]
    for key, by_day in _read(session, store_id, missing, period, (group,), None, moment).items():
        moment.read[key] = period, by_day
    return {total.key: _of_days(*moment.read[total.key], period) for total in asked}


def by_day_and(
    session: Session,
    store_id: int,
    totals: Iterable[Total],
    period: Period,
    dimension: Dimension,
    filters: Filters | None = None,
    moment: Moment | None = None,
) -> Mapping[str, Mapping[tuple[date, Any], Decimal]]:
    """The totals by day and a dimension that each of them has, as pairs."""
    moment = moment or now(session, store_id)
    return _read(session, store_id, list(totals), period, ("day", dimension), filters, moment)


def _of_days(read: Period, by_day: Mapping[date, Decimal], period: Period) -> Mapping[date, Decimal]:
    if read == period:
        return by_day
    return {day: amount for day, amount in by_day.items() if period.start <= day <= period.end}


def _read(
    session: Session,
    store_id: int,
    asked: Sequence[Total],
    period: Period,
    by: Sequence[Dimension],
    filters: Filters | None,
    moment: Moment,
) -> Sums:
    """By one dimension; or by several, whose members are then a tuple."""
    found: dict[str, dict[Any, Decimal]] = {total.key: {} for total in asked}
    stale: dict[str, list[date]] = {}
    by_cut: dict[Cut, list[Total]] = {}
    for one in asked:
        cut = _kept_cut(one, by, filters, moment)
        if cut is not None:
            by_cut.setdefault(cut, []).append(one)
            days = moment.changed.days_of(rollup.moved_by(one))
            stale[one.key] = [day for day in days if period.start <= day <= period.end]
    for cut, kept in by_cut.items():
        _add_kept(session, store_id, cut, {one.key: stale[one.key] for one in kept}, period, by, filters, found)
    for total in asked:
        days = stale.get(total.key)
        if days is None or days:
            _add_rows(session, store_id, total, period, by, filters, days, found[total.key], moment)
    return found


def now(session: Session, store_id: int) -> Moment:
    """How things stand."""
    return Moment(changes(session, store_id), summed(session, store_id))


def _kept_cut(total: Total, by: Iterable[Dimension], filters: Filters | None, moment: Moment) -> Cut | None:
    """By what its kept sums answer; None where none may be used."""
    if not rollup.is_rolled(total) or (filters and total.undivided):
        return None
    is_made = moment.kept.get(total.key) == rollup.definition(total)
    if not is_made or not moment.changed.is_current(rollup.moved_by(total)):
        return None
    return rollup.cut_for(total, {*by, *(filters or ())})


def _add_kept(
    session: Session,
    store_id: int,
    cut: Cut,
    stale: Mapping[str, list[date]],
    period: Period,
    by: Sequence[Dimension],
    filters: Filters | None,
    found: dict[str, dict[Any, Decimal]],
) -> None:
    narrowed = "".join(f" and {_is(rollup.member(cut, one), one, filters)}" for one in filters or ())
    values = {**values_of(store_id, period, filters), "metrics": list(stale), "cut": rollup.name(cut)}
    if pairs := [(key, day) for key, days in stale.items() for day in days]:
        narrowed += _NOT_STALE
        values |= {"stale_metrics": [key for key, _ in pairs], "stale_days": [day for _, day in pairs]}
    # of one cut there is one row a day and member already
    is_summed = "day" in by and {*by, *(filters or ())} == {"day", *cut}
    amount, grouped = ("amount", "") if is_summed else ("sum(amount)", f"group by metric, {_places(by)}")
    of = ", ".join(f"{rollup.member(cut, one)} as at_{place}" for place, one in enumerate(by))
    each = ", ".join(f"array_agg(at_{place})" for place in range(len(by)))
    statement = text(_KEPT.format(each=each, group=of, amount=amount, narrowed=narrowed, grouped=grouped))
    for key, *members, amounts in session.connection().execute(statement, values):
        found[key] |= zip(zip(*members, strict=True) if len(by) > 1 else members[0], amounts, strict=True)


def _places(by: Sequence[Dimension]) -> str:
    return ", ".join(f"at_{place}" for place in range(len(by)))


def _add_rows(
    session: Session,
    store_id: int,
    total: Total,
    period: Period,
    by: Sequence[Dimension],
    filters: Filters | None,
    days: list[date] | None,
    found: dict[Any, Decimal],
    moment: Moment,
) -> None:
    of = ", ".join(total.day if one == "day" else total.groups[one] for one in by)
    told, kept = as_now(store_id, total, period, moment)
    among, values = "", {**values_of(store_id, period, filters), **kept}
    if days is not None:
        among, values = f"and {total.day} = any(:days)", {**values, "days": days}
    places = ", ".join(str(place) for place in range(1, len(by) + 1))
    statement = f"select {of}, {total.value} {rows_of(told, filters)} {among} group by {places}"
    for *members, amount in session.connection().execute(text(statement), values).all():
        at = tuple(members) if len(by) > 1 else members[0]
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


def relation(store_id: int, kept: Kept, period: Period, moment: Moment) -> tuple[str, dict[str, Any]]:
    """The table's rows of a period as they would be made now: SQL and its parameters."""
    changed = moment.changed
    is_kept = moment.kept.get(kept.table) == kept.definition and changed.is_current(kept.moved_by)
    stale = changed.days_of(kept.moved_by) if is_kept else period.each_day()
    days = [day for day in stale if period.start <= day <= period.end]
    rows = kept.rows(is_kept=is_kept, is_stale=bool(days))
    return rows, {"store_id": store_id, "kept_from": period.start, "kept_to": period.end, "days": days}


def as_now(store_id: int, leaf: Leaf, period: Period, moment: Moment) -> tuple[Leaf, dict[str, Any]]:
    """A total or reading over the rows there would be now, where a kept table has them; and the parameters of that."""
    if leaf.source != PERFORMANCE_DAY:
        return leaf, {}
    rows, values = relation(store_id, PERFORMANCE, period, moment)
    source = f"(select cast(:store_id as bigint) as store_id, told.* from {rows} told) r"  # noqa: S608  # our own text
    return replace(leaf, source=source), values


# the rollup itself


def roll_up(session: Session, store_id: int) -> int:
    """Sum what has changed. Returns how many days of totals that were; -1: another process is at it."""
    connection, store = session.connection(), {"store_id": store_id}
    lock = text("select pg_try_advisory_xact_lock(hashtextextended('roll_up', :store_id))")
    if not connection.scalar(lock, store):
        return -1
    planner_service.expect(session)
    seen = connection.execute(
        text("select change_id, source, day from metric_change where store_id = :store_id limit :most"),
        {**store, "most": MOST_CHANGES},
    ).all()
    # each statement from here on sees at least what these changes stand for; what comes later brings its own change
    changed = rollup.changes((source, day) for _, source, day in seen)
    current = summed(session, store_id)
    written = 0
    for total in ROLLED:
        days = _days(changed, rollup.moved_by(total), current.get(total.key) == rollup.definition(total))
        if days is None or days:
            written += _sum_again(session, store_id, total, days)
    for kept in KEPT:
        days = _days(changed, kept.moved_by, current.get(kept.table) == kept.definition)
        if days is None or days:
            _make_again(session, store_id, kept, days)
    if not changed.is_untouched(RANKED_BY):
        _unrank(session, store_id)
    gone = text("delete from metric_change where store_id = :store_id and change_id = any(:ids)")
    connection.execute(gone, {**store, "ids": [change_id for change_id, _, _ in seen]})
    return written


def _days(changed: Changes, moved_by: Set[str], is_current: bool) -> list[date] | None:
    """What is to be made again; None: everything."""
    return changed.days_of(moved_by) if is_current and changed.is_current(moved_by) else None


def reconcile(session: Session, store_id: int) -> list[str]:
    """Hold all that is kept against the rows. What differs is made anew; returns the totals and tables."""
    differing: list[str] = []
    for total in ROLLED:
        kept = "select cut, day, members, amount, rows from metric_day where store_id = :store_id and metric = :metric"
        made = rollup.made(total, ALL_DAYS)
        if _differ(session, store_id, rollup.moved_by(total), kept, made, total.key):
            differing.append(total.key)
            _sum_again(session, store_id, total, None)
    for table in KEPT:
        kept = f"select {', '.join(table.columns)} from {table.table} where store_id = :store_id"  # noqa: S608
        if _differ(session, store_id, table.moved_by, kept, table.made(ALL_DAYS)):
            differing.append(table.table)
            _make_again(session, store_id, table, None)
    if differing:
        log("metrics").error("rollup_differed", store_id=store_id, kept=differing)
    return differing


def _differ(session: Session, store_id: int, moved_by: Set[str], kept: str, made: str, metric: str = "") -> bool:
    """Whether any day differs that nobody has marked."""
    hashed = "select day, sum(cast(hashtextextended(cast(one as text), 0) as numeric)) from ({}) one group by 1"
    asked = {"store_id": store_id, "metric": metric}
    of_days = [
        {day: digest for day, digest in session.connection().execute(text(hashed.format(one)), asked)}
        for one in (kept, made)
    ]
    changed = changes(session, store_id)
    marked = changed.days_of(moved_by)
    [before, now] = ({day: digest for day, digest in one.items() if day not in marked} for one in of_days)
    return changed.is_current(moved_by) and before != now


def _sum_again(session: Session, store_id: int, total: Total, days: list[date] | None) -> int:
    """These days of a total, or all. Returns how many sums were written."""
    connection = session.connection()
    values: dict[str, Any] = {"store_id": store_id, "metric": total.key}
    if days is not None:
        values["days"] = days
    connection.execute(text(_FORGET if days is None else _FORGET_DAYS), values)
    made = rollup.made(total, ALL_DAYS if days is None else SOME_DAYS)
    into = "insert into metric_day (store_id, metric, cut, day, members, amount, rows)"
    made_rows = connection.execute(text(f"{into} select :store_id, :metric, made.* from ({made}) made"), values)  # noqa: S608
    if days is None:
        connection.execute(text(_IS_SUMMED), {**values, "definition": rollup.definition(total)})
    return made_rows.rowcount


def changes(session: Session, store_id: int) -> Changes:
    """What has changed since it was summed."""
    rows = session.connection().execute(
        text("select distinct source, day from metric_change where store_id = :store_id"), {"store_id": store_id}
    )
    return rollup.changes((source, day) for source, day in rows)


def summed(session: Session, store_id: int) -> dict[str, str]:
    """What is kept, and as which definition made it."""
    rows = session.connection().execute(
        text("select metric, definition from metric_summed where store_id = :store_id"), {"store_id": store_id}
    )
    return {metric: made for metric, made in rows}


def _make_again(session: Session, store_id: int, kept: Kept, days: list[date] | None) -> None:
    """These days of a kept table, or all."""
    connection = session.connection()
    values: dict[str, Any] = {"store_id": store_id} | ({} if days is None else {"days": days})
    among, narrowed = (ALL_DAYS, "") if days is None else (SOME_DAYS, "and day = any(:days)")
    columns = ", ".join(kept.columns)
    if kept is CUSTOMER_SALES:
        _unrank(session, store_id)
    connection.execute(text(f"delete from {kept.table} where store_id = :store_id {narrowed}"), values)  # noqa: S608
    made = f"select :store_id, {columns} from ({kept.made(among)}) made"  # noqa: S608
    connection.execute(text(f"insert into {kept.table} (store_id, {columns}) {made}"), values)
    if days is None:
        connection.execute(
            text(_IS_SUMMED), {"store_id": store_id, "metric": kept.table, "definition": kept.definition}
        )


def _unrank(session: Session, store_id: int) -> None:
    """The best customers may be others."""
    session.connection().execute(text("delete from vip_standing where store_id = :store_id"), {"store_id": store_id})
