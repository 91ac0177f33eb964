"""The questions asked of Google Ads, in its query language (GAQL)."""

# ruff: noqa: S608  (no SQL, and only our own dates and ids go into it)

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

# lists name what was removed, too, unless they are told not to
NOT_REMOVED = "campaign.status IN ('ENABLED', 'PAUSED')"

ACCOUNT = """
SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, customer.manager,
  customer.status
FROM customer LIMIT 1
"""

CLIENT_ACCOUNTS = """
SELECT customer_client.id, customer_client.descriptive_name, customer_client.currency_code, customer_client.time_zone,
  customer_client.manager, customer_client.status
FROM customer_client WHERE customer_client.manager = FALSE
"""

_CAMPAIGN = """
SELECT campaign.id, campaign.name, campaign.status, campaign.primary_status, campaign.advertising_channel_type,
  customer.currency_code, campaign_budget.resource_name, campaign_budget.amount_micros, campaign_budget.period,
  campaign_budget.explicitly_shared, campaign_budget.reference_count
FROM campaign WHERE {where}
"""
CAMPAIGNS = _CAMPAIGN.format(where=NOT_REMOVED)

A_PERFORMANCE_MAX = """
SELECT campaign.id FROM campaign WHERE campaign.advertising_channel_type = 'PERFORMANCE_MAX' LIMIT 1
"""

_AD_GROUP = """
SELECT ad_group.id, ad_group.name, ad_group.status, ad_group.primary_status, campaign.id, customer.currency_code
FROM ad_group WHERE {where}
"""
AD_GROUPS = _AD_GROUP.format(where=f"ad_group.status IN ('ENABLED', 'PAUSED') AND {NOT_REMOVED}")

_AD = """
SELECT ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.ad.type, ad_group_ad.ad.final_urls, ad_group_ad.status,
  ad_group_ad.primary_status, ad_group_ad.ad.responsive_search_ad.headlines,
  ad_group_ad.ad.responsive_search_ad.descriptions, ad_group_ad.ad.responsive_display_ad.headlines,
  ad_group_ad.ad.responsive_display_ad.descriptions, ad_group_ad.ad.image_ad.image_url, ad_group.id, campaign.id,
  customer.currency_code
FROM ad_group_ad WHERE {where}
"""
ADS = _AD.format(where=f"ad_group_ad.status IN ('ENABLED', 'PAUSED') AND ad_group.status IN ('ENABLED', 'PAUSED') "
                       f"AND {NOT_REMOVED}")  # fmt: skip

_ASSET_GROUP = """
SELECT asset_group.id, asset_group.name, asset_group.status, asset_group.primary_status, asset_group.final_urls,
  campaign.id, customer.currency_code
FROM asset_group WHERE {where}
"""
ASSET_GROUPS = _ASSET_GROUP.format(where=f"asset_group.status IN ('ENABLED', 'PAUSED') AND {NOT_REMOVED}")

ASSET_TEXTS = f"""
SELECT asset_group.id, asset_group_asset.field_type, asset.text_asset.text, asset.image_asset.full_size.url
FROM asset_group_asset
WHERE asset_group_asset.field_type IN ('HEADLINE', 'DESCRIPTION', 'MARKETING_IMAGE')
  AND asset_group_asset.status = 'ENABLED' AND {NOT_REMOVED}
"""

# the products that ads from Merchant Center showed of late
SHOWN_PRODUCTS = f"""
SELECT campaign.id, ad_group.id, segments.product_item_id, metrics.impressions
FROM shopping_performance_view
WHERE segments.date DURING LAST_30_DAYS AND metrics.impressions > 0 AND {NOT_REMOVED}
"""

_DELIVERY = "metrics.cost_micros, metrics.impressions, metrics.clicks"
_CLAIMED = "metrics.conversions, metrics.conversions_value"
_BY_ACTION = f"segments.conversion_action_category, {_CLAIMED}, metrics.all_conversions"
# a customer's action is counted by its kind: `metrics.conversions` alone is whatever the account calls a goal
_ACTIONS = "segments.conversion_action_category IN ('PURCHASE', 'ADD_TO_CART', 'BEGIN_CHECKOUT')"
_OF_AD = "campaign.id, campaign.name, ad_group.id, ad_group.name, ad_group_ad.ad.id, ad_group_ad.ad.name"
_OF_ASSET_GROUP = "campaign.id, campaign.name, asset_group.id, asset_group.name"
_DAY = "segments.date, customer.currency_code"


def one_campaign(campaign_id: str) -> str:
    return _CAMPAIGN.format(where=f"campaign.id = {int(campaign_id)}")


def one_ad_group(ad_group_id: str) -> str:
    return _AD_GROUP.format(where=f"ad_group.id = {int(ad_group_id)}")


def one_ad(ad_id: str) -> str:
    return _AD.format(where=f"ad_group_ad.ad.id = {int(ad_id)}")


def one_asset_group(asset_group_id: str) -> str:
    return _ASSET_GROUP.format(where=f"asset_group.id = {int(asset_group_id)}")


def ad_days(first: date, last: date) -> str:
    return f"SELECT {_OF_AD}, {_DAY}, {_DELIVERY} FROM ad_group_ad WHERE {_between(first, last)}"


def ad_actions(first: date, last: date) -> str:
    """Costs and kinds of action do not go into one question."""
    return f"SELECT {_OF_AD}, {_DAY}, {_BY_ACTION} FROM ad_group_ad WHERE {_between(first, last)} AND {_ACTIONS}"


def asset_group_days(first: date, last: date) -> str:
    """Performance Max has no ads: what it shows is put together from an asset group."""
    return f"SELECT {_OF_ASSET_GROUP}, {_DAY}, {_DELIVERY} FROM asset_group WHERE {_between(first, last)}"


def asset_group_actions(first: date, last: date) -> str:
    days = f"{_between(first, last)} AND {_ACTIONS}"
    return f"SELECT {_OF_ASSET_GROUP}, {_DAY}, {_BY_ACTION} FROM asset_group WHERE {days}"


def region_days(first: date, last: date) -> str:
    """By where people were. (geographic_view also counts the places they were interested in.)"""
    return (
        f"SELECT campaign.id, campaign.name, {_DAY}, user_location_view.country_criterion_id, "
        f"user_location_view.targeting_location, segments.geo_target_region, {_DELIVERY} "
        f"FROM user_location_view WHERE {_between(first, last)}"
    )


def places(resource_names: Iterable[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in resource_names)
    return (
        "SELECT geo_target_constant.resource_name, geo_target_constant.name, geo_target_constant.country_code "
        f"FROM geo_target_constant WHERE geo_target_constant.resource_name IN ({listed})"
    )


def keyword_days(first: date, last: date) -> str:
    return (
        "SELECT campaign.id, ad_group.id, ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type, "
        f"{_DAY}, {_DELIVERY}, {_CLAIMED} FROM keyword_view WHERE {_between(first, last)}"
    )


def search_term_days(first: date, last: date) -> str:
    """What people really searched for. Google leaves out what too few searched for."""
    return (
        f"SELECT campaign.id, ad_group.id, search_term_view.search_term, {_DAY}, {_DELIVERY}, {_CLAIMED} "
        f"FROM search_term_view WHERE {_between(first, last)}"
    )


def total(first: date, last: date) -> str:
    return f"SELECT metrics.cost_micros, metrics.impressions FROM customer WHERE {_between(first, last)}"


def total_by_region(first: date, last: date) -> str:
    """What region_days comes to: a row for each country, once for people who were targeted and once for others."""
    return (
        "SELECT user_location_view.country_criterion_id, user_location_view.targeting_location, metrics.cost_micros, "
        f"metrics.impressions FROM user_location_view WHERE {_between(first, last)}"
    )


def _between(first: date, last: date) -> str:
    return f"segments.date BETWEEN '{first.isoformat()}' AND '{last.isoformat()}'"
