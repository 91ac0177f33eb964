"""Integrated reports: the world's ad facts in the dimensions, metrics and text numbers of TikTok."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clique_app.sandbox.ad_facts import ad_days, by_region
from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.records import AdAccount, AdDayFact
from clique_app.sandbox.tiktok.errors import bad_param
from clique_app.sandbox.tiktok.places import province_id

LEVELS = {"AUCTION_ADVERTISER": "advertiser_id", "AUCTION_CAMPAIGN": "campaign_id", "AUCTION_ADGROUP": "adgroup_id",
          "AUCTION_AD": "ad_id"}  # fmt: skip
AUDIENCE = {"country_code", "province_id"}
DAYS_BY_DAY, DAYS_IN_ALL = 30, 365
COUNTS = tuple(f.name for f in fields(AdDayFact) if f.name not in ("ad_id", "day", "country", "region"))
Totals = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """A validated request for a report."""

    audience: bool
    level: str
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    first: date
    last: date


@dataclass(frozen=True)
class Owner:
    """What a row belongs to, as far as its level goes."""

    platform: AdPlatform
    account: AdAccount
    ids: dict[str, str]


def parse(params: dict[str, Any]) -> Query:
    """Check the parameters as TikTok would and read them."""
    if params.get("report_type") not in ("BASIC", "AUDIENCE"):
        raise bad_param("report_type: Invalid value.")
    if params.get("service_type", "AUCTION") != "AUCTION" or params.get("data_level") not in LEVELS:
        raise bad_param("data_level: Invalid value.")
    audience, level = params["report_type"] == "AUDIENCE", params["data_level"]
    dimensions, metrics = tuple(params.get("dimensions") or ()), tuple(params.get("metrics") or ("spend",))
    allowed = {LEVELS[level], "stat_time_day"} | (AUDIENCE if audience else set())
    if wrong := [name for name in dimensions if name not in allowed]:
        raise bad_param(f"dimensions: {wrong[0]} cannot be used in this report.")
    if LEVELS[level] not in dimensions or (audience and len(AUDIENCE & set(dimensions)) != 1):
        raise bad_param("dimensions: one ID dimension is needed, and in an audience report one audience dimension.")
    for name in metrics:
        if name not in METRICS or (audience and name in NOT_BY_PLACE):
            raise bad_param(f"metrics: {name} is not supported in this report.")
    try:
        first, last = (date.fromisoformat(str(params[name])) for name in ("start_date", "end_date"))
    except (KeyError, ValueError):
        raise bad_param("start_date, end_date: Not a valid date, expected YYYY-MM-DD.") from None
    days, most = (last - first).days + 1, DAYS_BY_DAY if "stat_time_day" in dimensions else DAYS_IN_ALL
    if not 1 <= days <= most:
        raise bad_param(f"The time span must be from 1 to {most} days.")
    return Query(audience, level, dimensions, metrics, first, last)


def rows(platform: AdPlatform, account: AdAccount, query: Query, now: datetime) -> list[dict[str, Any]]:
    """All rows of the report."""
    groups: dict[tuple[str, ...], tuple[Owner, Totals]] = {}
    for fact in ad_days(platform, account.account_id, query.first, query.last, now):
        ad = platform.ads[fact.ad_id]
        ids = {"advertiser_id": account.account_id, "campaign_id": ad.campaign_id, "adgroup_id": ad.ad_set_id,
               "ad_id": ad.ad_id}  # fmt: skip
        depth = tuple(LEVELS.values()).index(LEVELS[query.level]) + 1
        owner = Owner(platform, account, dict(list(ids.items())[:depth]))
        for part in by_region(platform, fact) if query.audience else (fact,):
            named = {
                **owner.ids,
                "stat_time_day": f"{part.day} 00:00:00",
                "country_code": part.country,
                "province_id": province_id(part.country, part.region),
            }
            key = tuple(named[name] for name in query.dimensions)
            _, totals = groups.setdefault(key, (owner, dict.fromkeys(COUNTS, 0)))
            for name in COUNTS:
                totals[name] += getattr(part, name)
    return [
        {
            "dimensions": dict(zip(query.dimensions, key, strict=True)),
            "metrics": {name: METRICS[name](owner, totals) for name in query.metrics},
        }
        for key, (owner, totals) in sorted(groups.items())
    ]


def _text(value: Any) -> str:
    """TikTok writes numbers as texts, and a dash where nothing was counted."""
    return str(value) if value else "-"


def _name(noun: str) -> Callable[[Owner, Totals], str]:
    def read(owner: Owner, totals: Totals) -> str:
        found = owner.ids.get(f"{noun}_id")
        return owner.platform.find(found).name if found and noun != "advertiser" else "-"

    return read


def _id(name: str) -> Callable[[Owner, Totals], str]:
    return lambda owner, totals: owner.ids.get(name, "-")


METRICS: dict[str, Callable[[Owner, Totals], str]] = {
    "campaign_id": _id("campaign_id"),
    "adgroup_id": _id("adgroup_id"),
    "campaign_name": _name("campaign"),
    "adgroup_name": _name("adgroup"),
    "ad_name": _name("ad"),
    "currency": lambda o, t: o.account.currency,
    "spend": lambda o, t: str(t["spend"]),
    "impressions": lambda o, t: str(t["impressions"]),
    "clicks": lambda o, t: str(t["link_clicks"]),
    "ctr": lambda o, t: _text(round(Decimal(100 * t["link_clicks"]) / (t["impressions"] or 1), 2)),
    "reach": lambda o, t: _text(t["reach"]),
    "video_play_actions": lambda o, t: _text(t["video_views"]),
    "total_landing_page_view": lambda o, t: _text(t["landing_page_views"]),
    "web_event_add_to_cart": lambda o, t: _text(t["add_to_carts"]),
    "initiate_checkout": lambda o, t: _text(t["checkouts"]),
    "conversion": lambda o, t: _text(t["purchases"]),
    "complete_payment": lambda o, t: _text(t["purchases"]),
    "total_complete_payment_rate": lambda o, t: _text(t["purchase_value"]),
}
NOT_BY_PLACE = {
    "complete_payment",
    "total_complete_payment_rate",
    "initiate_checkout",
    "web_event_add_to_cart",
    "reach",
}
