"""Meta's objects and insight rows as Clique's: names of levels, money in minor units, one kind of purchase."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

from clique_app.errors import InvalidInput, Unavailable
from clique_app.integrations.channels import UNKNOWN_REGION
from clique_app.integrations.links import product_handle

Row = dict[str, Any]

# a budget is counted in whole units of these currencies, in hundredths of all others: Meta's own list, not ISO 4217's
WHOLE_UNIT_CURRENCIES = {"CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"}

ACCOUNT_FIELDS = ("account_id", "name", "currency", "timezone_name", "account_status")
CAMPAIGN_FIELDS = ("id", "name", "objective", "status", "effective_status", "daily_budget")
AD_SET_FIELDS = ("id", "campaign_id", "name", "status", "effective_status", "daily_budget", "targeting")
AD_FIELDS = ("id", "adset_id", "campaign_id", "name", "status", "effective_status")
CREATIVE_FIELDS = (
    "id", "name", "title", "body", "thumbnail_url", "link_url", "product_set_id", "object_story_spec",
    "asset_feed_spec",
)  # fmt: skip
PRODUCT_FIELDS = ("retailer_id", "url")
NAME_FIELDS = ("campaign_id", "campaign_name", "adset_id", "adset_name", "ad_id", "ad_name")
DELIVERY_FIELDS = ("account_currency", "spend", "impressions", "clicks", "inline_link_clicks")
AD_DAY_FIELDS = (*NAME_FIELDS, *DELIVERY_FIELDS, "reach", "actions", "action_values")
REGION_DAY_FIELDS = ("campaign_id", "campaign_name", *DELIVERY_FIELDS)
ACCOUNT_TOTAL_FIELDS = ("impressions", "spend")

# Meta counts the same sale under several overlapping names (omni_purchase, offsite_conversion...): exactly one is read
PURCHASE = "purchase"
STORY_PARTS = ("link_data", "video_data", "template_data", "photo_data")
CATALOGUE_ITEM = re.compile(r"shopify_[A-Za-z]{2}_(\d+)_\d+")  # as Shopify's Meta channel names a variant


def minor_units(amount: Decimal, currency: str) -> int:
    """A budget as Meta takes it. InvalidInput where the amount cannot be said exactly."""
    units = amount if currency in WHOLE_UNIT_CURRENCIES else amount * 100
    if units != units.to_integral_value() or units <= 0:
        raise InvalidInput(f"{amount.normalize():f} {currency} cannot be a daily budget at Meta.")
    return int(units)


def budget(units: str | int | None, currency: str) -> Decimal | None:
    """A budget as Meta gives it; absent or 0: it is set at the other level."""
    if units is None or int(units) == 0:
        return None
    return Decimal(int(units)) if currency in WHOLE_UNIT_CURRENCIES else Decimal(int(units)) / 100


def campaign(row: Row, currency: str) -> Row:
    """The columns of a campaign."""
    return {**_named(row), "objective": str(row.get("objective") or ""), **_budgeted(row, currency)}


def ad_group(row: Row, currency: str) -> Row:
    """The columns of an ad set, and its campaign by Meta's id."""
    targeting = in_words(row.get("targeting") or {})
    return {**_named(row), "campaign": str(row["campaign_id"]), "targeting": targeting, **_budgeted(row, currency)}


def ad(row: Row) -> Row:
    """The columns of an ad, its ad set by Meta's id, and where its link lands."""
    shown = row.get("creative") or {}
    path = urlsplit(link(shown)).path
    return {
        **_named(row),
        "ad_group": str(row["adset_id"]),
        "creative": str(shown.get("id") or ""),
        "link_path": path,
        "handle": product_handle(path),
    }


def creative(row: Row) -> Row | None:
    """The columns of what an ad shows: its own texts, else those of the post or the first of its variants."""
    shown = row.get("creative")
    if not shown:
        return None
    story = next((part for name in STORY_PARTS if (part := (shown.get("object_story_spec") or {}).get(name))), {})
    feed = shown.get("asset_feed_spec") or {}
    return {
        "platform_id": str(shown["id"]),
        "name": str(shown.get("name") or ""),
        "title": str(shown.get("title") or story.get("name") or story.get("title") or _first(feed.get("titles"))),
        "body": str(shown.get("body") or story.get("message") or _first(feed.get("bodies"))),
        "link_url": link(shown),
        "thumbnail_url": str(shown.get("thumbnail_url") or ""),
        "product_set": str(shown.get("product_set_id") or ""),
    }


def promoted(row: Row) -> list[Row]:
    """The products an ad names: by where it lands, and by its cards."""
    shown = row.get("creative") or {}
    story = (shown.get("object_story_spec") or {}).get("link_data") or {}
    cards = [card.get("link") for card in story.get("child_attachments") or ()]
    cards += [one.get("website_url") for one in (shown.get("asset_feed_spec") or {}).get("link_urls") or ()]
    links = [("link", link(shown)), *(("card", str(url or "")) for url in cards)]
    named = {handle: by for by, url in reversed(links) if (handle := product_handle(urlsplit(url).path))}
    return [{"ad": str(row["id"]), "handle": h, "product": None, "found_by": by} for h, by in named.items()]


def of_set(row: Row) -> Row:
    """The product that an item of a product set is a variant of."""
    found = CATALOGUE_ITEM.fullmatch(str(row.get("retailer_id") or ""))
    handle = product_handle(urlsplit(str(row.get("url") or "")).path)
    return {"handle": handle, "product": int(found[1]) if found else None, "found_by": "product_set"}


def _first(variants: list[Row] | None) -> str:
    return str(variants[0].get("text") or "") if variants else ""


def _named(row: Row) -> Row:
    return {
        "platform_id": str(row["id"]),
        "name": str(row.get("name") or ""),
        "status": str(row["status"]).lower(),
        "effective_status": str(row.get("effective_status") or "").lower(),
    }


def _budgeted(row: Row, currency: str) -> Row:
    daily = budget(row.get("daily_budget"), currency)
    return {"daily_budget": None if daily is None else str(daily), "currency": currency}


def link(creative: Row) -> str:
    """Where a creative sends people, or '' (a boosted post, a catalogue ad)."""
    story = creative.get("object_story_spec") or {}
    for part in STORY_PARTS:
        data = story.get(part) or {}
        action = (data.get("call_to_action") or {}).get("value") or {}
        found = data.get("link") or action.get("link")
        if found:
            return str(found)
    return str(creative.get("link_url") or "")


def in_words(targeting: Row) -> str:
    """Who an ad set is for, as far as the places and ages say."""
    places = targeting.get("geo_locations") or {}
    words = [", ".join(str(x) for x in places.get("countries") or [])]
    youngest, oldest = targeting.get("age_min"), targeting.get("age_max")
    if youngest or oldest:
        words.append(f"age {youngest or 13} to {oldest or '65+'}")
    return "; ".join(word for word in words if word)


def ad_day(row: Row) -> Row:
    """The columns of one ad's day, with the names of what it belongs to."""
    counts = _by_type(row.get("actions"))
    return {
        **{field: str(row[field]) for field in ("campaign_id", "adset_id", "ad_id")},
        **{field: str(row.get(field) or "") for field in ("campaign_name", "adset_name", "ad_name")},
        **_delivery(row),
        "reach": int(row.get("reach") or 0),
        "landing_page_views": int(counts.get("landing_page_view", 0)),
        "add_to_carts": int(counts.get("add_to_cart", 0)),
        "checkouts": int(counts.get("initiate_checkout", 0)),
        "video_views": int(counts.get("video_view", 0)),
        "reported_conversions": str(counts.get(PURCHASE, Decimal(0))),
        "reported_revenue": str(_by_type(row.get("action_values")).get(PURCHASE, Decimal(0))),
    }


def region_day(row: Row) -> Row:
    """The columns of one campaign's day in one region. Purchases are not split by region for every account."""
    return {
        "campaign_id": str(row["campaign_id"]),
        "campaign_name": str(row.get("campaign_name") or ""),
        "country": str(row.get("country") or "unknown"),
        "region": str(row.get("region") or UNKNOWN_REGION),
        **_delivery(row),
    }


def _delivery(row: Row) -> Row:
    if row["date_start"] != row["date_stop"]:
        raise Unavailable("Meta gave figures for several days at once where single days were asked for.")
    return {
        "day": str(row["date_start"]),
        "currency": str(row["account_currency"]),
        "spend": str(Decimal(str(row.get("spend") or 0))),
        "impressions": int(row.get("impressions") or 0),
        "clicks": int(row.get("clicks") or 0),
        "link_clicks": int(row.get("inline_link_clicks") or 0),
    }


def _by_type(actions: list[Row] | None) -> dict[str, Decimal]:
    return {str(a["action_type"]): Decimal(str(a["value"])) for a in actions or [] if "value" in a}


def status(value: Literal["active", "paused"]) -> str:
    """A status as Meta takes it."""
    return value.upper()
