"""Harbor Lane Candle Co.: the store that grows by itself, its ad accounts and its campaigns."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from clique_app.sandbox import ad_book, book, catalog
from clique_app.sandbox.ads import AdPlatform, AdTraits
from clique_app.sandbox.advertised import campaigns
from clique_app.sandbox.growth import Shelf, StoreGrowth
from clique_app.sandbox.records import Ad, AdAccount, AdSet, Campaign
from clique_app.sandbox.scenarios import (
    HARBOR_LANE,
    SPENDING_ON_STOCK_OUT,
    STOCK_OUT_DAYS,
    STRONG_WITH_STOCK,
    CampaignPlan,
)
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.world import World

DOMAIN, NAME = "harbor-lane.myshopify.com", "Harbor Lane Candle Co."
USUAL_ORDERS, ORDER_VALUE, UNITS_PER_ORDER = 120.0, 59.0, 1.9
ORDERS_WITHOUT_ADS = 52.0
MONTH_DAYS = 30.4
BACKORDERED_DAYS = 12


def create_growing_store(
    world: World,
    at: datetime,
    *,
    domain: str = DOMAIN,
    name: str = NAME,
    seed: int,
    months: int,
    orders_per_day: float,
) -> Store:
    """Make the store as it was `months` before `at` and let it grow up to then."""
    spec = {
        "shop": domain,
        "name": name,
        "locations": ["Portland workshop", "Brooklyn shop", "Reno warehouse"],
        "regions": ["Maine", "New York", "Nevada"],
    }
    store = book.new_store(world, at, spec)
    today = store.day_of(at)
    start = today - timedelta(days=round(months * MONTH_DAYS))
    store.shop.history_from = start
    opened = datetime.combine(start, time(), store.zone).astimezone(UTC)
    scale = orders_per_day / USUAL_ORDERS
    shelves = _stock_shelves(store, opened, today, orders_per_day, seed)
    world.stores[domain] = store
    accounts = _open_accounts(world.ads, store)
    ads: list[tuple[str, float]] = []
    for number, plan in enumerate(campaigns()):
        ads += _launch(world.ads, store, accounts[plan.channel], plan, number, at, opened, scale, seed)
    world.growths[domain] = StoreGrowth(
        world, store, seed=seed, base_orders=ORDERS_WITHOUT_ADS * scale, shelves=shelves, ads=ads
    )
    world.growths[domain].run(at)
    return store


def _stock_shelves(store: Store, at: datetime, today: date, orders_per_day: float, seed: int) -> list[Shelf]:
    r = Random(f"{seed}/shelves")
    rows = catalog.harbor_lane()
    units_a_day = orders_per_day * UNITS_PER_ORDER
    whole = sum(weight for _, weight in rows)
    promoted = {plan.product: plan for plan in HARBOR_LANE if plan.product}
    shelves: list[Shelf] = []
    for spec, weight in rows:
        product = book.add_product(store, at, spec)
        plan = promoted.get(product.title)
        from_ads = plan.budget * plan.roas / ORDER_VALUE * orders_per_day / USUAL_ORDERS if plan else 0
        for variant in product.variants:
            part = weight / len(product.variants)
            daily = units_a_day * part / whole + from_ads
            cover = 110.0 if plan and plan.scenario is STRONG_WITH_STOCK else 35 + 40 * r.random()
            gone = None
            if plan and plan.scenario is SPENDING_ON_STOCK_OUT:
                gone = today - timedelta(days=STOCK_OUT_DAYS)
            if product.title == catalog.BACKORDERED:
                gone = today - timedelta(days=BACKORDERED_DAYS)
            full = max(12, round(daily * cover))
            shelf = Shelf(variant, product, part, round(full * 0.55), full, gone)
            if variant.tracked:
                book.spread_stock(store, variant, round(full * (0.6 + 0.4 * r.random())), at)
            shelves.append(shelf)
    return shelves


def _open_accounts(platform: AdPlatform, store: Store) -> dict[str, AdAccount]:
    """The store's account at each channel, and at Meta one of somebody else's."""
    number = 1_048_576_200 + 100 * len(platform.accounts)
    shop = store.shop
    opened = {
        channel: AdAccount(
            str(number + i), shop.name, shop.currency, shop.time_zone, shop.name, shop.domain, channel=channel
        )
        for i, channel in enumerate(dict.fromkeys(plan.channel for plan in campaigns()))
    }
    for account in opened.values():
        platform.accounts[account.account_id] = account
    if shop.domain == DOMAIN:
        other = AdAccount(str(number + 7), "Old test account", "EUR", "Europe/Berlin", "Maya Lind", "")
        platform.accounts[other.account_id] = other
    return opened


def _launch(
    platform: AdPlatform,
    store: Store,
    account: AdAccount,
    plan: CampaignPlan,
    number: int,
    at: datetime,
    opened: datetime,
    scale: float,
    seed: int,
) -> list[tuple[str, float]]:
    """Make a campaign with its history of budgets; gives its ads with their usual orders a day."""
    created = max(at - timedelta(days=plan.launched_months_ago * MONTH_DAYS), opened)
    stem = f"{account.account_id}{number:02d}"
    budget = Decimal(round(100 * plan.budget * scale)) / 100
    campaign = Campaign(
        campaign_id=f"1202{stem}0",
        account_id=account.account_id,
        name=plan.name,
        objective=plan.objective,
        status="ACTIVE",
        daily_budget=None if plan.on_ad_sets else budget,
        created_at=created,
        updated_at=created,
        scenario=plan.scenario.key,
    )
    platform.campaigns[campaign.campaign_id] = campaign
    whole = sum(weight for _, weight, _ in plan.ad_sets)
    product = next((p for p in store.products.values() if p.title == plan.product), None)
    path = f"/products/{product.handle}" if product else "/collections/all"
    shown = list(store.products.values())
    carousel = tuple(f"https://{store.shop.domain}/products/{one.handle}" for one in shown[:3])
    of_catalogue = plan.name.startswith("Catalog") or plan.objective in ("SHOPPING", "PERFORMANCE_MAX")
    catalogue = ad_book.add_product_set(platform, store, shown) if of_catalogue else ""
    for i, (set_name, weight, ad_names) in enumerate(plan.ad_sets):
        part = Decimal(round(100 * float(budget) * weight / whole)) / 100
        ad_set = AdSet(
            ad_set_id=f"1203{stem}{i}",
            campaign_id=campaign.campaign_id,
            name=set_name,
            status="ACTIVE",
            daily_budget=part if plan.on_ad_sets else None,
            optimization_goal="OFFSITE_CONVERSIONS",
            countries=("US",),
            created_at=created,
            updated_at=created,
        )
        platform.ad_sets[ad_set.ad_set_id] = ad_set
        for j, ad_name in enumerate(ad_names):
            ad_id = f"1204{stem}{i}{j}"
            source = ad_book.utm_source(plan.channel)
            if plan.channel == "meta" and ("reel" in ad_name.lower() or plan.name.startswith("Reels")):
                source = "instagram"
            link = ad_book.ad_link(store.shop.domain, path, source, plan.name, campaign.campaign_id, ad_id)
            platform.ads[ad_id] = Ad(
                ad_id=ad_id,
                ad_set_id=ad_set.ad_set_id,
                campaign_id=campaign.campaign_id,
                name=ad_name,
                status="ACTIVE",
                creative_id=f"1205{stem}{i}{j}",
                link_url=link,
                product_id=product.product_id if product else None,
                created_at=created,
                updated_at=created,
                card_links=carousel if ad_name == "Carousel" else (),
                product_set_id=catalogue,
            )
            platform.traits[ad_id] = AdTraits(
                weight=1.0 / (j + 1),
                ad_set_weight=weight,
                fill=plan.fill,
                roas=plan.roas,
                elasticity=plan.elasticity,
                cpm=plan.cpm,
                ctr=plan.ctr,
                claims_organic=plan.claims_organic,
            )
    value = 26 + 0.94 * float(product.variants[0].price) if product else ORDER_VALUE
    usual = platform.rates_of(campaign)
    platform.usual_rate.update(usual)
    _spend_history(platform, campaign, plan, created, at, f"{seed}/{stem}")
    return [(ad_id, rate * plan.roas / value) for ad_id, rate in usual.items()]


def _spend_history(
    platform: AdPlatform, campaign: Campaign, plan: CampaignPlan, created: datetime, at: datetime, seed: str
) -> None:
    """Budgets grew in steps up to what they have been for the last weeks."""
    r = Random(seed)
    moment, settled = created, at - timedelta(days=35 + 20 * r.random())
    while moment < settled:
        age = (moment - created) / max(settled - created, timedelta(days=1))
        platform.record_rates(campaign, moment, factor=round(0.6 + 0.35 * age + 0.15 * r.random(), 2))
        moment += timedelta(days=25 + 40 * r.random())
    platform.record_rates(campaign, max(settled, created))
    if plan.paused_months_ago is not None:
        ended = at - timedelta(days=plan.paused_months_ago * MONTH_DAYS)
        campaign.status, campaign.updated_at = "PAUSED", ended
        for ad_id in platform.rates_of(campaign):
            steps = platform.steps[ad_id]
            steps[:] = [step for step in steps if step[0] < ended]
        platform.record_rates(campaign, ended)
