"""Asks for cohorts, LTV, payback, the best customers, and how many come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.customers import cohort_sql
from clique_app.customers.cohorts import LTV_DAYS
from clique_app.customers.grid import Cell, Cohort, Cohorts, Ltv, Payback, payback
from clique_app.errors import InvalidInput
from clique_app.metrics import service as metrics
from clique_app.metrics.definition import Figure, Period, Unit
from clique_app.metrics.overview_service import STILL_SELLING_DAYS
from clique_app.tables import ModelVersion
from clique_app.tables.customers import REPEAT_PURCHASE

PAYBACK_DAYS = 365
ACTIVE_DAYS = 90
TRAILING_DAYS = 365
VIP_SHARE = Decimal("0.1")


@dataclass(frozen=True)
class Vip:
    """One of the best customers, by net sales of the trailing year."""

    customer_id: int
    first_order_day: date
    last_order_day: date
    orders: int
    trailing: Decimal
    to_date: Decimal
    p_alive: Decimal | None
    value_365: Decimal | None
    next_order_on: date | None


@dataclass(frozen=True)
class Vips:
    """The top tenth, the best first; share is theirs of the trailing year's net sales."""

    customers: int
    net_sales: Decimal
    share: Decimal | None
    rows: tuple[Vip, ...]


def last_day(session: Session, store_id: int) -> date:
    """The day as of which customers are looked at: today, or the last order's where that is long ago."""
    today = clock.today(metrics.store(session, store_id).time_zone)
    days = metrics.span(session, store_id)
    return days[1] if days and (today - days[1]).days > STILL_SELLING_DAYS else today


def cohorts(session: Session, store_id: int, by: str = "") -> Cohorts:
    """Every month's new customers, by channel, product, discount or region of the first order."""
    if by not in cohort_sql.SEGMENTS:
        raise InvalidInput(f"Cohorts are split by {', '.join(filter(None, cohort_sql.SEGMENTS))}, not by {by}.")
    end = last_day(session, store_id)
    asked = {"store_id": store_id, "start": date.min, "until": end, "end": end, "days": list(LTV_DAYS)}
    ordered: dict[tuple[date, str], dict[int, Sequence[Any]]] = defaultdict(dict)
    without = Decimal(0)
    for month, segment, age, *counted in _rows(session, cohort_sql.CELLS, asked, by):
        if month is None:
            without += counted[2]
        else:
            ordered[month, segment][int(age)] = counted
    ltv: dict[tuple[date, str], list[Ltv]] = defaultdict(list)
    sizes: dict[tuple[date, str], int] = {}
    for month, segment, days, customers, old, sales, contribution in _rows(session, cohort_sql.LTV, asked, by):
        sizes[month, segment] = customers
        ltv[month, segment].append(Ltv(days, old, customers - old, _per(sales, old), _per(contribution, old)))
    rows = tuple(
        Cohort(*key, size, _cells(key[0], size, ordered[key], end), tuple(ltv[key]))
        for key, size in sorted(sizes.items())
    )
    return Cohorts(end, by, rows, without, _costs_unknown(session, store_id, end))


def payback_of(session: Session, store_id: int, period: Period) -> Payback:
    """How the customers won in a period pay for what winning them cost."""
    end = last_day(session, store_id)
    asked = {"store_id": store_id, "start": period.start, "until": min(period.end, end), "end": end}
    by_age = {age: amount for age, amount in _rows(session, cohort_sql.CURVE, asked)}
    ages = {age: customers for age, customers in _rows(session, cohort_sql.AGES, asked)}
    cac, unknown = metrics.figure(session, store_id, "cac", period), _costs_unknown(session, store_id, end)
    return payback(by_age, ages, None if unknown else cac.value, unknown or cac.reason, PAYBACK_DAYS)


def vips(session: Session, store_id: int, limit: int = 50) -> Vips:
    """The top tenth of all customers by net sales of the trailing year, and what is expected of them."""
    end = last_day(session, store_id)
    since = end - timedelta(days=TRAILING_DAYS - 1)
    asked = {"store_id": store_id, "end": end, "since": since, "part": VIP_SHARE, "limit": limit}
    found = session.connection().execute(text(f"with {cohort_sql.BOOK}, {cohort_sql.VIPS}"), asked).all()
    if not found:
        return Vips(0, Decimal(0), None, ())
    customers, theirs, whole = found[0][:3]
    return Vips(customers, theirs, _per(theirs, whole), tuple(Vip(*row[3:]) for row in found))


def retention(session: Session, store_id: int, period: Period) -> dict[str, Figure]:
    """Repeat purchase, gaps, active customers, churn and LTV of a period, each unknown where it is over nothing."""
    asked = {"store_id": store_id, "start": period.start, "end": period.end, "active": ACTIVE_DAYS}
    row = session.connection().execute(text(cohort_sql.RETENTION), asked).mappings().one()
    end = max(period.end, last_day(session, store_id))
    won = {"store_id": store_id, "start": period.start, "until": period.end, "end": end}
    [(customers, sales, contribution)] = _rows(session, cohort_sql.TO_DATE, won)
    history = metrics.figure(session, store_id, "new_customers", period).reason
    costs = history or _costs_unknown(session, store_id, period.end)
    nobody, nobody_new = "Nobody ordered.", "Nobody ordered for the first time."
    gap = "Nobody ordered again."
    figures = (
        _figure("repeat_purchase_rate", "percent", _per(row["repeat_buyers"], row["buyers"]), nobody),
        _figure("days_between_purchases", "ratio", _decimal(row["median_gap"]), gap),
        _figure("days_between_purchases_mean", "ratio", _decimal(row["mean_gap"]), gap),
        _figure("active_customer_rate", "percent", _per(row["active"], row["known"]), "There are no customers yet."),
        _figure("churn_rate", "percent", _per(row["lost"], row["active_before"]), "Nobody was active at the start."),
        _figure("ltv_net_sales", "money", None if history else _per(sales, customers), history or nobody_new),
        _figure("ltv", "money", None if costs else _per(contribution, customers), costs or nobody_new),
    )
    return {figure.key: figure for figure in figures}


def models(session: Session, store_id: int) -> tuple[ModelVersion | None, ModelVersion | None]:
    """The latest training of the models of repeat purchase, and the one in use."""
    trained = select(ModelVersion).where(ModelVersion.store_id == store_id, ModelVersion.kind == REPEAT_PURCHASE)
    latest = session.exec(trained.order_by(col(ModelVersion.model_id).desc()).limit(1)).first()
    used = session.exec(trained.where(ModelVersion.state == "current")).first()
    return latest, used


NAMES = {
    "repeat_purchase_rate": "Repeat purchase rate",
    "days_between_purchases": "Days between purchases",
    "days_between_purchases_mean": "Days between purchases, mean",
    "active_customer_rate": "Active customers",
    "churn_rate": "Churn rate",
    "ltv_net_sales": "LTV, net sales",
    "ltv": "LTV",
}


def _rows(session: Session, asked_for: str, asked: dict[str, Any], by: str = "") -> Sequence[Any]:
    """Rows of one of cohort_sql's statements over the book of orders and the customers' first ones."""
    join, segment = cohort_sql.SEGMENTS[by]
    firsts = cohort_sql.FIRSTS.format(join=join, segment=segment)
    return session.connection().execute(text(f"with {cohort_sql.BOOK}, {firsts} {asked_for}"), asked).all()


def _figure(key: str, unit: Unit, value: Decimal | None, reason: str) -> Figure:
    return Figure(key, NAMES[key], unit, value, "" if value is not None else reason)


def _per(amount: Any, count: Any) -> Decimal | None:
    return Decimal(amount or 0) / Decimal(count) if count else None


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _costs_unknown(session: Session, store_id: int, day: date) -> str:
    return metrics.figure(session, store_id, "contribution_before_ads", Period(day, day)).reason


def _cells(month: date, size: int, ordered: Mapping[int, Sequence[Any]], end: date) -> tuple[Cell, ...]:
    """Every month of a cohort's life; the last one is whole where it ends with the day."""
    oldest = (end.year - month.year) * 12 + end.month - month.month
    ended = (end + timedelta(days=1)).day == 1
    nothing = (0, 0, Decimal(0), Decimal(0))
    return tuple(Cell(age, size, *ordered.get(age, nothing), whole=age < oldest or ended) for age in range(oldest + 1))
