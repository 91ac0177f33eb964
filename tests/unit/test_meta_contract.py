"""What is sent to Meta is known to the SDK's own metadata, which is Meta's specification of this version."""

from __future__ import annotations

from typing import Any

import pytest
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adcreative import AdCreative
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.adsinsights import AdsInsights
from facebook_business.adobjects.application import Application
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.productitem import ProductItem
from facebook_business.api import FacebookAdsApi

from clique_app.integrations.meta import mapping
from clique_app.integrations.meta.settings import API_VERSION

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (AdAccount, mapping.ACCOUNT_FIELDS),
        (Campaign, (*mapping.CAMPAIGN_FIELDS, "account_id")),
        (AdSet, (*mapping.AD_SET_FIELDS, "account_id")),
        (Ad, (*mapping.AD_FIELDS, "creative", "account_id")),
        (AdCreative, mapping.CREATIVE_FIELDS),
        (ProductItem, mapping.PRODUCT_FIELDS),
        (AdsInsights, (*mapping.AD_DAY_FIELDS, *mapping.REGION_DAY_FIELDS, *mapping.ACCOUNT_TOTAL_FIELDS)),
        (AdReportRun, ("async_status", "async_percent_completion")),
    ],
)
def test_every_field_exists(kind: Any, fields: tuple[str, ...]) -> None:
    assert set(fields) <= set(kind._field_types) | set(vars(kind.Field).values())


@pytest.mark.parametrize(
    ("edge", "params"),
    [
        (
            "get_insights",
            {"level": "ad", "time_increment": "1", "time_range": {"since": "a", "until": "b"}, "limit": 500},
        ),
        ("get_insights", {"level": "campaign", "breakdowns": ["country", "region"]}),
        ("get_insights", {"level": "account"}),
        ("get_insights_async", {"level": "ad", "time_increment": "1", "time_range": {"since": "a", "until": "b"}}),
    ],
)
def test_every_parameter_of_a_read_exists_and_has_its_type(edge: str, params: dict[str, Any]) -> None:
    _known(getattr(AdAccount("act_1", api=_api()), edge)(fields=[], params=dict(params), pending=True), params)


def test_every_parameter_of_a_webhook_subscription_exists() -> None:
    app = {"object": "ad_account", "callback_url": "https://a", "fields": ["creative_fatigue"], "include_values": True}
    app["verify_token"] = "t"
    _known(Application("1", api=_api()).create_subscription(params=dict(app), pending=True), app)
    for edge in ("create_subscribed_app", "delete_subscribed_apps"):
        params = {"app_id": "1"}
        _known(getattr(AdAccount("act_1", api=_api()), edge)(params=dict(params), pending=True), params)


@pytest.mark.parametrize("kind", [Campaign, AdSet])
def test_a_budget_is_a_parameter_of_both_its_levels(kind: Any) -> None:
    params = {"daily_budget": 5000}
    _known(kind("1", api=_api()).api_update(params=params, pending=True), params)


@pytest.mark.parametrize("kind", [Campaign, AdSet, Ad])
@pytest.mark.parametrize("status", ["active", "paused"])
def test_a_status_is_a_parameter_of_all_levels(kind: Any, status: Any) -> None:
    params = {"status": mapping.status(status)}
    _known(kind("1", api=_api()).api_update(params=params, pending=True), params)


def test_the_sdk_speaks_the_version_we_ask_for() -> None:
    assert FacebookAdsApi.API_VERSION == API_VERSION


def _api() -> Any:
    return object()


def _known(request: Any, params: dict[str, Any]) -> None:
    known = request._param_checker._type_check_info
    assert set(params) <= set(known)
    for name, value in params.items():
        assert request._param_checker.is_valid_pair(name, value), (name, value, known[name])
