"""One event as the web pixel sends it, checked and cut down to what is kept. Pure.

Nobody vouches for a beacon: the key is public. So nothing is taken from it but words of known kinds and lengths, a
visitor is a hash that means nothing elsewhere, and the time is the collector's less the age the browser states.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from clique_app.errors import AccessDenied, InvalidInput
from clique_app.integrations.shopify.touches import CLICK_IDS, channel_of

KINDS = frozenset(
    {
        "page_viewed",
        "product_viewed",
        "collection_viewed",
        "search_submitted",
        "cart_viewed",
        "product_added_to_cart",
        "product_removed_from_cart",
        "product_added_to_wishlist",
        "checkout_started",
        "checkout_completed",
        "scrolled",
        "email_signup",
    }
)
OLDEST = timedelta(days=1)
WORD, PATH = 200, 300  # characters
CHECKOUT_PAGES = ("/checkouts", "/checkout", "/orders", "/thank-you")  # payment providers send people back to these
CONSENTS = ("analytics", "analytics marketing")


@dataclass(frozen=True, slots=True)
class PageEvent:
    """A row of page_event. channel: where the visitor came from, on pages that were not reached from the store."""

    store_id: int
    visitor_id: bytes
    event_id: bytes
    kind: str
    at: datetime
    path: str
    product_id: int | None
    order_id: int | None
    scroll_pct: int | None
    channel: str | None
    source: str
    medium: str
    campaign: str
    campaign_platform_id: str | None
    ad_platform_id: str | None
    click_id: str | None
    referrer: str
    consent: str


COLUMNS = tuple(field.name for field in fields(PageEvent))


def key_in(body: bytes) -> tuple[str, dict[str, Any]]:
    """The store's key a beacon carries, and the beacon. InvalidInput where it is none."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("The body is not JSON.") from error
    if not isinstance(given, dict):
        raise InvalidInput("The body is not a JSON object.")
    return _word(given, "key", required=True), given


def event(store_id: int, given: dict[str, Any], received_at: datetime) -> PageEvent:
    """The event as it is kept. AccessDenied without consent to analytics, InvalidInput where anything is amiss."""
    consent = given.get("consent")
    if consent not in CONSENTS:
        raise AccessDenied("The visitor has not allowed analytics.")
    kind, path = _word(given, "kind", required=True), _word(given, "path", PATH, required=True)
    if kind not in KINDS:
        raise InvalidInput("The kind of event is not known.")
    if not path.startswith("/") or "?" in path or "#" in path:
        raise InvalidInput("path is not the path of a page.")
    scroll = _number(given, "scroll", 100)
    if (kind == "scrolled") != (scroll is not None):
        raise InvalidInput("scroll belongs to the kind scrolled.")
    order = _number(given, "order", 2**63 - 1)
    tags, referrer = given.get("tags") or {}, _word(given, "referrer").lower().removeprefix("www.")
    if not isinstance(tags, dict):
        raise InvalidInput("tags is not an object.")
    source, medium = _word(tags, "source").strip().lower(), _word(tags, "medium").strip().lower()
    campaign, content, click = _word(tags, "campaign").strip(), _word(tags, "content").strip(), _word(tags, "click")
    if click and click not in CLICK_IDS:
        raise InvalidInput("The kind of click id is not known.")
    told = bool(source or medium or campaign or click or referrer)
    arrived = kind == "page_viewed" and told and not path.startswith(CHECKOUT_PAGES)
    return PageEvent(
        store_id=store_id,
        visitor_id=_hashed(store_id, "visitor", _word(given, "visitor", required=True)),
        event_id=_hashed(store_id, "event", _word(given, "id", required=True) + kind),
        kind=kind,
        at=received_at - _age(given),
        path=path,
        product_id=_number(given, "product", 2**63 - 1),
        order_id=order if kind == "checkout_completed" else None,
        scroll_pct=scroll,
        channel=channel_of(
            source=source,
            medium=medium,
            click_id=click or None,
            referrer=referrer,
            shopify_source="",
            own_host="",
        )
        if arrived
        else None,
        source=source if arrived else "",
        medium=medium if arrived else "",
        campaign=campaign if arrived else "",
        campaign_platform_id=(_word(tags, "id") or _platform_id(campaign)) if arrived else None,
        ad_platform_id=_platform_id(content) if arrived else None,
        click_id=CLICK_IDS[click][1] if click and arrived else None,
        referrer=referrer if arrived else "",
        consent=consent,
    )


def _hashed(store_id: int, what: str, word: str) -> bytes:
    """Shopify's own id of a browser is not kept: the hash finds the visitor again in this store and nowhere else."""
    return blake2b(word.encode(), digest_size=16, key=f"{what} of store {store_id}".encode()).digest()


def _age(given: dict[str, Any]) -> timedelta:
    age = given.get("age_ms")
    if isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age <= OLDEST.total_seconds() * 1000:
        raise InvalidInput("age_ms is not the age of an event of the last day.")
    return timedelta(milliseconds=age)


def _word(given: dict[str, Any], name: str, longest: int = WORD, *, required: bool = False) -> str:
    word = given.get(name) or ""
    if not isinstance(word, str) or len(word) > longest or "\0" in word or (required and not word):
        raise InvalidInput(f"{name} is missing or is not a text of at most {longest} characters.")
    return word


def _number(given: dict[str, Any], name: str, most: int) -> int | None:
    number = given.get(name)
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most:
        raise InvalidInput(f"{name} is not a number from 0 to {most}.")
    return number


def _platform_id(text: str) -> str | None:
    return text if text.isascii() and text.isdigit() and len(text) >= 6 else None
