"""TikTok's objects and report rows as Clique's: names of levels, "-" for no value, names of places."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

from clique_app.errors import InvalidInput
from clique_app.integrations.channels import UNKNOWN_REGION, Level
from clique_app.integrations.links import product_handle

Row = dict[str, Any]

NO_VALUE = "-"
DAILY_BUDGETS = {"BUDGET_MODE_DAY", "BUDGET_MODE_DYNAMIC_DAILY_BUDGET"}
STATUSES = {"ENABLE": "active", "DISABLE": "paused", "DELETE": "deleted"}
NOUNS: dict[Level, str] = {"campaign": "campaign", "ad_group": "adgroup", "ad": "ad"}  # in its paths and field names

ACCOUNT_FIELDS = ["advertiser_id", "name", "currency", "timezone", "display_timezone", "status"]
STATE_FIELDS = ("operation_status", "secondary_status")
BUDGET_FIELDS = ("budget", "budget_mode")
FIELDS: dict[Level, list[str]] = {
    "campaign": ["campaign_id", "campaign_name", "objective_type", *STATE_FIELDS, *BUDGET_FIELDS],
    "ad_group": [
        "adgroup_id", "adgroup_name", "campaign_id", "location_ids", "age_groups", "gender", *STATE_FIELDS,
        *BUDGET_FIELDS,
    ],
    "ad": [
        "ad_id", "ad_name", "adgroup_id", "campaign_id", "landing_page_url", "ad_text", "display_name", "video_id",
        *STATE_FIELDS,
    ],
}  # fmt: skip
DELIVERY_METRICS = ["currency", "spend", "impressions", "clicks"]
AD_DAY_METRICS = [
    "campaign_id", "campaign_name", "adgroup_id", "adgroup_name", "ad_name", *DELIVERY_METRICS, "reach",
    "video_play_actions", "total_landing_page_view", "web_event_add_to_cart", "initiate_checkout", "complete_payment",
    "total_complete_payment_rate",
]  # fmt: skip
PURCHASE_VALUE = "total_complete_payment_rate"  # despite its name the value of all completed payments
REGION_DAY_METRICS = ["campaign_name", *DELIVERY_METRICS]


def status(value: Literal["active", "paused"]) -> str:
    """A status as TikTok takes it."""
    return "ENABLE" if value == "active" else "DISABLE"


def budget(amount: Decimal, currency: str) -> float:
    """A budget as TikTok takes it: whole units of the currency with two decimals at most."""
    if amount <= 0 or amount != round(amount, 2):
        raise InvalidInput(f"{amount.normalize():f} {currency} cannot be a daily budget at TikTok.")
    return float(amount)


def daily_budget(row: Row) -> Decimal | None:
    """A budget as TikTok gives it; none where it is set at the other level, or for the whole life."""
    amount = Decimal(str(row.get("budget") or 0))
    return amount if row.get("budget_mode") in DAILY_BUDGETS and amount > 0 else None


def campaign(row: Row, currency: str) -> Row:
    """The columns of a campaign."""
    return {
        **_named("campaign", row),
        "objective": str(row.get("objective_type") or ""),
        **_budgeted(row, currency),
    }


def ad_group(row: Row, currency: str, places: dict[str, tuple[str, str]]) -> Row:
    """The columns of an ad group, and its campaign by TikTok's id."""
    return {
        **_named("ad_group", row),
        "campaign": str(row["campaign_id"]),
        "targeting": in_words(row, places),
        **_budgeted(row, currency),
    }


def ad(row: Row) -> Row:
    """The columns of an ad, its ad group by TikTok's id, and where its link lands. An ad is its own creative."""
    path = urlsplit(str(row.get("landing_page_url") or "")).path
    return {
        **_named("ad", row),
        "ad_group": str(row["adgroup_id"]),
        "creative": str(row["ad_id"]),
        "link_path": path,
        "handle": product_handle(path),
    }


def creative(row: Row, covers: dict[str, str]) -> Row:
    """The columns of what an ad shows."""
    return {
        "platform_id": str(row["ad_id"]),
        "name": str(row.get("ad_name") or ""),
        "title": str(row.get("display_name") or ""),
        "body": str(row.get("ad_text") or ""),
        "link_url": str(row.get("landing_page_url") or ""),
        "thumbnail_url": covers.get(str(row.get("video_id") or ""), ""),
        "product_set": "",
    }


def promoted(row: Row) -> list[Row]:
    """The product an ad leads to."""
    handle = product_handle(urlsplit(str(row.get("landing_page_url") or "")).path)
    return [{"ad": str(row["ad_id"]), "handle": handle, "product": None, "found_by": "link"}] if handle else []


def in_words(row: Row, places: dict[str, tuple[str, str]]) -> str:
    """Who an ad group is for, as far as the places and ages say."""
    where = [" ".join(filter(None, reversed(places.get(str(one), ("", ""))))) for one in row.get("location_ids") or ()]
    ages = [str(one).removeprefix("AGE_").replace("_", " to ") for one in row.get("age_groups") or ()]
    words = [", ".join(filter(None, where)), f"age {', '.join(ages)}" if ages else ""]
    return "; ".join(word for word in words if word)


def places_of(rows: list[Row]) -> dict[str, tuple[str, str]]:
    """Country and region by the ids of TikTok's locations; a country's own region is ''."""
    return {
        str(row["location_id"]): (
            str(row.get("region_code") or "unknown"),
            "" if row.get("level") == "COUNTRY" else str(row.get("name") or ""),
        )
        for row in rows
    }


def ad_day(row: Row) -> Row:
    """The columns of one ad's day, with the names of what it belongs to."""
    metrics = row["metrics"]
    return {
        "ad_id": str(row["dimensions"]["ad_id"]),
        "adset_id": str(metrics["adgroup_id"]),
        "campaign_id": str(metrics["campaign_id"]),
        **{ours: text(metrics.get(theirs)) for ours, theirs in (
            ("ad_name", "ad_name"), ("adset_name", "adgroup_name"), ("campaign_name", "campaign_name"),
        )},
        **_delivery(row),
        "reach": count(metrics.get("reach")),
        "landing_page_views": count(metrics.get("total_landing_page_view")),
        "add_to_carts": count(metrics.get("web_event_add_to_cart")),
        "checkouts": count(metrics.get("initiate_checkout")),
        "video_views": count(metrics.get("video_play_actions")),
        "reported_conversions": str(number(metrics.get("complete_payment"))),
        "reported_revenue": str(number(metrics.get(PURCHASE_VALUE))),
    }  # fmt: skip


def region_day(row: Row, places: dict[str, tuple[str, str]]) -> Row:
    """The columns of one campaign's day in one region."""
    country, region = places.get(str(row["dimensions"]["province_id"]), ("unknown", UNKNOWN_REGION))
    return {
        "campaign_id": str(row["dimensions"]["campaign_id"]),
        "campaign_name": text(row["metrics"].get("campaign_name")),
        "country": country,
        "region": region or UNKNOWN_REGION,
        **_delivery(row),
    }


def is_delivered(row: Row) -> bool:
    """TikTok also lists ads on days on which they did nothing."""
    return any(number(row["metrics"].get(name)) for name in ("spend", "impressions", "clicks", "complete_payment"))


def number(value: Any) -> Decimal:
    return Decimal(0) if value in (None, "", NO_VALUE) else Decimal(str(value))


def count(value: Any) -> int:
    return int(number(value))


def text(value: Any) -> str:
    return "" if value in (None, NO_VALUE) else str(value)


def _named(level: Level, row: Row) -> Row:
    noun = NOUNS[level]
    return {
        "platform_id": str(row[f"{noun}_id"]),
        "name": str(row.get(f"{noun}_name") or ""),
        "status": STATUSES.get(str(row["operation_status"]), "paused"),
        "effective_status": str(row.get("secondary_status") or "").lower(),
    }


def _budgeted(row: Row, currency: str) -> Row:
    daily = daily_budget(row)
    return {"daily_budget": None if daily is None else str(daily), "currency": currency}


def _delivery(row: Row) -> Row:
    metrics = row["metrics"]
    clicks = count(metrics.get("clicks"))  # TikTok's clicks are those that lead to the store
    return {
        "day": str(row["dimensions"]["stat_time_day"])[:10],
        "currency": str(metrics["currency"]),
        "spend": str(number(metrics.get("spend"))),
        "impressions": count(metrics.get("impressions")),
        "clicks": clicks,
        "link_clicks": clicks,
    }
