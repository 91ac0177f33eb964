"""What the collector takes of a beacon, and what it does not."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.connections.pixel_key import key_of, store_of
from clique_app.errors import AccessDenied, InvalidInput
from clique_app.integrations.shopify.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES
from clique_app.settings import SHOPIFY_API_VERSION
from clique_app.site import beacon

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BROWSER = "2f8a1c5e-0000-4000-8000-000000000001"
PAGE: dict[str, Any] = {
    "key": "1-x", "visitor": BROWSER, "id": "e1", "kind": "page_viewed", "age_ms": 1500, "path": "/products/fig",
    "consent": "analytics marketing", "referrer": "l.instagram.com",
    "tags": {"source": "Facebook", "medium": "paid", "campaign": "23850001", "content": "23850009", "click": "fbclid"},
}  # fmt: skip


def test_an_arrival_keeps_where_it_came_from_and_nothing_of_the_browser() -> None:
    kept = beacon.event(1, PAGE, NOW)
    assert (kept.channel, kept.source, kept.campaign, kept.click_id) == ("meta", "facebook", "23850001", "fbclid")
    assert (kept.campaign_platform_id, kept.ad_platform_id) == ("23850001", "23850009")
    assert kept.at == NOW - timedelta(seconds=1.5)
    assert BROWSER.encode() not in kept.visitor_id
    assert len(kept.visitor_id) == 16


def test_a_visitor_is_the_same_in_a_store_and_nobody_known_in_another() -> None:
    again = beacon.event(1, {**PAGE, "id": "e2"}, NOW)
    assert again.visitor_id == beacon.event(1, PAGE, NOW).visitor_id
    assert again.event_id != beacon.event(1, PAGE, NOW).event_id
    assert beacon.event(2, PAGE, NOW).visitor_id != again.visitor_id


@pytest.mark.parametrize(
    "changed",
    [
        {"tags": {}, "referrer": ""},
        {"path": "/checkouts", "tags": {}, "referrer": "paypal.com"},
        {"kind": "product_viewed"},
    ],
    ids=["from within", "back from a payment", "not a page"],
)
def test_what_is_no_arrival_has_no_channel(changed: dict[str, Any]) -> None:
    kept = beacon.event(1, {**PAGE, **changed}, NOW)
    assert (kept.channel, kept.source, kept.campaign, kept.click_id, kept.referrer) == (None, "", "", None, "")


@pytest.mark.parametrize(("tags", "referrer", "channel"), [
    ({}, "www.google.com", "organic"),
    ({}, "candlereviews.example", "referral"),
    ({"source": "klaviyo", "medium": "email"}, "", "email"),
    ({"click": "ttclid"}, "", "tiktok"),
])  # fmt: skip
def test_the_channel_is_told_as_shopifys_visits_are(tags: dict[str, str], referrer: str, channel: str) -> None:
    assert beacon.event(1, {**PAGE, "tags": tags, "referrer": referrer}, NOW).channel == channel


@pytest.mark.parametrize("consent", [None, "", "marketing", "no", ["analytics"], True])
def test_without_consent_to_analytics_nothing_is_taken(consent: object) -> None:
    with pytest.raises(AccessDenied):
        beacon.event(1, {**PAGE, "consent": consent}, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "typed"}, {"kind": 1}, {"visitor": ""}, {"visitor": "x" * 201}, {"id": None}, {"age_ms": -1},
        {"age_ms": 86_400_001}, {"age_ms": True}, {"age_ms": "5"}, {"path": "https://x/"}, {"path": "/a?b=c"},
        {"path": ""}, {"path": "/" + "x" * 300}, {"product": 1.5}, {"product": 2**63}, {"order": -1}, {"scroll": 50},
        {"kind": "scrolled"}, {"kind": "scrolled", "scroll": 101}, {"tags": "utm"}, {"tags": {"source": 5}},
        {"tags": {"click": "xclid"}}, {"referrer": "a\0b"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_amiss_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        beacon.event(1, {**PAGE, **changed}, NOW)


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text("a1/?\0é", max_size=6)


@given(st.fixed_dictionaries({}, optional={name: ANYTHING for name in [*PAGE, "product", "order", "scroll"]}))
def test_whatever_is_sent_is_kept_whole_or_refused(changed: dict[str, Any]) -> None:
    try:
        _, told = beacon.key_in(json.dumps({**PAGE, **changed}).encode())
        kept = beacon.event(1, told, NOW)
    except (InvalidInput, AccessDenied):
        return
    assert kept.kind in beacon.KINDS
    assert NOW - beacon.OLDEST <= kept.at <= NOW
    assert "\0" not in "".join(value for name in beacon.COLUMNS if isinstance(value := getattr(kept, name), str))


@pytest.mark.parametrize("body", [b"", b"[]", b"no", b"\xff", b'{"key": "\\ud800"}', b'{"key": 1}', b"{}"])
def test_a_body_that_is_no_beacon_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        beacon.key_in(body)


def test_a_key_says_whose_it_is_and_cannot_be_made_up() -> None:
    key = key_of(7)
    assert store_of(key) == 7
    for other in ("8" + key[1:], key[:-1], key + "0", "", "7", "-", "x-y", "²-" + key[2:], "9" * 30 + "-x"):
        assert store_of(other) is None


def test_the_apps_own_files_say_the_same_as_the_code() -> None:
    app = tomllib.loads((ROOT / "shopify.app.toml").read_text())
    assert set(app["access_scopes"]["scopes"].split(",")) == set(REQUIRED_SCOPES)
    assert tuple(app["access_scopes"]["optional_scopes"]) == OPTIONAL_SCOPES
    pixel = tomllib.loads((ROOT / "extensions" / "clique-pixel" / "shopify.extension.toml").read_text())
    assert pixel["customer_privacy"]["analytics"] is True
    assert set(pixel["settings"]["fields"]) == {"collector", "key", "click_ids"}
    assert app["webhooks"]["api_version"] == pixel["api_version"] == SHOPIFY_API_VERSION
    assert (ROOT / "extensions" / "clique-pixel" / "src" / "index.js").exists()
