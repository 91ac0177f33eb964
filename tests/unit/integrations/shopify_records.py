"""Orders as Shopify gives them, with the few fields a test is about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def sale(
    number: int,
    total: str,
    tax: str = "0.0",
    discount: str = "0.0",
    *,
    action: str = "ORDER",
    line_type: str = "PRODUCT",
    quantity: int | None = 1,
    line: int | None = 1,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"gid://shopify/Sale/{number}",
        "actionType": action,
        "lineType": line_type,
        "quantity": quantity,
        "totalAmount": money(total),
        "totalTaxAmount": money(tax),
        "totalDiscountAmountBeforeTaxes": money(discount),
    }
    return found | ({"lineItem": {"id": f"gid://shopify/LineItem/{line}"}} if line else {})


def agreement(reason: str, happened_at: str, *sales: dict[str, Any]) -> dict[str, Any]:
    number = abs(hash((reason, happened_at))) % 10**9
    return {
        "id": f"gid://shopify/SalesAgreement/{number}",
        "reason": reason,
        "happenedAt": happened_at,
        "sales": list(sales),
    }


def line(number: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "Candle",
        "sku": "A1",
        "quantity": 1,
        "currentQuantity": 1,
        "isGiftCard": False,
        "sellingPlan": None,
        "product": {"id": "gid://shopify/Product/10"},
        "variant": {"id": "gid://shopify/ProductVariant/100"},
        "originalUnitPriceSet": money("20.0"),
    } | changed


def order(number: int = 1, *agreements: dict[str, Any], **changed: Any) -> dict[str, Any]:
    at = changed.get("processedAt", "2026-03-02T17:00:00Z")
    booked = list(agreements) or [agreement("ORDER", at, sale(number * 10, "20.0", line=number))]
    amounts = [s["totalAmount"]["shopMoney"]["amount"] for a in booked if a["reason"] == "ORDER" for s in a["sales"]]
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{1000 + number}",
        "processedAt": at,
        "createdAt": at,
        "updatedAt": at,
        "cancelledAt": None,
        "test": False,
        "sourceName": "web",
        "currencyCode": "USD",
        "presentmentCurrencyCode": "USD",
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "FULFILLED",
        "customer": {"id": "gid://shopify/Customer/7"},
        "shippingAddress": {"countryCodeV2": "US", "province": "Maine", "zip": "04101"},
        "billingAddress": None,
        "originalTotalPriceSet": money(str(sum(map(Decimal, amounts)))),
        "transactions": [],
        "fulfillments": [],
        "customerJourneySummary": {"ready": True},
        "lineItems": [line(number)],
        "agreements": booked,
        "moments": [],
    } | changed
