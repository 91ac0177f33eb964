"""Stores made on request: an explicit book of orders, or a small random store.

{"shop": "book.myshopify.com", "name": "Book", "currency": "EUR", "time_zone": "Europe/Berlin",
 "country": "DE", "locations": ["Berlin"],
 "products": [{"title": "Candle", "sku": "C1", "price": "20.00", "unit_cost": "8.00", "stock": 10,
               "incoming": 0, "gift_card": false, "type": "Candles", "backorder": false}],
 "orders": [<as in specs.py>],
 "ad_account": {"id": "900", "name": "Book ads", "currency": "EUR", "time_zone": "Europe/Berlin"},
 "ad_spend": [{"day": "2026-03-01", "campaign": "Spring", "sku": "C1", "spend": "12.34", "impressions": 1000,
               "clicks": 20, "purchases": 2, "purchase_value": "80.00", "daily_budget": "15.00"}]}

{"shop": "small.myshopify.com", "seed": 7, "months": 1, "orders_per_day": 5}     # random, growing
"""

from __future__ import annotations

import re
import zlib
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from clique_app.sandbox import specs
from clique_app.sandbox.ads import AdTraits
from clique_app.sandbox.records import (
    Ad,
    AdAccount,
    AdDayFact,
    AdSet,
    Campaign,
    Location,
    Product,
    Shop,
    Variant,
)
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.world import World

DOMAIN = re.compile(r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$")
NO_TRAITS = AdTraits(1.0, 1.0, 0.0, 0.0, 1.0, 10.0, 0.01, 0.0)


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
    if "ad_account" in spec:
        _open_account(world, store, at, spec)
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
    variants = [_variant(store, product_id, x, spec) for x in spec.get("variants", (spec,))]
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


def _variant(store: Store, product_id: int, spec: dict[str, Any], product: dict[str, Any]) -> Variant:
    unit_cost = spec.get("unit_cost")
    return Variant(
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


def ad_link(domain: str, handle: str, source: str, campaign: str, campaign_id: str, ad_id: str) -> str:
    """The store's convention for links in ads."""
    query = {
        "utm_source": source,
        "utm_medium": "paid",
        "utm_campaign": campaign,
        "utm_id": campaign_id,
        "utm_content": ad_id,
    }
    return f"https://{domain}{handle}?{urlencode(query)}"


def _open_account(world: World, store: Store, at: datetime, spec: dict[str, Any]) -> None:
    account_spec = spec["ad_account"]
    account = AdAccount(
        account_id=str(account_spec.get("id", 900_000_000_000 + len(world.ads.accounts))),
        name=str(account_spec.get("name", f"{store.shop.name} ads")),
        currency=str(account_spec.get("currency", store.shop.currency)),
        time_zone=str(account_spec.get("time_zone", store.shop.time_zone)),
        business_name=store.shop.name,
        owner_shop=store.shop.domain,
    )
    world.ads.accounts[account.account_id] = account
    facts = world.ads.stated.setdefault(account.account_id, [])
    for row in spec.get("ad_spend", ()):
        facts.append(_stated_fact(_stated_ad(world, store, account, row, at), row, store))


def _stated_ad(world: World, store: Store, account: AdAccount, row: dict[str, Any], at: datetime) -> Ad:
    name = str(row["campaign"])
    ids = {c.name: c.campaign_id for c in world.ads.campaigns_of(account.account_id)}
    if name in ids:
        return next(a for a in world.ads.ads.values() if a.campaign_id == ids[name])
    number = len(world.ads.campaigns) + 1
    campaign_id, ad_set_id, ad_id = (f"{kind}{account.account_id[-6:]}{number:05d}" for kind in (23, 24, 25))
    budget = Decimal(str(row["daily_budget"])) if "daily_budget" in row else Decimal(str(row["spend"]))
    world.ads.campaigns[campaign_id] = Campaign(
        campaign_id, account.account_id, name, "OUTCOME_SALES", "ACTIVE", budget, at, at
    )
    world.ads.ad_sets[ad_set_id] = AdSet(
        ad_set_id,
        campaign_id,
        f"{name} - all",
        "ACTIVE",
        None,
        "OFFSITE_CONVERSIONS",
        (store.shop.country,),
        at,
        at,
    )
    variant = next((v for v in store.variants.values() if v.sku and v.sku == row.get("sku")), None)
    product = store.products[variant.product_id] if variant else None
    path = f"/products/{product.handle}" if product else "/"
    link = ad_link(store.shop.domain, path, "facebook", name, campaign_id, ad_id)
    product_id = product.product_id if product else None
    ad = Ad(ad_id, ad_set_id, campaign_id, f"{name} - ad", "ACTIVE", f"26{ad_id[2:]}", link, product_id, at, at)
    world.ads.ads[ad_id] = ad
    world.ads.traits[ad_id] = NO_TRAITS
    return ad


def _stated_fact(ad: Ad, row: dict[str, Any], store: Store) -> AdDayFact:
    clicks = int(row.get("clicks", 0))
    return AdDayFact(
        ad_id=ad.ad_id,
        day=date.fromisoformat(str(row["day"])),
        country=store.shop.country,
        region=str(row.get("region", "")),
        spend=Decimal(str(row["spend"])),
        impressions=int(row.get("impressions", 0)),
        clicks=clicks,
        link_clicks=int(row.get("link_clicks", clicks)),
        landing_page_views=int(row.get("landing_page_views", clicks)),
        add_to_carts=int(row.get("add_to_carts", 0)),
        checkouts=int(row.get("checkouts", 0)),
        purchases=int(row.get("purchases", 0)),
        purchase_value=Decimal(str(row.get("purchase_value", 0))),
        reach=int(row.get("reach", row.get("impressions", 0))),
        video_views=int(row.get("video_views", 0)),
    )
