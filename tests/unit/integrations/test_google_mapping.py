from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.errors import InvalidInput, Rejected
from clique_app.integrations.google import mapping
from clique_app.integrations.summed import summed

BUDGET = {"resourceName": "customers/1/campaignBudgets/9", "amountMicros": "12340000", "period": "DAILY"}
DAY: dict[str, Any] = {
    "campaign": {"id": "1", "name": "C"},
    "adGroup": {"id": "2", "name": "G"},
    "adGroupAd": {"ad": {"id": "3"}},
    "customer": {"currencyCode": "USD"},
    "segments": {"date": "2026-11-01"},
    "metrics": {"costMicros": "12345678", "impressions": "1000", "clicks": "21"},
}


@given(st.integers(1, 10**9), st.sampled_from(["USD", "EUR", "JPY", "KRW"]))
def test_every_budget_survives_the_way_to_google_and_back(units: int, currency: str) -> None:
    amount = Decimal(units) if currency in mapping.WHOLE_UNIT_CURRENCIES else Decimal(units) / 100
    assert mapping.money(mapping.micros(amount, currency)) == amount


@pytest.mark.parametrize(("amount", "currency"), [("0", "USD"), ("-1", "USD"), ("1.005", "USD"), ("10.5", "JPY")])
def test_an_amount_the_currency_does_not_have_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(InvalidInput):
        mapping.micros(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("changed", "own"),
    [
        ({}, Decimal("12.34")),
        ({"explicitlyShared": True}, None),
        ({"period": "CUSTOM_PERIOD", "amountMicros": "0"}, None),
    ],
)
def test_only_a_daily_budget_that_is_not_shared_is_a_campaigns_own(changed: Any, own: Decimal | None) -> None:
    assert mapping.budget({"campaignBudget": {**BUDGET, **changed}}) == own


def test_purchases_are_the_accounts_goals_and_carts_are_all_of_them() -> None:
    actions = {
        "PURCHASE": {"conversions": 2.5, "conversionsValue": 99.9, "allConversions": 6.0},
        "ADD_TO_CART": {"conversions": 0, "allConversions": 9.0},
    }
    day = mapping.ad_day(DAY, actions)
    assert (day["reported_conversions"], day["reported_revenue"]) == ("2.500000", "99.900000")
    assert (day["add_to_carts"], day["checkouts"], day["spend"]) == (9, 0, "12.345678")


def test_an_asset_group_is_an_ad_group_and_its_one_ad() -> None:
    row = {
        **DAY,
        "assetGroup": {"id": "7", "name": "All", "status": "ENABLED", "finalUrls": ["https://s/products/a-b"]},
    }
    group, ad = mapping.ad_group(row), mapping.ad(row)
    assert group["platform_id"] == ad["platform_id"] == ad["ad_group"] == "assetGroups/7"
    assert (ad["handle"], ad["status"]) == ("a-b", "active")
    assert mapping.ad_day(row, {})["ad_id"] == "assetGroups/7"
    assert mapping.number("assetGroups/7") == "7"


@pytest.mark.parametrize("text", ["", "1 OR 1=1", "customers/1", "²"])
def test_an_id_is_digits_or_it_goes_into_no_query(text: str) -> None:
    with pytest.raises(Rejected):
        mapping.number(text)


def test_an_item_of_merchant_center_is_a_variant_of_a_product() -> None:
    assert mapping.shown_product({"segments": {"productItemId": "shopify_us_501_77"}}) == 501
    assert mapping.shown_product({"segments": {"productItemId": "own-feed-1"}}) is None


def test_a_place_named_twice_is_one_row_with_both_figures() -> None:
    one = mapping.region_day(DAY, "US", "Ohio")
    two = {**one, "region": "Texas"}
    found = {row["region"]: row for row in summed(iter([one, dict(one), two]))}
    assert found["Ohio"]["spend"] == "24.691356"
    assert found["Ohio"]["impressions"] == 2000
    assert found["Texas"]["clicks"] == 21
