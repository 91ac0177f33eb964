"""Which totals are summed ahead, by which dimensions, and how. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import blake2b
from itertools import chain

from clique_app.metrics.definition import Dimension, Total
from clique_app.tables.rollups import CHANGING, Changing

Cut = tuple[Dimension, ...]  # dimensions that sums of a day are kept by, together

# Those that pay: a year by any other is a sum over the rows.
CUTS: tuple[Cut, ...] = (
    (), ("channel",), ("channel", "campaign"), ("channel", "campaign", "ad_group", "ad"), ("geography",), ("product",),
    ("new_returning",), ("cohort",),
)  # fmt: skip
ALL_DAYS, SOME_DAYS = "is not null", "= any(:days)"  # which days of a kept table are made: {among}
_TYPES: dict[Dimension, str] = {
    **dict.fromkeys(("campaign", "ad_group", "ad", "product"), "bigint"),
    "cohort": "date",
}
_SOURCES = frozenset(changing.source for changing in CHANGING)
# columns of what the summed rows are joined to (o the order, b its buyer, a the ad credited) and what marks the days of
# those rows, by the source that marks the rows themselves; an order without an entry, which has a credit all the same,
# is marked by itself
_PLACE, _FIRST = frozenset({"order_place"}), frozenset({"order_place", "first_order"})
_BY_ITSELF, _BY_BUYER = frozenset({"shop_order"}), frozenset({"shop_order", "customer_won"})
_OF_ORDER = ("o.order_id", "o.country", "o.region")
_OF_BUYER = ("b.first_order_id", "b.first_order_day")
_OF_AD = {"a.ad_group_id": frozenset({"credit", "ad_group_of_ad"})}
# of the order's day, as k: what is booked of an order on another day is credited, and so marked, on that day too
_OF_CREDIT = {**dict.fromkeys(("k.channel", "k.campaign_id", "k.ad_id"), frozenset({"credit"})), **_OF_AD}
_JOINED = {
    "sale_entry": {**dict.fromkeys(_OF_ORDER, _PLACE), **dict.fromkeys(_OF_BUYER, _FIRST), **_OF_CREDIT},
    "credit": {
        **dict.fromkeys(_OF_ORDER, _PLACE | _BY_ITSELF),
        **dict.fromkeys(_OF_BUYER, _FIRST | _BY_BUYER | _BY_ITSELF),
        **_OF_AD,
    },
    "shop_order": {**dict.fromkeys(_OF_BUYER, _BY_BUYER | {"first_order"}), **_OF_CREDIT},
}


def name(cut: Cut) -> str:
    """As MetricDay has it."""
    return ",".join(cut)


def member(cut: Cut, dimension: Dimension) -> str:
    """SQL of what a kept sum of the cut belongs to, as the rows have it."""
    if dimension == "day":
        return "day"
    return f"cast(members[{cut.index(dimension) + 1}] as {_TYPES.get(dimension, 'text')})"


def main_table(total: Total) -> str:
    """The table of the rows that are summed; "" where they are none of a table's."""
    return "" if total.source.startswith("(") else total.source.split()[0]


def marked_by(total: Total) -> Changing | None:
    """What marks the days of its rows when they change."""
    table = main_table(total)
    dated = (one for one in CHANGING if one.table == table and total.day == (one.dates or f"r.{one.day}"))
    return next(dated, None)


def is_rolled(total: Total) -> bool:
    """Whether days of it are kept: those of a table whose changes are marked by the day it is summed by."""
    return total.rolled and marked_by(total) is not None


@cache
def cuts(total: Total) -> tuple[Cut, ...]:
    """What its sums are kept by: dimensions that are columns of rows whose changes are marked."""
    return tuple(cut for cut in CUTS if all(_moving(total, one) is not None for one in cut))


def _moving(total: Total, dimension: Dimension) -> frozenset[str] | None:
    """What else moves its sums by a dimension; None: something that nobody marks."""
    marked, group = marked_by(total), total.groups.get(dimension)
    if marked is None or not group or ":start" in group:  # that is another group in every period
        return None
    sources: set[str] = set()
    for column in re.findall(r"\b[a-z]\w*\.\w+", group):
        if column.startswith("r."):
            if marked.columns and column.removeprefix("r.") not in marked.columns:
                return None
        elif column in (joined := _JOINED.get(marked.source, {})):
            sources |= joined[column]
        else:
            return None
    return frozenset(sources)


def cut_for(total: Total, dimensions: Set[Dimension]) -> Cut | None:
    """The narrowest cut that knows these dimensions; None: only the rows do."""
    asked = dimensions - {"day"}
    return min((cut for cut in cuts(total) if asked <= set(cut)), key=len, default=None)


@cache
def moved_by(total: Total) -> frozenset[str]:
    """The sources of changes that move its sums."""
    marked = marked_by(total)
    groups = (_moving(total, dimension) or () for cut in cuts(total) for dimension in cut)
    sources = frozenset({marked.source if marked else main_table(total), *total.moved_by, *chain(*groups)})
    if unknown := sources - _SOURCES:
        raise ValueError(f"{total.key} rests on {', '.join(sorted(unknown))}, whose changes nobody marks")
    return sources


@cache
def definition(total: Total) -> str:
    """Changes with anything that changes its sums."""
    return digest(made(total, ALL_DAYS))


def digest(statement: str) -> str:
    """A short name of a statement."""
    return blake2b(statement.encode(), digest_size=12).hexdigest()


def made(total: Total, among: str) -> str:
    """Its rows of MetricDay after the metric, of the days {among}, by every cut."""
    kept = cuts(total)
    dimensions: tuple[Dimension, ...] = tuple(dict.fromkeys(dimension for cut in kept for dimension in cut))
    columns = "".join(f", cast({total.groups[one]} as text) as {one}" for one in dimensions)
    return f"""
    select {in_cuts(kept)}, sum(amount) as amount, count(*) as rows
    from (
        select {total.day} as day, {total.amount} as amount {columns}
        from {total.source} where r.store_id = :store_id and {total.day} {among} and {total.where}
    ) summed group by {grouping_sets(kept)}
    """  # noqa: S608  # the catalogue's own SQL


def in_cuts(kept: Iterable[Cut]) -> str:
    """SQL of cut, day and members of rows that are grouped by these cuts."""
    named, listed = [], []
    for cut in sorted(kept, key=len, reverse=True):
        here = f"when {' + '.join(f'grouping({one})' for one in cut) or '0'} = 0 then"
        named.append(f"{here} '{name(cut)}'")
        listed.append(f"{here} cast(array[{', '.join(cut)}] as text[])")
    return f"case {' '.join(named)} end as cut, day, case {' '.join(listed)} end as members"


def grouping_sets(kept: Iterable[Cut]) -> str:
    sets = (", ".join(("day", *cut)) for cut in kept)
    return f"grouping sets ({', '.join(f'({one})' for one in sets)})"


@dataclass(frozen=True)
class Changes:
    """What has changed since it was summed: sources as a whole, and their days."""

    sources: Set[str]
    days: Set[tuple[str, date]]

    def is_current(self, moved_by: Set[str]) -> bool:
        """Whether any day of what rests on these may be used."""
        return not moved_by & self.sources

    def is_untouched(self, moved_by: Set[str]) -> bool:
        """Whether nothing of what rests on these has changed, on whatever day."""
        return self.is_current(moved_by) and not any(source in moved_by for source, _ in self.days)

    def days_of(self, moved_by: Set[str]) -> list[date]:
        """Days of it that may not be used."""
        return sorted({day for source, day in self.days if source in moved_by})


def changes(rows: Iterable[tuple[str, date | None]]) -> Changes:
    """From rows of MetricChange."""
    listed = list(rows)
    return Changes(
        {source for source, day in listed if day is None}, {(source, day) for source, day in listed if day is not None}
    )
