from __future__ import annotations

from decimal import Decimal

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
