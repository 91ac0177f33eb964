"""Google's rows as Clique's: money in millionths, kinds of action, an asset group as an ad group with one ad."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

from clique_app.errors import InvalidInput, Rejected
from clique_app.integrations.channels import LiveObject
from clique_app.integrations.links import product_handle

Row = dict[str, Any]

MICROS = Decimal(1_000_000)
STATUSES = {"ENABLED": "active", "PAUSED": "paused", "REMOVED": "deleted"}
PERFORMANCE_MAX = "PERFORMANCE_MAX"
ASSET_GROUP = "assetGroups/"  # begins the id of an ad group, and of its one ad, that is an asset group
LONGEST_TERM = 300
CATALOGUE_ITEM = re.compile(r"shopify_[a-z]{2}_(\d+)_\d+", re.IGNORECASE)  # as Shopify's Google channel names a variant
# Google takes a budget in steps of a currency's smallest unit; where that is not a hundredth
WHOLE_UNIT_CURRENCIES = {"CLP", "ISK", "JPY", "KRW", "PYG", "TWD", "UGX", "VND", "XAF", "XOF", "XPF"}


def money(micros: Any) -> Decimal:
    return Decimal(int(micros or 0)) / MICROS


def micros(amount: Decimal, currency: str) -> int:
    """A budget as Google takes it. InvalidInput where the currency has no such amount."""
    step = Decimal(1) if currency in WHOLE_UNIT_CURRENCIES else Decimal("0.01")
    if amount <= 0 or amount % step:
        raise InvalidInput(f"{amount.normalize():f} {currency} cannot be a daily budget at Google.")
    return int(amount * MICROS)


def budget(row: Row) -> Decimal | None:
    """A campaign's own daily budget: one that several campaigns share, or that is for a whole run, is not."""
    found = row.get("campaignBudget") or {}
    if found.get("explicitlyShared") or found.get("period", "DAILY") != "DAILY" or not found.get("amountMicros"):
        return None
    return money(found["amountMicros"])


def campaign(row: Row) -> Row:
    """The columns of a campaign."""
    own = budget(row)
    return {
        **_named(row["campaign"]),
        "objective": _words(row["campaign"].get("advertisingChannelType")),
        "daily_budget": None if own is None else str(own),
        "currency": _currency(row),
    }


def ad_group(row: Row) -> Row:
    """The columns of an ad group or asset group, and its campaign by Google's id."""
    return {
        **_named(_group(row)),
        "platform_id": group_id(row),
        "campaign": str(row["campaign"]["id"]),
        "daily_budget": None,
        "currency": _currency(row),
        "targeting": "",
    }


def ad(row: Row) -> Row:
    """The columns of an ad, its ad group by Google's id, and where it lands. An asset group is its own one ad."""
    if "assetGroup" in row:
        shown, urls = row["assetGroup"], row["assetGroup"].get("finalUrls")
        named = {**_named(shown), "platform_id": group_id(row)}
    else:
        shown, urls = row["adGroupAd"]["ad"], row["adGroupAd"]["ad"].get("finalUrls")
        named = {**_named(row["adGroupAd"]), "platform_id": str(shown["id"]), "name": ad_name(shown)}
    path = urlsplit(str((urls or [""])[0])).path
    return {
        **named,
        "ad_group": group_id(row),
        "creative": named["platform_id"],
        "link_path": path,
        "handle": product_handle(path),
    }


def ad_name(shown: Row) -> str:
    """Most ads at Google have no name: their first headline, else what kind they are, stands for it."""
    texts = _texts(shown)
    return str(shown.get("name") or (texts[0] if texts[0] else _words(shown.get("type")) or f"Ad {shown['id']}"))


def creative(row: Row, texts: Row | None = None) -> Row:
    """The columns of what an ad shows. texts: by kind, of an asset group, whose texts are rows of their own."""
    if "assetGroup" in row:
        found = texts or {}
        title, body, image = (found.get(kind, "") for kind in ("HEADLINE", "DESCRIPTION", "MARKETING_IMAGE"))
        shown = row["assetGroup"]
        name = str(shown.get("name") or "")
    else:
        shown = row["adGroupAd"]["ad"]
        (title, body), image = _texts(shown), str((shown.get("imageAd") or {}).get("imageUrl") or "")
        name = ad_name(shown)
    return {
        "platform_id": ad(row)["platform_id"],
        "name": name,
        "title": title,
        "body": body,
        "link_url": str((shown.get("finalUrls") or [""])[0]),
        "thumbnail_url": image,
        "product_set": "",
    }


def promoted(row: Row) -> list[Row]:
    """The products an ad names by where it lands."""
    found = ad(row)
    handles = {product_handle(urlsplit(str(url)).path) for url in _urls(row)} - {""}
    return [{"ad": found["platform_id"], "handle": h, "product": None, "found_by": "link"} for h in sorted(handles)]


def shown_product(row: Row) -> int | None:
    """The product that an item of Merchant Center is a variant of."""
    found = CATALOGUE_ITEM.fullmatch(str((row.get("segments") or {}).get("productItemId") or ""))
    return int(found[1]) if found else None


def group_id(row: Row) -> str:
    if "assetGroup" in row:
        return f"{ASSET_GROUP}{row['assetGroup']['id']}"
    return str(row["adGroup"]["id"])


def ad_day(row: Row, actions: Row) -> Row:
    """The columns of one ad's day. actions: what customers did, by kind."""
    ad_id, name = ad_of_day(row)
    purchases = actions.get("PURCHASE") or {}
    return {
        "campaign_id": str(row["campaign"]["id"]),
        "campaign_name": str(row["campaign"].get("name") or ""),
        "adset_id": group_id(row),
        "adset_name": str(_group(row).get("name") or ""),
        "ad_id": ad_id,
        "ad_name": name,
        **_delivery(row),
        "reach": 0,
        "landing_page_views": 0,
        "add_to_carts": _whole(actions.get("ADD_TO_CART")),
        "checkouts": _whole(actions.get("BEGIN_CHECKOUT")),
        "video_views": 0,
        "reported_conversions": _exact(purchases.get("conversions")),
        "reported_revenue": _exact(purchases.get("conversionsValue")),
    }


def ad_of_day(row: Row) -> tuple[str, str]:
    """The id and name of the ad that a day is of."""
    if "assetGroup" in row:
        return group_id(row), str(row["assetGroup"].get("name") or "")
    shown = row["adGroupAd"]["ad"]
    return str(shown["id"]), ad_name(shown)


def region_day(row: Row, country: str, region: str) -> Row:
    """The columns of one campaign's day in one region."""
    return {
        "campaign_id": str(row["campaign"]["id"]),
        "campaign_name": str(row["campaign"].get("name") or ""),
        "country": country,
        "region": region,
        **_delivery(row),
    }


def search_day(row: Row, kind: Literal["keyword", "term"]) -> Row:
    """The columns of one keyword's or search term's day."""
    if kind == "keyword":
        found = row["adGroupCriterion"]["keyword"]
        text, match = str(found.get("text") or ""), str(found.get("matchType") or "").lower()
    else:
        text, match = str(row["searchTermView"].get("searchTerm") or "")[:LONGEST_TERM], ""
    metrics = row.get("metrics") or {}
    delivered = _delivery(row)
    del delivered["link_clicks"]
    return {
        "ad_group": str(row["adGroup"]["id"]),
        "kind": kind,
        "text": text,
        "match": match,
        **delivered,
        "reported_conversions": _exact(metrics.get("conversions")),
        "reported_revenue": _exact(metrics.get("conversionsValue")),
    }


def live_object(level: str, row: Row, read_at: Any) -> LiveObject:
    """An object as it stands now."""
    found = campaign(row) if level == "campaign" else ad_group(row) if level == "ad_group" else ad(row)
    return LiveObject(
        platform_id=found["platform_id"],
        name=found["name"],
        status=found["status"],
        daily_budget=budget(row) if level == "campaign" else None,
        currency=_currency(row),
        read_at=read_at,
    )


def status(value: Literal["active", "paused"]) -> str:
    """A status as Google takes it."""
    return {"active": "ENABLED", "paused": "PAUSED"}[value]


def number(platform_id: str) -> str:
    """The digits of an id. Rejected where it is none of Google's."""
    digits = platform_id.removeprefix(ASSET_GROUP)
    if not digits.isdecimal():
        raise Rejected("This is not the id of an object at Google.")
    return digits


def _named(found: Row) -> Row:
    return {
        "platform_id": str(found.get("id") or ""),
        "name": str(found.get("name") or ""),
        "status": STATUSES.get(str(found.get("status")), "archived"),
        "effective_status": str(found.get("primaryStatus") or "").lower(),
    }


def _group(row: Row) -> Row:
    return row["assetGroup"] if "assetGroup" in row else row["adGroup"]


def _urls(row: Row) -> list[str]:
    return (row["assetGroup"] if "assetGroup" in row else row["adGroupAd"]["ad"]).get("finalUrls") or []


def _texts(shown: Row) -> tuple[str, str]:
    for kind in ("responsiveSearchAd", "responsiveDisplayAd"):
        if found := shown.get(kind):
            return _first(found.get("headlines")), _first(found.get("descriptions"))
    return "", ""


def _first(texts: list[Row] | None) -> str:
    return str(texts[0].get("text") or "") if texts else ""


def _delivery(row: Row) -> Row:
    metrics = row.get("metrics") or {}
    clicks = int(metrics.get("clicks") or 0)
    return {
        "day": str(row["segments"]["date"]),
        "currency": _currency(row),
        "spend": str(money(metrics.get("costMicros"))),
        "impressions": int(metrics.get("impressions") or 0),
        "clicks": clicks,
        "link_clicks": clicks,  # a click at Google leads to the store
    }


def _currency(row: Row) -> str:
    return str(row["customer"]["currencyCode"])


def _exact(value: Any) -> str:
    """A JSON number as a decimal: conversions are fractions where several clicks share one."""
    return str(Decimal(str(value or 0)).quantize(Decimal("0.000001")))


def _whole(action: Row | None) -> int:
    return round(float((action or {}).get("allConversions") or 0))


def _words(name: Any) -> str:
    return str(name or "").replace("_", " ").capitalize()
