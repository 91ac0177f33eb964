"""What kept tables tell of metrics by a dimension: by what the customers are, and by what won them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import text
from sqlmodel import Session

from clique_app.metrics import gaps, order_worth
from clique_app.metrics.buyers import BY_BUYER, Buyers, By
from clique_app.metrics.catalog.retention import REORDER_PROBABILITY
from clique_app.metrics.catalog.value import CREDITED_EXPECTED, EXPECTED_NET_SALES, MISSED, margin_of_expected
from clique_app.metrics.cohort_days import Segments
from clique_app.metrics.definition import Dimension, Leaf, Period, Total
from clique_app.metrics.figures import Value
from clique_app.metrics.kept import ORDER_GAPS, WON_CREDITS, WON_EXPECTED, WON_PLACES, Kept
from clique_app.metrics.kept_service import from_cohorts, orders_worth, read_days, until_now
from clique_app.metrics.packed import Packed
from clique_app.metrics.periods import slices
from clique_app.metrics.readings_service import told_of
from clique_app.metrics.sums_service import Moment, relation
from clique_app.metrics.won import Expected, Won
from clique_app.tables.attribution import NO_CAMPAIGN

Told = Mapping[str, Mapping[Any, Value]]  # by metric and member; one of which there is nothing is not there
T = TypeVar("T")
WHOLLY = Decimal(1)

_WON_IN = "select min(first_order_day), max(first_order_day) from customer where store_id = :store_id"
_MISSED = f"select model_id, abs({MISSED}) from model_version where store_id = :store_id"  # noqa: S608  # our own text
_MARGIN = f"""
select {margin_of_expected("known", "value", "squares", "missed")}
from unnest(cast(:known as numeric[]), cast(:value as numeric[]), cast(:squares as numeric[]),
            cast(:missed as numeric[])) with ordinality as told (known, value, squares, missed, place)
order by place
"""  # noqa: S608  # our own text


def by_member(
    session: Session, store_id: int, leaves: Iterable[Leaf], period: Period, by: Dimension, moment: Moment
) -> Told:
    """Those of the totals and readings that kept tables tell by a dimension, where nothing is narrowed."""
    asked = [leaf for leaf in leaves if by in leaf.groups]
    found: dict[str, Mapping[Any, Value]] = {}
    for told in (_brought, _expected, _by_buyer):
        found |= told(session, store_id, asked, period, by, moment)
    return found


def _brought(
    session: Session, store_id: int, asked: Sequence[Leaf], period: Period, by: Dimension, moment: Moment
) -> Told:
    """What those won in the period brought until now."""
    totals = [leaf for leaf in asked if isinstance(leaf, Total) and leaf.key in order_worth.COHORT_TOTALS]
    if not totals:
        return {}
    if by == "cohort":
        return {
            key: _alone(_by_month(days))
            for key, days in from_cohorts(session, store_id, totals, period, moment).items()
        }
    won = _won(session, store_id, period, by, moment)
    for month in slices(until_now(session, store_id, period.start, moment), "month"):  # a year of orders is long
        won.add(orders_worth(session, store_id, month, moment))
    brought = won.brought()
    return {total.key: _alone(brought[order_worth.COHORT_TOTALS[total.key]]) for total in totals}


def _expected(
    session: Session, store_id: int, asked: Sequence[Leaf], period: Period, by: Dimension, moment: Moment
) -> Told:
    """What is expected of those won in the period, with its margin."""
    readings = [leaf for leaf in asked if leaf.key in (EXPECTED_NET_SALES.key, CREDITED_EXPECTED.key)]
    if not readings:
        return {}
    expected = Expected(_rows(session, store_id, WON_EXPECTED, period, moment))
    worth = _won(session, store_id, period, by, moment).expected(expected)
    missed: dict[int, Decimal] = {
        model: missed for model, missed in session.connection().execute(text(_MISSED), {"store_id": store_id})
    }
    known = {member: one for member, one in worth.items() if one.known}
    margins = session.connection().execute(
        text(_MARGIN),
        {
            "known": [one.known for one in known.values()],
            "value": [one.value for one in known.values()],
            "squares": [Decimal(repr(one.squares)) for one in known.values()],
            "missed": [max(missed.get(model, Decimal(0)) for model in one.models) for one in known.values()],
        },
    )
    found: dict[Any, Value] = dict.fromkeys(worth, (None, None))
    found |= {
        member: (one.value, margin) for (member, one), margin in zip(known.items(), margins.scalars(), strict=True)
    }
    return {reading.key: found for reading in readings}


def _by_buyer(
    session: Session, store_id: int, asked: Sequence[Leaf], period: Period, by: Dimension, moment: Moment
) -> Told:
    """What the orders of each customer tell, by what the customers are."""
    keys = [leaf.key for leaf in asked if leaf.key in {*BY_BUYER, REORDER_PROBABILITY.key}]
    if not keys:
        return {}
    reach = Period(period.start - timedelta(days=gaps.REACH_DAYS), period.end)

    def read() -> Packed:
        rows, values = relation(store_id, ORDER_GAPS, reach, moment)
        return Packed(read_days(session, f"select day, orders from {rows} orders", values), gaps.ORDER)  # noqa: S608

    orders = moment.once(f"{ORDER_GAPS.table}, orders", reach, read)
    buyers = Buyers(orders, _of_everybody(session, store_id, WON_PLACES, Segments, moment), by)
    found = {
        leaf.key: _alone(BY_BUYER[leaf.key](buyers, told_of(session, store_id, leaf, period, moment)))
        for leaf in asked
        if leaf.key in BY_BUYER
    }
    if REORDER_PROBABILITY.key in keys:
        expected = _of_everybody(session, store_id, WON_EXPECTED, Expected, moment)
        found[REORDER_PROBABILITY.key] = _alone(buyers.mean(period, expected.chances))
    return found


def _of_everybody(session: Session, store_id: int, kept: Kept, made: Callable[[list[Any]], T], moment: Moment) -> T:
    """What is told of every customer, whenever they were won."""

    def ever() -> Period:
        first, last = session.connection().execute(text(_WON_IN), {"store_id": store_id}).one()
        return Period(first or date.max, last or date.max)

    won_in = moment.once("won in", Period(date.min, date.max), ever)
    return moment.once(kept.table, won_in, lambda: made(_rows(session, store_id, kept, won_in, moment)))


def _won(session: Session, store_id: int, period: Period, by: Dimension, moment: Moment) -> Won:
    """Who was won in the period."""
    if by in ("channel", "campaign"):
        return Won(
            (channel if by == "channel" else None if campaign == NO_CAMPAIGN else campaign, share, customers)
            for _, channel, campaign, share, customers in _rows(session, store_id, WON_CREDITS, period, moment)
        )
    member: Callable[[date, str], Any] = _MEMBERS[by]
    homes = _rows(session, store_id, WON_PLACES, period, moment)
    return Won((member(day, place), WHOLLY, customers) for day, place, customers in homes)


def _rows(session: Session, store_id: int, kept: Kept, period: Period, moment: Moment) -> list[Any]:
    """Of a kept table."""
    rows, values = relation(store_id, kept, period, moment)
    return read_days(session, f"select {', '.join(kept.columns)} from {rows} told", values)  # noqa: S608


_MEMBERS: Mapping[Dimension, Callable[[date, str], Any]] = {
    "geography": lambda _, place: place or None,
    "cohort": lambda day, _: day.replace(day=1),
}


def _by_month(days: Mapping[date, Decimal]) -> By:
    found: dict[date, Decimal] = {}
    for day, amount in days.items():
        month = day.replace(day=1)
        found[month] = found.get(month, Decimal(0)) + amount
    return found


def _alone(values: By) -> Mapping[Any, Value]:
    """Without a margin."""
    return {member: (value, None) for member, value in values.items()}
