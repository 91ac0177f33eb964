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
from clique_app.customers.grid import Cell, Cohort, Cohorts, Ltv, Payback
from clique_app.errors import InvalidInput
from clique_app.metrics import service as metrics
from clique_app.metrics.catalog.retention import VIP_PERCENT
from clique_app.metrics.catalog.value import LONGEST_PAYBACK_DAYS
from clique_app.metrics.definition import Figure, Period
from clique_app.metrics.overview_service import STILL_SELLING_DAYS
from clique_app.tables import ModelVersion
from clique_app.tables.customers import REPEAT_PURCHASE

TRAILING_DAYS = 365
VIP_SHARE = Decimal(VIP_PERCENT) / 100
RETENTION = (
    "repeat_purchase_rate",
    "days_between_purchases",
    "days_between_purchases_mean",
    "active_customer_rate",
    "churn_rate",
    "ltv_net_sales",
    "ltv",
)


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
    """The top tenth, the best first; share is theirs of the trailing year's net sales, as booked."""

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
    found = metrics.figures(session, store_id, ("cac", "payback_days", "payback_recovered"), period)
    rows = metrics.source_rows(session, store_id, "payback_days", period, limit=LONGEST_PAYBACK_DAYS + 1).rows
    curve = tuple(Decimal(row[-1]) for row in sorted(rows))
    cac, days, recovered = found.values()
    return Payback(cac.value, curve, None if days.value is None else int(days.value), recovered.value, days.reason)


def vips(session: Session, store_id: int, limit: int = 50) -> Vips:
    """The top tenth of all customers by net sales of the trailing year, and what is expected of them."""
    end = last_day(session, store_id)
    since = end - timedelta(days=TRAILING_DAYS - 1)
    asked = {"store_id": store_id, "end": end, "since": since, "part": VIP_SHARE, "limit": limit}
    found = session.connection().execute(text(f"with {cohort_sql.BOOK}, {cohort_sql.VIPS}"), asked).all()
    if not found:
        return Vips(0, Decimal(0), None, ())
    customers, theirs = found[0][:2]
    share = metrics.figure(session, store_id, "vip_revenue_share", Period(since, end)).value
    return Vips(customers, theirs, share, tuple(Vip(*row[2:]) for row in found))


def retention(session: Session, store_id: int, period: Period) -> dict[str, Figure]:
    """Repeat purchase, gaps, active customers, churn and LTV of a period, as the catalogue defines them."""
    return metrics.figures(session, store_id, RETENTION, period)


def models(session: Session, store_id: int) -> tuple[ModelVersion | None, ModelVersion | None]:
    """The latest training of the models of repeat purchase, and the one in use."""
    trained = select(ModelVersion).where(ModelVersion.store_id == store_id, ModelVersion.kind == REPEAT_PURCHASE)
    latest = session.exec(trained.order_by(col(ModelVersion.model_id).desc()).limit(1)).first()
    used = session.exec(trained.where(ModelVersion.state == "current")).first()
    return latest, used


def _rows(session: Session, asked_for: str, asked: dict[str, Any], by: str = "") -> Sequence[Any]:
    """Rows of one of cohort_sql's statements over the book of orders and the customers' first ones."""
    join, segment = cohort_sql.SEGMENTS[by]
    firsts = cohort_sql.FIRSTS.format(join=join, segment=segment)
    return session.connection().execute(text(f"with {cohort_sql.BOOK}, {firsts} {asked_for}"), asked).all()


def _per(amount: Any, count: Any) -> Decimal | None:
    return Decimal(amount or 0) / Decimal(count) if count else None


def _costs_unknown(session: Session, store_id: int, day: date) -> str:
    return metrics.figure(session, store_id, "contribution_before_ads", Period(day, day)).reason


def _cells(month: date, size: int, ordered: Mapping[int, Sequence[Any]], end: date) -> tuple[Cell, ...]:
    """Every month of a cohort's life; the last one is whole where it ends with the day."""
    oldest = (end.year - month.year) * 12 + end.month - month.month
    ended = (end + timedelta(days=1)).day == 1
    nothing = (0, 0, Decimal(0), Decimal(0))
    return tuple(Cell(age, size, *ordered.get(age, nothing), whole=age < oldest or ended) for age in range(oldest + 1))
