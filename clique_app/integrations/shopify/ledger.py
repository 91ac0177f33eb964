"""Shopify's dated sales agreements as entries of the sales ledger; the entries of a sale sum to its total."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from clique_app.clock import day_of
from clique_app.integrations.shopify.values import instant, number, shop_money

# what is booked the moment an order is cancelled may carry a time shortly before the cancellation's own
CANCELLATION_SLACK = timedelta(minutes=5)
OTHER_KINDS = {
    "SHIPPING": "shipping",
    "GIFT_CARD": "gift_card",
    "TIP": "tip",
    "DUTY": "duty",
}  # and 'fee' for the rest, new types of Shopify's included: they are not sales of products


class EntryRow(NamedTuple):
    """A row of sale_entry, before product, variant and unit cost are looked up."""

    sale_id: int
    kind: str
    order_id: int
    line_id: int | None
    happened_at: datetime
    day: date
    quantity: int
    amount: Decimal


@dataclass(frozen=True)
class Booking:
    """What all sales of one agreement have in common."""

    order_id: int
    purchase: bool
    edit: bool
    cancelling: bool
    at: datetime
    day: date


def entries(
    order_id: int,
    agreements: list[dict[str, Any]],
    *,
    processed_at: datetime,
    cancelled_at: datetime | None,
    time_zone: str,
) -> list[EntryRow]:
    """All entries of an order, in the order of their ids."""
    rows: list[EntryRow] = []
    for agreement in agreements:
        purchase = agreement["reason"] == "ORDER"
        at = processed_at if purchase else instant(agreement["happenedAt"])
        booking = Booking(
            order_id,
            purchase,
            edit=agreement["reason"] == "ORDER_EDIT",
            cancelling=cancelled_at is not None and at >= cancelled_at - CANCELLATION_SLACK,
            at=at,
            day=day_of(at, time_zone),
        )
        for sale in agreement.get("sales", ()):
            rows += _of_sale(booking, sale)
    return sorted(rows)


def total_at_purchase(agreements: list[dict[str, Any]]) -> Decimal:
    """What was charged when the order was placed: lines after discount, shipping and tax."""
    return sum(
        (shop_money(s["totalAmount"]) for a in agreements if a["reason"] == "ORDER" for s in a.get("sales", ())),
        Decimal(0),
    )


def _of_sale(booking: Booking, sale: dict[str, Any]) -> Iterator[EntryRow]:
    total, tax = shop_money(sale["totalAmount"]), shop_money(sale["totalTaxAmount"])
    net = total - tax
    line = sale.get("lineItem")
    sale_id, line_id = number(sale["id"]), number(line["id"]) if line else None

    def row(kind: str, amount: Decimal, quantity: int = 0) -> EntryRow:
        return EntryRow(sale_id, kind, booking.order_id, line_id, booking.at, booking.day, quantity, amount)

    kind, quantity = _kind(booking, sale), 0
    if sale["lineType"] == "PRODUCT":
        quantity = _units(sale)
    if kind == "sale":
        discount = abs(shop_money(sale["totalDiscountAmountBeforeTaxes"]))
        yield row("sale", net + discount, quantity)
        if discount:
            yield row("discount", -discount)
    elif net or quantity:
        yield row(kind, net, quantity)
    if tax:
        yield row("tax", tax)


def _kind(booking: Booking, sale: dict[str, Any]) -> str:
    if sale["lineType"] not in ("PRODUCT", "ADJUSTMENT"):
        return OTHER_KINDS.get(sale["lineType"], "fee")
    if sale["lineType"] == "ADJUSTMENT":
        return "cancellation" if booking.cancelling else "refund"
    if booking.purchase:
        return "sale"
    if sale["actionType"] == "ORDER":
        return "edit"  # a line added later, also in exchange for a returned one
    if booking.cancelling and sale["actionType"] == "RETURN":
        return "cancellation"
    return "edit" if booking.edit else "refund"


def _units(sale: dict[str, Any]) -> int:
    """Signed; a change of price alone moves no units."""
    units = abs(sale["quantity"] or 0)
    return {"ORDER": units, "RETURN": -units}.get(sale["actionType"], 0)
