"""What is true of a store, from the world's own ledger: what tests compare the app's figures with."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clique_app.sandbox.ad_facts import ad_days, by_region
from clique_app.sandbox.money import money
from clique_app.sandbox.store import BookedDay

if TYPE_CHECKING:
    from clique_app.sandbox.world import World


def truth(world: World, domain: str, since: date, until: date, channel: str | None = None) -> dict[str, Any]:
    """Totals over the store's days since..until, both included, and the same by day.

    net_sales = gross_sales - discounts - refunds + edits: products after discounts and refunds, without tax, shipping
    and gift cards; a refund counts on its own day. Orders count on the day of processed_at; test orders never
    count, cancelled and zero-value ones do. Spend is what the ad accounts report right now: of all channels, or
    of one.
    """
    store = world.store(domain)
    spend = _spend(world, domain, since, until, channel)
    days = [since + timedelta(days=i) for i in range((until - since).days + 1)]
    by_day = [_figures(day, store.booked.get(day, BookedDay()), spend.get(day, Decimal(0))) for day in days]
    customers = set().union(*(store.booked[day].customers for day in days if day in store.booked))
    new = sum(since <= store.first_order_day[customer] <= until for customer in customers)
    sums = {
        key: sum((row[key] for row in by_day), type(value)(0))
        for key, value in _figures(since, BookedDay(), Decimal(0)).items()
        if key != "day"
    }
    return {
        "shop": domain,
        "from": since,
        "to": until,
        "currency": store.shop.currency,
        "time_zone": store.shop.time_zone,
        **sums,
        "customers": len(customers),
        "new_customers": new,
        "by_day": by_day,
    }


def account_truth(world: World, account_id: str, since: date, until: date) -> dict[str, Any]:
    """What an ad account would report right now: by day, and by campaign, country and region."""
    by_day: dict[str, dict[str, Any]] = {}
    regions: dict[str, Decimal] = {}
    for fact in ad_days(world.ads, account_id, since, until, world.now()):
        day = by_day.setdefault(fact.day.isoformat(), {"spend": Decimal(0), "impressions": 0, "purchases": 0})
        day["spend"] += fact.spend
        day["impressions"] += fact.impressions
        day["purchases"] += fact.purchases
        campaign = world.ads.ads[fact.ad_id].campaign_id
        for part in by_region(world.ads, fact):
            key = f"{campaign}/{part.country}/{part.region}"
            regions[key] = regions.get(key, Decimal(0)) + part.spend
    return {"account": account_id, "by_day": by_day, "by_region": regions}


def _figures(day: date, booked: BookedDay, spend: Decimal) -> dict[str, Any]:
    return {
        "day": day,
        "net_sales": money(booked.gross - booked.discounts - booked.refunds + booked.edits),
        "gross_sales": money(booked.gross),
        "discounts": money(booked.discounts),
        "refunds": money(booked.refunds),
        "edits": money(booked.edits),
        "orders": booked.orders,
        "units": booked.units,
        "spend": spend,
    }


def _spend(world: World, domain: str, since: date, until: date, channel: str | None) -> dict[date, Decimal]:
    spend: dict[date, Decimal] = {}
    for account in world.ads.accounts.values():
        if account.owner_shop == domain and channel in (None, account.channel):
            for fact in ad_days(world.ads, account.account_id, since, until, world.now()):
                spend[fact.day] = spend.get(fact.day, Decimal(0)) + fact.spend
    return spend
