"""Stores made on request: an explicit book of orders, or a small random store.

{"shop": "book.myshopify.com", "name": "Book", "currency": "EUR", "time_zone": "Europe/Berlin",
 "country": "DE", "locations": ["Berlin"],
 "products": [{"title": "Candle", "sku": "C1", "price": "20.00", "unit_cost": "8.00", "stock": 10,
               "incoming": 0, "gift_card": false, "type": "Candles", "backorder": false,
               "metafields": {"custom.cost": "8.00"}}],
 "orders": [<as in specs.py>],
 "ad_account": {"id": "900", "name": "Book ads", "currency": "EUR", "time_zone": "Europe/Berlin"},
 "ad_spend": [{"day": "2026-03-01", "campaign": "Spring", "sku": "C1", "spend": "12.34", "impressions": 1000,
               "clicks": 20, "purchases": 2, "purchase_value": "80.00", "daily_budget": "15.00"}]}
                                                       # more of ads: see ad_book.py

{"shop": "small.myshopify.com", "seed": 7, "months": 1, "orders_per_day": 5}     # random, growing
"""

from __future__ import annotations

import re
import zlib
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clique_app.sandbox import ad_book, specs
from clique_app.sandbox.records import Location, Metafield, Product, Shop, Variant
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.world import World

DOMAIN = re.compile(r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$")


class BadBook(ValueError):
    """The store cannot be made as stated; the text says why."""


def create_store(world: World, at: datetime, spec: dict[str, Any]) -> Store:
    """Make the store a spec describes; on any error nothing of it stays."""
    domain = str(spec.get("shop", ""))
    if not DOMAIN.match(domain):
        raise BadBook(f"shop must look like name.myshopify.com, not {domain!r}")
    if domain in world.stores:
        raise BadBook(f"{domain} exists already")
    if "orders" not in spec and "products" not in spec:
        from clique_app.sandbox.default_store import create_growing_store

        return create_growing_store(
            world,
            at,
            domain=domain,
            name=str(spec.get("name", domain.removesuffix(".myshopify.com"))),
            seed=int(spec.get("seed", world.seed)),
            months=int(spec.get("months", 1)),
            orders_per_day=float(spec.get("orders_per_day", 5)),
        )
    store = new_store(world, at, spec)
    for product in spec.get("products", ()):
        add_product(store, at, product)
    for i, order in enumerate(spec.get("orders", ())):
        try:
            specs.place(store, order, at)
        except (ValueError, KeyError, IndexError, ArithmeticError) as error:
            raise BadBook(f"order {i + 1}: {error}") from error
    days = [store.day_of(order.processed_at) for order in store.orders.values()]
    store.shop.history_from = min(days, default=store.day_of(at))
    world.stores[domain] = store
    ad_book.open_accounts(world, store, at, spec)
    return store


def new_store(world: World, at: datetime, spec: dict[str, Any]) -> Store:
    """An empty store, not yet part of the world."""
    domain = str(spec["shop"])
    country = str(spec.get("country", "US"))
    index = len(world.stores)
    shop = Shop(
        domain=domain,
        name=str(spec.get("name", domain.removesuffix(".myshopify.com"))),
        shop_id=61_000_000_000 + zlib.crc32(domain.encode()),
        currency=str(spec.get("currency", "USD")),
        time_zone=str(spec.get("time_zone", "America/New_York")),
        country=country,
        email=f"owner@{domain.removesuffix('.myshopify.com')}.example",
        plan=str(spec.get("plan", "Basic")),
        installed_at=None,
        granted_scopes=(),
        history_from=at.date(),
    )
    names = [str(x) for x in spec.get("locations", ["Main"])]
    ids = range(80_000_000_000 + index * 1000, 80_000_000_000 + index * 1000 + len(names))
    regions = [str(x) for x in spec.get("regions", [""] * len(names))]
    places = [Location(i, n, country, r) for i, n, r in zip(ids, names, regions, strict=True)]
    return Store(shop, places, index)


def add_product(store: Store, at: datetime, spec: dict[str, Any]) -> Product:
    """A product with its variants (one, where none are listed) and their stock."""
    product_id = store.next_id()
    variants = [_variant(store, at, product_id, x, spec) for x in spec.get("variants", (spec,))]
    title = str(spec["title"])
    handle = str(spec.get("handle") or re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-"))
    product = Product(
        product_id=product_id,
        title=title,
        handle=handle,
        product_type=str(spec.get("type", "")),
        vendor=store.shop.name,
        status=str(spec.get("status", "ACTIVE")),
        created_at=at,
        updated_at=at,
        variants=variants,
        tags=tuple(spec.get("tags", ())),
        is_gift_card=bool(spec.get("gift_card", False)),
    )
    store.add_product(product)
    for variant, stated in zip(variants, spec.get("variants", (spec,)), strict=True):
        spread_stock(store, variant, int(stated.get("stock", 0)), at)
        for level in store.levels_of(variant.inventory_item_id)[:1]:
            level.incoming = int(stated.get("incoming", 0))
    return product


def spread_stock(store: Store, variant: Variant, units: int, at: datetime) -> None:
    """Put units at the locations in equal parts, the rest at the first."""
    places = list(store.locations)
    for i, location_id in enumerate(places):
        part = units // len(places) + (units % len(places) if i == 0 else 0)
        store.set_level(variant.inventory_item_id, location_id, part, at)


def set_metafield(
    store: Store, fields: dict[str, Metafield], at: datetime, name: str, value: str, kind: str = "number_decimal"
) -> None:
    """A field of the merchant's own, named namespace.key."""
    namespace, key = name.split(".")
    known = fields.get(name)
    made = (known.metafield_id, known.created_at) if known else (store.next_id(), at)
    fields[name] = Metafield(made[0], namespace, key, kind, value, made[1], at)


def _variant(store: Store, at: datetime, product_id: int, spec: dict[str, Any], product: dict[str, Any]) -> Variant:
    unit_cost = spec.get("unit_cost")
    variant = Variant(
        variant_id=store.next_id(),
        product_id=product_id,
        inventory_item_id=store.next_id(),
        title=str(spec["title"]) if spec is not product else "Default Title",
        sku=str(spec.get("sku", "")),
        price=Decimal(str(spec["price"])),
        unit_cost=None if unit_cost is None else Decimal(str(unit_cost)),
        tracked=bool(product.get("tracked", True)),
        backorder=bool(product.get("backorder", False)),
    )
    for name, value in spec.get("metafields", {}).items():
        set_metafield(store, variant.metafields, at, str(name), str(value))
    return variant
