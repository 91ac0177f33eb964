"""Which fields TikTok's campaigns, ad groups and ads have here, and how they are read from the world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.records import Ad, AdSet, Campaign
from clique_app.sandbox.tiktok.errors import bad_param
from clique_app.sandbox.tiktok.places import COUNTRIES

OPERATION = {"ACTIVE": "ENABLE", "PAUSED": "DISABLE", "ARCHIVED": "DISABLE", "DELETED": "DELETE"}
Reader = Callable[[AdPlatform, Any], Any]


def of_account(platform: AdPlatform, noun: str, account_id: str) -> list[Any]:
    """The account's objects of one kind, deleted ones too."""
    every: dict[str, list[Any]] = {
        "campaign": list(platform.campaigns.values()),
        "adgroup": list(platform.ad_sets.values()),
        "ad": list(platform.ads.values()),
    }
    return [one for one in every[noun] if platform.campaigns[one.campaign_id].account_id == account_id]


def id_of(node: Campaign | AdSet | Ad) -> str:
    if isinstance(node, Campaign):
        return node.campaign_id
    return node.ad_set_id if isinstance(node, AdSet) else node.ad_id


def read(platform: AdPlatform, noun: str, node: Any, fields: list[str] | None) -> dict[str, Any]:
    """The fields asked for, or all."""
    known = FIELDS[noun]
    if unknown := [name for name in fields or () if name not in known]:
        raise bad_param(f"fields: Invalid value {unknown[0]}.")
    return {name: known[name](platform, node) for name in (fields or known)}


def _budget(platform: AdPlatform, node: Campaign | AdSet) -> float:
    return float(node.daily_budget or Decimal(0))


def _budget_mode(platform: AdPlatform, node: Campaign | AdSet) -> str:
    return "BUDGET_MODE_DAY" if node.daily_budget is not None else "BUDGET_MODE_INFINITE"


def _delivery(platform: AdPlatform, node: AdSet | Ad) -> str:
    """The secondary status: what stops the delivery, from above or here."""
    kind = "ADGROUP" if isinstance(node, AdSet) else "AD"
    if node.status == "DELETED":
        return f"{kind}_STATUS_DELETE"
    if node.status != "ACTIVE":
        return f"{kind}_STATUS_DISABLE"
    if platform.campaigns[node.campaign_id].status != "ACTIVE":
        return f"{kind}_STATUS_CAMPAIGN_DISABLE"
    if isinstance(node, Ad) and platform.ad_sets[node.ad_set_id].status != "ACTIVE":
        return "AD_STATUS_ADGROUP_DISABLE"
    return f"{kind}_STATUS_DELIVERY_OK"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def video_id(ad: Ad) -> str:
    """Ads of one name show the same video."""
    return f"v10033g50000{sum(ad.name.encode()):08d}"


SHARED: dict[str, Reader] = {
    "campaign_id": lambda p, x: x.campaign_id,
    "campaign_name": lambda p, x: p.campaigns[x.campaign_id].name,
    "advertiser_id": lambda p, x: p.campaigns[x.campaign_id].account_id,
    "operation_status": lambda p, x: OPERATION[x.status],
    "create_time": lambda p, x: _time(x.created_at),
    "modify_time": lambda p, x: _time(x.updated_at),
}
FIELDS: dict[str, dict[str, Reader]] = {
    "campaign": {
        **SHARED,
        "objective_type": lambda p, x: x.objective,
        "secondary_status": lambda p, x: f"CAMPAIGN_STATUS_{OPERATION[x.status]}",
        "budget": _budget,
        "budget_mode": _budget_mode,
        "budget_optimize_on": lambda p, x: x.daily_budget is not None,
    },
    "adgroup": {
        **SHARED,
        "adgroup_id": lambda p, x: x.ad_set_id,
        "adgroup_name": lambda p, x: x.name,
        "secondary_status": _delivery,
        "budget": _budget,
        "budget_mode": _budget_mode,
        "location_ids": lambda p, x: [COUNTRIES[one] for one in x.countries if one in COUNTRIES],
        "age_groups": lambda p, x: ["AGE_25_34", "AGE_35_44"],
        "gender": lambda p, x: "GENDER_UNLIMITED",
        "optimization_goal": lambda p, x: "CONVERT",
    },
    "ad": {
        **SHARED,
        "adgroup_id": lambda p, x: x.ad_set_id,
        "adgroup_name": lambda p, x: p.ad_sets[x.ad_set_id].name,
        "ad_id": lambda p, x: x.ad_id,
        "ad_name": lambda p, x: x.name,
        "secondary_status": _delivery,
        "landing_page_url": lambda p, x: x.link_url,
        "ad_text": lambda p, x: f"{x.name}: poured by hand, made to be noticed.",
        "display_name": lambda p, x: p.accounts[p.campaigns[x.campaign_id].account_id].name,
        "video_id": lambda p, x: video_id(x),
        "call_to_action": lambda p, x: "SHOP_NOW",
    },
}
