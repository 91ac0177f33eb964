"""Ad accounts as a book states them: written out day by day, or spending by themselves.

"ad_account": {"id": "900", "name": "Book ads", "currency": "EUR", "time_zone": "Europe/Berlin", "channel": "meta"},
"ad_spend": [{"day": "2026-03-01", "campaign": "Spring", "sku": "C1", "spend": "12.34", ...}],   # as in book.py
"ad_accounts": [{"id": "901", "campaigns": [
    {"name": "Always on", "since": "2023-10-01", "daily_budget": "40.00", "ads": 2, "countries": ["US", "BR"],
     "objective": "SHOPPING",          # in the platform's words
     "sku": "C1",                      # where its ads lead; without it to the shop's front page
     "cards": ["C1", "C2"],            # its ads are carousels of these
     "catalogue": ["C1", "C2"]}]}]     # its ads draw from a set of these
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from clique_app.sandbox.ads import AdPlatform, AdTraits, CatalogueItem
from clique_app.sandbox.records import Ad, AdAccount, AdDayFact, AdSet, Campaign, Product
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.world import World

NO_TRAITS = AdTraits(1.0, 1.0, 0.0, 0.0, 1.0, 10.0, 0.01, 0.0)
USUAL_TRAITS = AdTraits(1.0, 1.0, 0.95, 2.0, 0.6, 11.0, 0.014, 1.5)


def open_accounts(world: World, store: Store, at: datetime, spec: dict[str, Any]) -> None:
    """The ad accounts of a book, with their campaigns."""
    if "ad_account" in spec:
        account = _open(world.ads, store, spec["ad_account"])
        facts = world.ads.stated.setdefault(account.account_id, [])
        for row in spec.get("ad_spend", ()):
            facts.append(_stated_fact(_stated_ad(world.ads, store, account, row, at), row, store))
    for stated in spec.get("ad_accounts", ()):
        account = _open(world.ads, store, stated)
        for campaign in stated.get("campaigns", ()):
            _launch(world.ads, store, account, campaign)


def utm_source(channel: str) -> str:
    """What the store writes into its links for visits from an ad channel."""
    return "facebook" if channel == "meta" else channel


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


def add_product_set(platform: AdPlatform, store: Store, products: Sequence[Product]) -> str:
    """A set of Meta's catalogue with every variant of these products; gives its id."""
    set_id = f"27{store.shop.shop_id}{len(platform.product_sets):03d}"
    platform.product_sets[set_id] = [
        CatalogueItem(
            f"shopify_{store.shop.country}_{product.product_id}_{variant.variant_id}",
            f"{product.title} {variant.title}",
            f"https://{store.shop.domain}/products/{product.handle}?variant={variant.variant_id}",
        )
        for product in products
        for variant in product.variants
    ]
    return set_id


def _open(platform: AdPlatform, store: Store, spec: dict[str, Any]) -> AdAccount:
    account = AdAccount(
        account_id=str(spec.get("id", 900_000_000_000 + len(platform.accounts))),
        name=str(spec.get("name", f"{store.shop.name} ads")),
        currency=str(spec.get("currency", store.shop.currency)),
        time_zone=str(spec.get("time_zone", store.shop.time_zone)),
        business_name=store.shop.name,
        owner_shop=store.shop.domain,
        channel=str(spec.get("channel", "meta")),
    )
    platform.accounts[account.account_id] = account
    return account


def _campaign(
    platform: AdPlatform, account: AdAccount, at: datetime, name: str, budget: Decimal, where: Sequence[str]
) -> AdSet:
    """A campaign with its budget and one ad set."""
    number = len(platform.campaigns) + 1
    campaign_id, ad_set_id = (f"{kind}{account.account_id[-6:]}{number:05d}" for kind in (23, 24))
    platform.campaigns[campaign_id] = Campaign(
        campaign_id, account.account_id, name, "OUTCOME_SALES", "ACTIVE", budget, at, at
    )
    ad_set = AdSet(ad_set_id, campaign_id, f"{name} - all", "ACTIVE", None, "OFFSITE_CONVERSIONS", tuple(where), at, at)
    platform.ad_sets[ad_set_id] = ad_set
    return ad_set


def _ad(
    platform: AdPlatform, store: Store, ad_set: AdSet, number: int, product: Product | None, traits: AdTraits
) -> Ad:
    campaign = platform.campaigns[ad_set.campaign_id]
    ad_id = f"25{ad_set.ad_set_id[2:]}{number or ''}"
    path = f"/products/{product.handle}" if product else "/"
    source = utm_source(platform.accounts[campaign.account_id].channel)
    link = ad_link(store.shop.domain, path, source, campaign.name, campaign.campaign_id, ad_id)
    name = f"{campaign.name} - ad" + (f" {number}" if number else "")
    product_id, at = product.product_id if product else None, campaign.created_at
    ad = Ad(ad_id, ad_set.ad_set_id, campaign.campaign_id, name, "ACTIVE", f"26{ad_id[2:]}", link, product_id, at, at)
    platform.ads[ad_id], platform.traits[ad_id] = ad, traits
    return ad


def _stated_ad(platform: AdPlatform, store: Store, account: AdAccount, row: dict[str, Any], at: datetime) -> Ad:
    name = str(row["campaign"])
    for campaign in platform.campaigns_of(account.account_id):
        if campaign.name == name:
            return next(ad for ad in platform.ads.values() if ad.campaign_id == campaign.campaign_id)
    budget = Decimal(str(row.get("daily_budget", row["spend"])))
    ad_set = _campaign(platform, account, at, name, budget, (store.shop.country,))
    return _ad(platform, store, ad_set, 0, _product(store, row.get("sku")), NO_TRAITS)


def _launch(platform: AdPlatform, store: Store, account: AdAccount, spec: dict[str, Any]) -> None:
    """A campaign that spends its budget every day since."""
    since = datetime.combine(date.fromisoformat(str(spec["since"])), time(), ZoneInfo(account.time_zone))
    budget, where = Decimal(str(spec["daily_budget"])), [str(x) for x in spec.get("countries", [store.shop.country])]
    ad_set = _campaign(platform, account, since.astimezone(UTC), str(spec["name"]), budget, where)
    campaign = platform.campaigns[ad_set.campaign_id]
    campaign.objective = str(spec.get("objective", campaign.objective))
    cards = [product for sku in spec.get("cards", ()) if (product := _product(store, sku))]
    listed = [product for sku in spec.get("catalogue", ()) if (product := _product(store, sku))]
    product_set = add_product_set(platform, store, listed) if listed else ""
    for number in range(int(spec.get("ads", 1))):
        ad = _ad(platform, store, ad_set, number + 1, _product(store, spec.get("sku")), USUAL_TRAITS)
        ad.card_links = tuple(f"https://{store.shop.domain}/products/{product.handle}" for product in cards)
        ad.product_set_id = product_set
    platform.record_rates(platform.campaigns[ad_set.campaign_id], since.astimezone(UTC))


def _product(store: Store, sku: Any) -> Product | None:
    variant = next((v for v in store.variants.values() if v.sku and v.sku == sku), None)
    return store.products[variant.product_id] if variant else None


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
