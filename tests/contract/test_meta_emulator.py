"""Meta's real SDK and a plain client against the sandbox's Meta."""

# The SDK types every edge as request or result:
# pyright: reportArgumentType=false, reportIndexIssue=false

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from facebook_business import FacebookAdsApi, FacebookSession
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.adsinsights import AdsInsights
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.user import User
from facebook_business.exceptions import FacebookRequestError

from clique_app.sandbox.meta import fields, insights
from tests.contract.sandbox_server import APP_URL, META_APP_ID, META_APP_SECRET, Served, serve
from tests.kit.plain_http import PLAIN_HTTP

SCOPES = "ads_read,ads_management,business_management"
CALLBACK = f"{APP_URL}/auth/meta/callback"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("meta")) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults(served: Served) -> Iterator[None]:
    yield
    PLAIN_HTTP.delete(f"{served.url}/_control/faults")


def _login(served: Served, scopes: str = SCOPES, choice: str = "continue") -> dict[str, list[str]]:
    query = {"client_id": META_APP_ID, "redirect_uri": CALLBACK, "state": "s1", "scope": scopes}
    url = f"{served.url}/meta/www/v26.0/dialog/oauth"
    assert "Maya Lind" in PLAIN_HTTP.get(url, params=query).text
    answer = PLAIN_HTTP.post(url, params=query, data={"choice": choice})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(CALLBACK)
    return parse_qs(urlsplit(answer.headers["location"]).query)


def _token(served: Served, scopes: str = SCOPES) -> str:
    keys = {"client_id": META_APP_ID, "client_secret": META_APP_SECRET}
    url = f"{served.url}/meta/graph/v26.0/oauth/access_token"
    code = _login(served, scopes)["code"][0]
    short = PLAIN_HTTP.get(url, params={**keys, "redirect_uri": CALLBACK, "code": code}).json()
    assert short["expires_in"] < 7200
    assert "error" in PLAIN_HTTP.get(url, params={**keys, "redirect_uri": CALLBACK, "code": code}).json()
    swap = {**keys, "grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
    long = PLAIN_HTTP.get(url, params=swap).json()
    assert long["expires_in"] == 5183944
    return long["access_token"]


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return _token(served)


def _api(served: Served, token: str) -> FacebookAdsApi:
    session_type = type("Session", (FacebookSession,), {"GRAPH": f"{served.url}/meta/graph"})
    return FacebookAdsApi(session_type(META_APP_ID, META_APP_SECRET, token, timeout=20), api_version="v26.0")


@pytest.fixture(scope="module")
def account(served: Served, token: str) -> Any:
    own = next(a for a in served.world.ads.accounts.values() if a.owner_shop)
    return AdAccount(f"act_{own.account_id}", api=_api(served, token))


def _fault(served: Served, fault: str, **match: str) -> None:
    spec = {"platform": "meta", "fault": fault, "match": match}
    assert PLAIN_HTTP.post(f"{served.url}/_control/faults", json=spec).status_code == 200


def _range(served: Served, days: int) -> dict[str, str]:
    today = served.world.store(served.shop).day_of(served.world.now())
    return {"since": str(today - timedelta(days=days)), "until": str(today - timedelta(days=1))}


def _plain(served: Served, path: str, token: str, **params: str) -> httpx.Response:
    proof = hmac.new(META_APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
    query = {"access_token": token, "appsecret_proof": proof, **params}
    return PLAIN_HTTP.get(f"{served.url}/meta/graph/v26.0/{path}", params=query)


def test_cancelling_the_login_comes_back_with_access_denied(served: Served) -> None:
    answer = _login(served, choice="cancel")
    assert answer["error"] == ["access_denied"]
    assert answer["state"] == ["s1"]


def test_the_dialog_sends_nobody_to_a_foreign_address(served: Served) -> None:
    query = {"client_id": META_APP_ID, "redirect_uri": "https://evil.example/", "scope": SCOPES}
    answer = PLAIN_HTTP.post(f"{served.url}/meta/www/v26.0/dialog/oauth", params=query, data={"choice": "continue"})
    assert answer.status_code == 400


def test_the_user_sees_two_ad_accounts_to_choose_from(served: Served, token: str) -> None:
    asked = ["account_id", "name", "currency", "timezone_name", "account_status"]
    found = list(User("me", api=_api(served, token)).get_ad_accounts(fields=asked))
    assert {a["currency"] for a in found} == {"USD", "EUR"}
    assert all(a["id"] == f"act_{a['account_id']}" for a in found)


def test_campaigns_ad_sets_and_ads_are_listed_page_by_page(served: Served, account: Any, token: str) -> None:
    campaigns = list(account.get_campaigns(fields=list(fields.CAMPAIGN), params={"limit": 3}))
    assert {c["id"] for c in campaigns} == {
        c.campaign_id for c in served.world.ads.campaigns_of(account["id"].removeprefix("act_"))
    }
    ad_sets = list(account.get_ad_sets(fields=list(fields.AD_SET), params={"limit": 7}))
    for c in campaigns:
        below = [s for s in ad_sets if s["campaign_id"] == c["id"]]
        assert below
        assert all(("daily_budget" in s) != ("daily_budget" in c) for s in below)
    answer = _plain(served, f"{account['id']}/ads", token, fields="name,creative{id,object_story_spec}")
    link = answer.json()["data"][0]["creative"]["object_story_spec"]["link_data"]["link"]
    assert re.search(
        r"utm_source=(facebook|instagram)&utm_medium=paid&utm_campaign=.*&utm_id=\d+&utm_content=\d+", link
    )


def test_insights_by_day_are_text_numbers_with_overlapping_actions(served: Served, account: Any) -> None:
    params = {"level": "campaign", "time_increment": 1, "time_range": _range(served, 7), "limit": 20}
    asked = ["campaign_id", "spend", "impressions", "actions", "action_values"]
    rows = list(account.get_insights(fields=asked, params=params))
    assert len(rows) > 40
    assert all(isinstance(row["spend"], str) and row["date_start"] == row["date_stop"] for row in rows)
    sold = next(row for row in rows if row.get("action_values"))
    actions = {a["action_type"]: a["value"] for a in sold["actions"]}
    assert actions["purchase"] == actions["omni_purchase"] == actions["offsite_conversion.fb_pixel_purchase"]
    by_account = list(account.get_insights(fields=["spend"], params={**params, "level": "account"}))
    total = sum(round(float(row["spend"]) * 100) for row in rows)
    assert sum(round(float(row["spend"]) * 100) for row in by_account) == total


def test_regions_split_spend_but_not_purchases(served: Served, account: Any) -> None:
    params = {"level": "campaign", "time_increment": 1, "time_range": _range(served, 2), "limit": 500}
    asked = ["campaign_id", "spend", "actions"]
    whole = list(account.get_insights(fields=asked, params=params))
    split = list(account.get_insights(fields=asked, params={**params, "breakdowns": ["country", "region"]}))
    cents = [sum(round(float(row["spend"]) * 100) for row in rows) for rows in (whole, split)]
    assert cents[0] == cents[1]
    assert {row["country"] for row in split} == {"US"}
    assert not any("purchase" in a["action_type"] for row in split for a in row.get("actions", []))


def test_a_long_report_is_fetched_asynchronously(served: Served, account: Any) -> None:
    params = {"level": "ad", "time_increment": 1, "time_range": _range(served, 10)}
    run = account.get_insights(fields=["ad_id", "spend"], params=params, is_async=True)
    assert isinstance(run, AdReportRun)
    states = [run.api_get()["async_status"] for _ in range(2)]
    assert states == ["Job Running", "Job Completed"]
    rows = list(run.get_insights(params={"limit": 100}))
    assert len(rows) == len(list(account.get_insights(fields=["ad_id", "spend"], params={**params, "limit": 100})))


def test_a_budget_is_written_in_minor_units_and_read_back(served: Served, account: Any) -> None:
    campaigns = account.get_campaigns(fields=["daily_budget", "name"])
    own = next(c for c in campaigns if "daily_budget" in c)
    campaign = Campaign(own["id"], api=account.get_api())
    campaign.api_update(params={"daily_budget": int(own["daily_budget"]) + 500})
    assert campaign.api_get(fields=["daily_budget"])["daily_budget"] == str(int(own["daily_budget"]) + 500)
    control = PLAIN_HTTP.get(f"{served.url}/_control/meta/objects/{own['id']}").json()
    assert float(control["daily_budget"]) * 100 == int(own["daily_budget"]) + 500


def test_a_budget_is_refused_where_the_other_level_holds_it(account: Any) -> None:
    campaigns = {c["id"]: c for c in account.get_campaigns(fields=["daily_budget"])}
    ad_sets = account.get_ad_sets(fields=["campaign_id", "daily_budget"], params={"limit": 100})
    ad_set = next(s for s in ad_sets if "daily_budget" in campaigns[s["campaign_id"]])
    with pytest.raises(FacebookRequestError) as caught:
        AdSet(ad_set["id"], api=account.get_api()).api_update(params={"daily_budget": 5000})
    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (100, 1885621)


def test_the_fault_that_answers_success_changes_nothing(served: Served, account: Any) -> None:
    own = next(c for c in account.get_campaigns(fields=["daily_budget"]) if "daily_budget" in c)
    _fault(served, "write_ok_no_change", object=own["id"])
    campaign = Campaign(own["id"], api=account.get_api())
    campaign.api_update(params={"daily_budget": int(own["daily_budget"]) + 900})
    assert campaign.api_get(fields=["daily_budget"])["daily_budget"] == own["daily_budget"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [("rate_limit", 17), ("app_rate_limit", 4), ("throttled", 80004), ("expired_token", 190), ("5xx", 1)],
)
def test_faults_come_once_with_metas_codes(served: Served, account: Any, fault: str, code: int) -> None:
    _fault(served, fault, path="campaigns")
    with pytest.raises(FacebookRequestError) as caught:
        account.get_campaigns(fields=["name"])
    assert caught.value.api_error_code() == code
    assert len(account.get_campaigns(fields=["name"])) > 5


def test_a_truncated_and_an_empty_page(served: Served, account: Any, token: str) -> None:
    _fault(served, "truncated_page", path="campaigns")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        _plain(served, f"{account['id']}/campaigns", token, fields="name").json()
    _fault(served, "empty_page", path="campaigns")
    page = _plain(served, f"{account['id']}/campaigns", token, fields="name").json()
    assert page["data"] == []
    rest = PLAIN_HTTP.get(page["paging"]["next"], params={**_proof(token), **_query(page["paging"]["next"])}).json()
    assert len(rest["data"]) > 5


def _proof(token: str) -> dict[str, str]:
    return {"appsecret_proof": hmac.new(META_APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()}


def _query(url: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}


def test_calls_are_refused_without_proof_with_a_wrong_one_and_with_unknown_names(
    served: Served, account: Any, token: str
) -> None:
    base = f"{served.url}/meta/graph/v26.0/{account['id']}"
    assert PLAIN_HTTP.get(base, params={"access_token": token}).json()["error"]["code"] == 100
    wrong = PLAIN_HTTP.get(base, params={"access_token": token, "appsecret_proof": "00"}).json()
    assert "Invalid appsecret_proof" in wrong["error"]["message"]
    assert _plain(served, account["id"], token, fields="nonsense").json()["error"]["code"] == 100
    assert _plain(served, f"{account['id']}/campaigns", token, nonsense="1").json()["error"]["code"] == 100
    assert _plain(served, "act_1", token).json()["error"]["error_subcode"] == 33
    assert _plain(served, "me", "EAAGnonsense").json()["error"]["code"] == 190


def test_a_token_that_may_only_read_cannot_write(served: Served, account: Any) -> None:
    campaign = account.get_campaigns(fields=["name"])[0]
    reader = _api(served, _token(served, "ads_read"))
    with pytest.raises(FacebookRequestError) as caught:
        Campaign(campaign["id"], api=reader).api_update(params={"status": "PAUSED"})
    assert caught.value.api_error_code() == 200


def test_answers_carry_the_rate_limit_headers(served: Served, account: Any, token: str) -> None:
    headers = _plain(served, f"{account['id']}/insights", token, fields="spend").headers
    assert {"x-business-use-case-usage", "x-ad-account-usage", "x-fb-ads-insights-throttle"} <= set(headers)


def test_every_field_served_exists_at_meta() -> None:
    pairs: list[tuple[dict[str, Any], Any]] = [
        (fields.ACCOUNT, AdAccount),
        (fields.CAMPAIGN, Campaign),
        (fields.AD_SET, AdSet),
        (insights.FIELDS, AdsInsights),
    ]
    for served_fields, sdk_type in pairs:
        assert set(served_fields) <= set(sdk_type._field_types), sdk_type.__name__
