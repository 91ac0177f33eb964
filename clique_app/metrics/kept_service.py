"""Reads the tables that are kept by day: what is unmarked as it is there, what has changed since worked out now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.database import raw_connection
from clique_app.metrics import gaps, order_worth
from clique_app.metrics.best_customers import Best, Sales
from clique_app.metrics.catalog.retention import VIP_NET_SALES, VIP_NET_SALES_OF, VIP_YEAR_DAYS
from clique_app.metrics.catalog.site import SEEN_ON
from clique_app.metrics.catalog.value import EXPECTED_NET_SALES, margin_of_expected
from clique_app.metrics.definition import Period, Reading, Total
from clique_app.metrics.figures import Value
from clique_app.metrics.kept import (
    COHORTS,
    CUSTOMER_SALES,
    EXPECTED_VALUES,
    KEPT,
    ORDER_GAPS,
    REORDERS,
    VISITOR_GAPS,
    Kept,
)
from clique_app.metrics.sums_service import Sums, changes, summed
from clique_app.tables.rollups import NO_ORDER_BEFORE
from clique_app.tables.site import PIXEL

Told = dict[tuple[str, Period], Value]  # by reading and span
MOST_KEPT_SPANS = 40  # each is a question of its own; more than these are asked of the rows at once

_GAPS = """
select day - former, cast(sum(orders) as int) from {gaps} gaps
where back = 1 and former > :never and day between :first and :last group by 1 order by 1
"""

# what of the catalogue each tells, and how many days before a period it looks
_OF_GAPS = (
    (ORDER_GAPS, gaps.REACH_DAYS, gaps.CUSTOMERS),
    (VISITOR_GAPS, 0, gaps.VISITORS),
    (REORDERS, 0, gaps.EXPECTED),
)
_CUSTOMERS_BY = """
select day, (select count(*) from customer where store_id = :store_id and first_order_day <= day)
from unnest(cast(:days as date[])) asked (day)
"""
_LAST = "select max(day) from shop_order where store_id = :store_id"
_SEEN_ON = f"""
select {SEEN_ON} from store t join sync_cursor c on c.store_id = t.store_id and c.source = '{PIXEL}'
where t.store_id = :store_id
"""  # noqa: S608  # our own text
_EXPECTED = f"""
select sum(value), {margin_of_expected("sum(known)", "sum(value)", "sum(squares)", "max(missed)")}
from {{expected}} expected where day between :first and :last
"""  # noqa: S608  # our own text
_RETURNED = """
select {day}, sum(sessions) from {gaps} gaps where {day} between :first and :last and {counts} group by 1
"""
_WON = """
select won_on, {sums} from {cohorts} cohorts where won_on between :first and :last group by 1
"""


def relation(session: Session, store_id: int, kept: Kept, period: Period) -> tuple[str, dict[str, Any]]:
    """The table's rows of a period as they would be made now: SQL and its parameters."""
    changed = changes(session, store_id)
    is_kept = summed(session, store_id).get(kept.table) == kept.definition and changed.is_current(kept.moved_by)
    stale = changed.days_of(kept.moved_by) if is_kept else period.each_day()
    days = [day for day in stale if period.start <= day <= period.end]
    rows = kept.rows(is_kept=is_kept, is_stale=bool(days))
    return rows, {"store_id": store_id, "kept_from": period.start, "kept_to": period.end, "days": days}


def of_spans(session: Session, store_id: int, readings: Sequence[Reading], spans: Sequence[Period]) -> Told:
    """Those of the readings that kept tables tell of the whole store, in each of these spans."""
    found: Told = {}
    for told in _TOLD_OF_SPANS:
        found |= told(session, store_id, [reading.key for reading in readings], spans)
    return found


def _from_gaps(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period]) -> Told:
    """What the way orders and sessions follow each other tells."""
    if len(spans) > MOST_KEPT_SPANS:
        return {}
    return {
        (key, span): (value, None)
        for span in spans
        for key, value in _from_gaps_of(session, store_id, keys, span).items()
    }


def _from_gaps_of(session: Session, store_id: int, keys: Sequence[str], span: Period) -> dict[str, Decimal | None]:
    asked = [key for key in keys if gaps.tells(key, span)]
    found: dict[str, Decimal | None] = {}
    for kept, reach_days, told in _OF_GAPS:
        if not (counted := [key for key in asked if key in told]):
            continue
        rows, values = relation(session, store_id, kept, Period(span.start - timedelta(days=reach_days), span.end))
        columns = ", ".join(told[key] for key in counted)
        asked_of = text(f"select {columns} from {rows} gaps")  # noqa: S608
        row = session.connection().execute(asked_of, {**values, "first": span.start, "last": span.end}).one()
        found |= {key: None if value is None else Decimal(value) for key, value in zip(counted, row, strict=True)}
    if gaps.MEDIAN_GAP in asked:
        rows, values = relation(session, store_id, ORDER_GAPS, span)
        values |= {"first": span.start, "last": span.end, "never": NO_ORDER_BEFORE}
        counts = session.connection().execute(text(_GAPS.format(gaps=rows)), values)
        found[gaps.MEDIAN_GAP] = gaps.median([(days, orders) for days, orders in counts])
    return found


def _of_vips(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period]) -> Told:
    """What the best customers by the end of each span booked in it."""
    if VIP_NET_SALES.key not in keys:
        return {}
    first = min(min(span.start, span.end - timedelta(days=VIP_YEAR_DAYS)) for span in spans)
    sales = _sales(session, store_id, Period(first, max(span.end for span in spans)))
    known = _customers_by(session, store_id, [span.end for span in spans])
    return {(VIP_NET_SALES.key, span): (sales.of_the_best(span, known[span.end]), None) for span in spans}


def _expected(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period]) -> Told:
    """What is expected of the customers won in each span, and its margin."""
    if EXPECTED_NET_SALES.key not in keys:
        return {}
    whole = Period(min(span.start for span in spans), max(span.end for span in spans))
    rows, values = relation(session, store_id, EXPECTED_VALUES, whole)
    statement = text(_EXPECTED.format(expected=rows))
    found: Told = {}
    for span in spans:
        asked = {**values, "first": span.start, "last": span.end}
        value, margin = session.connection().execute(statement, asked).one()
        found[EXPECTED_NET_SALES.key, span] = (value, margin)
    return found


_TOLD_OF_SPANS = (_from_gaps, _of_vips, _expected)


def vips(session: Session, store_id: int, end: date, limit: int) -> Best:
    """The best customers by the end of a day, so many of them by name."""
    return _year(session, store_id, end).best(end, _customers_by(session, store_id, [end])[end], limit)


def _best(session: Session, store_id: int, end: date) -> list[int]:
    return _year(session, store_id, end).ids(end, _customers_by(session, store_id, [end])[end])


def _year(session: Session, store_id: int, end: date) -> Sales:
    return _sales(session, store_id, Period(end - timedelta(days=VIP_YEAR_DAYS), end))


def _sales(session: Session, store_id: int, period: Period) -> Sales:
    rows, values = relation(session, store_id, CUSTOMER_SALES, period)
    asked = text(f"select day, booked from {rows} sales").compile(session.connection().engine)  # noqa: S608
    with raw_connection(session).cursor(binary=True) as cursor:  # as text it would be twice as long
        return Sales(cursor.execute(str(asked), values).fetchall())  # pyright: ignore[reportArgumentType,reportCallIssue]


def _customers_by(session: Session, store_id: int, days: Iterable[date]) -> dict[date, int]:
    """How many customers the store had by the end of each day."""
    rows = session.connection().execute(text(_CUSTOMERS_BY), {"store_id": store_id, "days": list(days)})
    return {day: customers for day, customers in rows}


def from_cohorts(session: Session, store_id: int, totals: Iterable[Total], period: Period) -> Sums:
    """Totals of order_worth.COHORT_TOTALS: what customers brought until now, by the day they were won."""
    measures = {total.key: order_worth.COHORT_TOTALS[total.key] for total in totals}
    if not measures:
        return {}
    cohorts, values = relation(session, store_id, COHORTS, _until_now(session, store_id, period.start))
    statement = _WON.format(cohorts=cohorts, sums=", ".join(f"sum({measure})" for measure in measures.values()))
    rows = session.connection().execute(text(statement), {**values, "first": period.start, "last": period.end}).all()
    return {key: {day: sums[at] for day, *sums in rows} for at, key in enumerate(measures)}


def from_returns(session: Session, store_id: int, totals: Iterable[Total], period: Period) -> Sums:
    """Totals of gaps.RETURNS: sessions by how soon the visitor's next one came."""
    asked = [total.key for total in totals]
    found: dict[str, dict[date, Decimal]] = {key: {} for key in asked}
    seen_on = session.connection().scalar(text(_SEEN_ON), {"store_id": store_id}) if asked else None
    if seen_on is None or period.start > (last := min(period.end, seen_on - timedelta(days=gaps.AGAIN_DAYS + 1))):
        return found
    reach = Period(period.start, last + timedelta(days=gaps.AGAIN_DAYS))
    rows, values = relation(session, store_id, VISITOR_GAPS, reach)
    values |= {"first": period.start, "last": last}
    for key in asked:
        day, counts = gaps.RETURNS[key]
        statement = text(_RETURNED.format(day=day, counts=counts, gaps=rows))
        found[key] = {on: Decimal(sessions) for on, sessions in session.connection().execute(statement, values)}
    return found


# totals that kept tables tell by day, where nothing is narrowed: which ones each way knows
_TOLD_BY_DAY = ((order_worth.COHORT_TOTALS, from_cohorts), (gaps.RETURNS, from_returns))


def by_day(session: Session, store_id: int, totals: Sequence[Total], period: Period) -> Sums:
    """The sums by day of those of the totals that kept tables tell."""
    found: dict[str, Mapping[Any, Decimal]] = {}
    for known, told in _TOLD_BY_DAY:
        found |= told(session, store_id, [total for total in totals if total.key in known], period)
    return found


def quicker(
    session: Session, store_id: int, reading: Reading, spans: Sequence[Period]
) -> tuple[Reading, dict[str, Any]]:
    """The reading over what is kept, where that tells it, and the parameters of that."""
    if reading is VIP_NET_SALES and len(spans) == 1:
        return replace(reading, source=VIP_NET_SALES_OF), {"best": _best(session, store_id, spans[0].end)}
    if reading.kept_source is None:
        return reading, {}
    [kept] = (one for one in KEPT if one.table == reading.kept_source.table)
    first = min(span.start for span in spans)
    rows, values = relation(session, store_id, kept, _until_now(session, store_id, first))
    return replace(reading, source=reading.kept_source.source(rows)), values


def _until_now(session: Session, store_id: int, first: date) -> Period:
    """From a day to the last order's."""
    last = session.connection().scalar(text(_LAST), {"store_id": store_id})
    return Period(first, max(first, last or first))
