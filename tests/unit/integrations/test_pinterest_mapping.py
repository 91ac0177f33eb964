from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.errors import InvalidInput
from clique_app.integrations.pinterest import mapping

NAMES = {"US-CA": "California", "US-NY": "New York"}


def _placed(kind: str, value: str, spend: int, shown: int = 0) -> mapping.Row:
    metrics = {"SPEND_IN_MICRO_DOLLAR": spend, "IMPRESSION_1": shown}
    return {"TARGETING_TYPE": kind, "TARGETING_VALUE": value, "CAMPAIGN_ID": 7, "DATE": "2026-11-01", **metrics}


@given(st.decimals(min_value="0.000001", max_value="99999999", places=6))
def test_a_budget_comes_back_as_it_was_sent(amount: Decimal) -> None:
    row = {"daily_spend_cap": mapping.micro(amount, "USD"), "is_campaign_budget_optimization": True}
    assert mapping.campaign_budget(row) == amount


@pytest.mark.parametrize("amount", ["0", "-5", "0.0000001"])
def test_a_budget_that_cannot_be_said_is_refused(amount: str) -> None:
    with pytest.raises(InvalidInput):
        mapping.micro(Decimal(amount), "USD")


@pytest.mark.parametrize("kind", ["LIFETIME", "CBO_ADGROUP"])
def test_only_a_daily_budget_of_the_ad_group_itself_is_one(kind: str) -> None:
    assert mapping.ad_group_budget({"budget_in_micro_currency": 5_000_000, "budget_type": kind}) is None
    assert mapping.ad_group_budget({"budget_in_micro_currency": 5_000_000, "budget_type": "DAILY"}) == 5


def test_a_lifetime_budget_is_no_daily_one() -> None:
    assert mapping.campaign_budget({"lifetime_spend_cap": 5_000_000, "is_campaign_budget_optimization": True}) is None


@given(
    st.lists(st.tuples(st.sampled_from(["US-CA", "US-NY", "US-TX", "somewhere"]), st.integers(1, 10**9)), max_size=6),
    st.integers(0, 10**9),
)
def test_regions_and_the_rest_add_up_to_the_country(regions: list[tuple[str, int]], unplaced: int) -> None:
    whole = sum(spend for _, spend in regions) + unplaced
    rows = [_placed("COUNTRY", "US", whole), *(_placed("REGION", value, spend) for value, spend in regions)]
    found = mapping.region_days(rows, "USD", NAMES)
    assert sum(Decimal(row["spend"]) for row in found) == Decimal(whole) / 1_000_000
    assert {row["country"] for row in found} <= {"US"}
    assert all(Decimal(row["spend"]) > 0 for row in found)


def test_a_region_has_the_name_that_pinterest_lists() -> None:
    listed = [{"US": "U.S.", "US-CA": "U.S.: California", "501": "U.S.: New York"}]
    assert mapping.region_names(listed) == {"US-CA": "California"}
    found = mapping.region_days([_placed("COUNTRY", "US", 9), _placed("REGION", "US-CA", 9)], "USD", NAMES)
    assert [(row["country"], row["region"]) for row in found] == [("US", "California")]


def test_a_column_without_a_value_is_zero_and_a_number_becomes_an_id() -> None:
    ids = {"CAMPAIGN_ID": 549755885175, "AD_GROUP_ID": 2680060704746, "AD_ID": 687195134316}
    found = mapping.ad_day({**ids, "DATE": "2026-11-01", "SPEND_IN_MICRO_DOLLAR": 1_234_567}, "EUR")
    assert (found["campaign_id"], found["ad_id"]) == ("549755885175", "687195134316")
    assert (found["spend"], found["currency"], found["impressions"]) == ("1.234567", "EUR", 0)
    assert (found["reported_conversions"], found["reported_revenue"]) == ("0", "0")


def test_an_ad_leads_where_it_says_else_where_its_pin_does() -> None:
    row = {"id": "1", "ad_group_id": "2", "pin_id": "3", "status": "ACTIVE", "destination_url": None}
    pin = {"link": "https://shop.example/products/amber?utm_source=pinterest"}
    assert mapping.ad(row, pin)["handle"] == "amber"
    own = {**row, "destination_url": "https://shop.example/collections/x/products/Birch"}
    assert mapping.ad(own, pin)["handle"] == "birch"
    cards = ["https://shop.example/products/amber", "https://shop.example/products/birch"]
    found = mapping.promoted({**row, "carousel_destination_urls": cards}, pin)
    assert {one["handle"]: one["found_by"] for one in found} == {"amber": "link", "birch": "card"}
