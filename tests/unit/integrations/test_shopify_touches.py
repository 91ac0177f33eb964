"""Visits to channels."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.integrations.shopify.touches import TouchRow, touches

SHOP = "https://shop.example/products/candle"


def touch(landing: str | None = SHOP, referrer: str | None = None, source: str = "", **utm: str) -> TouchRow:
    moment: dict[str, Any] = {
        "occurredAt": "2026-03-01T12:00:00Z",
        "landingPage": landing,
        "referrerUrl": referrer,
        "source": source,
        "utmParameters": utm or None,
    }
    [row] = touches(1, [moment])
    return row


@pytest.mark.parametrize(
    ("row", "channel"),
    [
        (touch(source="direct"), "direct"),
        (touch(f"{SHOP}?utm_source=facebook&utm_medium=paid&fbclid=1"), "meta"),
        (touch(f"{SHOP}?fbclid=1", "https://l.facebook.com/"), "meta"),
        (touch(f"{SHOP}?gclid=1", "https://www.google.com/"), "google"),
        (touch(f"{SHOP}?utm_source=google&utm_medium=organic"), "organic"),
        (touch(SHOP, "https://www.google.co.uk/"), "organic"),
        (touch(SHOP, "https://www.instagram.com/"), "referral"),
        (touch(SHOP, "https://shop.example/cart"), "direct"),
        (touch(f"{SHOP}?ttclid=1"), "tiktok"),
        (touch(f"{SHOP}?epik=1"), "pinterest"),
        (touch(source="email", campaign="march", medium="email"), "email"),
        (touch(f"{SHOP}?utm_source=podcast"), "other"),
        (touch(source="google"), "organic"),
        (touch(None), "direct"),
    ],
)
def test_a_visit_has_the_channel_its_link_or_referrer_names(row: TouchRow, channel: str) -> None:
    assert row.channel == channel


def test_only_the_path_of_a_landing_page_is_kept() -> None:
    row = touch(f"{SHOP}?email=ann@example.com&utm_id=120211&utm_source=fb&utm_content=120299000111&fbclid=secret")
    assert row.landing_path == "/products/candle"
    assert (row.campaign_platform_id, row.ad_platform_id, row.click_id) == ("120211", "120299000111", "fbclid")
    assert not any("secret" in str(value) or "ann@" in str(value) for value in row)


def test_visits_are_numbered_in_the_order_of_time() -> None:
    moments = [{"occurredAt": f"2026-03-0{day}T00:00:00Z", "source": "direct"} for day in (3, 1, 2)]
    assert [(row.position, row.occurred_at.day) for row in touches(1, moments)] == [(0, 1), (1, 2), (2, 3)]


@given(st.text(), st.text())
def test_no_address_breaks_the_mapping(landing: str, referrer: str) -> None:
    assert touch(landing, referrer).channel
