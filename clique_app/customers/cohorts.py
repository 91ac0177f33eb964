"""Customers by the age of their first order: repeat purchase, gaps, months, and LTV of those old enough. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median

LTV_DAYS = (30, 60, 90, 180, 365)


@dataclass(frozen=True)
class Purchase:
    """One order."""

    customer: str
    day: date
    amount: Decimal


@dataclass(frozen=True)
class Month:
    """A calendar month: its orders, and who ordered for the first time and who before."""

    first_day: date
    orders: int
    revenue: Decimal
    new_customers: int
    returning_customers: int


@dataclass(frozen=True)
class Summary:
    """What a book of orders says of its customers. None: nobody is there to count."""

    orders: int
    revenue: Decimal
    customers: int
    repeat_customers: int  # with two orders or more
    ltv: dict[int, Decimal | None]  # by days since the first order
    median_gap_days: float | None
    months: tuple[Month, ...]

    @property
    def aov(self) -> Decimal | None:
        return self.revenue / self.orders if self.orders else None

    @property
    def repeat_rate(self) -> Decimal | None:
        return Decimal(self.repeat_customers) / self.customers if self.customers else None


def summary(purchases: Iterable[Purchase], days: Sequence[int] = LTV_DAYS) -> Summary:
    """The book as a whole; it ends with its last order."""
    by_customer: dict[str, list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        by_customer[purchase.customer].append(purchase)
    books = [sorted(book, key=lambda purchase: purchase.day) for book in by_customer.values()]
    end = max((book[-1].day for book in books), default=date.min)
    gaps = [(later.day - earlier.day).days for book in books for earlier, later in pairwise(book)]
    return Summary(
        orders=sum(len(book) for book in books),
        revenue=sum((purchase.amount for book in books for purchase in book), Decimal(0)),
        customers=len(books),
        repeat_customers=sum(len(book) > 1 for book in books),
        ltv={within: _ltv(books, within, end) for within in days},
        median_gap_days=float(median(gaps)) if gaps else None,
        months=_months(books),
    )


def _ltv(books: Sequence[Sequence[Purchase]], within: int, end: date) -> Decimal | None:
    """Sales up to this many days after the first order, per customer who has been here that long."""
    grown = [book for book in books if (end - book[0].day).days >= within]
    if not grown:
        return None
    sales = (p.amount for book in grown for p in book if (p.day - book[0].day).days <= within)
    return sum(sales, Decimal(0)) / len(grown)


def _months(books: Sequence[Sequence[Purchase]]) -> tuple[Month, ...]:
    """Every month from the first order's to the last one's."""
    orders: Counter[date] = Counter()
    revenue: defaultdict[date, Decimal] = defaultdict(Decimal)
    new: Counter[date] = Counter()
    active: Counter[date] = Counter()
    for book in books:
        new[_month(book[0].day)] += 1
        active.update({_month(purchase.day) for purchase in book})
        for purchase in book:
            orders[_month(purchase.day)] += 1
            revenue[_month(purchase.day)] += purchase.amount
    return tuple(
        Month(month, orders[month], revenue[month], new[month], active[month] - new[month])
        for month in _between(min(orders, default=None), max(orders, default=None))
    )


def _month(day: date) -> date:
    return day.replace(day=1)


def _between(first: date | None, last: date | None) -> Iterable[date]:
    if first is None or last is None:
        return
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield date(number // 12, number % 12 + 1, 1)
