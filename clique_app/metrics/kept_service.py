"""Reads the tables that are kept by day: what is unmarked as it is there, what has changed since worked out now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.metrics import order_gaps, order_worth
from clique_app.metrics.definition import Filters, Period, Reading, Total
from clique_app.metrics.kept import COHORTS, KEPT, ORDER_GAPS, Kept
from clique_app.metrics.sums_service import Sums, changes, summed
from clique_app.tables.rollups import NO_ORDER_BEFORE

_GAPS = """
select day - former, cast(sum(orders) as int) from {gaps} gaps
where back = 1 and former > :never and day between :first and :last group by 1 order by 1
"""

_LAST = "select max(day) from shop_order where store_id = :store_id"
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


def from_order_gaps(
    session: Session, store_id: int, readings: Iterable[Reading], span: Period, filters: Filters | None
) -> dict[str, Decimal | None]:
    """Those of the readings that the way orders follow each other tells; they are the whole store's."""
    asked = [] if filters else [reading.key for reading in readings if order_gaps.tells(reading.key, span)]
    if not asked:
        return {}
    reach = Period(span.start - timedelta(days=order_gaps.REACH_DAYS), span.end)
    gaps, values = relation(session, store_id, ORDER_GAPS, reach)
    values |= {"first": span.start, "last": span.end}
    found: dict[str, Decimal | None] = {}
    if counted := [key for key in asked if key in order_gaps.COUNTS]:
        columns = ", ".join(order_gaps.COUNTS[key] for key in counted)
        row = session.connection().execute(text(f"select {columns} from {gaps} gaps"), values).one()  # noqa: S608
        found |= {key: Decimal(value) for key, value in zip(counted, row, strict=True)}
    if order_gaps.MEDIAN_GAP in asked:
        rows = session.connection().execute(text(_GAPS.format(gaps=gaps)), {**values, "never": NO_ORDER_BEFORE})
        found[order_gaps.MEDIAN_GAP] = order_gaps.median([(days, orders) for days, orders in rows])
    return found


def from_cohorts(session: Session, store_id: int, totals: Iterable[Total], period: Period) -> Sums:
    """The totals that tells_cohorts knows: what customers brought until now, by the day they were won."""
    measures = {total.key: order_worth.COHORT_TOTALS[total.key] for total in totals}
    if not measures:
        return {}
    cohorts, values = relation(session, store_id, COHORTS, _until_now(session, store_id, period.start))
    statement = _WON.format(cohorts=cohorts, sums=", ".join(f"sum({measure})" for measure in measures.values()))
    rows = session.connection().execute(text(statement), {**values, "first": period.start, "last": period.end}).all()
    return {key: {day: sums[at] for day, *sums in rows} for at, key in enumerate(measures)}


def tells_cohorts(total: Total) -> bool:
    return total.key in order_worth.COHORT_TOTALS


def quicker(
    session: Session, store_id: int, reading: Reading, spans: Sequence[Period]
) -> tuple[Reading, dict[str, Any]]:
    """The reading over what is kept, where it has such a source, and the parameters of that."""
    if reading.kept_source is None:
        return reading, {}
    [kept] = (one for one in KEPT if one.table == reading.kept_source.table)
    first = min(min(span.start, span.end - timedelta(days=reading.kept_source.days)) for span in spans)
    rows, values = relation(session, store_id, kept, _until_now(session, store_id, first))
    return replace(reading, source=reading.kept_source.source(rows)), values


def _until_now(session: Session, store_id: int, first: date) -> Period:
    """From a day to the last order's."""
    last = session.connection().scalar(text(_LAST), {"store_id": store_id})
    return Period(first, max(first, last or first))
