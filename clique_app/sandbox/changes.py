"""What may be changed in the world, applied at a given moment; the same functions replay the journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clique_app.sandbox import book, orders, specs
from clique_app.sandbox.money import minor
from clique_app.sandbox.records import Agreement, Order, Refund, Variant, WorldEvent
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.world import World


def announce(
    world: World, store: Store, topic: str, at: datetime, object_id: int, parent_id: int | None = None
) -> None:
    if world.has_listeners:
        world.announce(WorldEvent(topic, store.shop.domain, at, object_id, parent_id))


def create_store(world: World, at: datetime, spec: dict[str, Any]) -> Store:
    return book.create_store(world, at, spec)


def install(world: World, at: datetime, domain: str, scopes: list[str]) -> None:
    shop = world.store(domain).shop
    shop.installed_at, shop.granted_scopes, shop.uninstalled_at = at, tuple(scopes), None


def uninstall(world: World, at: datetime, domain: str) -> None:
    store = world.store(domain)
    store.shop.installed_at, store.shop.granted_scopes, store.shop.uninstalled_at = None, (), at
    announce(world, store, "app/uninstalled", at, store.shop.shop_id)


def set_scopes(world: World, at: datetime, domain: str, scopes: list[str]) -> None:
    store = world.store(domain)
    store.shop.granted_scopes = tuple(scopes)
    announce(world, store, "app/scopes_update", at, store.shop.shop_id)


def ask_erasure(world: World, at: datetime, domain: str) -> None:
    """48 hours after an uninstall the app is told to erase the store."""
    store = world.store(domain)
    store.shop.uninstalled_at = None
    announce(world, store, "shop/redact", at, store.shop.shop_id)


def request_customer_data(world: World, at: datetime, domain: str, customer_id: int) -> int:
    """A customer asks what is held of them; the app is told."""
    store = world.store(domain)
    request_id = store.next_id()
    announce(world, store, "customers/data_request", at, store.customers[customer_id].customer_id, request_id)
    return request_id


def redact_customer(world: World, at: datetime, domain: str, customer_id: int) -> list[int]:
    """The app is told to forget a customer, and Shopify itself does: the orders stay, without the person."""
    store = world.store(domain)
    announce(world, store, "customers/redact", at, store.customers[customer_id].customer_id)
    redacted = [order for order in store.orders.values() if order.customer_id == customer_id]
    for order in redacted:
        order.customer_id = None
        order.country = order.region = order.postal_code = ""
        store.touch(order, at)
    store.remove_customer(customer_id)
    return [order.order_id for order in redacted]


def place_order(world: World, at: datetime, domain: str, spec: dict[str, Any]) -> Order:
    store = world.store(domain)
    order = specs.place(store, spec, at, created_at=at)
    order_placed(world, store, order)
    for given_back in order.refunds:
        announce(world, store, "refunds/create", at, given_back.refund_id, order.order_id)
    return order


def place_random_orders(world: World, at: datetime, domain: str, count: int, seed: int) -> list[Order]:
    world.store(domain)
    if domain not in world.growths:
        raise ValueError(f"{domain} does not grow by itself: give the order explicitly")
    return world.growths[domain].place_some(at, count, seed)


def edit_order(
    world: World, at: datetime, domain: str, order_id: int, add: list[dict[str, Any]], remove: list[list[int]]
) -> Order:
    store, order = _order(world, domain, order_id)
    lines = [specs.line_draft(store, line) for line in add]
    agreement = orders.edit(order, at, lines, [(x[0], x[1]) for x in remove], store.next_id)
    edited(world, store, order, agreement)
    return order


def refund_order(
    world: World,
    at: datetime,
    domain: str,
    order_id: int,
    lines: list[list[int]],
    shipping: str = "0",
    restock: bool = True,
) -> Refund:
    store, order = _order(world, domain, order_id)
    location_id = restock_location(store, order) if restock else None
    taken = [(x[0], x[1]) for x in lines]
    given_back = orders.refund(order, at, taken, store.next_id, shipping=minor(shipping), location_id=location_id)
    refunded(world, store, order, given_back)
    return given_back


def cancel_order(world: World, at: datetime, domain: str, order_id: int, reason: str) -> Order:
    store, order = _order(world, domain, order_id)
    given_back = orders.cancel(order, at, reason, store.next_id, location_id=restock_location(store, order))
    if given_back:
        refunded(world, store, order, given_back)
    else:
        store.touch(order, at)
    announce(world, store, "orders/cancelled", at, order_id)
    return order


def tag_order(world: World, at: datetime, domain: str, order_id: int, tags: list[str]) -> Order:
    store, order = _order(world, domain, order_id)
    order.tags = tuple(tags)
    _order_changed(world, store, order, at)
    return order


def delete_order(world: World, at: datetime, domain: str, order_id: int) -> None:
    store, order = _order(world, domain, order_id)
    if order.cancelled_at is None and order.fulfilled_at is None:
        raise ValueError("only an order that is cancelled or closed can be deleted")
    store.remove_order(order)
    announce(world, store, "orders/delete", at, order_id)


def delete_customer(world: World, at: datetime, domain: str, customer_id: int) -> None:
    store = world.store(domain)
    if store.customers[customer_id].number_of_orders:
        raise ValueError("a customer who has orders cannot be deleted")
    store.remove_customer(customer_id)
    announce(world, store, "customers/delete", at, customer_id)


def set_stock(
    world: World, at: datetime, domain: str, inventory_item_id: int, location_id: int, available: int
) -> None:
    store = world.store(domain)
    if inventory_item_id not in store.variant_of_item or location_id not in store.locations:
        raise KeyError(f"no inventory item {inventory_item_id} at location {location_id}")
    stock_changed(world, store, inventory_item_id, location_id, available, at)


def set_incoming(
    world: World, at: datetime, domain: str, inventory_item_id: int, location_id: int, incoming: int
) -> None:
    store = world.store(domain)
    if (inventory_item_id, location_id) not in store.stock:
        raise KeyError(f"no inventory item {inventory_item_id} at location {location_id}")
    incoming_changed(world, store, inventory_item_id, location_id, incoming, at)


def update_variant(
    world: World, at: datetime, domain: str, variant_id: int, price: str | None, unit_cost: str | None
) -> None:
    store = world.store(domain)
    variant = store.variants[variant_id]
    if unit_cost is not None:  # a cost is the inventory item's: the product does not count as changed
        variant.unit_cost, variant.item_updated_at = Decimal(unit_cost), at
        announce(world, store, "inventory_items/update", at, variant.inventory_item_id)
    if price is not None:
        variant.price = Decimal(price)
        _product_changed(world, store, variant.product_id, at)


def set_metafield(
    world: World, at: datetime, domain: str, variant_id: int, name: str, value: str | None, kind: str
) -> None:
    """Set a field of a variant, or delete it. Neither the product nor the inventory item counts as changed."""
    store = world.store(domain)
    fields = store.variants[variant_id].metafields
    if value is None:
        del fields[name]
    else:
        book.set_metafield(store, fields, at, name, value, kind)


def update_product(world: World, at: datetime, domain: str, product_id: int, fields: dict[str, Any]) -> None:
    store = world.store(domain)
    product = store.products[product_id]
    for name, value in fields.items():
        if name not in ("title", "status", "product_type", "vendor", "tags"):
            raise ValueError(f"a product's {name} cannot be set")
        setattr(product, name, tuple(value) if name == "tags" else value)
    _product_changed(world, store, product_id, at)


def delete_product(world: World, at: datetime, domain: str, product_id: int) -> None:
    store = world.store(domain)
    product = store.products[product_id]
    product.deleted, product.updated_at = True, at
    announce(world, store, "products/delete", at, product_id)


def update_ad_object(
    world: World,
    at: datetime,
    object_id: str,
    daily_budget: str | None,
    status: str | None,
    name: str | None,
) -> None:
    budget = None if daily_budget is None else Decimal(daily_budget)
    world.ads.update(object_id, at, daily_budget=budget, status=status, name=name)
    world.announce(WorldEvent("ads/updated", "", at, int(object_id)))


# what growth.py shares with the changes above


def order_placed(world: World, store: Store, order: Order) -> None:
    """Announce an order that was just filed, and take its units out of stock."""
    announce(world, store, "orders/create", order.created_at, order.order_id)
    if order.customer_id is not None:
        announce(world, store, "customers/update", order.created_at, order.customer_id)
    if order.cancelled_at is not None:
        announce(world, store, "orders/cancelled", order.cancelled_at, order.order_id)
        return
    location_id = order.fulfilled_from or next(iter(store.locations), None)
    if location_id is None:
        return
    for line in order.lines:
        variant = store.variants.get(line.variant_id) if line.variant_id else None
        if variant and variant.tracked and line.current_quantity:
            level = store.stock.get((variant.inventory_item_id, location_id))
            left = (level.available if level else 0) - line.current_quantity
            stock_changed(world, store, variant.inventory_item_id, location_id, left, order.created_at)
            store.commit(variant.inventory_item_id, location_id, line.current_quantity)


def refunded(world: World, store: Store, order: Order, given_back: Refund) -> None:
    """Book a refund that orders.py made, put its units back and announce it."""
    at = given_back.created_at
    store.book(order, order.agreements[-1])
    lines = {line.line_id: line for line in order.lines}
    for back in given_back.lines:
        variant = store.variants.get(lines[back.line_id].variant_id or 0)
        if variant and order.fulfilled_at is None:
            _commit(store, order, variant, -back.quantity)
        if variant and variant.tracked and back.location_id is not None:
            level = store.stock.get((variant.inventory_item_id, back.location_id))
            available = (level.available if level else 0) + back.quantity
            stock_changed(world, store, variant.inventory_item_id, back.location_id, available, at)
    announce(world, store, "refunds/create", at, given_back.refund_id, order.order_id)
    _order_changed(world, store, order, at)


def edited(world: World, store: Store, order: Order, agreement: Agreement) -> None:
    store.book(order, agreement)
    lines = {line.line_id: line for line in order.lines}
    for sale in agreement.sales:
        variant = store.variants.get(lines[sale.line_id].variant_id or 0) if sale.line_id in lines else None
        if variant and sale.quantity and order.fulfilled_at is None:
            _commit(store, order, variant, sale.quantity)
    _order_changed(world, store, order, agreement.happened_at)


def fulfilled(world: World, store: Store, order: Order, at: datetime) -> None:
    for line in order.lines:
        variant = store.variants.get(line.variant_id) if line.variant_id else None
        if variant and order.fulfilled_at is None:
            _commit(store, order, variant, -line.current_quantity)
    order.fulfilled_at = at
    announce(world, store, "orders/fulfilled", at, order.order_id)
    _order_changed(world, store, order, at)


def delivered(world: World, store: Store, order: Order, at: datetime) -> None:
    order.delivered_at = at
    _order_changed(world, store, order, at)


def stock_changed(
    world: World, store: Store, inventory_item_id: int, location_id: int, available: int, at: datetime
) -> None:
    store.set_level(inventory_item_id, location_id, available, at)
    announce(world, store, "inventory_levels/update", at, inventory_item_id, location_id)


def incoming_changed(
    world: World, store: Store, inventory_item_id: int, location_id: int, incoming: int, at: datetime
) -> None:
    level = store.stock[inventory_item_id, location_id]
    level.incoming, level.updated_at = incoming, at
    announce(world, store, "inventory_levels/update", at, inventory_item_id, location_id)


def restock_location(store: Store, order: Order) -> int | None:
    return order.fulfilled_from or next(iter(store.locations), None)


def _commit(store: Store, order: Order, variant: Variant, units: int) -> None:
    if variant.tracked and order.fulfilled_from is not None:
        store.commit(variant.inventory_item_id, order.fulfilled_from, units)


def _order(world: World, domain: str, order_id: int) -> tuple[Store, Order]:
    store = world.store(domain)
    return store, store.orders[order_id]


def _order_changed(world: World, store: Store, order: Order, at: datetime) -> None:
    store.touch(order, at)
    announce(world, store, "orders/updated", at, order.order_id)


def _product_changed(world: World, store: Store, product_id: int, at: datetime) -> None:
    store.products[product_id].updated_at = at
    announce(world, store, "products/update", at, product_id)


CHANGES: dict[str, Callable[..., Any]] = {
    change.__name__: change
    for change in (
        create_store,
        install,
        uninstall,
        set_scopes,
        ask_erasure,
        request_customer_data,
        redact_customer,
        place_order,
        place_random_orders,
        edit_order,
        refund_order,
        cancel_order,
        tag_order,
        delete_order,
        delete_customer,
        set_stock,
        set_incoming,
        update_variant,
        set_metafield,
        update_product,
        delete_product,
        update_ad_object,
    )
}
