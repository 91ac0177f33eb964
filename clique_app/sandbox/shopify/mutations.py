"""The mutations the sandbox serves; every other one is answered with an error that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError, GraphQLResolveInfo, get_directive_values

from clique_app.sandbox.records import Order, Product
from clique_app.sandbox.shopify.bulk_rules import refusals
from clique_app.sandbox.shopify.catalog_fields import item_numbered, quantity
from clique_app.sandbox.shopify.context import Context
from clique_app.sandbox.shopify.graphql_errors import idempotency_required
from clique_app.sandbox.shopify.platform import Done
from clique_app.sandbox.shopify.queries import node
from clique_app.sandbox.shopify.schema import VERSION
from clique_app.sandbox.shopify.state import BulkOperation, Pixel, Subscription
from clique_app.sandbox.shopify.values import gid, number_of, zulu

Answer = dict[str, Any]
Mutation = Callable[[dict[str, Any], Context], Answer]

CONCURRENT_BULK_QUERIES = 5
# as extensions/clique-pixel/shopify.extension.toml declares them, and whether they may be left out
PIXEL_SETTINGS = {"collector": False, "key": False, "click_ids": True}
MANDATORY_TOPICS = frozenset({"CUSTOMERS_DATA_REQUEST", "CUSTOMERS_REDACT", "SHOP_REDACT"})
TOPIC_SCOPES = {
    "ORDERS": "orders",
    "REFUNDS": "orders",
    "PRODUCTS": "products",
    "INVENTORY": "inventory",
    "CUSTOMERS": "customers",
}  # first word of a topic: what the app has to be granted to read


def error(message: str, *path: str, code: str | None = None) -> Answer:
    return {"field": list(path) or None, "message": message, "code": code}


# bulk operations


def bulk_operation_run_query(args: dict[str, Any], ctx: Context) -> Answer:
    shop, platform = ctx.store.shop.domain, ctx.platform
    refused = refusals(ctx.published.schema, args["query"])
    if refused:
        return {"userErrors": [error(text, "query", code="INVALID") for text in refused]}
    running = [gid("BulkOperation", b.number) for b in platform.bulk_operations(shop) if b.running]
    if len(running) >= CONCURRENT_BULK_QUERIES:
        text = f"A bulk query operation for this app and shop is already in progress: {', '.join(running)}."
        return {"userErrors": [error(text, code="OPERATION_IN_PROGRESS")]}
    operation = BulkOperation(
        platform.state.next_number(), shop, args["query"], bool(args.get("groupObjects")), zulu(ctx.now)
    )
    platform.state.operations.append(operation)
    platform.state.save()
    return {"bulkOperation": operation, "userErrors": []}


def bulk_operation_cancel(args: dict[str, Any], ctx: Context) -> Answer:
    number = number_of(args["id"], "BulkOperation")
    operation = ctx.platform.bulk_operation(ctx.store.shop.domain, number) if number else None
    if operation is None:
        return {"userErrors": [error("Bulk operation does not exist", "id")]}
    if not operation.running:
        text = f"A bulk operation cannot be canceled when it is {operation.status.lower()}"
        return {"bulkOperation": operation, "userErrors": [error(text)]}
    operation.status = "CANCELING"
    return {"bulkOperation": operation, "userErrors": []}


# webhook subscriptions


def _uri_error(uri: str | None) -> Answer | None:
    """Real Shopify asks for https; here the app may also be on the loopback."""
    if not uri:
        return error("Address can't be blank", "webhookSubscription", "callbackUrl")
    parts = urlsplit(uri)
    loopback = parts.hostname in ("localhost", "127.0.0.1")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        return error(f"Address protocol {parts.scheme}:// is not supported", "webhookSubscription", "callbackUrl")
    return None


def webhook_subscription_create(args: dict[str, Any], ctx: Context) -> Answer:
    given, shop, state = args["webhookSubscription"], ctx.store.shop.domain, ctx.platform.state
    uri = given.get("uri") or given.get("callbackUrl")
    wrong = _uri_error(uri)
    if args["topic"] in MANDATORY_TOPICS:
        wrong = error("Topic is invalid", "topic")
    taken = any(s.topic == args["topic"] and s.uri == uri for s in ctx.platform.subscriptions_of(shop))
    if taken:
        wrong = error("Address for this topic has already been taken", "webhookSubscription", "callbackUrl")
    needed = TOPIC_SCOPES.get(args["topic"].split("_")[0])
    if needed and not ctx.scopes & {f"read_{needed}", f"write_{needed}"}:
        name = "/".join(args["topic"].lower().rsplit("_", 1))
        wrong = error(f"You do not have permission to create or update webhooks with {name} topic", "topic")
    if wrong:
        return {"userErrors": [wrong]}
    now = zulu(ctx.now)
    made = Subscription(
        state.next_number(),
        shop,
        args["topic"],
        uri,
        VERSION,
        now,
        now,
        include_fields=list(given.get("includeFields") or ()),
        filter=given.get("filter"),
        name=given.get("name"),
    )
    if not ctx.changes_nothing:
        state.subscriptions.append(made)
    state.save()
    return {"webhookSubscription": made, "userErrors": []}


def _subscription(args: dict[str, Any], ctx: Context) -> Subscription | None:
    number = number_of(args["id"], "WebhookSubscription")
    return ctx.platform.subscription(ctx.store.shop.domain, number) if number else None


def webhook_subscription_update(args: dict[str, Any], ctx: Context) -> Answer:
    found, given = _subscription(args, ctx), args["webhookSubscription"]
    if found is None:
        return {"userErrors": [error("Webhook subscription does not exist", "id")]}
    uri = given.get("uri") or given.get("callbackUrl") or found.uri
    wrong = _uri_error(uri)
    if wrong or ctx.changes_nothing:
        return {"webhookSubscription": None if wrong else found, "userErrors": [wrong] if wrong else []}
    found.uri, found.updated_at = uri, zulu(ctx.now)
    if given.get("includeFields") is not None:
        found.include_fields = list(given["includeFields"])
    ctx.platform.state.save()
    return {"webhookSubscription": found, "userErrors": []}


def webhook_subscription_delete(args: dict[str, Any], ctx: Context) -> Answer:
    found = _subscription(args, ctx)
    if found is None:
        return {"userErrors": [error("Webhook subscription does not exist", "id")]}
    if not ctx.changes_nothing:
        ctx.platform.state.subscriptions.remove(found)
        ctx.platform.state.save()
    return {"deletedWebhookSubscriptionId": args["id"], "userErrors": []}


# the web pixel


def _settings(given: Any) -> tuple[dict[str, Any], Answer | None]:
    """Settings come as JSON or as the text of it, and must be those the extension declares."""
    try:
        settings = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return {}, error("Settings are not valid JSON", "settings", code="INVALID_CONFIGURATION_JSON")
    declared = isinstance(settings, dict) and settings.keys() <= PIXEL_SETTINGS.keys()
    if not declared or not all(settings.get(name) for name, optional in PIXEL_SETTINGS.items() if not optional):
        return {}, error("The settings do not match the definition", "settings", code="INVALID_SETTINGS")
    return settings, None


def web_pixel_create(args: dict[str, Any], ctx: Context) -> Answer:
    shop, state = ctx.store.shop.domain, ctx.platform.state
    settings, wrong = _settings(args["webPixel"]["settings"])
    if ctx.platform.pixel_of(shop):
        wrong = error("Web pixel is taken", code="TAKEN")
    if wrong:
        return {"userErrors": [wrong]}
    made = Pixel(state.next_number(), shop, settings)
    if not ctx.changes_nothing:
        state.pixels.append(made)
    state.save()
    return {"webPixel": made, "userErrors": []}


def web_pixel_update(args: dict[str, Any], ctx: Context) -> Answer:
    found = ctx.platform.pixel_of(ctx.store.shop.domain)
    if found is None or number_of(args["id"], "WebPixel") != found.number:
        return {"userErrors": [error("Web pixel does not exist", "id", code="NOT_FOUND")]}
    settings, wrong = _settings(args["webPixel"]["settings"])
    if wrong:
        return {"userErrors": [wrong]}
    if not ctx.changes_nothing:
        found.settings = settings
        ctx.platform.state.save()
    return {"webPixel": found, "userErrors": []}


# products and stock


def _price_error(given: dict[str, Any], product: Product, index: int) -> Answer | None:
    at = ("variants", str(index))
    known = {gid("ProductVariant", v.variant_id) for v in product.variants}
    if given.get("id") not in known:
        return error("Product variant does not exist", *at, "id", code="PRODUCT_VARIANT_DOES_NOT_EXIST")
    unserved = set(given) - {"id", "price"}
    if unserved:
        raise GraphQLError(f"The sandbox does not serve ProductVariantsBulkInput.{sorted(unserved)[0]}")
    try:
        negative = given.get("price") is not None and Decimal(str(given["price"])) < 0
    except InvalidOperation:
        return error("Price is invalid", *at, "price", code="INVALID_VALUE")
    return error("must be greater than or equal to 0", *at, "price") if negative else None


def product_variants_bulk_update(args: dict[str, Any], ctx: Context) -> Answer:
    product = node(args["productId"], ctx)
    if not isinstance(product, Product):
        return {"userErrors": [error("Product does not exist", "productId", code="PRODUCT_DOES_NOT_EXIST")]}
    wrong, good = list[Answer](), list[tuple[int, Any]]()
    for index, given in enumerate(args["variants"]):
        found = _price_error(given, product, index)
        if found:
            wrong.append(found)
        else:
            good.append((number_of(given["id"], "ProductVariant") or 0, given.get("price")))
    if wrong and not args.get("allowPartialUpdates"):
        return {"product": product, "userErrors": wrong}
    for variant_id, price in good:
        if price is not None and not ctx.changes_nothing:
            ctx.platform.world.update_variant(ctx.store.shop.domain, variant_id, price=f"{Decimal(price):.2f}")
    changed = [ctx.store.variants[variant_id] for variant_id, _ in good]
    return {"product": product, "productVariants": changed, "userErrors": wrong}


def _change_error(change: dict[str, Any], index: int, ctx: Context) -> Answer | None:
    at = ("input", "changes", str(index))
    item = number_of(change["inventoryItemId"], "InventoryItem")
    location = number_of(change["locationId"], "Location")
    if item is None or item_numbered(item, ctx) is None:
        text = "The specified inventory item could not be found."
        return error(text, *at, "inventoryItemId", code="INVALID_INVENTORY_ITEM")
    if location not in ctx.store.locations:
        return error("The specified location could not be found.", *at, "locationId", code="INVALID_LOCATION")
    level = ctx.store.stock.get((item, location))
    current = quantity(level, "available") if level else 0
    expected = change.get("changeFromQuantity")
    if expected is not None and expected != current:
        text = f"The quantity has changed: it is {current}, not {expected}."
        return error(text, *at, "changeFromQuantity", code="CHANGE_FROM_QUANTITY_STALE")
    return None


def inventory_adjust_quantities(args: dict[str, Any], ctx: Context) -> Answer:
    given = args["input"]
    if given["name"] != "available":
        text = "The quantity name is not one the sandbox adjusts: use available."
        return {"userErrors": [error(text, "input", "name", code="INVALID_QUANTITY_NAME")]}
    wrong = [e for i, change in enumerate(given["changes"]) if (e := _change_error(change, i, ctx))]
    if wrong:
        return {"userErrors": wrong}
    changes = [_adjusted(change, ctx) for change in given["changes"]]
    group = {
        "id": gid("InventoryAdjustmentGroup", ctx.platform.state.next_number()),
        "createdAt": zulu(ctx.now),
        "reason": given["reason"],
        "referenceDocumentUri": given.get("referenceDocumentUri"),
        "changes": changes,
    }
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


def _adjusted(change: dict[str, Any], ctx: Context) -> Answer:
    item = number_of(change["inventoryItemId"], "InventoryItem") or 0
    location = number_of(change["locationId"], "Location") or 0
    level = ctx.store.stock.get((item, location))
    after = (level.available if level else 0) + change["delta"]
    if not ctx.changes_nothing:
        ctx.platform.world.set_stock(ctx.store.shop.domain, item, location, after)
    return {
        "name": "available",
        "delta": change["delta"],
        "quantityAfterChange": after,
        "item": item_numbered(item, ctx),
        "location": ctx.store.locations[location],
    }


def tags_add(args: dict[str, Any], ctx: Context) -> Answer:
    found, shop = node(args["id"], ctx), ctx.store.shop.domain
    if not isinstance(found, (Order, Product)):
        return {"userErrors": [error("Resource does not exist", "id")]}
    tags = [*found.tags, *(t for t in args["tags"] if t not in found.tags)]
    if ctx.changes_nothing:
        return {"node": found, "userErrors": []}
    if isinstance(found, Order):
        ctx.platform.world.tag_order(shop, found.order_id, tags)
    else:
        ctx.platform.world.update_product(shop, found.product_id, tags=tags)
    return {"node": found, "userErrors": []}


MUTATIONS: dict[str, Mutation] = {
    "bulkOperationRunQuery": bulk_operation_run_query,
    "bulkOperationCancel": bulk_operation_cancel,
    "webhookSubscriptionCreate": webhook_subscription_create,
    "webhookSubscriptionUpdate": webhook_subscription_update,
    "webhookSubscriptionDelete": webhook_subscription_delete,
    "webPixelCreate": web_pixel_create,
    "webPixelUpdate": web_pixel_update,
    "productVariantsBulkUpdate": product_variants_bulk_update,
    "inventoryAdjustQuantities": inventory_adjust_quantities,
    "tagsAdd": tags_add,
}
IDEMPOTENT = frozenset({"inventoryAdjustQuantities"})


def mutate(name: str, args: dict[str, Any], ctx: Context, info: GraphQLResolveInfo) -> Answer:
    """Run a served mutation; those that need an idempotency key run once for each key."""
    run = MUTATIONS[name]
    if name not in IDEMPOTENT:
        return run(args, ctx)
    directive = info.schema.get_directive("idempotent")
    assert directive is not None
    given = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if not given or not given["key"].strip():
        raise idempotency_required()
    place, arguments = (ctx.store.shop.domain, given["key"]), json.dumps(args, sort_keys=True, default=str)
    before = ctx.platform.done.get(place)
    if before is None:
        result = run(args, ctx)
        ctx.platform.done[place] = Done(arguments, result)
        return result
    if before.arguments != arguments:
        text = "The same idempotency key cannot be used with different parameters."
        return {"userErrors": [error(text, code="IDEMPOTENCY_KEY_PARAMETER_MISMATCH")]}
    return before.result
