"""How the records of shop, products, stock and customers appear as GraphQL types."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from clique_app.sandbox.records import Customer, Product, StockLevel, Variant
from clique_app.sandbox.shopify.context import Connections, Context, Fields
from clique_app.sandbox.shopify.listing import Listing, by_id
from clique_app.sandbox.shopify.values import decimal_text, gid, level_gid, number_of, price_text, zulu

QUANTITY_NAMES = ("available", "committed", "incoming", "on_hand", "reserved", "damaged", "safety_stock",
                  "quality_control")  # fmt: skip


class Money(NamedTuple):
    amount: Decimal
    currency: str


class Address(NamedTuple):
    owner: str
    country: str
    region: str
    postal_code: str


class InventoryItem(NamedTuple):
    """Shopify's side of a variant that is stocked."""

    product: Product
    variant: Variant


class Quantity(NamedTuple):
    level: StockLevel
    name: str
    quantity: int


class Counted(NamedTuple):
    count: int
    limit: int | None


def quantity(level: StockLevel, name: str) -> int:
    if name == "on_hand":
        return level.available + level.committed
    return getattr(level, name, 0) if name in QUANTITY_NAMES[:3] else 0


def item_of(variant: Variant, ctx: Context) -> InventoryItem:
    return InventoryItem(ctx.store.products[variant.product_id], variant)


def item_numbered(number: int, ctx: Context) -> InventoryItem | None:
    variant_id = ctx.store.variant_of_item.get(number)
    variant = ctx.store.variants.get(variant_id) if variant_id else None
    if variant is None or ctx.store.products[variant.product_id].deleted:
        return None
    return item_of(variant, ctx)


def item_updated_at(item: InventoryItem) -> datetime:
    return item.variant.item_updated_at or item.product.created_at


def levels_at(location_id: int, ctx: Context) -> Listing:
    found = [level for level in ctx.store.stock.values() if level.location_id == location_id]
    return Listing(sorted(found, key=by_id("inventory_item_id")), by_id("inventory_item_id"))


def level_at(item_id: int | None, location_id: int | None, ctx: Context) -> StockLevel | None:
    return ctx.store.stock.get((item_id, location_id)) if item_id and location_id else None


def address_of(customer: Customer) -> Address:
    return Address(gid("MailingAddress", customer.customer_id), customer.country, customer.region,
                   customer.postal_code)  # fmt: skip


def variants_of(product: Product) -> Listing:
    return Listing(sorted(product.variants, key=by_id("variant_id")), by_id("variant_id"))


def total_stock(product: Product, ctx: Context) -> int:
    return sum(ctx.store.available(v) for v in product.variants if v.tracked)


def _offset(ctx: Context) -> str:
    return datetime.strftime(ctx.now.astimezone(ctx.store.zone), "%z")


def _product(variant: Variant, ctx: Context) -> Product:
    return ctx.store.products[variant.product_id]


def _orders_of(customer: Customer, args: dict[str, Any], ctx: Context) -> Listing:
    found = [o for o in ctx.store.orders.values() if o.customer_id == customer.customer_id and ctx.sees(o)]
    return Listing(sorted(found, key=by_id("order_id")), by_id("order_id"), bool(args.get("reverse")))


CATALOG_FIELDS: Fields = {
    "Shop": {
        "id": lambda s, a, c: gid("Shop", s.shop_id),
        "name": lambda s, a, c: s.name,
        "email": lambda s, a, c: s.email,
        "contactEmail": lambda s, a, c: s.email,
        "myshopifyDomain": lambda s, a, c: s.domain,
        "currencyCode": lambda s, a, c: s.currency,
        "ianaTimezone": lambda s, a, c: s.time_zone,
        "timezoneOffset": lambda s, a, c: _offset(c),
        "plan": lambda s, a, c: s,
        "billingAddress": lambda s, a, c: s,
        "shopAddress": lambda s, a, c: s,
        "primaryDomain": lambda s, a, c: s,
        "url": lambda s, a, c: f"https://{s.domain}",
        "enabledPresentmentCurrencies": lambda s, a, c: [s.currency],
    },
    "Domain": {
        "id": lambda s, a, c: gid("Domain", s.shop_id),
        "host": lambda s, a, c: s.domain,
        "url": lambda s, a, c: f"https://{s.domain}",
        "sslEnabled": lambda s, a, c: True,
    },
    "ShopPlan": {
        "displayName": lambda s, a, c: s.plan,
        "publicDisplayName": lambda s, a, c: s.plan,
        "partnerDevelopment": lambda s, a, c: False,
        "shopifyPlus": lambda s, a, c: s.plan == "Plus",
    },
    "ShopAddress": {
        "id": lambda s, a, c: gid("ShopAddress", s.shop_id),
        "countryCodeV2": lambda s, a, c: s.country,
        "country": lambda s, a, c: s.country,
    },
    "Product": {
        "id": lambda p, a, c: gid("Product", p.product_id),
        "legacyResourceId": lambda p, a, c: str(p.product_id),
        "title": lambda p, a, c: p.title,
        "handle": lambda p, a, c: p.handle,
        "productType": lambda p, a, c: p.product_type,
        "vendor": lambda p, a, c: p.vendor,
        "status": lambda p, a, c: p.status,
        "tags": lambda p, a, c: list(p.tags),
        "isGiftCard": lambda p, a, c: p.is_gift_card,
        "createdAt": lambda p, a, c: zulu(p.created_at),
        "updatedAt": lambda p, a, c: zulu(p.updated_at),
        "publishedAt": lambda p, a, c: zulu(p.created_at) if p.status == "ACTIVE" else None,
        "onlineStoreUrl": lambda p, a, c: f"https://{c.store.shop.domain}/products/{p.handle}",
        "totalInventory": lambda p, a, c: total_stock(p, c),
        "tracksInventory": lambda p, a, c: any(v.tracked for v in p.variants),
        "hasOnlyDefaultVariant": lambda p, a, c: len(p.variants) == 1,
        "variantsCount": lambda p, a, c: Counted(len(p.variants), None),
        "featuredMedia": lambda p, a, c: None,
        "featuredImage": lambda p, a, c: None,
    },
    "ProductVariant": {
        "id": lambda v, a, c: gid("ProductVariant", v.variant_id),
        "legacyResourceId": lambda v, a, c: str(v.variant_id),
        "title": lambda v, a, c: v.title,
        "displayName": lambda v, a, c: f"{_product(v, c).title} - {v.title}",
        "sku": lambda v, a, c: v.sku,
        "price": lambda v, a, c: price_text(v.price),
        "compareAtPrice": lambda v, a, c: None,
        "barcode": lambda v, a, c: None,
        "inventoryPolicy": lambda v, a, c: "CONTINUE" if v.backorder else "DENY",
        "inventoryQuantity": lambda v, a, c: c.store.available(v),
        "sellableOnlineQuantity": lambda v, a, c: c.store.available(v),
        "availableForSale": lambda v, a, c: not v.tracked or v.backorder or c.store.available(v) > 0,
        "inventoryItem": lambda v, a, c: item_of(v, c),
        "product": lambda v, a, c: _product(v, c),
        "metafield": lambda v, a, c: v.metafields.get(f"{a.get('namespace')}.{a['key']}"),
        "position": lambda v, a, c: _product(v, c).variants.index(v) + 1,
        "taxable": lambda v, a, c: True,
        "createdAt": lambda v, a, c: zulu(_product(v, c).created_at),
        "updatedAt": lambda v, a, c: zulu(_product(v, c).updated_at),
    },
    "Metafield": {
        "id": lambda m, a, c: gid("Metafield", m.metafield_id),
        "legacyResourceId": lambda m, a, c: str(m.metafield_id),
        "namespace": lambda m, a, c: m.namespace,
        "key": lambda m, a, c: m.key,
        "type": lambda m, a, c: m.kind,
        "value": lambda m, a, c: m.value,
        "createdAt": lambda m, a, c: zulu(m.created_at),
        "updatedAt": lambda m, a, c: zulu(m.updated_at),
    },
    "InventoryItem": {
        "id": lambda i, a, c: gid("InventoryItem", i.variant.inventory_item_id),
        "legacyResourceId": lambda i, a, c: str(i.variant.inventory_item_id),
        "sku": lambda i, a, c: i.variant.sku,
        "tracked": lambda i, a, c: i.variant.tracked,
        "requiresShipping": lambda i, a, c: not i.product.is_gift_card,
        "unitCost": lambda i, a, c: (
            None if i.variant.unit_cost is None else Money(i.variant.unit_cost, c.store.shop.currency)
        ),
        "variant": lambda i, a, c: i.variant,
        "inventoryLevel": lambda i, a, c: level_at(
            i.variant.inventory_item_id, number_of(a["locationId"], "Location"), c
        ),
        "locationsCount": lambda i, a, c: Counted(len(c.store.levels_of(i.variant.inventory_item_id)), None),
        "createdAt": lambda i, a, c: zulu(i.product.created_at),
        "updatedAt": lambda i, a, c: zulu(item_updated_at(i)),
    },
    "InventoryLevel": {
        "id": lambda x, a, c: level_gid(x.location_id, x.inventory_item_id),
        "item": lambda x, a, c: item_numbered(x.inventory_item_id, c),
        "location": lambda x, a, c: c.store.locations[x.location_id],
        "quantities": lambda x, a, c: [Quantity(x, name, quantity(x, name)) for name in a["names"]],
        "isActive": lambda x, a, c: True,
        "createdAt": lambda x, a, c: zulu(x.updated_at),
        "updatedAt": lambda x, a, c: zulu(x.updated_at),
    },
    "InventoryQuantity": {
        "id": lambda q, a, c: (
            f"gid://shopify/InventoryQuantity/{q.level.location_id}"
            f"?inventory_item_id={q.level.inventory_item_id}&name={q.name}"
        ),
        "name": lambda q, a, c: q.name,
        "quantity": lambda q, a, c: q.quantity,
        "updatedAt": lambda q, a, c: zulu(q.level.updated_at),
    },
    "Location": {
        "id": lambda x, a, c: gid("Location", x.location_id),
        "legacyResourceId": lambda x, a, c: str(x.location_id),
        "name": lambda x, a, c: x.name,
        "address": lambda x, a, c: x,
        "isActive": lambda x, a, c: True,
        "fulfillsOnlineOrders": lambda x, a, c: True,
        "shipsInventory": lambda x, a, c: True,
        "inventoryLevel": lambda x, a, c: level_at(number_of(a["inventoryItemId"], "InventoryItem"), x.location_id, c),
    },
    "LocationAddress": {
        "countryCode": lambda x, a, c: x.country,
        "country": lambda x, a, c: x.country,
        "provinceCode": lambda x, a, c: x.region or None,
        "province": lambda x, a, c: x.region or None,
    },
    "Customer": {
        "id": lambda x, a, c: gid("Customer", x.customer_id),
        "legacyResourceId": lambda x, a, c: str(x.customer_id),
        "createdAt": lambda x, a, c: zulu(x.created_at),
        "updatedAt": lambda x, a, c: zulu(x.updated_at),
        "numberOfOrders": lambda x, a, c: str(x.number_of_orders),
        "email": lambda x, a, c: x.email,
        "defaultEmailAddress": lambda x, a, c: x if x.email else None,
        "defaultAddress": lambda x, a, c: address_of(x) if x.country else None,
        "addresses": lambda x, a, c: [address_of(x)] if x.country else [],
        "tags": lambda x, a, c: [],
    },
    "CustomerEmailAddress": {
        "emailAddress": lambda x, a, c: x.email,
        "marketingState": lambda x, a, c: "NOT_SUBSCRIBED",
        "validFormat": lambda x, a, c: True,
    },
    "MailingAddress": {
        "id": lambda x, a, c: x.owner,
        "countryCodeV2": lambda x, a, c: x.country or None,
        "country": lambda x, a, c: x.country or None,
        "provinceCode": lambda x, a, c: x.region or None,
        "province": lambda x, a, c: x.region or None,
        "zip": lambda x, a, c: x.postal_code or None,
    },
    "MoneyV2": {
        "amount": lambda m, a, c: decimal_text(m.amount),
        "currencyCode": lambda m, a, c: m.currency,
    },
    "Count": {
        "count": lambda x, a, c: x.count if x.limit is None else min(x.count, x.limit),
        "precision": lambda x, a, c: "EXACT" if x.limit is None or x.count <= x.limit else "AT_LEAST",
    },
}

CATALOG_CONNECTIONS: Connections = {
    "Product": {"variants": lambda p, a, c: variants_of(p)},
    "InventoryItem": {
        "inventoryLevels": lambda i, a, c: Listing(
            sorted(c.store.levels_of(i.variant.inventory_item_id), key=by_id("location_id")),
            by_id("location_id"),
        ),
        "variants": lambda i, a, c: Listing([i.variant], by_id("variant_id")),
    },
    "Location": {"inventoryLevels": lambda x, a, c: levels_at(x.location_id, c)},
    "Customer": {"orders": _orders_of},
}
