"""Shopify's records as rows. Pure: the same record always gives the same rows and the same hash."""

from __future__ import annotations

import hmac
import json
import re
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from operator import itemgetter
from typing import Any, NamedTuple

from clique_app.integrations.shopify.ledger import EntryRow, entries, total_at_purchase
from clique_app.integrations.shopify.touches import TouchRow, touches
from clique_app.integrations.shopify.values import (
    instant,
    instant_and_day,
    instant_or_none,
    number,
    number_or_none,
    shop_money,
)

MILLIONTH = Decimal("0.000001")  # as costs are kept
CHARGES = ("SALE", "CAPTURE")  # kinds of transactions that take money
FAILED_SHIPMENTS = ("CANCELLED", "ERROR", "FAILURE")


class OrderRow(NamedTuple):
    order_id: int
    name: str
    processed_at: datetime
    day: date
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None
    test: bool
    customer_id: int | None
    source_name: str
    selling_plan: bool
    currency: str
    presentment_currency: str
    total: Decimal
    stated_total: Decimal
    payment_fee: Decimal | None
    financial_status: str
    fulfillment_status: str
    fulfilled_at: datetime | None
    delivered_at: datetime | None
    fulfilment_location_id: int | None
    country: str
    region: str
    postal_code: str
    journey_ready: bool


class LineRow(NamedTuple):
    line_id: int
    order_id: int
    product_id: int | None
    variant_id: int | None
    title: str
    sku: str
    quantity: int
    current_quantity: int
    unit_price: Decimal
    gift_card: bool


class MappedOrder(NamedTuple):
    order: OrderRow
    lines: list[LineRow]
    entries: list[EntryRow]
    touches: list[TouchRow]


class ProductRow(NamedTuple):
    product_id: int
    title: str
    handle: str
    product_type: str
    vendor: str
    status: str
    updated_at: datetime


class VariantRow(NamedTuple):
    variant_id: int
    product_id: int
    inventory_item_id: int
    title: str
    sku: str
    price: Decimal
    tracked: bool
    backorder: bool


class CostRow(NamedTuple):
    inventory_item_id: int
    cost: Decimal
    as_of: datetime  # its item has not changed since


class CostField(NamedTuple):
    """The metafield of variants in which a store keeps its unit costs."""

    name: str  # namespace.key
    since: datetime  # when it was named
    currency: str  # the store's


class WrongCost(ValueError):
    """The metafield holds no amount in the store's currency."""


class LevelRow(NamedTuple):
    inventory_item_id: int
    location_id: int
    available: int
    committed: int
    incoming: int
    updated_at: datetime


class LocationRow(NamedTuple):
    location_id: int
    name: str
    country: str
    region: str
    active: bool


class CustomerRow(NamedTuple):
    customer_id: int
    created_at: datetime
    updated_at: datetime
    email_hmac: bytes | None
    country: str
    region: str
    postal_code: str


def order(record: dict[str, Any], time_zone: str) -> MappedOrder:
    """An order with its lines, ledger and touches. A test order keeps its row and books nothing."""
    order_id = number(record["id"])
    agreements = record.get("agreements", [])
    processed_at, day = instant_and_day(record["processedAt"], time_zone)
    cancelled_at = instant_or_none(record["cancelledAt"])
    address = record["shippingAddress"] or record["billingAddress"] or {}
    journey = record["customerJourneySummary"]
    bought = record.get("lineItems", ())
    row = OrderRow(
        order_id,
        record["name"],
        processed_at,
        day,
        instant(record["createdAt"]),
        instant(record["updatedAt"]),
        cancelled_at,
        record["test"],
        number_or_none(record["customer"]),
        record["sourceName"] or "",
        any([line["sellingPlan"] for line in bought]),
        record["currencyCode"],
        record["presentmentCurrencyCode"],
        total_at_purchase(agreements),
        shop_money(record["originalTotalPriceSet"]),
        _payment_fee(record["transactions"], record["currencyCode"]),
        record["displayFinancialStatus"] or "",
        record["displayFulfillmentStatus"] or "",
        *_shipment(record["fulfillments"]),
        *_place(address),
        journey is None or journey["ready"],  # without a journey there is none to wait for
    )
    booked = (
        []
        if row.test
        else entries(
            order_id,
            agreements,
            processed_at=record["processedAt"],
            cancelled_at=cancelled_at,
            time_zone=time_zone,
        )
    )
    lines = [_line(order_id, line) for line in bought]
    lines.sort()
    return MappedOrder(row, lines, booked, touches(order_id, record.get("moments", [])))


def product(record: dict[str, Any]) -> tuple[ProductRow, list[VariantRow], list[CostRow]]:
    """A product, its variants, and what they cost now."""
    product_id = number(record["id"])
    row = ProductRow(
        product_id,
        record["title"],
        record["handle"],
        record["productType"],
        record["vendor"],
        record["status"],
        instant(record["updatedAt"]),
    )
    variants = record.get("variants", ())
    costs = [cost for variant in variants if (cost := item_cost(variant["inventoryItem"]))]
    return row, [_variant(product_id, variant) for variant in variants], costs


def item_cost(item: dict[str, Any], named: CostField | None = None) -> CostRow | None:
    """What one unit of an inventory item costs: Shopify's own cost, else what the named metafield holds; None where
    neither is there. WrongCost where the metafield holds something else."""
    cost, as_of = item["unitCost"], instant(item["updatedAt"])
    if cost:
        return CostRow(number(item["id"]), Decimal(cost["amount"]), as_of)
    if named is None:
        return None
    for variant in item.get("variants", ()):
        held = variant["metafield"]
        if held and f"{held['namespace']}.{held['key']}" == named.name:  # it may have been asked for before another
            as_of = max(as_of, instant(held["updatedAt"]), named.since)
            return CostRow(number(item["id"]), _amount(held["value"], named.currency), as_of)
    return None


def _amount(value: str, currency: str) -> Decimal:
    """Of a metafield that is a number, a text with nothing but one, or money."""
    text = value.strip()
    if text.startswith("{"):
        try:
            money = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WrongCost(value) from error
        text = str(money.get("amount")) if money.get("currency_code") == currency else ""
    if not re.fullmatch(r"\d{1,12}(\.\d{1,12})?", text, re.ASCII):
        raise WrongCost(value)
    return Decimal(text).quantize(MILLIONTH)


def inventory(record: dict[str, Any]) -> tuple[list[LevelRow], list[LocationRow]]:
    """Where one item is in stock."""
    item_id = number(record["id"])
    levels: list[LevelRow] = []
    locations: list[LocationRow] = []
    for level in record.get("inventoryLevels", ()):
        location, amounts = level["location"], {q["name"]: q["quantity"] for q in level["quantities"]}
        address = location["address"]
        levels.append(
            LevelRow(
                item_id,
                number(location["id"]),
                amounts.get("available", 0),
                amounts.get("committed", 0),
                amounts.get("incoming", 0),
                instant(level["updatedAt"]),
            )
        )
        locations.append(
            LocationRow(
                number(location["id"]),
                location["name"],
                address["countryCode"] or "",
                address["province"] or "",
                location["isActive"],
            )
        )
    return levels, locations


def customer(record: dict[str, Any], email_key: bytes) -> CustomerRow:
    """As little of a buyer as joins need; the e-mail address only as a keyed hash."""
    email = (record["defaultEmailAddress"] or {}).get("emailAddress")
    return CustomerRow(
        number(record["id"]),
        instant(record["createdAt"]),
        instant(record["updatedAt"]),
        email_hmac(email, email_key) if email else None,
        *_place(record["defaultAddress"] or {}),
    )


def email_hmac(email: str, key: bytes) -> bytes:
    """The same address gives the same value within a store, and another in every other store."""
    return hmac.new(key, email.strip().casefold().encode(), sha256).digest()


def _place(address: dict[str, Any]) -> tuple[str, str, str]:
    return address.get("countryCodeV2") or "", address.get("province") or "", address.get("zip") or ""


def _payment_fee(transactions: list[dict[str, Any]], currency: str) -> Decimal | None:
    """What the payments cost, where each charge states it in the shop's currency (Shopify Payments); else None."""
    fee, charges = Decimal(0), 0
    for transaction in transactions:
        if transaction["status"] != "SUCCESS":
            continue
        fees = transaction["fees"]
        if transaction["kind"] in CHARGES:
            charges += 1
            if not fees:
                return None
        for each in fees:
            if each["amount"]["currencyCode"] != currency:
                return None
            fee += Decimal(each["amount"]["amount"])
    return fee if charges else None


def _shipment(fulfillments: list[dict[str, Any]]) -> tuple[datetime | None, datetime | None, int | None]:
    """When the first parcel left, when the last one arrived (None while one is under way), and where from."""
    sent = [f for f in fulfillments if f["status"] not in FAILED_SHIPMENTS]
    if not sent:
        return None, None, None
    sent.sort(key=itemgetter("createdAt"))
    arrived = [f["deliveredAt"] for f in sent if f["deliveredAt"]]
    return (
        instant(sent[0]["createdAt"]),
        instant(max(arrived)) if len(arrived) == len(sent) else None,
        next((number(f["location"]["id"]) for f in sent if f["location"]), None),
    )


def _line(order_id: int, line: dict[str, Any]) -> LineRow:
    return LineRow(
        number(line["id"]),
        order_id,
        number_or_none(line["product"]),
        number_or_none(line["variant"]),
        line["title"],
        line["sku"] or "",
        line["quantity"],
        line["currentQuantity"],
        shop_money(line["originalUnitPriceSet"]),
        line["isGiftCard"],
    )


def _variant(product_id: int, variant: dict[str, Any]) -> VariantRow:
    item = variant["inventoryItem"]
    return VariantRow(
        number(variant["id"]),
        product_id,
        number(item["id"]),
        variant["title"],
        variant["sku"] or "",
        Decimal(variant["price"]),
        item["tracked"],
        variant["inventoryPolicy"] == "CONTINUE",
    )
