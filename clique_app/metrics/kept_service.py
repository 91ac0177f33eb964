"""Reads the tables that are kept by day: what is unmarked as it is there, what has changed since worked out now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.database import raw_connection
from clique_app.metrics import best_customers, expression, gaps, order_worth
from clique_app.metrics.best_customers import Best, Sales
from clique_app.metrics.catalog.costs import CONTRIBUTION_BEFORE_ADS
from clique_app.metrics.catalog.retention import CUSTOMERS_TO_DATE, VIP_NET_SALES, VIP_NET_SALES_OF, VIP_YEAR_DAYS
from clique_app.metrics.catalog.sales import NEW_CUSTOMERS
from clique_app.metrics.catalog.site import SEEN_ON
from clique_app.metrics.catalog.stock import (
    COSTS,
    COSTS_BY_PRICE,
    INVENTORY_VALUE,
    NOTED,
    NOTED_DAYS,
    PACE_DAYS,
    SELLABLE,
    STOCK_UNITS,
    TRACKED,
    UNITS_A_DAY,
)
from clique_app.metrics.catalog.value import (
    ACQUISITION,
    CREDITED_EXPECTED,
    EXPECTED_NET_SALES,
    PAYBACK,
    PAYBACK_DAYS,
    PAYBACK_OF,
    margin_of_expected,
)
from clique_app.metrics.cohort_days import CohortDays, Segments
from clique_app.metrics.definition import Period, Reading, Total
from clique_app.metrics.figures import Value
from clique_app.metrics.kept import (
    COHORT_SEGMENTS,
    COHORTS,
    CUSTOMER_SALES,
    EXPECTED_VALUES,
    ORDER_GAPS,
    ORDER_WORTH,
    RANKED_BY,
    REORDERS,
    VARIANT_UNITS,
    VISITOR_GAPS,
)
from clique_app.metrics.pace import Pace
from clique_app.metrics.stock_levels import StockLevels, UnitCosts
from clique_app.metrics.sums_service import Moment, Sums, now, relation, sums
from clique_app.tables import VipStanding
from clique_app.tables.site import PIXEL

Told = dict[tuple[str, Period], Value]  # by reading and span
MOST_RANKED = 50  # of the best customers, so many are kept by name

# what is told by those whose former row lies before the period
_FIRST_ONES = ((VISITOR_GAPS, gaps.VISITORS), (REORDERS, gaps.EXPECTED))
_LAST = "select max(day) from shop_order where store_id = :store_id"
_SEEN_ON = f"""
select {SEEN_ON} from store t join sync_cursor c on c.store_id = t.store_id and c.source = '{PIXEL}'
where t.store_id = :store_id
"""  # noqa: S608  # our own text
_EXPECTED = f"""
select sum(value), {margin_of_expected("sum(known)", "sum(value)", "sum(squares)", "max(missed)")}
from {{expected}} expected where day between :first and :last
"""  # noqa: S608  # our own text
# a day of several spans stands there for each of them
_OF_EACH_SPAN = """
select span, {told}
from unnest(cast(:numbers as int[]), cast(:starts as date[]), cast(:on as date[])) as asked (span, first, day)
left join {gaps} gaps on gaps.day = asked.day
group by span order by span
"""
_RETURNED = """
select {day}, sum(sessions) from {gaps} gaps where {day} between :first and :last and {counts} group by 1
"""


def of_spans(
    session: Session, store_id: int, readings: Sequence[Reading], spans: Sequence[Period], moment: Moment
) -> Told:
    """Those of the readings that kept tables tell of the whole store, in each of these spans."""
    found: Told = {}
    for told in _TOLD_OF_SPANS:
        found |= told(session, store_id, [reading.key for reading in readings], spans, moment)
    return found


def _from_gaps(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment) -> Told:
    """What the way orders follow each other tells."""
    asked = [(key, span) for key in keys if key in gaps.CUSTOMERS for span in spans]
    if not asked:
        return {}
    reach = Period(min(span.start for span in spans) - timedelta(days=gaps.REACH_DAYS), max(span.end for span in spans))
    rows, values = relation(store_id, ORDER_GAPS, reach, moment)
    named = sorted({day for one in asked for span in gaps.named(*one) for day in span.each_day()})
    # whose order each was is most of a row: on other days it stays where it is
    whose = "case when day = any(cast(:named as date[])) then orders else ''::bytea end"
    days = f"select day, one_back, two_back, {whose} from {rows} gaps"  # noqa: S608
    orders = gaps.OrderGaps(read_days(session, days, {**values, "named": named}))
    found: Told = {}
    for key, span in asked:
        value = gaps.CUSTOMERS[key](orders, span)
        found[key, span] = (None if value is None else Decimal(value), None)
    return found


def _from_first_ones(
    session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment
) -> Told:
    """What the first ones of each span tell, of sessions and of buyers."""
    asked_of = [(kept, told, [key for key in keys if key in told]) for kept, told in _FIRST_ONES]
    if not any(counted for _, _, counted in asked_of):
        return {}
    reach = Period(min(span.start for span in spans), max(span.end for span in spans))
    days = [(number, span.start, day) for number, span in enumerate(spans) for day in span.each_day()]
    numbers, starts, on = map(list, zip(*days, strict=True))
    found: Told = {}
    for kept, told, counted in asked_of:
        if not counted:
            continue
        rows, values = relation(store_id, kept, reach, moment)
        asked = text(_OF_EACH_SPAN.format(told=", ".join(told[key] for key in counted), gaps=rows))
        of_spans = {**values, "numbers": numbers, "starts": starts, "on": on}
        for span, *row in session.connection().execute(asked, of_spans):
            found |= {
                (key, spans[span]): (None if value is None else Decimal(value), None)
                for key, value in zip(counted, row, strict=True)
            }
    return found


def _of_vips(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment) -> Told:
    """What the best customers by the end of each span booked in it."""
    if VIP_NET_SALES.key not in keys:
        return {}
    standing = _standing(session, store_id, moment)
    if standing and all(span == _year(standing.day) for span in spans):
        return {(VIP_NET_SALES.key, span): (standing.booked, None) for span in spans}
    first = min(min(span.start, _year(span.end).start) for span in spans)
    sales = _sales(session, store_id, Period(first, max(span.end for span in spans)), moment)
    known = _customers_by(session, store_id, [span.end for span in spans], moment)
    return {(VIP_NET_SALES.key, span): (sales.of_the_best(span, known[span.end]), None) for span in spans}


def _customers_to_date(
    session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment
) -> Told:
    if CUSTOMERS_TO_DATE.key not in keys:
        return {}
    known = _customers_by(session, store_id, [span.end for span in spans], moment)
    return {(CUSTOMERS_TO_DATE.key, span): (Decimal(known[span.end]), None) for span in spans}


def _paid_back(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment) -> Told:
    """How those won in each span pay for what winning them cost."""
    asked = [key for key in keys if key in PAYBACK]
    return {
        (key, span): (value, None)
        for span in (spans if asked else ())
        for key, value in payback(session, store_id, span, moment).told.items()
        if key in asked
    }


@dataclass(frozen=True)
class PaidBack:
    """What customers brought, each, by days since they were won; and the readings of it."""

    curve: list[Decimal]
    told: dict[str, Decimal | None]


def payback(session: Session, store_id: int, period: Period, moment: Moment) -> PaidBack:
    """How those won in the period pay for what winning them cost."""

    def read() -> PaidBack:
        curve = f"coalesce(array_agg({PAYBACK_DAYS.amount} order by r.age), cast(array[] as numeric[]))"
        told = ", ".join(reading.value for reading in PAYBACK.values())
        values = {"start": period.start, "end": period.end, **_of_payback(session, store_id, period, moment)}
        asked = text(f"select {curve}, {told} from {PAYBACK_OF}")  # noqa: S608  # our own text
        by_age, *found = session.connection().execute(asked, values).one()
        of_each = (None if value is None else Decimal(str(value)) for value in found)
        return PaidBack(by_age, dict(zip(PAYBACK, of_each, strict=True)))

    return moment.once(f"payback {period.start} {period.end}", period, read)


def _of_payback(session: Session, store_id: int, period: Period, moment: Moment) -> dict[str, Any]:
    """The parameters of PAYBACK_OF."""
    won = won_by_day(session, store_id, period, moment)
    brought = cohort_days(session, store_id, until_now(session, store_id, period.start, moment), moment).by_age(period)
    spent = sums(session, store_id, ACQUISITION, period, "day", moment=moment)
    worth = expression.each(
        CONTRIBUTION_BEFORE_ADS.expression, {key: [of[key] for _, of in brought] for key in order_worth.MEASURES}
    )
    return {
        "store_id": store_id,
        "won_on": list(won),
        "won": [int(customers) for customers in won.values()],
        "ages": [age for age, _ in brought],
        "brought": list(worth),
        "spent": sum((amount for days in spent.values() for amount in days.values()), Decimal(0)),
    }


def _expected(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment) -> Told:
    """What is expected of the customers won in each span, and its margin: as a whole, also of those in shares."""
    asked_for = [one.key for one in (EXPECTED_NET_SALES, CREDITED_EXPECTED) if one.key in keys]
    if not asked_for:
        return {}
    whole = Period(min(span.start for span in spans), max(span.end for span in spans))
    rows, values = relation(store_id, EXPECTED_VALUES, whole, moment)
    statement = text(_EXPECTED.format(expected=rows))
    found: Told = {}
    for span in spans:
        asked = {**values, "first": span.start, "last": span.end}
        value, margin = session.connection().execute(statement, asked).one()
        found |= {(key, span): (value, margin) for key in asked_for}
    return found


def _pace(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment) -> Told:
    """How fast stock sold in the days up to the end of each span."""
    if UNITS_A_DAY.key not in keys:
        return {}
    first = min(span.end for span in spans) - timedelta(days=PACE_DAYS - 1)
    reach = Period(first, max(span.end for span in spans))
    rows, values = relation(store_id, VARIANT_UNITS, reach, moment)
    of_store = {"store_id": store_id}
    sellable = session.connection().execute(text(SELLABLE), of_store).scalars()
    pace = Pace(
        read_days(session, f"select day, ordered from {rows} sold", values),  # noqa: S608
        _stock_levels(session, store_id, reach, moment).out(sellable),
        session.connection().execute(text(TRACKED), of_store).scalars(),
    )
    return {(UNITS_A_DAY.key, span): (pace.units_a_day(span.end), None) for span in spans}


def _stock(session: Session, store_id: int, keys: Sequence[str], spans: Sequence[Period], moment: Moment) -> Told:
    """What was in stock at the end of each span, and what that had cost."""
    if STOCK_UNITS.key not in keys and INVENTORY_VALUE.key not in keys:
        return {}
    ends = [span.end for span in spans]
    reach = Period(min(ends) - timedelta(days=NOTED_DAYS), max(ends))
    levels, found = _stock_levels(session, store_id, reach, moment), Told()
    if STOCK_UNITS.key in keys:
        found |= {(STOCK_UNITS.key, span): (levels.units(span.end), None) for span in spans}
    if INVENTORY_VALUE.key in keys:
        values = levels.values(ends, _unit_costs(session, store_id))
        found |= {(INVENTORY_VALUE.key, span): (value, None) for span, value in zip(spans, values, strict=True)}
    return found


def _stock_levels(session: Session, store_id: int, period: Period, moment: Moment) -> StockLevels:
    of_period = {"store_id": store_id, "start": period.start, "end": period.end}
    return moment.once("stock levels", period, lambda: StockLevels(read_days(session, NOTED, of_period)))


def _unit_costs(session: Session, store_id: int) -> UnitCosts:
    since, of_store = dict[int, list[tuple[date, Decimal]]](), {"store_id": store_id}
    for variant, day, cost in session.connection().execute(text(COSTS), of_store):
        since.setdefault(variant, []).append((day, cost))
    by_price = session.connection().execute(text(COSTS_BY_PRICE), of_store)
    return UnitCosts(since, {variant: cost for variant, cost in by_price})


_TOLD_OF_SPANS = (_from_gaps, _from_first_ones, _of_vips, _customers_to_date, _paid_back, _expected, _pace, _stock)


def vips(session: Session, store_id: int, end: date, limit: int, moment: Moment | None = None) -> Best:
    """The best customers by the end of a day, so many of them by name."""
    moment = moment or now(session, store_id)
    standing = _standing(session, store_id, moment) if limit <= MOST_RANKED else None
    if standing is None or standing.day != end:
        return _best(session, store_id, end, limit, moment)
    return Best(standing.customers, standing.booked, best_customers.unpacked(standing.first)[:limit])


def rank(session: Session, store_id: int, end: date) -> None:
    """Keep who the best customers by the end of a day are, where that is not kept."""
    former = session.get(VipStanding, store_id, populate_existing=True)
    if former is not None and former.day == end:
        return
    best = _best(session, store_id, end, MOST_RANKED, now(session, store_id))
    session.merge(
        VipStanding(
            store_id=store_id,
            day=end,
            customers=best.customers,
            booked=best.booked,
            first=best_customers.packed(best.first),
        )
    )
    session.flush()


def _standing(session: Session, store_id: int, moment: Moment) -> VipStanding | None:
    """What is kept of the best customers, where nothing has changed since."""
    if not moment.changed.is_untouched(RANKED_BY):
        return None
    return session.get(VipStanding, store_id, populate_existing=True)


def _best(session: Session, store_id: int, end: date, limit: int, moment: Moment) -> Best:
    known = _customers_by(session, store_id, [end], moment)
    return _sales(session, store_id, _year(end), moment).best(end, known[end], limit)


def _best_ids(session: Session, store_id: int, end: date, moment: Moment) -> list[int]:
    known = _customers_by(session, store_id, [end], moment)
    return _sales(session, store_id, _year(end), moment).ids(end, known[end])


def _year(end: date) -> Period:
    """The days that customers are ranked by."""
    return Period(end - timedelta(days=VIP_YEAR_DAYS), end)


def _sales(session: Session, store_id: int, period: Period, moment: Moment) -> Sales:
    def read() -> Sales:
        rows, values = relation(store_id, CUSTOMER_SALES, period, moment)
        return Sales(read_days(session, f"select day, booked from {rows} sales", values))  # noqa: S608

    return moment.once(CUSTOMER_SALES.table, period, read)


def read_days(session: Session, statement: str, values: Mapping[str, Any]) -> list[Any]:
    """Days with their bytes."""
    asked = text(statement).compile(session.connection().engine)
    with raw_connection(session).cursor(binary=True) as cursor:  # as text it would be twice as long
        return cursor.execute(str(asked), values).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]


def won_by_day(session: Session, store_id: int, period: Period, moment: Moment) -> dict[date, Decimal]:
    """How many customers were won, by day."""
    won = sums(session, store_id, [NEW_CUSTOMERS], period, "day", moment=moment)
    return dict(sorted(won[NEW_CUSTOMERS.key].items()))


def _customers_by(session: Session, store_id: int, days: Iterable[date], moment: Moment) -> dict[date, int]:
    """How many customers the store had by the end of each day."""
    asked = list(days)
    won = won_by_day(session, store_id, Period(date.min, max(asked)), moment)
    return {day: int(sum((customers for on, customers in won.items() if on <= day), Decimal(0))) for day in asked}


def cohort_days(session: Session, store_id: int, period: Period, moment: Moment) -> CohortDays:
    """What customers brought until now by the orders of a period, and maybe of days around it."""
    cohorts, values = relation(store_id, COHORTS, period, moment)
    asked = f"select day, cohorts from {cohorts} cohorts"  # noqa: S608
    return moment.once(COHORTS.table, period, lambda: CohortDays.packed(read_days(session, asked, values)))


def segments(session: Session, store_id: int, by: str, period: Period, moment: Moment) -> Segments:
    """Who was won in a period, by what their first order was."""
    parts, values = relation(store_id, COHORT_SEGMENTS, period, moment)
    asked = f"select day, segment, customers from {parts} parts where split = :split"  # noqa: S608
    return Segments(read_days(session, asked, {**values, "split": by}))


def cohort_days_by(session: Session, store_id: int, of: Segments, period: Period, moment: Moment) -> CohortDays:
    """What customers brought until now by the orders of a period, by the segments they are of."""
    return of.of_orders(orders_worth(session, store_id, period, moment))


def orders_worth(session: Session, store_id: int, period: Period, moment: Moment) -> list[Any]:
    """What each order of a period brought until now: rows of OrderWorthDay."""
    orders, values = relation(store_id, ORDER_WORTH, period, moment)
    return read_days(session, f"select day, orders from {orders} orders", values)  # noqa: S608


def from_cohorts(session: Session, store_id: int, totals: Iterable[Total], period: Period, moment: Moment) -> Sums:
    """Totals of order_worth.COHORT_TOTALS: what customers brought until now, by the day they were won."""
    measures = {total.key: order_worth.COHORT_TOTALS[total.key] for total in totals}
    if not measures:
        return {}
    days = cohort_days(session, store_id, until_now(session, store_id, period.start, moment), moment)
    found = days.by_day_won(measures.values(), period)
    return {key: found[measure] for key, measure in measures.items()}


def from_returns(session: Session, store_id: int, totals: Iterable[Total], period: Period, moment: Moment) -> Sums:
    """Totals of gaps.RETURNS: sessions by how soon the visitor's next one came."""
    asked = [total.key for total in totals]
    found: dict[str, dict[date, Decimal]] = {key: {} for key in asked}
    seen_on = session.connection().scalar(text(_SEEN_ON), {"store_id": store_id}) if asked else None
    if seen_on is None or period.start > (last := min(period.end, seen_on - timedelta(days=gaps.AGAIN_DAYS + 1))):
        return found
    reach = Period(period.start, last + timedelta(days=gaps.AGAIN_DAYS))
    rows, values = relation(store_id, VISITOR_GAPS, reach, moment)
    values |= {"first": period.start, "last": last}
    for key in asked:
        day, counts = gaps.RETURNS[key]
        statement = text(_RETURNED.format(day=day, counts=counts, gaps=rows))
        found[key] = {on: Decimal(sessions) for on, sessions in session.connection().execute(statement, values)}
    return found


# totals that kept tables tell by day, where nothing is narrowed: which ones each way knows
_TOLD_BY_DAY = ((order_worth.COHORT_TOTALS, from_cohorts), (gaps.RETURNS, from_returns))


def by_day(session: Session, store_id: int, totals: Sequence[Total], period: Period, moment: Moment) -> Sums:
    """The sums by day of those of the totals that kept tables tell."""
    found: dict[str, Mapping[Any, Decimal]] = {}
    for known, told in _TOLD_BY_DAY:
        found |= told(session, store_id, [total for total in totals if total.key in known], period, moment)
    return found


def quicker(
    session: Session, store_id: int, reading: Reading, spans: Sequence[Period], moment: Moment
) -> tuple[Reading, dict[str, Any]]:
    """The reading over what is kept, where that tells it, and the parameters of that."""
    if len(spans) == 1 and reading is VIP_NET_SALES:
        return VIP_NET_SALES_OF, {"best": _best_ids(session, store_id, spans[0].end, moment)}
    if len(spans) == 1 and reading.key in PAYBACK:
        return replace(reading, source=PAYBACK_OF), _of_payback(session, store_id, spans[0], moment)
    return reading, {}


def until_now(session: Session, store_id: int, first: date, moment: Moment) -> Period:
    """From a day to the last order's."""

    def read() -> date | None:
        return session.connection().scalar(text(_LAST), {"store_id": store_id})

    last = moment.once("last order", Period(date.min, date.max), read)
    return Period(first, max(first, last or first))
