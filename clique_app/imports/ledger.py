"""An order of a file as rows of the sales ledger, of the same kinds as Shopify's own agreements. Pure.

The export gives sums an order, not a line: what was taken off and the tax are spread over the lines by their amounts.
It gives one refunded sum without a day: it is taken from the products first, then from shipping, and booked on the day
of the cancellation, else on the order's own day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import blake2b
from typing import NamedTuple

from clique_app.clock import day_of
from clique_app.imports.records import OrderLine, OrderRecord
from clique_app.imports.values import made_id
from clique_app.integrations.shopify.ledger import EntryRow

CENT = Decimal("0.01")
ZERO = Decimal(0)
UNPAID = ("", "VOIDED", "PENDING", "AUTHORIZED", "EXPIRED", "UNPAID")


class Line(NamedTuple):
    """A row of order_line, before product and variant are looked up."""

    line_id: int
    order_id: int
    title: str
    sku: str
    quantity: int
    current_quantity: int
    unit_price: Decimal
    gift_card: bool


@dataclass(frozen=True)
class Booked:
    """An order's lines and entries."""

    order_id: int
    lines: tuple[Line, ...]
    entries: tuple[EntryRow, ...]

    def mark(self, record: OrderRecord) -> bytes:
        """Equal for an equal order, whichever line of whichever file it came from."""
        own = (
            record.name, record.email_hash, record.created_at, record.updated_at, record.cancelled_at,
            record.financial_status, record.fulfillment_status, record.country, record.region, record.postal_code,
            record.source, record.test, record.total,
        )  # fmt: skip
        text = json.dumps((own, self.lines, self.entries), default=_plain)
        return blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True)
class _Sums:
    """What the order's amounts mean: net of tax, with the tax beside them."""

    product_net: Decimal
    product_tax: Decimal
    gross_net: Decimal  # products before discount, net of tax
    shipping_net: Decimal
    shipping_tax: Decimal


def _plain(value: date | Decimal) -> str:
    """Equal for equal values, however they are written."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value.isoformat()


def order_id_of(record: OrderRecord) -> int:
    """Shopify's id; one of our own, below 0, where the file has none."""
    return record.order_id if record.order_id is not None else made_id("order", record.name)


def book(record: OrderRecord, time_zone: str) -> Booked:
    """The order's rows. A test order keeps its lines and books nothing."""
    order_id = order_id_of(record)
    ids = [made_id(order_id, "line", number) for number in range(len(record.lines))]
    back = _given_back(record)
    whole = back > ZERO and back >= _charged(record) - CENT
    lines = tuple(
        Line(
            line_id, order_id, one.title, one.sku, one.quantity, 0 if whole else one.quantity, one.price,
            _other_kind(one) == "gift_card",
        )
        for line_id, one in zip(ids, record.lines, strict=True)
    )  # fmt: skip
    if record.test:
        return Booked(order_id, lines, ())
    return Booked(order_id, lines, tuple(_entries(record, order_id, ids, back, time_zone)))


def prices_include_tax(record: OrderRecord) -> bool:
    """Where tax comes on top the total has it beside the subtotal; else it is inside."""
    beside = record.total - record.subtotal - record.shipping - record.duties - _tips(record)
    return record.taxes > ZERO and beside < record.taxes / 2


def spread(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The total in cents over the weights, summing to it exactly."""
    whole = sum(weights, ZERO)
    parts: list[Decimal] = []
    given, seen = ZERO, ZERO
    for weight in weights:
        seen += weight
        until = (total * seen / whole).quantize(CENT, ROUND_HALF_EVEN) if whole else ZERO
        parts.append(until - given)
        given = until
    if parts:
        parts[-1] += total - given  # what is finer than cents, or has no weight to go by
    return parts


def _entries(record: OrderRecord, order_id: int, ids: list[int], back: Decimal, time_zone: str) -> list[EntryRow]:
    at, day = record.created_at, day_of(record.created_at, time_zone)
    sums = _sums(record)
    sold = [(i, one) for i, one in zip(ids, record.lines, strict=True) if _other_kind(one) is None]
    amounts = [one.price * one.quantity for _, one in sold]
    marked = [one.discount for _, one in sold]
    gross = spread(sums.gross_net, amounts)
    off = sums.gross_net - sums.product_net
    discounts = spread(off, marked if sum(marked, ZERO) == off else amounts)
    rows: list[EntryRow] = []

    def add(sale_id: int, kind: str, amount: Decimal, line_id: int | None = None, quantity: int = 0) -> None:
        rows.append(EntryRow(sale_id, kind, order_id, line_id, at, day, quantity, amount))

    for (line_id, one), amount, discount in zip(sold, gross, discounts, strict=True):
        add(line_id, "sale", amount, line_id, one.quantity)
        if discount:
            add(line_id, "discount", -discount, line_id)
    for line_id, one in zip(ids, record.lines, strict=True):
        if (kind := _other_kind(one)) is not None:
            add(line_id, kind, one.price * one.quantity, line_id)
    of_order = made_id(order_id, "order")
    for kind, amount in (
        ("shipping", sums.shipping_net),
        ("duty", record.duties),
        ("tax", sums.product_tax + sums.shipping_tax),
    ):
        if amount:
            add(of_order, kind, amount)
    if back > ZERO:
        kept = [(line_id, one.quantity, a - d) for (line_id, one), a, d in zip(sold, gross, discounts, strict=True)]
        rows += _back(record, order_id, sums, kept, back, time_zone)
    return rows


def _back(
    record: OrderRecord,
    order_id: int,
    sums: _Sums,
    kept: list[tuple[int, int, Decimal]],
    back: Decimal,
    time_zone: str,
) -> list[EntryRow]:
    """What went back to the buyer: of the products, then of shipping, then of the rest."""
    kind = "cancellation" if record.cancelled_at else "refund"
    at = record.cancelled_at or record.created_at
    day = day_of(at, time_zone)
    products, shipping = sums.product_net + sums.product_tax, sums.shipping_net + sums.shipping_tax
    of_products = min(back, products)
    of_shipping = min(back - of_products, shipping)
    rest = back - of_products - of_shipping
    net = _share(sums.product_net, of_products, products)
    shipping_net = _share(sums.shipping_net, of_shipping, shipping)
    of_order = made_id(order_id, "back")
    rows: list[EntryRow] = []
    if of_products == products and back >= _charged(record) - CENT:
        rows += [EntryRow(i, kind, order_id, i, at, day, -quantity, -amount) for i, quantity, amount in kept]
    elif net:
        rows.append(EntryRow(of_order, kind, order_id, None, at, day, 0, -net))
    tax = of_products - net + of_shipping - shipping_net
    for other, amount in (("shipping", shipping_net), ("tax", tax), ("fee", rest)):
        if amount:
            rows.append(EntryRow(of_order, other, order_id, None, at, day, 0, -amount))
    return rows


def _sums(record: OrderRecord) -> _Sums:
    products = [one for one in record.lines if _other_kind(one) is None]
    gross = sum((one.price * one.quantity for one in products), ZERO)
    cards = sum((one.price * one.quantity for one in record.lines if _other_kind(one) == "gift_card"), ZERO)
    net = min(max(record.subtotal - cards, ZERO), gross)
    tax_of_products = _share(record.taxes, net, net + record.shipping)
    if not products and not record.shipping:
        tax_of_products = record.taxes
    tax_of_shipping = record.taxes - tax_of_products
    if not prices_include_tax(record):
        return _Sums(net, tax_of_products, gross, record.shipping, tax_of_shipping)
    without = max(net - tax_of_products, ZERO)
    return _Sums(
        without,
        net - without,
        _share(without, gross, net) if net else gross,
        record.shipping - tax_of_shipping,
        tax_of_shipping,
    )


def _given_back(record: OrderRecord) -> Decimal:
    """What was refunded; all of it where an order was cancelled before it was paid."""
    if record.refunded:
        return record.refunded
    return _charged(record) if record.cancelled_at and record.financial_status in UNPAID else ZERO


def _charged(record: OrderRecord) -> Decimal:
    tax = ZERO if prices_include_tax(record) else record.taxes
    return record.subtotal + record.shipping + tax


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return (amount * part / whole).quantize(CENT, ROUND_HALF_EVEN) if whole else ZERO


def _tips(record: OrderRecord) -> Decimal:
    return sum((one.price * one.quantity for one in record.lines if _other_kind(one) == "tip"), ZERO)


def _other_kind(line: OrderLine) -> str | None:
    """A line that is not a sale of a product. The export marks none; its name and what does not apply to it tell."""
    name = line.title.lower()
    if name == "tip":
        return "tip"
    return "gift_card" if "gift card" in name and not (line.requires_shipping or line.taxable) else None
