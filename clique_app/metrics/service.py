"""Asks the tables: sums by day, channel or period, and the source rows behind a sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app.errors import InvalidInput, NotFound
from clique_app.metrics import (
    expression,
    format,
    kept_service,
    readings_service,
    reasons_service,
    registry,
    sums_service,
)
from clique_app.metrics.definition import Figure, Filters, Formula, Leaf, Metric, Period, Reading, Shown, Total
from clique_app.metrics.figures import Daily
from clique_app.metrics.reasons_service import Ready
from clique_app.metrics.sums_service import Moment, rows_of, values_of
from clique_app.tables import Store, SyncCursor

PAGE = 50


@dataclass(frozen=True)
class SourceRows:
    """One page of the rows behind a total or a reading; total and count are of all rows, not of the page."""

    columns: tuple[Shown, ...]
    rows: tuple[tuple[Any, ...], ...]  # values of columns, then the amount
    count: int
    total: Decimal | None  # what they give; None where a reading says nothing
    offset: int


@dataclass(frozen=True)
class Age:
    """How fresh a source is; None: never read."""

    source: str
    fresh_at: datetime | None


@dataclass(frozen=True)
class Basis:
    """What figures rest on besides the rows they sum."""

    store: Store
    ready: Ready
    cursors: Mapping[str, SyncCursor]  # by source
    moment: Moment


def store(session: Session, store_id: int) -> Store:
    """The session's store."""
    found = session.get(Store, store_id)
    if found is None:
        raise NotFound("This store is not known here.")
    return found


def basis(session: Session, store_id: int) -> Basis:
    """Read it, once for all that a page asks at the same moment."""
    moment, ready = sums_service.now(session, store_id), reasons_service.ready(session, store_id)
    return Basis(store(session, store_id), ready, _cursors(session), moment)


def daily(
    session: Session,
    store_id: int,
    items: Iterable[Metric],
    period: Period,
    filters: Filters | None = None,
    spans: Sequence[Period] = (),
    rests_on: Basis | None = None,
) -> Daily:
    """Sums by day of every total the metrics rest on, and their readings of these spans of days."""
    rests_on = rests_on or basis(session, store_id)
    narrowed = tuple(filters or ())
    leaves = list(dict.fromkeys(leaf for item in items for leaf in registry.leaves(item, narrowed)))
    reasons = reasons_service.reasons(session, store_id, leaves, narrowed, rests_on.ready)
    totals = [leaf for leaf in leaves if isinstance(leaf, Total)]
    told = {} if narrowed else kept_service.by_day(session, store_id, totals, period, rests_on.moment)
    others = [total for total in totals if total.key not in told]
    sums = {**told, **sums_service.sums(session, store_id, others, period, "day", filters, rests_on.moment)}
    asked = [leaf for leaf in leaves if isinstance(leaf, Reading) and leaf.key not in reasons]
    return Daily(
        sums,
        reasons,
        rests_on.store.history_from,
        read_from(rests_on.cursors, leaves),
        readings_service.read(session, store_id, asked, spans, filters, rests_on.moment),
        narrowed,
        readings_service.last_day(session, store_id, rests_on.moment),
    )


def figure(session: Session, store_id: int, key: str, period: Period, filters: Filters | None = None) -> Figure:
    """One metric over a period, with its inputs."""
    return figures(session, store_id, [key], period, filters)[key]


def figures(
    session: Session,
    store_id: int,
    keys: Iterable[str],
    period: Period,
    filters: Filters | None = None,
    rests_on: Basis | None = None,
) -> dict[str, Figure]:
    """Metrics over a period by key, what they share read once."""
    items = [registry.metric(key) for key in keys]
    found = daily(session, store_id, items, period, filters, (period,), rests_on)
    return {item.key: found.figure(item, period) for item in items}


def left_out(
    session: Session, store_id: int, item: Metric, period: Period, filters: Filters | None = None
) -> list[tuple[Total, int]]:
    """Of what the metric rests on, how many rows of the period are too young to count, where some are."""
    found: list[tuple[Total, int]] = []
    for leaf in registry.leaves(item, tuple(filters or ())):
        if isinstance(leaf, Total) and leaf.too_young:
            rows = rows_of(replace(leaf, where=leaf.too_young), filters)
            counted = text(f"select count(*) {rows}")
            count = session.connection().scalar(counted, values_of(store_id, period, filters))
            found += [(leaf, count)] if count else []
    return found


def told_until(session: Session, store_id: int, item: Metric, period: Period) -> date | None:
    """The day as of which it is told where the period ends after the last day that orders are read of."""
    last = reasons_service.last_day(session, store_id)
    at_end = any(isinstance(leaf, Reading) and leaf.as_of_end for leaf in registry.leaves(item))
    return last if at_end and last is not None and period.start <= last < period.end else None


def immature(
    session: Session, store_id: int, item: Metric, period: Period, filters: Filters | None = None
) -> list[str]:
    """What of the period is not told as its time has not come, in words."""
    until = told_until(session, store_id, item, period)
    told = [f"Told as of {format.day(until, year=True)}, the last day that orders are read of."] if until else []
    young = left_out(session, store_id, item, period, filters)
    return [*told, *(f"{leaf.matures.removesuffix('.')}: {count:,} in this period." for leaf, count in young)]


def converted(session: Session, store_id: int, item: Metric, period: Period) -> list[str]:
    """That amounts of the period were in other currencies, in words; of nothing where none was."""
    if not any("rates" in leaf.needs for leaf in registry.leaves(item)):
        return []
    values = {"store_id": store_id, "start": period.start, "end": period.end}
    currencies = session.connection().scalars(text(_CONVERTED), values).all()
    told = f"Ad spend and claims in {' and '.join(currencies)} are converted at the European Central Bank's rate of "
    return [f"{told}each day, or else of the last business day before."] if currencies else []


_CONVERTED = """
select distinct k.currency from ad_account k join store s using (store_id)
where k.store_id = :store_id and k.currency <> s.currency and exists (
    select from ad_day d where d.store_id = k.store_id and d.day between :start and :end and d.currency = k.currency
      and d.rate is not null)
order by 1
"""


def aimed_at(
    session: Session, store_id: int, item: Metric, period: Period, filters: Filters | None = None
) -> Decimal | None:
    """The number that the metric is to be above or below; None where there is none, or it is not known."""
    if item.target is None:
        return None
    found = figures(session, store_id, expression.inputs(item.target.than), period, filters)
    return expression.evaluate(item.target.than, {key: one.value for key, one in found.items()})


def source_rows(
    session: Session,
    store_id: int,
    key: str,
    period: Period,
    *,
    filters: Filters | None = None,
    offset: int = 0,
    limit: int = PAGE,
) -> SourceRows:
    """A page of the rows that sum to a total, newest first, or that a reading is of."""
    leaf = registry.answering(registry.metric(key), tuple(filters or ()))
    if isinstance(leaf, Formula):
        raise InvalidInput(f"{leaf.name} is worked out from {', '.join(part.name for part in registry.inputs(leaf))}.")
    moment = sums_service.now(session, store_id)
    period = readings_service.told_of(session, store_id, leaf, period, moment)
    leaf, kept = sums_service.as_now(store_id, leaf, period, moment)
    asked = values_of(store_id, period, filters) | kept
    if isinstance(leaf, Reading):
        leaf, kept = kept_service.quicker(session, store_id, leaf, (period,), moment)
        asked |= kept
    each = leaf.each if isinstance(leaf, Reading) else ""
    columns = leaf.shown if isinstance(leaf, Reading) or leaf.day != "r.day" or _shows_time(leaf) else _with_day(leaf)
    rows = rows_of(leaf, filters)
    listed = f"select {', '.join(f'{column.sql}' for column in columns)}, {leaf.amount} as amount {rows}"
    listed += f" group by {each}" if each else ""
    connection = session.connection()
    # by everything that is shown: rows that tie must not change places between pages
    rest = ", ".join(str(position) for position in range(2, len(columns) + 2))
    # days first, where rows have one: they are found in that order, so that only a page's days are sorted
    by_day = isinstance(leaf, Total) or not (each or leaf.within)
    order = f"{leaf.day} desc, 1 desc, {rest}" if by_day else f"1 desc, {each or rest}"
    page = connection.execute(
        text(f"{listed} order by {order} offset :offset limit :limit"), {**asked, "offset": offset, "limit": limit}
    )
    page_rows = tuple(tuple(row) for row in page)
    # of the rows, never of what is kept: so it is seen that the figure is theirs
    whole = f"select {f'count(distinct {each})' if each else 'count(*)'}, {leaf.value} {rows}"
    count, value = connection.execute(text(whole), asked).one()
    return SourceRows(columns, page_rows, count, None if value is None else Decimal(str(value)), offset)


def ages(session: Session, items: Iterable[Metric], rests_on: Basis | None = None) -> dict[str, tuple[Age, ...]]:
    """How fresh the sources of metrics are, by key."""
    cursors = rests_on.cursors if rests_on else _cursors(session)
    found: dict[str, tuple[Age, ...]] = {}
    for item in items:
        named = dict.fromkeys(name for leaf in registry.leaves(item) for name in _named(leaf, cursors))
        found[item.key] = tuple(Age(name, cursors[name].fresh_at if name in cursors else None) for name in named)
    return found


def _cursors(session: Session) -> dict[str, SyncCursor]:
    return {cursor.source: cursor for cursor in session.exec(select(SyncCursor)).all()}


def _named(leaf: Leaf, cursors: Mapping[str, SyncCursor]) -> list[str]:
    """The sources of a total or reading; "ads" stands for those of all channels."""
    ads = sorted(source for source in cursors if source.endswith("_ads"))
    return [name for source in leaf.sources for name in (ads if source == "ads" else [source])]


def read_from(cursors: Mapping[str, SyncCursor], leaves: Iterable[Leaf]) -> dict[str, date]:
    """The first day that is known, by total or reading; one whose sources are read to their beginning is not in it."""
    found: dict[str, date] = {}
    for leaf in leaves:
        starts = [cursors[name].history_from for name in _named(leaf, cursors) if name in cursors]
        if days := [day for day in starts if day is not None]:
            found[leaf.key] = max(days)
    return found


def span(session: Session, store_id: int) -> tuple[date, date] | None:
    """First and last day that has an order; None where there is none."""
    first, last = (
        session.connection()
        .execute(
            text("select min(day), max(day) from shop_order where store_id = :store_id and not test"),
            {"store_id": store_id},
        )
        .one()
    )
    return (first, last) if first else None


def cost_coverage(session: Session, store_id: int, period: Period) -> tuple[Decimal, Decimal]:
    """Gross sales of the period whose unit cost is known, and all of them."""
    known, whole = (
        session.connection()
        .execute(
            text(
                "select coalesce(sum(amount) filter (where unit_cost is not null), 0), coalesce(sum(amount), 0) "
                "from sale_entry where store_id = :store_id and kind = 'sale' and day between :start and :end"
            ),
            {"store_id": store_id, "start": period.start, "end": period.end},
        )
        .one()
    )
    return Decimal(known), Decimal(whole)


def _shows_time(leaf: Leaf) -> bool:
    return any(column.unit in ("time", "day") for column in leaf.shown)


def _with_day(leaf: Leaf) -> tuple[Shown, ...]:
    return (Shown("Day", leaf.day, "day"), *leaf.shown)


def store_id_of(session: Session, name: str) -> int:
    """The id of a store by its domain, the first part of it, or its number. Needs a system session."""
    stores = session.exec(select(Store).order_by(col(Store.store_id))).all()
    for found in stores:
        if name in (found.shop_domain, found.shop_domain.split(".", 1)[0], str(found.store_id)):
            return found.store_id
    known = ", ".join(found.shop_domain for found in stores) or "none yet; open the app in the admin first"
    raise NotFound(f"There is no store {name!r}. Known: {known}.")
