"""Order arithmetic: how placing, editing, refunding and cancelling an order book dated sales, to the cent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from clique_app.sandbox.money import allocate, minor, money, share, tax_of
from clique_app.sandbox.records import (
    Agreement,
    Order,
    OrderLine,
    Refund,
    RefundLine,
    Sale,
    Transaction,
    Visit,
)

NextId = Callable[[], int]


class NotPossible(ValueError):
    """The order cannot be changed like that; the text says why."""


@dataclass(slots=True)
class LineDraft:
    """One line as it is put into an order; money in minor units as shown to the buyer."""

    title: str
    sku: str
    quantity: int
    unit_price: int
    discount: int = 0
    variant_id: int | None = None
    product_id: int | None = None
    gift_card: bool = False
    selling_plan: str | None = None


@dataclass(slots=True)
class OrderDraft:
    """Everything that is decided when an order is placed; money in minor units of the shop's currency."""

    placed_at: datetime
    lines: list[LineDraft]
    customer_id: int | None = None
    source_name: str = "web"
    order_discount: int = 0  # spread over the lines by largest remainder
    discount_codes: tuple[str, ...] = ()
    tax_ppm: int = 0
    taxes_included: bool = False
    shipping: int = 0
    country: str = ""
    region: str = ""
    postal_code: str = ""
    visits: list[Visit] = field(default_factory=list)
    test: bool = False
    presentment_currency: str | None = None
    presentment_rate: Decimal = Decimal(1)
    tags: tuple[str, ...] = ()
    ad_id: str | None = None  # the Meta ad that truly drove it; never part of the order's record


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """What an order amounts to: as ordered (with edits) and now (after edits, returns and refunds)."""

    subtotal: Decimal  # lines after discounts, as shown to the buyer
    discounts: Decimal
    tax: Decimal
    shipping: Decimal
    total: Decimal
    refunded: Decimal
    current_subtotal: Decimal
    current_tax: Decimal
    current_total: Decimal


def place(draft: OrderDraft, order_id: int, number: int, next_id: NextId) -> Order:
    """Book a new order: its lines, its first agreement and its payment."""
    _spread_discount(draft)
    included, ppm = draft.taxes_included, draft.tax_ppm
    made = [_new_line(line, ppm, included, next_id) for line in draft.lines]
    lines, sales = [line for line, _ in made], [sale for _, sale in made]
    shipping_tax = tax_of(draft.shipping, ppm, included) if draft.shipping else 0
    if draft.shipping:
        total = draft.shipping if included else draft.shipping + shipping_tax
        sales.append(_sale(next_id(), "ORDER", "SHIPPING", None, 1, total, shipping_tax, 0, 0))
    order = Order(
        order_id=order_id,
        number=number,
        created_at=draft.placed_at,
        processed_at=draft.placed_at,
        updated_at=draft.placed_at,
        customer_id=draft.customer_id,
        source_name=draft.source_name,
        lines=lines,
        shipping=money(draft.shipping),
        shipping_tax=money(shipping_tax),
        taxes_included=included,
        agreements=[Agreement(next_id(), "ORDER", draft.placed_at, sales)],
        visits=draft.visits,
        country=draft.country,
        region=draft.region,
        postal_code=draft.postal_code,
        test=draft.test,
        presentment_currency=draft.presentment_currency,
        presentment_rate=draft.presentment_rate,
        discount_codes=draft.discount_codes,
        tags=draft.tags,
        tax_ppm=ppm,
    )
    _pay(order, _sum(sales), draft.placed_at, next_id)
    return order


def edit(
    order: Order,
    at: datetime,
    add: Iterable[LineDraft],
    remove: Iterable[tuple[int, int]],
    next_id: NextId,
) -> Agreement:
    """Add lines and take units off lines [(line id, quantity)] after the order was placed."""
    _must_be_open(order)
    sales = [sale for line_id, quantity in remove for sale in _take_back(order, line_id, quantity, next_id)]
    for draft in add:
        line, sale = _new_line(draft, order.tax_ppm, order.taxes_included, next_id)
        order.lines.append(line)
        sales.append(sale)
    agreement = _agree(order, "ORDER_EDIT", at, sales, next_id)
    _pay(order, _sum(sales), at, next_id)
    return agreement


def refund(
    order: Order,
    at: datetime,
    lines: Iterable[tuple[int, int]],
    next_id: NextId,
    *,
    shipping: int = 0,
    location_id: int | None = None,
    note: str = "",
) -> Refund:
    """Give back units of lines [(line id, quantity)] and, where asked, shipping (before added tax)."""
    sales: list[Sale] = []
    refund_lines: list[RefundLine] = []
    for line_id, quantity in lines:
        for sale in _take_back(order, line_id, quantity, next_id):
            sales.append(sale)
            paid, tax = -sale.total_amount, -sale.total_tax
            shown = paid if order.taxes_included else paid - tax
            refund_lines.append(RefundLine(line_id, quantity, shown, tax, location_id))
    if shipping:
        sales.append(_shipping_back(order, shipping, next_id))
    _agree(order, "REFUND", at, sales, next_id)
    given_back = Refund(next_id(), at, refund_lines, money(-_sum(sales)), note)
    order.refunds.append(given_back)
    _pay(order, _sum(sales), at, next_id)
    return given_back


def cancel(
    order: Order, at: datetime, reason: str, next_id: NextId, *, location_id: int | None = None
) -> Refund | None:
    """Cancel an order and give back everything that is left on it."""
    _must_be_open(order)
    order.cancelled_at, order.cancel_reason, order.updated_at = at, reason, at
    rest = [(line.line_id, line.current_quantity) for line in order.lines if line.current_quantity]
    shipping = minor(order.shipping) - shipping_returned(order)
    if not rest and not shipping:
        return None
    return refund(order, at, rest, next_id, shipping=shipping, location_id=location_id, note="Canceled")


def totals(order: Order) -> OrderTotals:
    """The order's sums, from its lines and its agreements."""
    sales = [sale for agreement in order.agreements for sale in agreement.sales]
    ordered = [sale for sale in sales if sale.action == "ORDER"]
    goods = [sale for sale in sales if sale.line_type != "SHIPPING"]
    current = sum((s.total_amount for s in goods), Decimal(0))
    current_goods_tax = sum((s.total_tax for s in goods), Decimal(0))
    return OrderTotals(
        subtotal=sum((x.unit_price * x.quantity - x.discount for x in order.lines), Decimal(0)),
        discounts=sum((x.discount for x in order.lines), Decimal(0)),
        tax=sum((s.total_tax for s in ordered), Decimal(0)),
        shipping=order.shipping,
        total=sum((s.total_amount for s in ordered), Decimal(0)),
        refunded=sum((r.total for r in order.refunds), Decimal(0)),
        current_subtotal=current if order.taxes_included else current - current_goods_tax,
        current_tax=sum((s.total_tax for s in sales), Decimal(0)),
        current_total=sum((s.total_amount for s in sales), Decimal(0)),
    )


def _new_line(draft: LineDraft, tax_ppm: int, included: bool, next_id: NextId) -> tuple[OrderLine, Sale]:
    """A line with its tax and the sale it books; gift cards are never taxed."""
    shown = draft.quantity * draft.unit_price - draft.discount
    if draft.quantity < 0 or draft.discount < 0 or shown < 0:
        raise NotPossible(f"line {draft.title!r}: quantity, discount and amount must not be negative")
    rate = 0 if draft.gift_card else tax_ppm
    tax = tax_of(shown, rate, included) if rate else 0
    line = OrderLine(
        line_id=next_id(),
        variant_id=draft.variant_id,
        product_id=draft.product_id,
        title=draft.title,
        sku=draft.sku,
        quantity=draft.quantity,
        current_quantity=draft.quantity,
        unit_price=money(draft.unit_price),
        discount=money(draft.discount),
        tax=money(tax),
        gift_card=draft.gift_card,
        selling_plan=draft.selling_plan,
    )
    amounts = _amounts(shown, draft.discount, tax, rate, included)
    kind = "GIFT_CARD" if draft.gift_card else "PRODUCT"
    return line, _sale(next_id(), "ORDER", kind, line.line_id, draft.quantity, *amounts)


def _amounts(shown: int, discount: int, tax: int, rate_ppm: int, included: bool) -> tuple[int, int, int, int]:
    """A sale's total, tax, and discount before and after taxes."""
    relief = tax_of(discount, rate_ppm, included) if discount and rate_ppm else 0
    if included:
        return shown, tax, discount - relief, discount
    return shown + tax, tax, discount, discount + relief


def shipping_returned(order: Order) -> int:
    """Shipping given back so far, as shown to the buyer."""
    back = 0
    for agreement in order.agreements:
        for sale in agreement.sales:
            if sale.action == "RETURN" and sale.line_type == "SHIPPING":
                back -= minor(sale.total_amount if order.taxes_included else sale.total_amount - sale.total_tax)
    return back


def _spread_discount(draft: OrderDraft) -> None:
    if not draft.order_discount:
        return
    discountable = [line for line in draft.lines if not line.gift_card]
    parts = allocate(draft.order_discount, [x.quantity * x.unit_price - x.discount for x in discountable])
    for line, part in zip(discountable, parts, strict=True):
        line.discount += part


def _take_back(order: Order, line_id: int, quantity: int, next_id: NextId) -> list[Sale]:
    """Return units of a line; cumulative rounding makes the returns of all units sum to what was ordered."""
    line = next((x for x in order.lines if x.line_id == line_id), None)
    if line is None:
        raise NotPossible(f"order {order.order_id} has no line {line_id}")
    if not 0 < quantity <= line.current_quantity:
        raise NotPossible(f"line {line_id} has {line.current_quantity} units left, not {quantity}")
    discount = minor(line.discount)
    shown = line.quantity * minor(line.unit_price) - discount
    rate = 0 if line.gift_card else order.tax_ppm
    booked = _amounts(shown, discount, minor(line.tax), rate, order.taxes_included)
    done = line.quantity - line.current_quantity
    line.current_quantity -= quantity
    total, tax, before, after = (
        share(x, done, line.quantity) - share(x, done + quantity, line.quantity) for x in booked
    )
    kind = "GIFT_CARD" if line.gift_card else "PRODUCT"
    return [_sale(next_id(), "RETURN", kind, line_id, -quantity, total, tax, before, after)]


def _shipping_back(order: Order, shipping: int, next_id: NextId) -> Sale:
    whole, done = minor(order.shipping), shipping_returned(order)
    if not 0 < shipping <= whole - done:
        raise NotPossible(f"order {order.order_id} has {money(whole - done)} of shipping left")
    all_tax = minor(order.shipping_tax)
    tax = share(all_tax, done, whole) - share(all_tax, done + shipping, whole)
    total = -shipping if order.taxes_included else tax - shipping
    return _sale(next_id(), "RETURN", "SHIPPING", None, -1, total, tax, 0, 0)


def _must_be_open(order: Order) -> None:
    if order.cancelled_at is not None:
        raise NotPossible(f"order {order.order_id} is cancelled")


def _agree(order: Order, reason: str, at: datetime, sales: list[Sale], next_id: NextId) -> Agreement:
    agreement = Agreement(next_id(), reason, at, sales)
    order.agreements.append(agreement)
    order.updated_at = max(at, order.updated_at)
    return agreement


def _pay(order: Order, amount: int, at: datetime, next_id: NextId) -> None:
    if not amount:
        return
    gateway = "cash" if order.source_name == "pos" else "shopify_payments"
    kind = "SALE" if amount > 0 else "REFUND"
    order.transactions.append(Transaction(next_id(), kind, "SUCCESS", money(abs(amount)), gateway, at))


def _sum(sales: Sequence[Sale]) -> int:
    return sum(minor(sale.total_amount) for sale in sales)


def _sale(
    sale_id: int,
    action: str,
    line_type: str,
    line_id: int | None,
    quantity: int | None,
    total: int,
    tax: int,
    before: int,
    after: int,
) -> Sale:
    amounts = (money(total), money(tax), money(before), money(after))
    return Sale(sale_id, action, line_type, line_id, quantity, *amounts)
