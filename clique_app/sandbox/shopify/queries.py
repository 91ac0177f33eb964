"""The roots of the query side: single objects, lists with search and sorting, counts, nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import GraphQLError

from clique_app.sandbox.records import Customer, Order, Product, Variant
from clique_app.sandbox.shopify.catalog_fields import Counted, item_numbered, item_of, item_updated_at, level_at
from clique_app.sandbox.shopify.context import Connections, Context, Fields
from clique_app.sandbox.shopify.listing import Key, Listing
from clique_app.sandbox.shopify.search import Search, Searchable, search_for
from clique_app.sandbox.shopify.values import gid, number_of, parse_gid


def _status(order: Order) -> str:
    if order.cancelled_at is not None:
        return "cancelled"
    return "closed" if order.fulfilled_at is not None else "open"


ORDER_SEARCH = {
    "created_at": Searchable("time", lambda o: o.created_at),
    "updated_at": Searchable("time", lambda o: o.updated_at),
    "processed_at": Searchable("time", lambda o: o.processed_at),
    "id": Searchable("number", lambda o: o.order_id),
    "customer_id": Searchable("number", lambda o: o.customer_id or 0),
    "name": Searchable("text", lambda o: (f"#{o.number}", str(o.number))),
    "test": Searchable("flag", lambda o: o.test),
    "status": Searchable("word", lambda o: (_status(o), "not_closed") if _status(o) != "closed" else "closed"),
    "source_name": Searchable("text", lambda o: o.source_name),
    "tag": Searchable("text", lambda o: o.tags),
}
PRODUCT_SEARCH = {
    "created_at": Searchable("time", lambda p: p.created_at),
    "updated_at": Searchable("time", lambda p: p.updated_at),
    "id": Searchable("number", lambda p: p.product_id),
    "status": Searchable("text", lambda p: p.status),
    "title": Searchable("text", lambda p: p.title),
    "handle": Searchable("text", lambda p: p.handle),
    "vendor": Searchable("text", lambda p: p.vendor),
    "product_type": Searchable("text", lambda p: p.product_type),
    "tag": Searchable("text", lambda p: p.tags),
}
VARIANT_SEARCH = {
    "id": Searchable("number", lambda v: v.variant_id),
    "product_id": Searchable("number", lambda v: v.product_id),
    "sku": Searchable("text", lambda v: v.sku),
}
ITEM_SEARCH = {
    "id": Searchable("number", lambda i: i.variant.inventory_item_id),
    "sku": Searchable("text", lambda i: i.variant.sku),
    "updated_at": Searchable("time", item_updated_at),
    "created_at": Searchable("time", lambda i: i.product.created_at),
}
CUSTOMER_SEARCH = {
    "id": Searchable("number", lambda x: x.customer_id),
    "created_at": Searchable("time", lambda x: x.created_at),
    "customer_date": Searchable("time", lambda x: x.created_at),
    "updated_at": Searchable("time", lambda x: x.updated_at),
    "orders_count": Searchable("number", lambda x: x.number_of_orders),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORDER_TIMES = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "PROCESSED_AT": "processed_at"}


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def by_time(time_attribute: str, id_attribute: str) -> Key:
    return lambda record: (micros(getattr(record, time_attribute)), getattr(record, id_attribute))


def orders_found(search: Search, time_attribute: str, ctx: Context) -> list[Order]:
    if search.ids is not None:
        of_ids = [order for i in search.ids if (order := ctx.store.orders.get(i)) and ctx.sees(order)]
        return sorted(of_ids, key=by_time(time_attribute, "order_id"))
    bounds = [b for b in (search.since(time_attribute),) if b is not None]
    if ctx.orders_from is not None and time_attribute != "processed_at":
        bounds.append(ctx.orders_from)
    known = ctx.store.orders_by(time_attribute, max(bounds, default=None))
    return [order for order in known if ctx.sees(order) and search.matches(order)]


def orders(root: Any, args: dict[str, Any], ctx: Context) -> Listing:
    sort = args.get("sortKey", "PROCESSED_AT")
    search = search_for(args.get("query"), ORDER_SEARCH, ctx.store.zone)
    reverse = bool(args.get("reverse"))
    if sort in ORDER_TIMES:
        attribute = ORDER_TIMES[sort]
        return Listing(orders_found(search, attribute, ctx), by_time(attribute, "order_id"), reverse)
    key: Key = lambda o: (0, o.order_id)  # noqa: E731
    return Listing(sorted(orders_found(search, "created_at", ctx), key=key), key, reverse)


def _sorted(records: Iterable[Any], keys: dict[str, Key], args: dict[str, Any], search: Search) -> Listing:
    key = keys.get(args.get("sortKey", "ID"), keys["ID"])
    found = sorted((r for r in records if search.matches(r)), key=key)
    return Listing(found, key, bool(args.get("reverse")))


def live_products(ctx: Context) -> list[Product]:
    return [p for p in list(ctx.store.products.values()) if not p.deleted]


def live_variants(ctx: Context) -> list[Variant]:
    return [v for p in live_products(ctx) for v in p.variants]


def products(root: Any, args: dict[str, Any], ctx: Context) -> Listing:
    keys: dict[str, Key] = {
        "ID": lambda p: (0, p.product_id),
        "TITLE": lambda p: (p.title, p.product_id),
        "CREATED_AT": by_time("created_at", "product_id"),
        "UPDATED_AT": by_time("updated_at", "product_id"),
    }
    search = search_for(args.get("query"), PRODUCT_SEARCH, ctx.store.zone)
    return _sorted(live_products(ctx), keys, args, search)


def variants(root: Any, args: dict[str, Any], ctx: Context) -> Listing:
    search = search_for(args.get("query"), VARIANT_SEARCH, ctx.store.zone)
    return _sorted(live_variants(ctx), {"ID": lambda v: (0, v.variant_id)}, args, search)


def inventory_items(root: Any, args: dict[str, Any], ctx: Context) -> Listing:
    search = search_for(args.get("query"), ITEM_SEARCH, ctx.store.zone)
    items = [item_of(v, ctx) for v in live_variants(ctx)]
    return _sorted(items, {"ID": lambda i: (0, i.variant.inventory_item_id)}, args, search)


def customers(root: Any, args: dict[str, Any], ctx: Context) -> Listing:
    keys: dict[str, Key] = {
        "ID": lambda x: (0, x.customer_id),
        "CREATED_AT": by_time("created_at", "customer_id"),
        "UPDATED_AT": by_time("updated_at", "customer_id"),
    }
    search = search_for(args.get("query"), CUSTOMER_SEARCH, ctx.store.zone)
    return _sorted(list(ctx.store.customers.values()), keys, args, search)


def locations(root: Any, args: dict[str, Any], ctx: Context) -> Listing:
    keys: dict[str, Key] = {
        "ID": lambda x: (0, x.location_id),
        "NAME": lambda x: (x.name, x.location_id),
    }
    args = {"sortKey": "NAME", **args}
    return _sorted(ctx.store.locations.values(), keys, args, search_for(None, {}, ctx.store.zone))


def _counted(listing: Callable[[Any, dict[str, Any], Context], Listing]) -> Callable[..., Counted]:
    return lambda root, args, ctx: Counted(len(listing(root, args, ctx).items), args.get("limit"))


def _order(number: int, ctx: Context) -> Order | None:
    order = ctx.store.orders.get(number)
    return order if order and ctx.sees(order) else None


def _product(number: int, ctx: Context) -> Product | None:
    product = ctx.store.products.get(number)
    return product if product and not product.deleted else None


def _variant(number: int, ctx: Context) -> Variant | None:
    variant = ctx.store.variants.get(number)
    return variant if variant and _product(variant.product_id, ctx) else None


def _customer(number: int, ctx: Context) -> Customer | None:
    return ctx.store.customers.get(number)


BY_NUMBER: dict[str, Callable[[int, Context], Any]] = {
    "Order": _order,
    "Product": _product,
    "ProductVariant": _variant,
    "Customer": _customer,
    "InventoryItem": item_numbered,
    "Location": lambda number, ctx: ctx.store.locations.get(number),
    "Shop": lambda number, ctx: ctx.store.shop if number == ctx.store.shop.shop_id else None,
    "BulkOperation": lambda number, ctx: ctx.platform.bulk_operation(ctx.store.shop.domain, number),
    "WebhookSubscription": lambda number, ctx: ctx.platform.subscription(ctx.store.shop.domain, number),
}


def node(text: str, ctx: Context) -> Any:
    parsed = parse_gid(text)
    if parsed is None:
        return None
    if parsed.kind == "InventoryLevel":
        return level_at(parsed.inventory_item_id, parsed.number, ctx)
    find = BY_NUMBER.get(parsed.kind)
    return find(parsed.number, ctx) if find else None


def _single(kind: str) -> Callable[[Any, dict[str, Any], Context], Any]:
    def find(root: Any, args: dict[str, Any], ctx: Context) -> Any:
        number = number_of(args["id"], kind)
        return None if number is None else BY_NUMBER[kind](number, ctx)

    return find


def _level(root: Any, args: dict[str, Any], ctx: Context) -> Any:
    parsed = parse_gid(args["id"])
    return node(args["id"], ctx) if parsed and parsed.kind == "InventoryLevel" else None


def _web_pixel(root: Any, args: dict[str, Any], ctx: Context) -> Any:
    """A store without the app's pixel is answered with an error, as the platform does."""
    found = ctx.platform.pixel_of(ctx.store.shop.domain)
    if found is None or (args.get("id") and number_of(args["id"], "WebPixel") != found.number):
        raise GraphQLError("No web pixel was found for this app.", extensions={"code": "RESOURCE_NOT_FOUND"})
    return found


QUERY_FIELDS: Fields = {
    "QueryRoot": {
        "shop": lambda r, a, c: c.store.shop,
        "currentAppInstallation": lambda r, a, c: c.store.shop,
        "appInstallation": lambda r, a, c: c.store.shop,
        "order": _single("Order"),
        "product": _single("Product"),
        "productVariant": _single("ProductVariant"),
        "customer": _single("Customer"),
        "inventoryItem": _single("InventoryItem"),
        "inventoryLevel": _level,
        "location": lambda r, a, c: (
            _single("Location")(r, a, c) if a.get("id") else next(iter(c.store.locations.values()), None)
        ),
        "node": lambda r, a, c: node(a["id"], c),
        "nodes": lambda r, a, c: [node(x, c) for x in a["ids"]],
        "ordersCount": _counted(orders),
        "productsCount": _counted(products),
        "productVariantsCount": _counted(variants),
        "customersCount": _counted(customers),
        "bulkOperation": _single("BulkOperation"),
        "currentBulkOperation": lambda r, a, c: c.platform.latest_bulk_operation(c.store.shop.domain),
        "webPixel": _web_pixel,
        "webhookSubscription": _single("WebhookSubscription"),
        "webhookSubscriptionsCount": lambda r, a, c: Counted(
            len(c.platform.subscriptions_of(c.store.shop.domain)), a.get("limit")
        ),
    },
    "AppInstallation": {
        "id": lambda s, a, c: gid("AppInstallation", s.shop_id),
        "accessScopes": lambda s, a, c: sorted(c.scopes),
        "activeSubscriptions": lambda s, a, c: [],
        "launchUrl": lambda s, a, c: c.platform.config.app_url,
    },
    "AccessScope": {
        "handle": lambda scope, a, c: scope,
        "description": lambda scope, a, c: scope.replace("_", " "),
    },
}


def _subscriptions(root: Any, args: dict[str, Any], ctx: Context) -> Listing:
    found = [
        s
        for s in ctx.platform.subscriptions_of(ctx.store.shop.domain)
        if (not args.get("topics") or s.topic in args["topics"]) and args.get("uri") in (None, s.uri)
    ]
    return Listing(found, lambda s: (0, s.number), bool(args.get("reverse")))


QUERY_CONNECTIONS: Connections = {
    "QueryRoot": {
        "orders": orders,
        "products": products,
        "productVariants": variants,
        "inventoryItems": inventory_items,
        "customers": customers,
        "locations": locations,
        "webhookSubscriptions": _subscriptions,
    },
}
