"""Asks for cohorts, LTV, payback, the best customers, and how many come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.customers.cohorts import LTV_DAYS
from clique_app.customers.grid import Cell, Cohort, Cohorts, Ltv, Payback
from clique_app.errors import InvalidInput
from clique_app.metrics import cohort_segments, expression, kept_service
from clique_app.metrics import service as metrics
from clique_app.metrics.catalog.costs import CONTRIBUTION_BEFORE_ADS
from clique_app.metrics.catalog.retention import VIP_YEAR_DAYS
from clique_app.metrics.catalog.sales import NET_SALES
from clique_app.metrics.cohort_days import CohortDays
from clique_app.metrics.definition import Figure, Period
from clique_app.metrics.order_worth import MEASURES
from clique_app.metrics.overview_service import STILL_SELLING_DAYS
from clique_app.metrics.periods import slices
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

Key = tuple[date, str]  # month and segment
NOTHING = (Decimal(0), Decimal(0))  # net sales and contribution

# what is known of :customers until a day
_TOLD_OF = f"""
select o.customer_id, min(c.first_order_day), max(o.day), count(*),
       coalesce(sum((
           select sum({NET_SALES.amount}) from sale_entry r
           where r.store_id = o.store_id and r.order_id = o.order_id and r.day <= :until and {NET_SALES.where}
       )), 0),
       min(v.p_alive), min(v.value_365), min(v.next_order_on)
from shop_order o
left join customer c on c.store_id = o.store_id and c.customer_id = o.customer_id
left join customer_value v on v.store_id = o.store_id and v.customer_id = o.customer_id
where o.store_id = :store_id and o.customer_id = any(:customers) and not o.test and o.day <= :until
group by o.customer_id
"""  # noqa: S608


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
    if by and by not in cohort_segments.SEGMENTS:
        raise InvalidInput(f"Cohorts are split by {', '.join(cohort_segments.SEGMENTS)}, not by {by}.")
    rests_on = rests_on or metrics.basis(session, store_id)
    days = _days(session, store_id, rests_on)
    end = days.end
    book = _split(session, store_id, days, rests_on, by) if by else _whole(session, store_id, days, rests_on)
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
    told = {who: rest for who, *rest in session.connection().execute(text(_TOLD_OF), asked)}
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


class _Book:
    """What is told of cohorts, by the month they were won in and the segment."""

    def __init__(self, end: date, sizes: Mapping[Key, tuple[int, Sequence[int]]]) -> None:
        self.end = end
        self.sizes = sizes  # customers, and those who have been here so many days
        # by months since: customers who ordered, orders, net sales, contribution
        self.ordered: dict[Key, dict[int, tuple[int, int, Decimal, Decimal]]] = defaultdict(dict)
        # net sales and contribution in so many days
        self.spent: dict[Key, list[tuple[Decimal, Decimal]]] = defaultdict(lambda: [NOTHING] * len(LTV_DAYS))
        self.without_customer = Decimal(0)  # net sales

    def add(self, days: CohortDays) -> None:
        """What the orders of days brought; a month of them may come but once."""
        self.without_customer += days.without_customer()["net_sales"]
        months = days.months()
        for month, worth in zip(months, _worth([month.brought for month in months]), strict=True):
            age = _months_between(month.won, month.at)
            self.ordered[month.won, month.segment][age] = month.customers, month.orders, *worth
        for key, spans in days.within(LTV_DAYS, self.end).items():
            more = zip(self.spent[key], _worth(spans), strict=True)
            self.spent[key] = [(before[0] + sales, before[1] + rest) for before, (sales, rest) in more]


def _days(session: Session, store_id: int, rests_on: Basis) -> Period:
    """From the first order's day until that as of which customers are looked at."""
    today = clock.today(rests_on.store.time_zone)
    first, last = metrics.span(session, store_id) or (today, today)
    return Period(first, last if (today - last).days > STILL_SELLING_DAYS else today)


def _whole(session: Session, store_id: int, period: Period, rests_on: Basis) -> _Book:
    won = kept_service.won_by_day(session, store_id, Period(date.min, period.end), rests_on.moment)
    sizes: dict[Key, tuple[int, list[int]]] = {}
    for day, customers in won.items():
        size, old = sizes.get((day.replace(day=1), ""), (0, [0] * len(LTV_DAYS)))
        here = (int(customers) * ((period.end - day).days >= days) for days in LTV_DAYS)
        sizes[day.replace(day=1), ""] = size + int(customers), [a + b for a, b in zip(old, here, strict=True)]
    book = _Book(period.end, sizes)
    book.add(kept_service.cohort_days(session, store_id, period, rests_on.moment))
    return book


def _split(session: Session, store_id: int, period: Period, rests_on: Basis, by: str) -> _Book:
    """By what the first orders were, which only the orders tell: they are many, and read month by month."""
    segments = kept_service.segments(session, store_id, by, period, rests_on.moment)
    book = _Book(period.end, segments.sizes(LTV_DAYS, period.end))
    for month in slices(period, "month"):
        book.add(kept_service.cohort_days_by(session, store_id, segments, month, rests_on.moment))
    return book


def _worth(brought: Sequence[Mapping[str, Decimal]]) -> Iterator[tuple[Decimal, Decimal]]:
    """Net sales, and what of them is left before ads, of each."""
    columns = {measure: [one[measure] for one in brought] for measure in MEASURES}
    for sales, contribution in zip(
        columns["net_sales"], expression.each(CONTRIBUTION_BEFORE_ADS.expression, columns), strict=True
    ):
        assert contribution is not None
        yield sales, contribution


def _months_between(first: date, later: date) -> int:
    return (later.year - first.year) * 12 + later.month - first.month


def _ltv(customers: int, old: Sequence[int], spent: Sequence[tuple[Decimal, Decimal]]) -> Iterator[Ltv]:
    """What those brought who have been here so many days, for each span."""
    of_each = spent or [NOTHING] * len(LTV_DAYS)
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
