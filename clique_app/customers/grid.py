"""Cohorts over their age, and how long they take to pay for their acquisition. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Cell:
    """A cohort in one month of its life."""

    age: int  # months since the month of the first order
    of: int  # customers of the cohort
    customers: int  # who of them ordered
    orders: int
    sales: Decimal
    contribution: Decimal
    whole: bool  # the month has ended


@dataclass(frozen=True)
class Ltv:
    """What customers brought within so many days of their first order, of those who have been here as long.

    sales and contribution None: nobody has. A cohort that is matured in part only is censored.
    """

    days: int
    customers: int
    left_out: int  # not old enough
    sales: Decimal | None
    contribution: Decimal | None

    @property
    def censored(self) -> bool:
        return self.left_out > 0


@dataclass(frozen=True)
class Cohort:
    """Customers whose first order was in one month, of one segment."""

    month: date
    segment: str
    customers: int
    cells: tuple[Cell, ...]
    ltv: tuple[Ltv, ...]


@dataclass(frozen=True)
class Cohorts:
    """All customers by month of their first order, up to the end of a day."""

    end: date
    by: str
    rows: tuple[Cohort, ...]
    without_customer: Decimal  # net sales of orders that name no customer
    contribution_known: str  # empty, or why costs are not known

    @property
    def sales(self) -> Decimal:
        """Of all cells and of orders without a customer: the store's net sales up to now."""
        return sum((cell.sales for row in self.rows for cell in row.cells), self.without_customer)


def merged(rows: Iterable[Cohort], month: date, segment: str) -> Cohort:
    """Several cohorts as one, each age and each LTV over the customers of all. Ages line up by months since."""
    customers, cells, spans = 0, defaultdict[int, list[Cell]](list), defaultdict[int, list[Ltv]](list)
    for row in rows:
        customers += row.customers
        for cell in row.cells:
            cells[cell.age].append(cell)
        for one in row.ltv:
            spans[one.days].append(one)
    return Cohort(
        month,
        segment,
        customers,
        tuple(_cell(age, parts) for age, parts in sorted(cells.items())),
        tuple(_ltv(days, parts) for days, parts in sorted(spans.items())),
    )


def _cell(age: int, parts: list[Cell]) -> Cell:
    return Cell(
        age,
        sum(part.of for part in parts),
        sum(part.customers for part in parts),
        sum(part.orders for part in parts),
        sum((part.sales for part in parts), Decimal(0)),
        sum((part.contribution for part in parts), Decimal(0)),
        all(part.whole for part in parts),
    )


def _ltv(days: int, parts: list[Ltv]) -> Ltv:
    old = sum(part.customers for part in parts)
    sales = sum(((part.sales or Decimal(0)) * part.customers for part in parts), Decimal(0))
    contribution = sum(((part.contribution or Decimal(0)) * part.customers for part in parts), Decimal(0))
    return Ltv(
        days,
        old,
        sum(part.left_out for part in parts),
        sales / old if old else None,
        contribution / old if old else None,
    )


@dataclass(frozen=True)
class Payback:
    """How a customer's contribution adds up against what it cost to win them."""

    cac: Decimal | None
    curve: tuple[Decimal, ...]  # per customer, by days since the first order; ends with the oldest customer
    days: int | None  # the first day it covers the cost; None: not yet, or nothing to cover is known
    recovered: Decimal | None  # the share covered by the end of the curve
    reason: str = ""
