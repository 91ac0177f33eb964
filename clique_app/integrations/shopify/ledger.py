"""Shopify's dated sales agreements as entries of the sales ledger; the entries of a sale sum to its total."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from clique_app.integrations.shopify.values import instant_and_day, number, shop_money

NOTHING = Decimal(0)

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


class Booking(NamedTuple):
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
    processed_at: str,
    cancelled_at: datetime | None,
    time_zone: str,
) -> list[EntryRow]:
    """All entries of an order, in the order of their ids."""
    rows: list[EntryRow] = []
    for agreement in agreements:
        reason = agreement["reason"]
        purchase = reason == "ORDER"
        at, day = instant_and_day(processed_at if purchase else agreement["happenedAt"], time_zone)
        cancelling = cancelled_at is not None and at >= cancelled_at - CANCELLATION_SLACK
        booking = Booking(order_id, purchase, reason == "ORDER_EDIT", cancelling, at, day)
        for sale in agreement.get("sales", ()):
            _book(rows, booking, sale)
    rows.sort()
    return rows


def total_at_purchase(agreements: list[dict[str, Any]]) -> Decimal:
    """What was charged when the order was placed: lines after discount, shipping and tax."""
    total = NOTHING
    for agreement in agreements:
        if agreement["reason"] == "ORDER":
            for sale in agreement.get("sales", ()):
                total += shop_money(sale["totalAmount"])
    return total


def _book(rows: list[EntryRow], booking: Booking, sale: dict[str, Any]) -> None:
    total, tax = shop_money(sale["totalAmount"]), shop_money(sale["totalTaxAmount"])
    net = total - tax
    line = sale.get("lineItem")
    sale_id, line_id = number(sale["id"]), number(line["id"]) if line else None
    order_id, at, day = booking.order_id, booking.at, booking.day
    kind, quantity = _kind(booking, sale), 0
    if sale["lineType"] == "PRODUCT":
        quantity = _units(sale)
    if kind == "sale":
        discount = abs(shop_money(sale["totalDiscountAmountBeforeTaxes"]))
        rows.append(EntryRow(sale_id, "sale", order_id, line_id, at, day, quantity, net + discount))
        if discount:
            rows.append(EntryRow(sale_id, "discount", order_id, line_id, at, day, 0, -discount))
    elif net or quantity:
        rows.append(EntryRow(sale_id, kind, order_id, line_id, at, day, quantity, net))
    if tax:
        rows.append(EntryRow(sale_id, "tax", order_id, line_id, at, day, 0, tax))


def _kind(booking: Booking, sale: dict[str, Any]) -> str:
    line_type = sale["lineType"]
    if line_type == "ADJUSTMENT":
        return "cancellation" if booking.cancelling else "refund"
    if line_type != "PRODUCT":
        return OTHER_KINDS.get(line_type, "fee")
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
    match sale["actionType"]:
        case "ORDER":
            return units
        case "RETURN":
            return -units
    return 0
