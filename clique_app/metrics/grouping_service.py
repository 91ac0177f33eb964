"""Metrics by a dimension: a figure of each for every day, channel, product ... of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app import clock
from clique_app.errors import InvalidInput
from clique_app.metrics import (
    figures,
    format,
    members_service,
    periods,
    readings_service,
    reasons_service,
    registry,
    service,
    sums_service,
)
from clique_app.metrics.definition import NAMES, TIMES, Dimension, Figure, Filters, Leaf, Metric, Period, Reading, Total
from clique_app.metrics.figures import Compare, Comparison
from clique_app.metrics.service import Basis

Member = Any  # a day, an id, a name; None: rows that have none
Split = Mapping[Member, Mapping[str, Figure]]

_NAMED: Mapping[Dimension, tuple[str, str]] = {
    "campaign": ("campaign", "name"),
    "ad_group": ("ad_group", "name"),
    "ad": ("ad", "name"),
    "product": ("product", "title"),
    "program": ("email_program", "name"),
}
_NO_MEMBER = {"new_returning": "Without a customer", "cohort": "Without a customer", "geography": "Not told"}


@dataclass(frozen=True)
class Row:
    """One group: figures by the key that was asked for."""

    member: str  # a day (of a week or month its first), an id, or the name; "" for rows that have none
    name: str  # for people
    figures: Mapping[str, Figure]
    before: Mapping[str, Figure] = field(default_factory=dict)  # of the comparison
    changes: Mapping[str, Decimal | None] = field(default_factory=dict)  # relative, of whole days to those before


@dataclass(frozen=True)
class Grouped:
    """Rows in order of time, or the largest first by the first key; with the whole, which is no sum of ratios."""

    by: Dimension
    rows: tuple[Row, ...]
    whole: Mapping[str, Figure]
    comparison: Comparison | None
    reason: str = ""  # why there are no rows, where that is known
    compared_from: date | None = None  # the day before which nothing is compared with, where that cuts the comparison


def grouped(
    session: Session,
    store_id: int,
    keys: Sequence[str],
    period: Period,
    by: Dimension,
    *,
    filters: Filters | None = None,
    compare: Compare = "none",
    rests_on: Basis | None = None,
) -> Grouped:
    """Metrics of a period by a dimension. One that cannot be grouped so is answered by its partner, or unknown."""
    if by in (filters or {}):
        raise InvalidInput(f"Narrowed to one {NAMES[by]}, there is nothing to group by it.")
    rests_on = rests_on or service.basis(session, store_id)
    compared = figures.comparison(period, compare, clock.today(rests_on.store.time_zone))
    found = split(session, store_id, keys, period, by, filters, rests_on)
    now, before = {}, {}
    if compared:
        before = _before(session, store_id, keys, compared.against, by, filters, rests_on)
    if compared and before:
        now = found if compared.days == period else split(session, store_id, keys, compared.days, by, filters, rests_on)
        before = _beside(before, now) if by in TIMES else before
    names = _names(session, store_id, by, found)
    rows = (
        Row(_told(member), names[member], of, before.get(member, {}), _changes(now.get(member), before.get(member)))
        for member, of in found.items()
    )
    first, first_day = keys[0], rests_on.store.history_from
    in_time = by in (*TIMES, "cohort")
    return Grouped(
        by,
        tuple(sorted(rows, key=lambda row: row.member if in_time else -(row.figures[first].value or 0))),
        service.figures(session, store_id, keys, period, filters, rests_on),
        compared,
        "" if found else _why_none(session, store_id, first, period, (by, *(filters or ())), rests_on),
        first_day if compared and not figures.is_covered(first_day, compared.against.start) else None,
    )


def split(
    session: Session,
    store_id: int,
    keys: Sequence[str],
    period: Period,
    by: Dimension,
    filters: Filters | None = None,
    rests_on: Basis | None = None,
) -> Split:
    """Metrics of a period by a dimension, without their whole and in no order."""
    items = {key: registry.metric(key) for key in keys}
    each = _by_time if by in TIMES else _by_member
    return each(session, store_id, items, period, by, filters, rests_on or service.basis(session, store_id))


def member_of(by: Dimension, told: str) -> Member:
    """A member as filters take it, from the text of a row."""
    if not told:
        return None
    try:
        return int(told) if by in _NAMED else date.fromisoformat(told) if by == "cohort" else told
    except ValueError as error:
        raise InvalidInput(f"{told!r} is no {NAMES[by]}.") from error


def _by_time(
    session: Session,
    store_id: int,
    items: Mapping[str, Metric],
    period: Period,
    by: Dimension,
    filters: Filters | None,
    rests_on: Basis,
) -> Split:
    spans = periods.slices(period, by)
    daily = service.daily(session, store_id, items.values(), period, filters, spans, rests_on)
    return {span.start: {key: daily.figure(item, span) for key, item in items.items()} for span in spans}


def _by_member(
    session: Session,
    store_id: int,
    items: Mapping[str, Metric],
    period: Period,
    by: Dimension,
    filters: Filters | None,
    rests_on: Basis,
) -> Split:
    dimensions = (by, *(filters or ()))
    leaves = list(dict.fromkeys(leaf for item in items.values() for leaf in registry.leaves(item, dimensions)))
    reasons = _reasons(session, store_id, leaves, period, dimensions, rests_on)
    known = [leaf for leaf in leaves if leaf.key not in reasons]
    whole = _whole(session, store_id, known, period, rests_on)
    divided = [leaf for leaf in known if leaf.key not in whole]
    told = {} if filters else members_service.by_member(session, store_id, divided, period, by, rests_on.moment)
    totals = [leaf for leaf in divided if isinstance(leaf, Total) and leaf.key not in told]
    sums = {
        **{key: {member: value for member, (value, _) in of.items()} for key, of in told.items()},
        **sums_service.sums(session, store_id, totals, period, by, filters, rests_on.moment),
    }
    read = {
        leaf.key: told[leaf.key]
        if leaf.key in told
        else readings_service.read_by(session, store_id, leaf, period, by, filters, rests_on.moment)
        for leaf in divided
        if isinstance(leaf, Reading)
    }

    def given(leaf: Leaf, member: Member) -> Figure:
        if why := reasons.get(leaf.key):
            return figures.unknown(leaf, why)
        if isinstance(leaf, Reading):
            return figures.read(leaf, read[leaf.key].get(member, (leaf.of_nothing, None)))
        value = whole[leaf.key] if leaf.key in whole else sums[leaf.key].get(member, Decimal(0))
        return Figure(leaf.key, leaf.name, leaf.unit, value)

    members = dict.fromkeys(member for values in (*sums.values(), *read.values()) for member in values)
    return {
        member: {
            key: figures.work_out(item, lambda leaf, member=member: given(leaf, member), dimensions)
            for key, item in items.items()
        }
        for member in members
    }


def _reasons(
    session: Session,
    store_id: int,
    leaves: Iterable[Leaf],
    period: Period,
    dimensions: Sequence[Dimension],
    rests_on: Basis,
) -> dict[str, str]:
    """Why totals and readings of the period are unknown, by key."""
    leaves = list(leaves)
    reasons = reasons_service.reasons(session, store_id, leaves, dimensions, rests_on.ready)
    read_from = service.read_from(rests_on.cursors, leaves)
    last_day = readings_service.last_day(session, store_id, rests_on.moment)
    for leaf in leaves:
        why = figures.not_read(read_from.get(leaf.key), period) or figures.not_reached(leaf, last_day, period)
        if why:
            reasons.setdefault(leaf.key, why)
    return reasons


def _why_none(
    session: Session,
    store_id: int,
    key: str,
    period: Period,
    dimensions: Sequence[Dimension],
    rests_on: Basis,
) -> str:
    """Why nothing is told by a dimension; "" where there is nothing to tell."""
    leaves = registry.leaves(registry.metric(key), dimensions)
    reasons = _reasons(session, store_id, leaves, period, dimensions, rests_on)
    return next((reasons[leaf.key] for leaf in leaves if leaf.key in reasons), "")


def _whole(
    session: Session, store_id: int, leaves: Iterable[Leaf], period: Period, rests_on: Basis
) -> dict[str, Decimal]:
    """What stays the whole store's in every group."""
    totals = [leaf for leaf in leaves if isinstance(leaf, Total) and leaf.undivided]
    if not totals:
        return {}
    sums = sums_service.sums(session, store_id, totals, period, "day", None, rests_on.moment)
    return {key: sum(days.values(), Decimal(0)) for key, days in sums.items()}


def _before(
    session: Session,
    store_id: int,
    keys: Sequence[str],
    against: Period,
    by: Dimension,
    filters: Filters | None,
    rests_on: Basis,
) -> Split:
    """Of the days compared with: as of a whole, only what is told of days that are all here."""
    first_day = rests_on.store.history_from
    if by in TIMES:  # each for itself
        times = split(session, store_id, keys, against, by, filters, rests_on)
        return {start: of if figures.is_covered(first_day, start) else {} for start, of in times.items()}
    if not figures.is_covered(first_day, against.start):
        return {}
    return split(session, store_id, keys, against, by, filters, rests_on)


def _beside(before: Split, now: Split) -> Split:
    """Times of the comparison under those they are compared with, the first beside the first."""
    return {member: of for member, of in zip(now, before.values(), strict=False)}


def _changes(now: Mapping[str, Figure] | None, before: Mapping[str, Figure] | None) -> dict[str, Decimal | None]:
    if not now or not before:
        return {}
    return {key: figures.change(now[key].value, before[key].value) for key in now}


def _names(session: Session, store_id: int, by: Dimension, found: Split) -> dict[Member, str]:
    names: dict[Member, str] = {member: _plain(by, member) for member in found}
    if by in _NAMED and found:
        table, column = _NAMED[by]
        asked = text(f"select {by}_id, {column} from {table} where store_id = :store_id and {by}_id = any(:ids)")  # noqa: S608
        ids = [member for member in found if member is not None]
        names |= {key: name for key, name in session.connection().execute(asked, {"store_id": store_id, "ids": ids})}
    return names


def _plain(by: Dimension, member: Member) -> str:
    if member is None:
        return _NO_MEMBER.get(by, f"Without {NAMES[by]}")
    if isinstance(member, date):
        return f"{member:%b %Y}" if by in ("month", "cohort") else format.day(member, year=True)
    return str(member)


def _told(member: Member) -> str:
    return "" if member is None else member.isoformat() if isinstance(member, date) else str(member)
