"""Which totals are summed ahead, by day, channel and campaign, and how. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from clique_app.metrics.definition import Total
from clique_app.tables.rollups import CHANGING, NO_CAMPAIGN, NO_CHANNEL

_DAYS = {changing.table: changing.day for changing in CHANGING}


def main_table(total: Total) -> str:
    """The table of the rows that are summed; "" where they are none of a table's."""
    return "" if total.source.startswith("(") else total.source.split()[0]


def is_rolled(total: Total) -> bool:
    """Whether days of it are kept: those of a table whose changes are marked by the day it is summed by."""
    day = _DAYS.get(main_table(total))
    return day is not None and total.day == f"r.{day}" and total.rolled


def moved_by(total: Total) -> frozenset[str]:
    """The tables whose change moves its sums."""
    tables = frozenset({main_table(total), *total.moved_by})
    if not tables <= _DAYS.keys():
        raise ValueError(f"{total.key} rests on {', '.join(sorted(tables - _DAYS.keys()))}, whose changes nobody marks")
    return tables


def definition(total: Total) -> str:
    """Changes with anything that changes its sums."""
    groups = (total.groups.get("channel", ""), total.groups.get("campaign", ""))
    parts = (total.source, total.where, total.amount, total.day, *groups)
    return blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def sum_again(total: Total, *, some_days: bool) -> str:
    """A statement that writes the sums of all days, or of :days."""
    among = f"{total.day} = any(:days)" if some_days else f"{total.day} is not null"
    return f"""
    insert into metric_day (store_id, metric, day, channel, campaign_id, amount)
    select :store_id, :metric, {total.day}, {total.groups.get("channel", f"'{NO_CHANNEL}'")},
           coalesce({total.groups.get("campaign", "null")}, {NO_CAMPAIGN}), sum({total.amount})
    from {total.source}
    where r.store_id = :store_id and {among} and {total.where}
    group by 3, 4, 5 having sum({total.amount}) <> 0
    """  # noqa: S608  # the catalogue's own SQL


@dataclass(frozen=True)
class Changes:
    """What has changed since it was summed: tables as a whole, and their days."""

    tables: Set[str]
    days: Set[tuple[str, date]]

    def is_current(self, total: Total) -> bool:
        """Whether any day's sum may be used."""
        return not moved_by(total) & self.tables

    def days_of(self, total: Total) -> list[date]:
        """Days whose sums may not be used."""
        tables = moved_by(total)
        return sorted({day for table, day in self.days if table in tables})


def changes(rows: Iterable[tuple[str, date | None]]) -> Changes:
    """From rows of MetricChange."""
    listed = list(rows)
    return Changes(
        {table for table, day in listed if day is None}, {(table, day) for table, day in listed if day is not None}
    )
