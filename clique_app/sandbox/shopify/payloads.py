"""REST-shaped bodies of webhooks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from clique_app.sandbox.orders import totals
from clique_app.sandbox.records import Customer, Order, OrderLine, Product, Refund, WorldEvent
from clique_app.sandbox.shopify.order_fields import financial_status
from clique_app.sandbox.shopify.values import gid, level_gid, price_text, zulu, zulu_or_none
from clique_app.sandbox.store import Store

Body = dict[str, Any]


def body_of(event: WorldEvent, store: Store) -> Body | None:
    """The payload of a world event's topic; None for one that Shopify would not send."""
    number = event.object_id
    match event.topic.split("/"):
        case ["orders" | "customers" | "products", "delete"]:
            body = {"id": number}
        case ["orders", _]:
            body = order(store.orders[number], store)
        case ["refunds", _]:
            parent = store.orders[event.parent_id or 0]
            body = refund(next(r for r in parent.refunds if r.refund_id == number), parent)
        case ["products", _]:
            body = product(store.products[number], store)
        case ["inventory_levels", _]:
            body = inventory_level(number, event.parent_id or 0, store)
        case ["inventory_items", _]:
            body = inventory_item(number, store)
        case ["app", "uninstalled"]:
            body = shop(store)
        case ["app", "scopes_update"]:
            body = scopes(event, store)
        case ["customers", "data_request" | "redact"] | ["shop", "redact"]:
            body = privacy(event, store)
        case ["customers", _]:
            body = customer(store.customers[number])
        case _:
            body = None
    return body


def privacy(event: WorldEvent, store: Store) -> Body:
    """What the three privacy topics carry."""
    customer_id = event.object_id
    if event.topic == "shop/redact":
        return {"shop_id": store.shop.shop_id, "shop_domain": store.shop.domain}
    body = _about_customer(store, customer_id)
    if event.topic == "customers/redact":
        return {**body, "orders_to_redact": _orders_of(store, customer_id)}
    return {**body, "orders_requested": _orders_of(store, customer_id), "data_request": {"id": event.parent_id}}


def _about_customer(store: Store, customer_id: int) -> Body:
    return {
        "shop_id": store.shop.shop_id,
        "shop_domain": store.shop.domain,
        "customer": {"id": customer_id, "email": store.customers[customer_id].email, "phone": None},
    }


def _orders_of(store: Store, customer_id: int) -> list[int]:
    return [order.order_id for order in store.orders.values() if order.customer_id == customer_id]


def shop(store: Store) -> Body:
    record = store.shop
    return {
        "id": record.shop_id,
        "name": record.name,
        "email": record.email,
        "domain": record.domain,
        "myshopify_domain": record.domain,
        "country": record.country,
        "country_code": record.country,
        "currency": record.currency,
        "iana_timezone": record.time_zone,
        "plan_display_name": record.plan,
        "admin_graphql_api_id": gid("Shop", record.shop_id),
    }


def scopes(event: WorldEvent, store: Store) -> Body:
    return {"id": store.shop.shop_id, "previous": [], "current": sorted(store.shop.granted_scopes),
            "updated_at": zulu(event.at)}  # fmt: skip


def order(found: Order, store: Store) -> Body:
    sums = totals(found)
    visit = min(found.visits, key=lambda v: v.occurred_at, default=None)
    landing = urlsplit(visit.landing_page) if visit else None
    buyer = store.customers.get(found.customer_id) if found.customer_id else None
    return {
        "id": found.order_id,
        "admin_graphql_api_id": gid("Order", found.order_id),
        "name": f"#{found.number}",
        "number": found.number - 1000,
        "order_number": found.number,
        "created_at": zulu(found.created_at),
        "processed_at": zulu(found.processed_at),
        "updated_at": zulu(found.updated_at),
        "cancelled_at": zulu_or_none(found.cancelled_at),
        "cancel_reason": found.cancel_reason.lower() if found.cancel_reason else None,
        "closed_at": zulu_or_none(found.fulfilled_at),
        "confirmed": True,
        "test": found.test,
        "currency": store.shop.currency,
        "presentment_currency": found.presentment_currency or store.shop.currency,
        "taxes_included": found.taxes_included,
        "financial_status": financial_status(found).lower(),
        "fulfillment_status": "fulfilled" if found.fulfilled_at else None,
        "subtotal_price": price_text(sums.subtotal),
        "total_discounts": price_text(sums.discounts),
        "total_tax": price_text(sums.tax),
        "total_price": price_text(sums.total),
        "current_subtotal_price": price_text(sums.current_subtotal),
        "current_total_tax": price_text(sums.current_tax),
        "current_total_price": price_text(sums.current_total),
        "total_line_items_price": price_text(sum((x.unit_price * x.quantity for x in found.lines), Decimal(0))),
        "customer": customer(buyer) if buyer else None,
        "discount_codes": [
            {"code": code, "amount": price_text(sums.discounts), "type": "fixed_amount"}
            for code in found.discount_codes
        ],
        "landing_site": f"{landing.path}?{landing.query}" if landing else None,
        "referring_site": visit.referrer_url if visit else None,
        "source_name": found.source_name,
        "note_attributes": [],
        "tags": ", ".join(found.tags),
        "payment_gateway_names": sorted({t.gateway for t in found.transactions}),
        "line_items": [_line(line) for line in found.lines],
        "shipping_lines": (
            [{"id": found.order_id, "title": "Standard", "price": price_text(found.shipping)}] if found.shipping else []
        ),
        "shipping_address": {
            "country_code": found.country,
            "province_code": found.region,
            "zip": found.postal_code,
        },
        "refunds": [refund(r, found) for r in found.refunds],
    }


def _line(line: OrderLine) -> Body:
    return {
        "id": line.line_id,
        "admin_graphql_api_id": gid("LineItem", line.line_id),
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "title": line.title,
        "sku": line.sku,
        "quantity": line.quantity,
        "current_quantity": line.current_quantity,
        "price": price_text(line.unit_price),
        "total_discount": price_text(line.discount),
        "gift_card": line.gift_card,
        "taxable": bool(line.tax),
        "properties": [],
    }


def refund(found: Refund, parent: Order) -> Body:
    return {
        "id": found.refund_id,
        "admin_graphql_api_id": gid("Refund", found.refund_id),
        "order_id": parent.order_id,
        "created_at": zulu(found.created_at),
        "processed_at": zulu(found.created_at),
        "note": found.note or None,
        "restock": any(x.location_id for x in found.lines),
        "refund_line_items": [
            {
                "line_item_id": x.line_id,
                "quantity": x.quantity,
                "subtotal": price_text(x.subtotal),
                "total_tax": price_text(x.tax),
                "location_id": x.location_id,
                "restock_type": "return" if x.location_id else "no_restock",
            }
            for x in found.lines
        ],
        "transactions": [
            {
                "id": t.transaction_id,
                "kind": "refund",
                "status": t.status.lower(),
                "amount": price_text(t.amount),
                "gateway": t.gateway,
            }
            for t in parent.transactions
            if t.kind == "REFUND" and t.processed_at == found.created_at
        ],
    }


def product(found: Product, store: Store) -> Body:
    return {
        "id": found.product_id,
        "admin_graphql_api_id": gid("Product", found.product_id),
        "title": found.title,
        "handle": found.handle,
        "vendor": found.vendor,
        "product_type": found.product_type,
        "status": found.status.lower(),
        "tags": ", ".join(found.tags),
        "created_at": zulu(found.created_at),
        "updated_at": zulu(found.updated_at),
        "variants": [
            {
                "id": v.variant_id,
                "admin_graphql_api_id": gid("ProductVariant", v.variant_id),
                "product_id": found.product_id,
                "title": v.title,
                "sku": v.sku,
                "price": price_text(v.price),
                "compare_at_price": None,
                "inventory_item_id": v.inventory_item_id,
                "inventory_policy": "continue" if v.backorder else "deny",
                "inventory_quantity": store.available(v),
            }
            for v in found.variants
        ],
    }


def inventory_level(item_id: int, location_id: int, store: Store) -> Body | None:
    level = store.stock.get((item_id, location_id))
    if level is None:
        return None
    return {
        "inventory_item_id": item_id,
        "location_id": location_id,
        "available": level.available,
        "updated_at": zulu(level.updated_at),
        "admin_graphql_api_id": level_gid(location_id, item_id),
    }


def inventory_item(item_id: int, store: Store) -> Body:
    variant = store.variants[store.variant_of_item[item_id]]
    return {
        "id": item_id,
        "admin_graphql_api_id": gid("InventoryItem", item_id),
        "sku": variant.sku,
        "tracked": variant.tracked,
        "cost": None if variant.unit_cost is None else price_text(variant.unit_cost),
        "updated_at": zulu(variant.item_updated_at or store.products[variant.product_id].created_at),
    }


def customer(found: Customer) -> Body:
    return {
        "id": found.customer_id,
        "admin_graphql_api_id": gid("Customer", found.customer_id),
        "email": found.email,
        "created_at": zulu(found.created_at),
        "updated_at": zulu(found.updated_at),
        "orders_count": found.number_of_orders,
        "default_address": {
            "country_code": found.country,
            "province_code": found.region,
            "zip": found.postal_code,
        },
    }
