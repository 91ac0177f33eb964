"""What was spent and sold, all beside each other, by day, channel, campaign, place or product; each sums to the whole.

By channel and campaign an order counts by its last touch. By product spend is that of the ads that promote it and, of
ads that promote none, its share of what their campaign sold; by place what the platforms say of places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import text
from sqlmodel import Session

from clique_app.errors import InvalidInput
from clique_app.metrics import figures, readings_service, reasons_service, registry, rollup, service, sums_service
from clique_app.metrics.definition import Dimension, Figure, Leaf, Period, Reading, Total
from clique_app.metrics.kept import PERFORMANCE
from clique_app.metrics.performance_sql import CUTS, MEASURES, By

Basis = Literal["", "promoted", "share", "both"]

COLUMNS = (
    "ad_spend", "impressions", "clicks", "orders", "units", "net_sales", "cost_of_goods", "fulfilment", "payment_fees",
    "attributed_revenue", "reported_revenue", "roas", "contribution_profit", "roi", "contribution_margin",
)  # fmt: skip
STOCK = ("stock_units", "days_of_cover")  # of a product, at the period's end
MEASURE = {"ad_spend": "spend"}  # of a total, where it is not its key
NOT_BY_PRODUCT = ("impressions", "clicks", "reported_revenue")
_WHY_NOT = "Platforms do not tell it by product; it stands in the row without one."


@dataclass(frozen=True)
class Performance:
    """One row. member: a day, a name or an id; None: what is not known of one. basis: how spend came to a product."""

    member: Any
    figures: Mapping[str, Figure]
    basis: Basis = ""


def performance(session: Session, store_id: int, period: Period, by: By) -> list[Performance]:
    """The rows of a period, the largest spend and sales first; days in their order."""
    if by not in CUTS:
        raise InvalidInput(f"Performance is told by {', '.join(CUTS)}, not by {by}.")
    rests_on = service.basis(session, store_id)
    rows, asked = sums_service.relation(store_id, PERFORMANCE, period, rests_on.moment)
    cut = CUTS[by]
    sums = ", ".join(f"sum({measure}) as {measure}" for measure in MEASURES)
    statement = f"""
        select {rollup.member(cut, by)} as member, {sums} from {rows} performance where cut = :cut group by 1
    """  # noqa: S608  # our own columns
    found = session.connection().execute(text(statement), {**asked, "cut": rollup.name(cut)}).mappings().all()
    items = [registry.metric(key) for key in COLUMNS]
    leaves = dict.fromkeys(leaf for item in items for leaf in registry.leaves(item))
    reasons = reasons_service.reasons(session, store_id, leaves, (), rests_on.ready)
    read_from = service.read_from(rests_on.cursors, leaves)
    stock = _stock(session, store_id, period) if by == "product" else {}
    told = []
    for row in found:
        days = Period(row["member"], row["member"]) if by == "day" else period
        unread = {key: why for key, first in read_from.items() if (why := figures.not_read(first, days))}
        given = {leaf.key: _given(leaf, row, unread | reasons, by) for leaf in leaves}
        of_row = {item.key: figures.work_out(item, lambda leaf, given=given: given[leaf.key]) for item in items}
        told.append(
            Performance(row["member"], of_row | stock.get(row["member"], {}), _basis(row) if by == "product" else "")
        )
    if by == "day":
        return sorted(told, key=lambda one: one.member)
    return sorted(told, key=lambda one: -((one.figures["ad_spend"].value or 0) + (one.figures["net_sales"].value or 0)))


def _given(leaf: Leaf, row: Mapping[Any, Any], reasons: Mapping[str, str], by: By) -> Figure:
    why = reasons.get(leaf.key, "")
    if by == "product" and leaf.key in NOT_BY_PRODUCT and row["member"] is not None:
        why = why or _WHY_NOT
    value = None if why else Decimal(row[MEASURE.get(leaf.key, leaf.key)])
    return Figure(leaf.key, leaf.name, leaf.unit, value, why)


def _basis(row: Mapping[Any, Any]) -> Basis:
    by_link = row["spend_by_link"]
    return "" if not row["spend"] else "promoted" if by_link == row["spend"] else "both" if by_link else "share"


def _stock(session: Session, store_id: int, period: Period) -> dict[Any, dict[str, Figure]]:
    """Stock and how long it lasts, by product."""
    dimension: Dimension = "product"
    items = [registry.metric(key) for key in STOCK]
    leaves = dict.fromkeys(leaf for item in items for leaf in registry.leaves(item, (dimension,)))
    reasons = reasons_service.reasons(session, store_id, leaves, (dimension,))
    read = {
        leaf.key: readings_service.read_by(session, store_id, leaf, period, dimension, None)
        for leaf in leaves
        if isinstance(leaf, Reading) and leaf.key not in reasons
    }

    def given(leaf: Leaf, product: Any) -> Figure:
        if why := reasons.get(leaf.key, ""):
            return figures.unknown(leaf, why)
        assert not isinstance(leaf, Total)
        return figures.read(leaf, read[leaf.key].get(product, (None, None)))

    products = dict.fromkeys(product for of_products in read.values() for product in of_products)
    return {
        product: {
            item.key: figures.work_out(item, lambda leaf, product=product: given(leaf, product), (dimension,))
            for item in items
        }
        for product in products
    }
