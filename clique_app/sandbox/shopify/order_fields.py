"""How an order and everything inside it appears as GraphQL types."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from zlib import crc32

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
from clique_app.sandbox.shopify.catalog_fields import Address, Counted, Money
from clique_app.sandbox.shopify.context import Connections, Context, Field, Fields
from clique_app.sandbox.shopify.listing import Listing
from clique_app.sandbox.shopify.values import gid, zulu, zulu_or_none

CENT = Decimal("0.01")
NOTHING = Decimal(0)
FEE_RATE, FLAT_FEE = Decimal("0.029"), Decimal("0.30")  # of Shopify Payments


class Bag(NamedTuple):
    """One amount in the shop's currency and in the one the buyer saw."""

    amount: Decimal
    order: Order


class Line(NamedTuple):
    order: Order
    line: OrderLine


class AgreementOf(NamedTuple):
    order: Order
    agreement: Agreement


class SaleOf(NamedTuple):
    order: Order
    sale: Sale


class RefundOf(NamedTuple):
    order: Order
    refund: Refund


class RefundLineOf(NamedTuple):
    order: Order
    refund: Refund
    line: RefundLine


class TransactionOf(NamedTuple):
    order: Order
    transaction: Transaction


class FeeOf(NamedTuple):
    of: TransactionOf
    amount: Decimal


class FulfillmentOf(NamedTuple):
    order: Order


class ShippingLineOf(NamedTuple):
    order: Order


class Journey(NamedTuple):
    order: Order
    visits: list[Visit]


class TaxLine(NamedTuple):
    order: Order
    amount: Decimal


class Attribute(NamedTuple):
    key: str
    value: str


SALE_TYPES = {
    "PRODUCT": "ProductSale",
    "GIFT_CARD": "GiftCardSale",
    "SHIPPING": "ShippingLineSale",
    "TIP": "TipSale",
    "DUTY": "DutySale",
    "FEE": "FeeSale",
    "ADJUSTMENT": "AdjustmentSale",
}
AGREEMENT_TYPES = {
    "ORDER": "OrderAgreement",
    "ORDER_EDIT": "OrderEditAgreement",
    "REFUND": "RefundAgreement",
    "RETURN": "ReturnAgreement",
}


def presentment(bag: Bag, ctx: Context) -> Money:
    order = bag.order
    if order.presentment_currency is None:
        return Money(bag.amount, ctx.store.shop.currency)
    amount = (bag.amount * order.presentment_rate).quantize(CENT, ROUND_HALF_UP)
    return Money(amount, order.presentment_currency)


def financial_status(order: Order) -> str:
    refunded = sum((r.total for r in order.refunds), NOTHING)
    if not refunded:
        return "PAID"
    paid = sum((t.amount for t in order.transactions if t.kind == "SALE"), NOTHING)
    return "REFUNDED" if refunded >= paid else "PARTIALLY_REFUNDED"


def current_lines(order: Order) -> int:
    return sum(line.current_quantity for line in order.lines)


def line_total(line: OrderLine) -> Decimal:
    return line.unit_price * line.quantity - line.discount


def journey(order: Order) -> Journey | None:
    """Only orders of the online store have one."""
    if order.source_name != "web" and not order.visits:
        return None
    return Journey(order, sorted(order.visits, key=lambda v: (v.occurred_at, v.visit_id)))


def tax_lines(order: Order, amount: Decimal) -> list[TaxLine]:
    return [TaxLine(order, amount)] if amount else []


def refund_of(found: AgreementOf) -> RefundOf | None:
    for refund in found.order.refunds:
        if refund.created_at == found.agreement.happened_at:
            return RefundOf(found.order, refund)
    return None


def line_numbered(order: Order, line_id: int | None) -> Line | None:
    for line in order.lines:
        if line.line_id == line_id:
            return Line(order, line)
    return None


def refunded_shipping(order: Order) -> Decimal:
    """Without tax where it was added, as the shipping itself."""
    back = NOTHING
    for agreement in order.agreements:
        for sale in agreement.sales:
            if sale.line_type == "SHIPPING" and sale.action == "RETURN":
                back -= sale.total_amount if order.taxes_included else sale.total_amount - sale.total_tax
    return back


def _order_money(attribute: str) -> Field:
    return lambda o, a, c: Bag(getattr(c.totals(o), attribute), o)


def _sale_money(attribute: str) -> Field:
    return lambda s, a, c: Bag(getattr(s.sale, attribute), s.order)


def _fees(found: TransactionOf) -> list[FeeOf]:
    """Shopify states the fees of its own payments alone; they are not given back."""
    paid = found.transaction
    if paid.gateway != "shopify_payments" or paid.kind != "SALE":
        return []
    return [FeeOf(found, (paid.amount * FEE_RATE).quantize(CENT, ROUND_HALF_UP) + FLAT_FEE)]


def _utm(visit: Visit) -> Visit | None:
    return visit if visit.utm_source or visit.utm_medium or visit.utm_campaign else None


def _is_ready(found: Journey, ctx: Context) -> bool:
    return found.order.journey_ready_at is None or found.order.journey_ready_at <= ctx.now


def _days(found: Journey, ctx: Context) -> int | None:
    if not found.visits or not _is_ready(found, ctx):
        return None
    return (found.order.created_at - found.visits[0].occurred_at).days


def _ready(found: Journey, ctx: Context) -> list[Visit]:
    return found.visits if _is_ready(found, ctx) else []


def _customer_order_index(found: Journey, args: dict[str, Any], ctx: Context) -> int | None:
    customer_id = found.order.customer_id
    if customer_id is None:
        return None
    return sum(
        1
        for order in ctx.store.orders.values()
        if order.customer_id == customer_id and order.created_at <= found.order.created_at
    )


_ORDER: dict[str, Field] = {
    "id": lambda o, a, c: gid("Order", o.order_id),
    "legacyResourceId": lambda o, a, c: str(o.order_id),
    "name": lambda o, a, c: f"#{o.number}",
    "number": lambda o, a, c: o.number,
    "createdAt": lambda o, a, c: zulu(o.created_at),
    "processedAt": lambda o, a, c: zulu(o.processed_at),
    "updatedAt": lambda o, a, c: zulu(o.updated_at),
    "cancelledAt": lambda o, a, c: zulu_or_none(o.cancelled_at),
    "cancelReason": lambda o, a, c: o.cancel_reason,
    "closedAt": lambda o, a, c: zulu_or_none(o.fulfilled_at),
    "closed": lambda o, a, c: o.fulfilled_at is not None,
    "confirmed": lambda o, a, c: True,
    "edited": lambda o, a, c: any(x.reason == "ORDER_EDIT" for x in o.agreements),
    "test": lambda o, a, c: o.test,
    "note": lambda o, a, c: None,
    "email": lambda o, a, c: None,
    "phone": lambda o, a, c: None,
    "sourceName": lambda o, a, c: o.source_name,
    "sourceIdentifier": lambda o, a, c: None,
    "currencyCode": lambda o, a, c: c.store.shop.currency,
    "presentmentCurrencyCode": lambda o, a, c: o.presentment_currency or c.store.shop.currency,
    "taxesIncluded": lambda o, a, c: o.taxes_included,
    "displayFinancialStatus": lambda o, a, c: financial_status(o),
    "displayFulfillmentStatus": lambda o, a, c: "FULFILLED" if o.fulfilled_at else "UNFULFILLED",
    "fullyPaid": lambda o, a, c: True,
    "unpaid": lambda o, a, c: False,
    "customer": lambda o, a, c: c.store.customers.get(o.customer_id),
    "customerJourneySummary": lambda o, a, c: journey(o),
    "customAttributes": lambda o, a, c: [],
    "discountCode": lambda o, a, c: o.discount_codes[0] if o.discount_codes else None,
    "discountCodes": lambda o, a, c: list(o.discount_codes),
    "tags": lambda o, a, c: list(o.tags),
    "paymentGatewayNames": lambda o, a, c: sorted({t.gateway for t in o.transactions}),
    "shippingAddress": lambda o, a, c: (
        Address(gid("MailingAddress", o.order_id), o.country, o.region, o.postal_code) if o.country else None
    ),
    "billingAddress": lambda o, a, c: (
        Address(gid("MailingAddress", o.order_id), o.country, o.region, o.postal_code) if o.country else None
    ),
    "subtotalLineItemsQuantity": lambda o, a, c: sum(line.quantity for line in o.lines),
    "currentSubtotalLineItemsQuantity": lambda o, a, c: current_lines(o),
    "subtotalPriceSet": _order_money("subtotal"),
    "currentSubtotalPriceSet": _order_money("current_subtotal"),
    "totalPriceSet": _order_money("total"),
    "originalTotalPriceSet": lambda o, a, c: Bag(sum((s.total_amount for s in o.agreements[0].sales), NOTHING), o),
    "currentTotalPriceSet": _order_money("current_total"),
    "totalTaxSet": _order_money("tax"),
    "currentTotalTaxSet": _order_money("current_tax"),
    "totalDiscountsSet": _order_money("discounts"),
    "totalShippingPriceSet": _order_money("shipping"),
    "currentShippingPriceSet": lambda o, a, c: Bag(o.shipping - refunded_shipping(o), o),
    "totalRefundedSet": _order_money("refunded"),
    "totalRefundedShippingSet": lambda o, a, c: Bag(refunded_shipping(o), o),
    "totalReceivedSet": lambda o, a, c: Bag(sum((t.amount for t in o.transactions if t.kind == "SALE"), NOTHING), o),
    "netPaymentSet": _order_money("current_total"),
    "totalOutstandingSet": lambda o, a, c: Bag(NOTHING, o),
    "totalTipReceivedSet": lambda o, a, c: Bag(NOTHING, o),
    "taxLines": lambda o, a, c: tax_lines(o, c.totals(o).tax),
    "refunds": lambda o, a, c: [RefundOf(o, r) for r in o.refunds][: a.get("first")],
    "transactions": lambda o, a, c: [TransactionOf(o, t) for t in o.transactions][: a.get("first")],
    "transactionsCount": lambda o, a, c: Counted(len(o.transactions), None),
    "fulfillments": lambda o, a, c: [FulfillmentOf(o)] if o.fulfilled_at else [],
    "fulfillmentsCount": lambda o, a, c: Counted(int(o.fulfilled_at is not None), None),
    "shippingLine": lambda o, a, c: ShippingLineOf(o) if o.shipping else None,
    "retailLocation": lambda o, a, c: c.store.locations.get(o.fulfilled_from) if o.source_name == "pos" else None,
}

_LINE: dict[str, Field] = {
    "id": lambda x, a, c: gid("LineItem", x.line.line_id),
    "title": lambda x, a, c: x.line.title,
    "name": lambda x, a, c: x.line.title,
    "sku": lambda x, a, c: x.line.sku or None,
    "quantity": lambda x, a, c: x.line.quantity,
    "currentQuantity": lambda x, a, c: x.line.current_quantity,
    "refundableQuantity": lambda x, a, c: x.line.current_quantity,
    "unfulfilledQuantity": lambda x, a, c: 0 if x.order.fulfilled_at else x.line.current_quantity,
    "isGiftCard": lambda x, a, c: x.line.gift_card,
    "sellingPlan": lambda x, a, c: x.line.selling_plan,
    "requiresShipping": lambda x, a, c: not x.line.gift_card,
    "taxable": lambda x, a, c: bool(x.line.tax),
    "customAttributes": lambda x, a, c: [],
    "vendor": lambda x, a, c: c.store.shop.name,
    "variantTitle": lambda x, a, c: (v := c.store.variants.get(x.line.variant_id)) and v.title,
    "variant": lambda x, a, c: None if _is_gone(x.line.product_id, c) else c.store.variants.get(x.line.variant_id),
    "product": lambda x, a, c: None if _is_gone(x.line.product_id, c) else c.store.products.get(x.line.product_id),
    "originalUnitPriceSet": lambda x, a, c: Bag(x.line.unit_price, x.order),
    "originalTotalSet": lambda x, a, c: Bag(x.line.unit_price * x.line.quantity, x.order),
    "discountedTotalSet": lambda x, a, c: Bag(line_total(x.line), x.order),
    "discountedUnitPriceSet": lambda x, a, c: Bag(_each(x.line), x.order),
    "discountedUnitPriceAfterAllDiscountsSet": lambda x, a, c: Bag(_each(x.line), x.order),
    "totalDiscountSet": lambda x, a, c: Bag(x.line.discount, x.order),
    "taxLines": lambda x, a, c: tax_lines(x.order, x.line.tax),
}


def _is_gone(product_id: int | None, ctx: Context) -> bool:
    product = ctx.store.products.get(product_id) if product_id else None
    return product is None or product.deleted


def _each(line: OrderLine) -> Decimal:
    return (line_total(line) / line.quantity).quantize(CENT, ROUND_HALF_UP) if line.quantity else NOTHING


_SALE: dict[str, Field] = {
    "id": lambda s, a, c: gid("Sale", s.sale.sale_id),
    "actionType": lambda s, a, c: s.sale.action,
    "lineType": lambda s, a, c: s.sale.line_type,
    "quantity": lambda s, a, c: s.sale.quantity,
    "totalAmount": _sale_money("total_amount"),
    "totalTaxAmount": _sale_money("total_tax"),
    "totalDiscountAmountBeforeTaxes": _sale_money("total_discount_before_taxes"),
    "totalDiscountAmountAfterTaxes": _sale_money("total_discount_after_taxes"),
}
_LINE_OF_SALE: dict[str, Field] = {"lineItem": lambda s, a, c: line_numbered(s.order, s.sale.line_id)}
_AGREEMENT: dict[str, Field] = {
    "id": lambda x, a, c: gid("SalesAgreement", x.agreement.agreement_id),
    "happenedAt": lambda x, a, c: zulu(x.agreement.happened_at),
    "reason": lambda x, a, c: x.agreement.reason,
    "app": lambda x, a, c: None,
    "user": lambda x, a, c: None,
}

ORDER_FIELDS: Fields = {
    "Order": _ORDER,
    "LineItem": _LINE,
    "LineItemSellingPlan": {
        "name": lambda name, a, c: name,
        "sellingPlanId": lambda name, a, c: gid("SellingPlan", crc32(name.encode())),
    },
    "MoneyBag": {
        "shopMoney": lambda m, a, c: Money(m.amount, c.store.shop.currency),
        "presentmentMoney": lambda m, a, c: presentment(m, c),
    },
    "Attribute": {"key": lambda x, a, c: x.key, "value": lambda x, a, c: x.value},
    "TaxLine": {
        "title": lambda t, a, c: "Tax",
        "rate": lambda t, a, c: t.order.tax_ppm / 1_000_000,
        "ratePercentage": lambda t, a, c: t.order.tax_ppm / 10_000,
        "priceSet": lambda t, a, c: Bag(t.amount, t.order),
    },
    "OrderAgreement": {**_AGREEMENT, "order": lambda x, a, c: x.order},
    "OrderEditAgreement": _AGREEMENT,
    "RefundAgreement": {**_AGREEMENT, "refund": lambda x, a, c: refund_of(x)},
    "ReturnAgreement": _AGREEMENT,
    "ProductSale": {**_SALE, **_LINE_OF_SALE},
    "GiftCardSale": {**_SALE, **_LINE_OF_SALE},
    "TipSale": {**_SALE, **_LINE_OF_SALE},
    "ShippingLineSale": {**_SALE, "shippingLine": lambda s, a, c: ShippingLineOf(s.order)},
    "DutySale": _SALE,
    "FeeSale": _SALE,
    "AdjustmentSale": _SALE,
    "ShippingLine": {
        "id": lambda s, a, c: gid("ShippingLine", s.order.order_id),
        "title": lambda s, a, c: "Standard",
        "code": lambda s, a, c: "Standard",
        "originalPriceSet": lambda s, a, c: Bag(s.order.shipping, s.order),
        "discountedPriceSet": lambda s, a, c: Bag(s.order.shipping, s.order),
        "taxLines": lambda s, a, c: tax_lines(s.order, s.order.shipping_tax),
    },
    "Refund": {
        "id": lambda r, a, c: gid("Refund", r.refund.refund_id),
        "legacyResourceId": lambda r, a, c: str(r.refund.refund_id),
        "createdAt": lambda r, a, c: zulu(r.refund.created_at),
        "processedAt": lambda r, a, c: zulu(r.refund.created_at),
        "updatedAt": lambda r, a, c: zulu(r.refund.created_at),
        "note": lambda r, a, c: r.refund.note or None,
        "order": lambda r, a, c: r.order,
        "totalRefundedSet": lambda r, a, c: Bag(r.refund.total, r.order),
    },
    "RefundLineItem": {
        "id": lambda r, a, c: gid("RefundLineItem", r.line.line_id),
        "lineItem": lambda r, a, c: line_numbered(r.order, r.line.line_id),
        "quantity": lambda r, a, c: r.line.quantity,
        "location": lambda r, a, c: c.store.locations.get(r.line.location_id),
        "restocked": lambda r, a, c: r.line.location_id is not None,
        "restockType": lambda r, a, c: "RETURN" if r.line.location_id is not None else "NO_RESTOCK",
        "priceSet": lambda r, a, c: Bag(r.line.subtotal / r.line.quantity, r.order),
        "subtotalSet": lambda r, a, c: Bag(r.line.subtotal, r.order),
        "totalTaxSet": lambda r, a, c: Bag(r.line.tax, r.order),
    },
    "OrderTransaction": {
        "id": lambda t, a, c: gid("OrderTransaction", t.transaction.transaction_id),
        "kind": lambda t, a, c: t.transaction.kind,
        "status": lambda t, a, c: t.transaction.status,
        "gateway": lambda t, a, c: t.transaction.gateway,
        "formattedGateway": lambda t, a, c: t.transaction.gateway,
        "createdAt": lambda t, a, c: zulu(t.transaction.processed_at),
        "processedAt": lambda t, a, c: zulu(t.transaction.processed_at),
        "test": lambda t, a, c: t.order.test,
        "order": lambda t, a, c: t.order,
        "amountSet": lambda t, a, c: Bag(t.transaction.amount, t.order),
        "fees": lambda t, a, c: _fees(t),
    },
    "TransactionFee": {
        "id": lambda f, a, c: gid("TransactionFee", f.of.transaction.transaction_id),
        "amount": lambda f, a, c: Money(f.amount, c.store.shop.currency),
        "flatFee": lambda f, a, c: Money(FLAT_FEE, c.store.shop.currency),
        "rate": lambda f, a, c: str(FEE_RATE),
        "taxAmount": lambda f, a, c: Money(NOTHING, c.store.shop.currency),
        "type": lambda f, a, c: "processing_fee",
    },
    "Fulfillment": {
        "id": lambda f, a, c: gid("Fulfillment", f.order.order_id),
        "legacyResourceId": lambda f, a, c: str(f.order.order_id),
        "name": lambda f, a, c: f"#{f.order.number}-F1",
        "status": lambda f, a, c: "SUCCESS",
        "createdAt": lambda f, a, c: zulu(f.order.fulfilled_at),
        "deliveredAt": lambda f, a, c: zulu_or_none(f.order.delivered_at),
        "displayStatus": lambda f, a, c: "DELIVERED" if f.order.delivered_at else "FULFILLED",
        "updatedAt": lambda f, a, c: zulu(f.order.fulfilled_at),
        "totalQuantity": lambda f, a, c: current_lines(f.order),
        "location": lambda f, a, c: c.store.locations.get(f.order.fulfilled_from),
        "order": lambda f, a, c: f.order,
    },
    "CustomerJourneySummary": {
        "ready": lambda j, a, c: _is_ready(j, c),
        "momentsCount": lambda j, a, c: Counted(len(j.visits), None) if _is_ready(j, c) else None,
        "firstVisit": lambda j, a, c: next(iter(_ready(j, c)), None),
        "lastVisit": lambda j, a, c: next(reversed(_ready(j, c)), None),
        "daysToConversion": lambda j, a, c: _days(j, c),
        "customerOrderIndex": _customer_order_index,
    },
    "CustomerVisit": {
        "id": lambda v, a, c: gid("CustomerVisit", v.visit_id),
        "occurredAt": lambda v, a, c: zulu(v.occurred_at),
        "landingPage": lambda v, a, c: v.landing_page,
        "referrerUrl": lambda v, a, c: v.referrer_url,
        "referralCode": lambda v, a, c: None,
        "source": lambda v, a, c: v.source,
        "sourceDescription": lambda v, a, c: v.source,
        "sourceType": lambda v, a, c: None,
        "marketingEvent": lambda v, a, c: None,
        "utmParameters": lambda v, a, c: _utm(v),
    },
    "UTMParameters": {
        "source": lambda v, a, c: v.utm_source,
        "medium": lambda v, a, c: v.utm_medium,
        "campaign": lambda v, a, c: v.utm_campaign,
        "content": lambda v, a, c: v.utm_content,
        "term": lambda v, a, c: v.utm_term,
    },
}


def _sales_of(found: AgreementOf, args: dict[str, Any], ctx: Context) -> Listing:
    return Listing([SaleOf(found.order, s) for s in found.agreement.sales], lambda s: (0, s.sale.sale_id))


ORDER_CONNECTIONS: Connections = {
    "Order": {
        "lineItems": lambda o, a, c: Listing([Line(o, x) for x in o.lines], lambda x: (0, x.line.line_id)),
        "agreements": lambda o, a, c: Listing(
            [AgreementOf(o, x) for x in o.agreements], lambda x: (0, x.agreement.agreement_id)
        ),
        "shippingLines": lambda o, a, c: Listing(
            [ShippingLineOf(o)] if o.shipping else [], lambda s: (0, s.order.order_id)
        ),
    },
    "Refund": {
        "refundLineItems": lambda r, a, c: Listing(
            [RefundLineOf(r.order, r.refund, x) for x in r.refund.lines], lambda x: (0, x.line.line_id)
        ),
        "transactions": lambda r, a, c: Listing(
            [
                TransactionOf(r.order, t)
                for t in r.order.transactions
                if t.kind == "REFUND" and t.processed_at == r.refund.created_at
            ],
            lambda t: (0, t.transaction.transaction_id),
        ),
    },
    "CustomerJourneySummary": {
        "moments": lambda j, a, c: (
            Listing(j.visits, lambda v: (zulu(v.occurred_at), v.visit_id)) if _is_ready(j, c) else None
        ),
    },
    **{name: {"sales": _sales_of} for name in AGREEMENT_TYPES.values()},
}
