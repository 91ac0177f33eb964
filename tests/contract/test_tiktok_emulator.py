"""A plain client against the sandbox's TikTok: it answers, refuses and limits as the platform does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from clique_app.sandbox.ad_facts import ad_days, by_region
from tests.contract.sandbox_server import APP_URL, APPS, Served, serve
from tests.kit.plain_http import PLAIN_HTTP

CALLBACK = f"{APP_URL}/auth/tiktok/callback"
APP = {"app_id": APPS["tiktok"].app_id, "secret": APPS["tiktok"].secret}


class Person:
    """Somebody who has let the app use the ad accounts."""

    def __init__(self, served: Served) -> None:
        self.served, self.url = served, f"{served.url}/tiktok/open_api/v1.3"
        self.http = httpx.Client(trust_env=False)
        query = {"app_id": APP["app_id"], "redirect_uri": CALLBACK, "state": "s1"}
        page = f"{served.url}/tiktok/portal/auth"
        assert "Harbor Lane" in self.http.get(page, params=query).text
        back = self.http.post(page, params=query, data={"choice": "continue"}).headers["location"]
        self.returned = parse_qs(urlsplit(back).query)
        self.token: str = self.post("oauth2/access_token", {**APP, "auth_code": self.returned["auth_code"][0]})["data"][
            "access_token"
        ]
        self.account = served.world.ads.accounts_at("tiktok")[0].account_id

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/{path}/", json=body, headers={"Access-Token": getattr(self, "token", "")})
        assert answer.status_code == 200
        return answer.json()

    def get(self, path: str, token: str | None = None, **asked: Any) -> dict[str, Any]:
        params = {"advertiser_id": self.account, **asked}
        query = {k: v if isinstance(v, str) else json.dumps(v) for k, v in params.items()}
        answer = self.http.get(f"{self.url}/{path}/", params=query, headers={"Access-Token": token or self.token})
        assert answer.status_code == 200
        return answer.json()

    def report(self, **asked: Any) -> dict[str, Any]:
        usual = {
            "service_type": "AUCTION",
            "report_type": "BASIC",
            "data_level": "AUCTION_AD",
            "dimensions": ["ad_id", "stat_time_day"],
            "metrics": ["spend", "complete_payment", "campaign_name"],
            "page_size": 1000,
        }
        return self.get("report/integrated/get", **{**usual, **asked})


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with serve(tmp_path_factory.mktemp("tiktok")) as running:
        PLAIN_HTTP.post(f"{running.url}/_control/tiktok/quota", json={"calls_per_second": 1000})
        yield Person(running)


@pytest.fixture
def days(person: Person) -> tuple[date, date]:
    today = person.served.world.now().date()
    return today - timedelta(days=9), today - timedelta(days=2)


def test_a_code_works_once_and_a_token_only_as_it_is(person: Person) -> None:
    assert person.returned["state"] == ["s1"]
    assert "code" not in person.returned
    again = person.post("oauth2/access_token", {**APP, "auth_code": person.returned["auth_code"][0]})
    assert (again["code"], again["data"]) == (40110, {})
    assert person.get("campaign/get", token=f"Bearer {person.token}")["code"] == 40105
    assert person.get("campaign/get", advertiser_id="1")["code"] == 40001
    query = {"app_id": APP["app_id"], "redirect_uri": "https://evil.example/"}
    assert person.http.get(f"{person.served.url}/tiktok/portal/auth", params=query).status_code == 400


def test_lists_come_by_numbered_pages_with_the_fields_asked_for(person: Person) -> None:
    whole = person.get("ad/get", page_size=1000)["data"]["list"]
    first = person.get("ad/get", page_size=2, fields=["ad_id", "landing_page_url"])["data"]
    last = person.get("ad/get", page_size=2, page=first["page_info"]["total_page"])["data"]
    assert [set(row) for row in first["list"]] == [{"ad_id", "landing_page_url"}] * 2
    assert first["page_info"]["total_number"] == len(whole)
    assert last["list"][-1] == whole[-1]
    assert person.get("ad/get", page_size=1001)["code"] == 40002
    assert person.get("ad/get", fields=["ad_idd"])["code"] == 40002
    assert person.get("ad/get", sort="x")["code"] == 40002


def test_a_report_is_the_worlds_facts_in_texts_with_a_dash_for_nothing(person: Person, days: tuple[date, date]) -> None:
    first, last = days
    rows = person.report(start_date=str(first), end_date=str(last))["data"]["list"]
    world = person.served.world
    facts = list(ad_days(world.ads, person.account, first, last, world.now()))
    spends = {(row["dimensions"]["ad_id"], row["dimensions"]["stat_time_day"][:10]): row["metrics"] for row in rows}
    assert len(spends) == len(facts)
    for fact in facts:
        found = spends[fact.ad_id, str(fact.day)]
        assert Decimal(found["spend"]) == fact.spend
        assert found["complete_payment"] == (str(fact.purchases) if fact.purchases else "-")
    places = person.report(report_type="AUDIENCE", data_level="AUCTION_CAMPAIGN", metrics=["spend"],
                           dimensions=["campaign_id", "stat_time_day", "province_id"],
                           start_date=str(first), end_date=str(last))["data"]["list"]  # fmt: skip
    split = sum((part.spend for fact in facts for part in by_region(world.ads, fact)), Decimal(0))
    assert sum((Decimal(row["metrics"]["spend"]) for row in places), Decimal(0)) == split


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_date": "2026-01-01", "end_date": "2026-01-31"},  # 31 days
        {"start_date": "2026-01-02", "end_date": "2026-01-01"},
        {"dimensions": ["campaign_id", "stat_time_day"]},  # not of this level
        {"dimensions": ["ad_id", "province_id"]},  # not in a basic report
        {"metrics": ["spent"]},
        {"data_level": "AD"},
        {"report_type": "AUDIENCE", "dimensions": ["ad_id", "province_id"], "metrics": ["complete_payment"]},
    ],
)
def test_a_report_that_cannot_be_made_is_refused(
    person: Person, days: tuple[date, date], wrong: dict[str, Any]
) -> None:
    answer = person.report(**{"start_date": str(days[0]), "end_date": str(days[1]), **wrong})
    assert (answer["code"], answer["data"]) == (40002, {})


def test_budgets_and_statuses_change_the_world_and_wrong_ones_do_not(person: Person) -> None:
    ads = person.served.world.ads
    campaign = next(c for c in ads.campaigns_of(person.account) if c.daily_budget is not None)
    below = next(s for s in ads.ad_sets_of(campaign.campaign_id))
    of = {"advertiser_id": person.account}
    for budget in (49.99, 60.001, "much"):
        assert (
            person.post("campaign/update", {**of, "campaign_id": campaign.campaign_id, "budget": budget})["code"]
            == 40002
        )
    assert person.post("adgroup/update", {**of, "adgroup_id": below.ad_set_id, "budget": 60})["code"] == 40002
    assert person.post("campaign/update", {**of, "campaign_id": campaign.campaign_id, "budget": 60.5})["code"] == 0
    assert campaign.daily_budget == Decimal("60.5")
    for word, status in (("DISABLE", "PAUSED"), ("ENABLE", "ACTIVE")):
        asked = {**of, "adgroup_ids": [below.ad_set_id], "operation_status": word}
        assert person.post("adgroup/status/update", asked)["code"] == 0
        assert below.status == status
    assert (
        person.post("adgroup/status/update", {**of, "adgroup_ids": ["9"], "operation_status": "ENABLE"})["code"]
        == 40002
    )


def test_more_calls_than_allowed_in_a_second_are_refused_in_a_200(person: Person) -> None:
    quota = f"{person.served.url}/_control/tiktok/quota"
    PLAIN_HTTP.post(quota, json={"calls_per_second": 2})
    codes = [person.get("tool/region", placements=["PLACEMENT_TIKTOK"])["code"] for _ in range(4)]
    PLAIN_HTTP.post(quota, json={"calls_per_second": 1000})
    assert codes[-1] == 40100
