from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.errors import InvalidInput
from clique_app.integrations.meta import mapping

INSIGHT = {
    "campaign_id": "1", "campaign_name": "C", "adset_id": "2", "adset_name": "S", "ad_id": "3", "ad_name": "A",
    "account_currency": "USD", "spend": "12.345678", "impressions": "1000", "clicks": "21", "inline_link_clicks": "18",
    "reach": "900", "date_start": "2026-11-01", "date_stop": "2026-11-01",
    "actions": [
        {"action_type": "purchase", "value": "3"},
        {"action_type": "omni_purchase", "value": "3"},
        {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "3"},
        {"action_type": "initiate_checkout", "value": "7"},
    ],
    "action_values": [
        {"action_type": "purchase", "value": "240.50"},
        {"action_type": "omni_purchase", "value": "240.50"},
    ],
}  # fmt: skip


def test_a_budget_is_hundredths_but_whole_units_where_meta_says_so() -> None:
    assert mapping.minor_units(Decimal("50.00"), "USD") == 5000
    assert mapping.minor_units(Decimal(5000), "JPY") == 5000
    assert mapping.minor_units(Decimal("1.5"), "KWD") == 150  # three decimals by ISO, two at Meta
    assert mapping.budget("5000", "HUF") == Decimal(5000)
    assert mapping.budget("5000", "EUR") == Decimal(50)


@given(st.integers(1, 10**9), st.sampled_from(["USD", "JPY", "KWD", "TWD"]))
def test_every_budget_survives_the_way_to_meta_and_back(units: int, currency: str) -> None:
    amount = mapping.budget(units, currency)
    assert amount is not None
    assert mapping.minor_units(amount, currency) == units


@pytest.mark.parametrize(("amount", "currency"), [("10.005", "USD"), ("10.5", "JPY"), ("0", "USD"), ("-1", "USD")])
def test_an_amount_that_meta_cannot_say_is_refused_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(InvalidInput):
        mapping.minor_units(Decimal(amount), currency)


def test_a_budget_of_zero_or_none_is_set_at_the_other_level() -> None:
    assert mapping.budget(None, "USD") is None
    assert mapping.budget("0", "USD") is None


def test_overlapping_purchases_are_counted_once() -> None:
    row = mapping.ad_day(INSIGHT)
    assert (row["reported_conversions"], row["reported_revenue"]) == ("3", "240.50")
    assert (row["spend"], row["checkouts"], row["add_to_carts"]) == ("12.345678", 7, 0)


@pytest.mark.parametrize(
    ("path", "handle"),
    [
        ("/products/Cedar-candle", "cedar-candle"),
        ("/collections/all/products/cedar", "cedar"),
        ("/en-ca/products/caf%C3%A9", "café"),
        ("/collections/all", ""),
        ("/products", ""),
        ("", ""),
    ],
)
def test_a_link_tells_its_product(path: str, handle: str) -> None:
    assert mapping.product_handle(path) == handle


def test_the_link_of_a_video_ad_is_its_call_to_action() -> None:
    story = {"video_data": {"call_to_action": {"value": {"link": "https://s/products/x?utm=1"}}}}
    row = mapping.ad({"id": "1", "adset_id": "2", "status": "ACTIVE", "creative": {"object_story_spec": story}})
    assert (row["link_path"], row["handle"]) == ("/products/x", "x")


def test_what_an_ad_shows_is_its_own_text_or_its_posts() -> None:
    post = {"link_data": {"link": "https://s.com/products/a", "name": "Post title", "message": "Post text"}}
    feed = {"titles": [{"text": "One"}, {"text": "Two"}], "bodies": [{"text": "Body"}]}
    shown = {"id": "5", "title": "Own", "thumbnail_url": "https://t", "object_story_spec": post}
    assert mapping.creative({"creative": shown}) == {
        "platform_id": "5", "name": "", "title": "Own", "body": "Post text", "link_url": "https://s.com/products/a",
        "thumbnail_url": "https://t", "product_set": "",
    }  # fmt: skip
    varied = mapping.creative({"creative": {"id": "6", "asset_feed_spec": feed, "product_set_id": "9"}})
    assert varied is not None
    assert (varied["title"], varied["body"], varied["product_set"]) == ("One", "Body", "9")
    assert mapping.creative({}) is None


def test_the_products_an_ad_names_are_those_of_its_link_and_of_its_cards() -> None:
    cards = [{"link": f"https://s.com/products/{handle}"} for handle in ("b", "a", "b")]
    story = {"link_data": {"link": "https://s.com/collections/x/products/a?utm=1", "child_attachments": cards}}
    feed = {"link_urls": [{"website_url": "https://s.com/products/c"}, {"website_url": "https://s.com/"}]}
    row = {"id": "3", "creative": {"id": "5", "object_story_spec": story, "asset_feed_spec": feed}}
    assert {(one["handle"], one["found_by"]) for one in mapping.promoted(row)} == {
        ("a", "link"), ("b", "card"), ("c", "card"),
    }  # fmt: skip
    assert mapping.promoted({"id": "3"}) == []


@pytest.mark.parametrize(
    ("item", "product", "handle"),
    [
        ({"retailer_id": "shopify_US_501_9001", "url": "https://s.com/products/a?variant=9001"}, 501, "a"),
        ({"retailer_id": "SKU-1", "url": "https://s.com/products/b"}, None, "b"),
        ({}, None, ""),
    ],
)
def test_an_item_of_a_product_set_is_a_variant_of_a_product(item: Any, product: int | None, handle: str) -> None:
    assert mapping.of_set(item) == {"handle": handle, "product": product, "found_by": "product_set"}
