"""Visits before an order as touches: which channel brought them, told by what the link and the referrer say."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlsplit

from clique_app.integrations.registry import CHANNELS
from clique_app.integrations.shopify.values import instant

# utm_source -> channel. Where the channel also has unpaid traffic, see PAID_ONLY.
SOURCES = {
    **{source: one.key for one in CHANNELS for source in one.spoken.utm_sources},
    **dict.fromkeys(("klaviyo", "newsletter", "email", "mailchimp", "omnisend", "shopify_email", "sms"), "email"),
    "direct": "direct",
}
# utm_medium -> channel, stronger than the source
MEDIUMS = {
    **dict.fromkeys(("email", "e-mail", "sms", "newsletter"), "email"),
    **dict.fromkeys(("organic", "organic_social", "organic-social"), "organic"),
    **dict.fromkeys(("referral", "affiliate", "partner"), "referral"),
}
# parameter a platform adds to links clicked on it -> (channel, name kept)
CLICK_IDS = {name: (one.key, kind) for one in CHANNELS for name, kind in one.spoken.click_ids.items()}
TOLD_BY_LINKS = {*CLICK_IDS, "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_id"}
SEARCH_ENGINES = ("google", "bing", "duckduckgo", "yahoo", "ecosia", "baidu", "yandex", "brave")
# Shopify's own word for a visit without any of these
SHOPIFY_SOURCES = {"direct": "direct", "email": "email", "search": "organic", "seo": "organic"}


class TouchRow(NamedTuple):
    """A row of touch."""

    order_id: int
    position: int
    occurred_at: datetime
    channel: str
    source: str
    medium: str
    campaign: str
    campaign_platform_id: str | None
    ad_platform_id: str | None
    click_id: str | None
    landing_path: str


def touches(order_id: int, moments: list[dict[str, Any]], shop_domain: str = "") -> list[TouchRow]:
    """All visits in time order; of the landing page only its path is kept."""
    ordered = sorted(moments, key=lambda moment: (moment["occurredAt"], moment.get("id", "")))
    return [_touch(order_id, position, moment, shop_domain) for position, moment in enumerate(ordered)]


def channel_of(
    *, source: str, medium: str, click_id: str | None, referrer: str, shopify_source: str, own_host: str
) -> str:
    """utm first (somebody wrote it on purpose), then the click id, the referrer, and Shopify's own word."""
    if medium in MEDIUMS:
        return MEDIUMS[medium]
    if source:
        return SOURCES.get(source, "other")
    if click_id:
        return CLICK_IDS[click_id][0]
    if referrer and referrer != own_host:
        names = referrer.split(".")
        return "organic" if any(engine in names for engine in SEARCH_ENGINES) else "referral"
    if shopify_source in SEARCH_ENGINES:
        return "organic"
    return SHOPIFY_SOURCES.get(shopify_source, "referral" if shopify_source else "direct")


def _touch(order_id: int, position: int, moment: dict[str, Any], shop_domain: str) -> TouchRow:
    page, _, query = (moment.get("landingPage") or "").partition("?")
    host, path = _place(page)
    link = {} if "#" in page else _query(query.partition("#")[0])
    utm = moment.get("utmParameters") or {}
    source = (utm.get("source") or link.get("utm_source") or "").strip().lower()
    medium = (utm.get("medium") or link.get("utm_medium") or "").strip().lower()
    campaign = (utm.get("campaign") or link.get("utm_campaign") or "").strip()
    content = (utm.get("content") or link.get("utm_content") or "").strip()
    click = next((name for name in CLICK_IDS if name in link), None) if link else None
    return TouchRow(
        order_id,
        position,
        instant(moment["occurredAt"]),
        channel_of(
            source=source,
            medium=medium,
            click_id=click,
            referrer=_place(moment.get("referrerUrl") or "")[0].removeprefix("www."),
            shopify_source=(moment.get("source") or "").lower(),
            own_host=host or shop_domain,
        ),
        source,
        medium,
        campaign,
        link.get("utm_id") or (campaign if _is_platform_id(campaign) else None),
        content if _is_platform_id(content) else None,
        CLICK_IDS[click][1] if click else None,
        path,
    )


def _is_platform_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) >= 6


def _query(query: str) -> dict[str, str]:
    """What a link says of where it was clicked; the last of a repeated parameter counts, an empty one does not."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if value and name in TOLD_BY_LINKS:
            found[name] = _unquoted(value) if "%" in value or "+" in value else value
    return found


@lru_cache(maxsize=4096)  # few campaigns bring most visits
def _unquoted(value: str) -> str:
    return unquote_plus(value)


@lru_cache(maxsize=4096)  # few pages bring most visits
def _place(url: str) -> tuple[str, str]:
    """Host and path of a URL; one that is none has neither."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.path
    except ValueError:
        return "", ""
