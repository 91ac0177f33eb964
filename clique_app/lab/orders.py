"""`clique lab orders`: what a book of orders says of its customers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from clique_app.customers import cohorts
from clique_app.lab.table import BadFile, Table, opened


def answer(file: Path) -> dict[str, Any]:
    """Orders, customers, LTV and months."""
    found = cohorts.summary(read(opened(file)))
    return {
        "orders": found.orders,
        "revenue": float(found.revenue),
        "aov": _number(found.aov),
        "customers": found.customers,
        "repeat_rate": _number(found.repeat_rate),
        "ltv": {str(days): _number(value) for days, value in found.ltv.items()},
        "median_gap_days": found.median_gap_days,
        "months": [
            {
                "month": month.first_day.isoformat()[:7],
                "orders": month.orders,
                "revenue": float(month.revenue),
                "new_customers": month.new_customers,
                "returning_customers": month.returning_customers,
            }
            for month in found.months
        ],
    }


def read(table: Table) -> list[cohorts.Purchase]:
    """The file's orders, in its order; every row is one."""
    table.needs("customer_id", "order_date")
    amount = table.amount_column()
    rows = table.rows()
    purchases = [cohorts.Purchase(row.text("customer_id"), row.day("order_date"), row.amount(amount)) for row in rows]
    if not purchases:
        raise BadFile("The file has a header and no orders.")
    return purchases


def text(told: dict[str, Any]) -> str:
    """The same for people."""
    gap = told["median_gap_days"]
    lines = [
        f"Orders         {told['orders']:>16,}",
        f"Revenue        {told['revenue']:>16,.2f}",
        f"AOV            {told['aov']:>16,.2f}",
        f"Customers      {told['customers']:>16,}",
        f"Repeat rate    {told['repeat_rate']:>16.2%}",
        f"Median gap     {'nobody returned' if gap is None else f'{gap:g} days':>16}",
    ]
    for days, value in told["ltv"].items():
        lines.append(f"LTV {days + ' days':10} {'nobody so old' if value is None else f'{value:,.2f}':>16}")
    lines += ["", f"{'Month':10} {'orders':>10} {'revenue':>16} {'new':>10} {'returning':>10}"]
    lines += [
        f"{month['month']:10} {month['orders']:>10,} {month['revenue']:>16,.2f} "
        f"{month['new_customers']:>10,} {month['returning_customers']:>10,}"
        for month in told["months"]
    ]
    return "\n".join(lines)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
