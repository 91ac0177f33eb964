"""Asks for cohorts, LTV, payback, the best customers, and how many come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.customers import cohort_sql
from clique_app.customers.cohorts import LTV_DAYS
from clique_app.customers.grid import Cell, Cohort, Cohorts, Ltv, Payback
from clique_app.errors import InvalidInput
from clique_app.metrics import expression, kept_service
from clique_app.metrics import service as metrics
from clique_app.metrics.catalog.costs import CONTRIBUTION_BEFORE_ADS
from clique_app.metrics.catalog.retention import VIP_YEAR_DAYS
from clique_app.metrics.definition import Figure, Period
from clique_app.metrics.kept import ORDER_WORTH
from clique_app.metrics.overview_service import STILL_SELLING_DAYS
from clique_app.metrics.service import Basis
from clique_app.tables import ModelVersion
from clique_app.tables.customers import REPEAT_PURCHASE

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
    trailing: Decimal
    first_order_day: date
    last_order_day: date
    orders: int
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


def has_customers(session: Session, store_id: int) -> bool:
    """Whether anybody has ordered yet."""
    asked = "select exists (select from customer where store_id = :store_id and first_order_day is not null)"
    return bool(session.connection().scalar(text(asked), {"store_id": store_id}))


def last_day(session: Session, store_id: int, rests_on: Basis) -> date:
    """The day as of which customers are looked at: today, or the last order's where that is long ago."""
    return _days(session, store_id, rests_on).end


def cohorts(session: Session, store_id: int, by: str = "", rests_on: Basis | None = None) -> Cohorts:
    """Every month's new customers, by channel, product, discount or region of the first order."""
    if by and by not in cohort_sql.SEGMENTS:
        raise InvalidInput(f"Cohorts are split by {', '.join(cohort_sql.SEGMENTS)}, not by {by}.")
    rests_on = rests_on or metrics.basis(session, store_id)
    days = _days(session, store_id, rests_on)
    end, read = days.end, _whole if not by else partial(_split, by=by)
    book = read(session, store_id, days, rests_on)
    rows = tuple(
        Cohort(
            *key, size, _cells(key[0], size, book.ordered[key], end), tuple(_ltv(size, old, book.spent.get(key, ())))
        )
        for key, (size, old) in sorted(book.sizes.items())
    )
    return Cohorts(end, by, rows, book.without_customer, _costs_unknown(session, store_id, end, rests_on))


def payback_of(session: Session, store_id: int, period: Period, rests_on: Basis | None = None) -> Payback:
    """How the customers won in a period pay for what winning them cost."""
    rests_on = rests_on or metrics.basis(session, store_id)
    asked = ("cac", "payback_days", "payback_recovered")
    cac, days, recovered = metrics.figures(session, store_id, asked, period, rests_on=rests_on).values()
    curve = tuple(kept_service.payback(session, store_id, period, rests_on.moment).curve)
    return Payback(cac.value, curve, None if days.value is None else int(days.value), recovered.value, days.reason)


def vips(session: Session, store_id: int, limit: int = 50) -> Vips:
    """The top tenth of all customers by net sales of the trailing year, and what is expected of them."""
    rests_on = metrics.basis(session, store_id)
    end = last_day(session, store_id, rests_on)
    best = kept_service.vips(session, store_id, end, limit, rests_on.moment)
    if not best.customers:
        return Vips(0, Decimal(0), None, ())
    asked = {"store_id": store_id, "until": end, "customers": [who for who, _ in best.first]}
    told = {who: rest for who, *rest in session.connection().execute(text(cohort_sql.TOLD_OF), asked)}
    year = Period(end - timedelta(days=VIP_YEAR_DAYS), end)
    shares = metrics.figures(session, store_id, ["vip_revenue_share"], year, rests_on=rests_on)
    first = tuple(Vip(who, booked, *told[who]) for who, booked in best.first)
    return Vips(best.customers, best.booked, shares["vip_revenue_share"].value, first)


def rank(session: Session, store_id: int) -> None:
    """Keep who the best customers are, for those who look at them."""
    kept_service.rank(session, store_id, last_day(session, store_id, metrics.basis(session, store_id)))


def retention(session: Session, store_id: int, period: Period, rests_on: Basis | None = None) -> dict[str, Figure]:
    """Repeat purchase, gaps, active customers, churn and LTV of a period, as the catalogue defines them."""
    return metrics.figures(session, store_id, RETENTION, period, rests_on=rests_on)


def models(session: Session, store_id: int) -> tuple[ModelVersion | None, ModelVersion | None]:
    """The latest training of the models of repeat purchase, and the one in use."""
    trained = select(ModelVersion).where(ModelVersion.store_id == store_id, ModelVersion.kind == REPEAT_PURCHASE)
    latest = session.exec(trained.order_by(col(ModelVersion.model_id).desc()).limit(1)).first()
    used = session.exec(trained.where(ModelVersion.state == "current")).first()
    return latest, used


@dataclass
class _Book:
    """What is told of cohorts, by the month they were won in and the segment."""

    sizes: dict[tuple[date, str], tuple[int, Sequence[int]]]  # customers, and those who have been here so many days
    # by months since: customers who ordered, orders, net sales, contribution
    ordered: dict[tuple[date, str], dict[int, tuple[int, int, Decimal, Decimal]]]
    spent: dict[tuple[date, str], Sequence[tuple[Decimal, Decimal]]]  # net sales and contribution in so many days
    without_customer: Decimal  # net sales


def _days(session: Session, store_id: int, rests_on: Basis) -> Period:
    """From the first order's day until that as of which customers are looked at."""
    today = clock.today(rests_on.store.time_zone)
    first, last = metrics.span(session, store_id) or (today, today)
    return Period(first, last if (today - last).days > STILL_SELLING_DAYS else today)


def _whole(session: Session, store_id: int, period: Period, rests_on: Basis) -> _Book:
    end = period.end
    days = kept_service.cohort_days(session, store_id, period, rests_on.moment)
    won = kept_service.won_by_day(session, store_id, Period(date.min, end), rests_on.moment)
    book = _Book({}, defaultdict(dict), {}, days.without_customer()["net_sales"])
    for day, customers in won.items():
        size, old = book.sizes.get((day.replace(day=1), ""), (0, [0] * len(LTV_DAYS)))
        grown = [
            before + int(customers) * ((end - day).days >= days) for before, days in zip(old, LTV_DAYS, strict=True)
        ]
        book.sizes[day.replace(day=1), ""] = size + int(customers), grown
    for month in days.months():
        told = month.customers, month.orders, *_worth(month.brought)
        book.ordered[month.won, ""][_months_between(month.won, month.at)] = told
    book.spent = {(month, ""): [_worth(of) for of in spans] for month, spans in days.within(LTV_DAYS, end).items()}
    return book


def _worth(brought: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
    """Net sales, and what of them is left before ads."""
    contribution = expression.evaluate(CONTRIBUTION_BEFORE_ADS.expression, brought)
    assert contribution is not None
    return brought["net_sales"], contribution


def _split(session: Session, store_id: int, period: Period, rests_on: Basis, by: str) -> _Book:
    """By what the first orders were, which only the orders tell."""
    worth, values = kept_service.relation(store_id, ORDER_WORTH, period, rests_on.moment)
    join, segment = cohort_sql.SEGMENTS[by]
    asked = text(cohort_sql.CELLS.format(worth=worth, join=join, segment=segment))  # our own text
    book = _Book({}, defaultdict(dict), {}, Decimal(0))
    for month, segment, age, customers, orders, sales, contribution, *within in session.connection().execute(
        asked, {**values, "until": period.end}
    ):
        if month is None:
            book.without_customer += sales
        elif age is None:
            book.sizes[month, segment] = customers, [int(old) for old in within[0]]
        else:
            book.ordered[month, segment][int(age)] = customers, int(orders), sales, contribution
            before = book.spent.get((month, segment), [(Decimal(0), Decimal(0))] * len(LTV_DAYS))
            book.spent[month, segment] = [
                (s + more, c + rest) for (s, c), more, rest in zip(before, *within, strict=True)
            ]
    return book


def _months_between(first: date, later: date) -> int:
    return (later.year - first.year) * 12 + later.month - first.month


def _ltv(customers: int, old: Sequence[int], spent: Sequence[tuple[Decimal, Decimal]]) -> Iterator[Ltv]:
    """What those brought who have been here so many days, for each span."""
    of_each = spent or [(Decimal(0), Decimal(0))] * len(LTV_DAYS)
    for days, count, (sales, contribution) in zip(LTV_DAYS, old, of_each, strict=True):
        yield Ltv(days, count, customers - count, _per(sales, count), _per(contribution, count))


def _per(amount: Any, count: Any) -> Decimal | None:
    return Decimal(amount or 0) / Decimal(count) if count else None


def _costs_unknown(session: Session, store_id: int, day: date, rests_on: Basis) -> str:
    figures = metrics.figures(session, store_id, ["contribution_before_ads"], Period(day, day), rests_on=rests_on)
    return figures["contribution_before_ads"].reason


def _cells(month: date, size: int, ordered: Mapping[int, Sequence[Any]], end: date) -> tuple[Cell, ...]:
    """Every month of a cohort's life; the last one is whole where it ends with the day."""
    oldest = _months_between(month, end)
    ended = (end + timedelta(days=1)).day == 1
    nothing = (0, 0, Decimal(0), Decimal(0))
    return tuple(Cell(age, size, *ordered.get(age, nothing), whole=age < oldest or ended) for age in range(oldest + 1))
