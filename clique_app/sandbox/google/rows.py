"""What each report of Google Ads is about: the world's accounts, campaigns, ads, places, keywords and terms as rows.

A row is one thing (and day, place, kind of action) with its figures; queries.py groups them by what was selected.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from clique_app.sandbox.ad_facts import REGIONS, ad_days, by_region
from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.money import allocate, minor
from clique_app.sandbox.records import Ad, AdAccount, AdDayFact, AdSet, Campaign

COUNTRY_IDS = {"US": 2840, "CA": 2124, "AU": 2036, "BR": 2076, "DE": 2276, "FR": 2250, "GB": 2826}
STATUSES = {"ACTIVE": "ENABLED", "PAUSED": "PAUSED", "ARCHIVED": "REMOVED", "DELETED": "REMOVED"}
KINDS = ("SEARCH", "SHOPPING", "PERFORMANCE_MAX", "DISPLAY", "DEMAND_GEN")
PHRASES = (("{}", "EXACT", 5.0), ("{} online", "PHRASE", 3.0), ("buy {}", "BROAD", 2.0))
SEARCHES = (("{}", 6.0), ("best {}", 2.0), ("{} near me", 1.0))  # of each keyword
NOT_TOLD = 1.0  # the weight of what too few searched for
INTERESTED = 0.03  # the part of a place's figures that comes from people who were not targeted
FIGURES = ("cost_micros", "impressions", "clicks", "conversions", "conversions_value", "all_conversions")

Figures = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One elementary row; fields that a report is not about are empty."""

    account: AdAccount
    campaign: Campaign | None = None
    ad_set: AdSet | None = None
    ad: Ad | None = None
    day: date | None = None
    place: tuple[str, str] = ("", "")
    targeted: bool = True
    keyword: tuple[str, str] = ("", "")
    term: str = ""
    item: str = ""
    category: str = ""
    asset: tuple[str, str] = ("", "")  # field type, text
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What a report needs to know."""

    ads: AdPlatform
    account: AdAccount
    first: date
    last: date
    now: datetime
    measured: bool  # figures or days are asked for
    by_category: bool


def kind_of(campaign: Campaign) -> str:
    return campaign.objective if campaign.objective in KINDS else "SEARCH"


def _of_facts(asked: Asked, wanted: Callable[[str], bool]) -> Iterator[tuple[Row, AdDayFact]]:
    for fact in ad_days(asked.ads, asked.account.account_id, asked.first, asked.last, asked.now):
        ad = asked.ads.ads[fact.ad_id]
        campaign = asked.ads.campaigns[ad.campaign_id]
        if wanted(kind_of(campaign)):
            yield Row(asked.account, campaign, asked.ads.ad_sets[ad.ad_set_id], ad, fact.day), fact


def _measured(asked: Asked, wanted: Callable[[str], bool]) -> Iterator[Row]:
    for row, fact in _of_facts(asked, wanted):
        if not asked.by_category:
            yield replace(row, figures=_figures(fact))
            continue
        for category, goals, every, value in (
            ("PURCHASE", fact.purchases, fact.purchases, float(fact.purchase_value)),
            ("ADD_TO_CART", 0, fact.add_to_carts, 0.0),
            ("BEGIN_CHECKOUT", 0, fact.checkouts, 0.0),
        ):
            if every:
                done = {"conversions": float(goals), "conversions_value": value, "all_conversions": float(every)}
                yield replace(row, category=category, figures=done)


def _figures(fact: AdDayFact) -> Figures:
    return {
        "cost_micros": 10_000 * minor(fact.spend),
        "impressions": fact.impressions,
        "clicks": fact.clicks,
        "conversions": float(fact.purchases),
        "conversions_value": float(fact.purchase_value),
        "all_conversions": float(fact.purchases + fact.add_to_carts + fact.checkouts),
    }


def customers(asked: Asked) -> Iterator[Row]:
    yield Row(asked.account, figures=dict.fromkeys(FIGURES, 0))
    if asked.measured:
        yield from (replace(row, campaign=None) for row in _measured(asked, lambda kind: True))


def campaigns(asked: Asked) -> Iterator[Row]:
    if asked.measured:
        yield from _measured(asked, lambda kind: True)
    else:
        yield from (Row(asked.account, one) for one in asked.ads.campaigns_of(asked.account.account_id))


def ad_groups(asked: Asked) -> Iterator[Row]:
    yield from _groups(asked, lambda kind: kind != "PERFORMANCE_MAX")


def asset_groups(asked: Asked) -> Iterator[Row]:
    yield from _groups(asked, lambda kind: kind == "PERFORMANCE_MAX")


def _groups(asked: Asked, wanted: Callable[[str], bool]) -> Iterator[Row]:
    if asked.measured:
        yield from _measured(asked, wanted)
        return
    for campaign in asked.ads.campaigns_of(asked.account.account_id):
        if wanted(kind_of(campaign)):
            yield from (Row(asked.account, campaign, one) for one in asked.ads.ad_sets_of(campaign.campaign_id))


def ads(asked: Asked) -> Iterator[Row]:
    if asked.measured:
        yield from _measured(asked, lambda kind: kind != "PERFORMANCE_MAX")
        return
    for row in ad_groups(asked):
        assert row.ad_set is not None
        yield from (replace(row, ad=ad) for ad in asked.ads.ads_of(row.ad_set.ad_set_id))


def assets(asked: Asked) -> Iterator[Row]:
    for row in asset_groups(replace(asked, measured=False)):
        assert row.ad_set is not None
        name = row.ad_set.name
        for kind, text in (
            ("HEADLINE", f"{name} from the maker"),
            ("HEADLINE", "Small batches"),
            ("DESCRIPTION", f"{name}: poured by hand."),
            ("MARKETING_IMAGE", f"https://tpc.googlesyndication.example.com/simgad/{row.ad_set.ad_set_id}"),
        ):
            yield replace(row, asset=(kind, text))


def places(asked: Asked) -> Iterator[Row]:
    """Every place twice: people who were targeted, and others who were there."""
    for row, fact in _of_facts(asked, lambda kind: True):
        for part in by_region(asked.ads, fact):
            whole = _figures(part)
            for targeted, share in ((True, 1 - INTERESTED), (False, INTERESTED)):
                figures = {name: _share(value, share, first=targeted) for name, value in whole.items()}
                yield replace(row, place=(part.country, part.region), targeted=targeted, figures=figures)


def _share(value: float, share: float, *, first: bool) -> float:
    """Two shares of a whole number that add up to it."""
    larger = round(value * (share if first else 1 - share))
    return larger if first else value - larger


def keywords(asked: Asked) -> Iterator[Row]:
    for row, fact in _of_facts(asked, lambda kind: kind == "SEARCH"):
        weights = [weight for _, _, weight in PHRASES]
        for part, (phrase, match, _) in zip(_split(fact, weights), PHRASES, strict=True):
            yield replace(row, keyword=(phrase.format(_subject(row)), match), figures=part)


def terms(asked: Asked) -> Iterator[Row]:
    for row, fact in _of_facts(asked, lambda kind: kind == "SEARCH"):
        weights = [weight for _, weight in SEARCHES]
        for part, (search, _) in zip(_split(fact, [*weights, NOT_TOLD]), SEARCHES, strict=False):
            yield replace(row, term=search.format(_subject(row)), figures=part)


def products(asked: Asked) -> Iterator[Row]:
    for row, fact in _of_facts(asked, lambda kind: kind in ("SHOPPING", "PERFORMANCE_MAX")):
        assert row.ad is not None
        items = asked.ads.product_sets.get(row.ad.product_set_id, [])
        parts = _split(fact, [1.0] * len(items)) if items else []
        for part, item in zip(parts, items, strict=True):
            yield replace(row, item=item.retailer_id.lower(), figures=part)


def _split(fact: AdDayFact, weights: list[float]) -> list[Figures]:
    whole = _figures(fact)
    parts = {name: allocate(round(value), weights) for name, value in whole.items()}
    return [{name: parts[name][i] for name in parts} for i in range(len(weights))]


def _subject(row: Row) -> str:
    assert row.ad_set is not None
    return row.ad_set.name.lower()


def country_id(country: str) -> int:
    return COUNTRY_IDS.get(country, 2000 + zlib.crc32(country.encode()) % 900)


def region_id(country: str, region: str) -> int:
    """0: the place is known by its country only."""
    return 100_000 + zlib.crc32(f"{country}/{region}".encode()) % 9_000_000 if region else 0


def geo_targets(seen: set[tuple[str, str]]) -> dict[int, tuple[str, str]]:
    """Criterion id -> country, name."""
    found = {country_id(country): (country, country) for country in {*REGIONS, *COUNTRY_IDS, *(c for c, _ in seen)}}
    regions = {(country, name) for country, listed in REGIONS.items() for name, _ in listed} | seen
    return found | {region_id(*place): place for place in regions if place[1]}


REPORTS: dict[str, Callable[[Asked], Iterator[Row]]] = {
    "customer": customers,
    "campaign": campaigns,
    "ad_group": ad_groups,
    "ad_group_ad": ads,
    "asset_group": asset_groups,
    "asset_group_asset": assets,
    "user_location_view": places,
    "keyword_view": keywords,
    "search_term_view": terms,
    "shopping_performance_view": products,
}
