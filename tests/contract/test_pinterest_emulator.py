"""The emulator behaves as Pinterest's API says it does, seen from outside: plain HTTP, nothing of our client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.contract.sandbox_server import APP_URL, Served, serve
from tests.kit.plain_http import PLAIN_HTTP

CALLBACK = f"{APP_URL}/auth/pinterest/callback"
SCOPES = "ads:read,ads:write,pins:read,boards:read,user_accounts:read"
TODAY = datetime.now(UTC).date()


class Person:
    """Somebody with ad accounts, and an app that asks on their behalf."""

    def __init__(self, served: Served) -> None:
        self.served, self.app = served, served.config.apps["pinterest"]
        self.http = httpx.Client(base_url=served.url)
        self.renew(self.log_in(SCOPES))
        self.account = self.get("ad_accounts").json()["items"][0]["id"]

    def log_in(self, scopes: str) -> dict[str, Any]:
        query = {"client_id": self.app.app_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": scopes}
        back = self.http.post("/pinterest/www/oauth/", params=query, data={"choice": "continue"}).headers["location"]
        form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
        return self.token({**form, "code": httpx.URL(back).params["code"]}).json()

    def renew(self, pair: dict[str, Any]) -> None:
        self.pair = pair
        self.http.headers["authorization"] = f"Bearer {pair['access_token']}"

    def token(self, form: dict[str, str], secret: str | None = None) -> httpx.Response:
        auth = (self.app.app_id, secret or self.app.secret)
        return self.http.post("/pinterest/api/v5/oauth/token", data=form, auth=auth)

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(f"/pinterest/api/v5/{path}", params=params)

    def report(self, **asked: Any) -> httpx.Response:
        whole = {
            "start_date": str(TODAY - timedelta(days=7)), "end_date": str(TODAY), "granularity": "DAY",
            "level": "PIN_PROMOTION", "columns": ["AD_ID", "SPEND_IN_MICRO_DOLLAR"], **asked,
        }  # fmt: skip
        return self.http.post(f"/pinterest/api/v5/ad_accounts/{self.account}/reports", json=whole)

    def prepared(self, made: httpx.Response) -> list[dict[str, Any]]:
        """How far the report is, look by look, to its end."""
        looks: list[dict[str, Any]] = []
        while not looks or looks[-1]["report_status"] == "IN_PROGRESS":
            looks.append(self.get(f"ad_accounts/{self.account}/reports", token=made.json()["token"]).json())
        return looks

    def control(self, path: str, body: dict[str, Any]) -> None:
        self.http.post(f"/_control/{path}", json=body).raise_for_status()


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with serve(tmp_path_factory.mktemp("pinterest")) as served:
        yield Person(served)


def test_a_refresh_token_is_spent_with_its_use_and_the_new_one_lives_longer(person: Person) -> None:
    spent = {"grant_type": "refresh_token", "refresh_token": person.pair["refresh_token"]}
    assert person.token(spent, secret="another").status_code == 401
    person.renew(person.token(spent).json())
    again = person.token(spent)
    assert (again.status_code, again.json()["code"]) == (401, 2)
    assert person.get("user_account").status_code == 200


def test_what_was_not_granted_is_refused_by_name(person: Person) -> None:
    reading = person.log_in("ads:read")["access_token"]
    refused = person.http.patch(
        f"/pinterest/api/v5/ad_accounts/{person.account}/ads", json=[], headers={"authorization": f"Bearer {reading}"}
    )
    assert (refused.status_code, refused.json()["code"]) == (401, 3)
    assert "ads:write" in refused.json()["message"]


def test_bookmarks_lead_to_every_ad_once_and_the_last_page_has_none(person: Person) -> None:
    path, seen, bookmark = f"ad_accounts/{person.account}/ads", [], ""
    while True:
        page = person.get(path, page_size=2, **({"bookmark": bookmark} if bookmark else {})).json()
        seen += [row["id"] for row in page["items"]]
        if not (bookmark := page["bookmark"]):
            break
    assert len(seen) == len(set(seen)) > 2
    assert person.get(path, page_size=251).status_code == 400
    assert person.get(path, bookmark="nonsense").json()["code"] == 1
    assert person.get(path, fields="id").status_code == 400


def test_beyond_the_minutes_calls_comes_429_and_every_answer_says_what_is_left(person: Person) -> None:
    person.control("pinterest/quota", {"category": "org_read", "calls_per_minute": 2})
    try:
        answers = [person.get("user_account") for _ in range(3)]
    finally:
        person.control("pinterest/quota", {"category": "org_read"})
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one.headers["x-ratelimit-remaining"] for one in answers] == ["1", "0", "0"]
    assert answers[2].headers["x-ratelimit-limit"] == "2, 2;w=60"
    assert 1 <= int(answers[2].headers["x-ratelimit-reset"]) <= 60
    assert answers[2].json()["code"] == 8


@pytest.mark.parametrize(
    "asked",
    [
        {"start_date": str(TODAY - timedelta(days=915)), "end_date": str(TODAY - timedelta(days=900))},
        {"start_date": str(TODAY - timedelta(days=186))},
        {"start_date": str(TODAY), "end_date": str(TODAY - timedelta(days=1))},
        {"columns": ["AD_ID", "SPEND"]},
        {"click_window_days": 28},
        {"level": "CAMPAIGN_TARGETING"},
        {"level": "CAMPAIGN_TARGETING", "targeting_types": ["REGION"], "columns": ["TOTAL_IMPRESSION_USER"]},
        {"attribution": "last"},
    ],
)
def test_a_report_that_pinterest_does_not_make_is_refused_at_once(person: Person, asked: dict[str, Any]) -> None:
    assert (answer := person.report(**asked)).status_code == 400, answer.json()


def test_a_report_is_prepared_and_its_file_takes_no_token(person: Person) -> None:
    looks = person.prepared(person.report())
    assert [look["report_status"] for look in looks] == ["IN_PROGRESS", "FINISHED"]
    assert person.http.get(looks[-1]["url"]).status_code == 403
    by_object = PLAIN_HTTP.get(looks[-1]["url"]).json()
    rows = [row for rows in by_object.values() for row in rows]
    assert all(isinstance(row["AD_ID"], int) and isinstance(row["SPEND_IN_MICRO_DOLLAR"], int) for row in rows)
    assert set(by_object) == {str(row["AD_ID"]) for row in rows}


@pytest.mark.parametrize(("fault", "end"), [("report_failed", "FAILED"), ("report_skipped", "DOES_NOT_EXIST")])
def test_a_report_may_come_to_nothing(person: Person, fault: str, end: str) -> None:
    person.control("faults", {"platform": "pinterest", "fault": fault})
    assert person.prepared(person.report())[-1] == {"report_status": end, "url": None, "size": None}


def test_the_same_day_in_another_zone_is_another_day(person: Person) -> None:
    """The account's own days have to be asked for; without asking, days are UTC's."""
    spent: list[int] = []
    for zone in ("AD_ACCOUNT_TIME_ZONE", "PINTEREST_TIME_ZONE"):
        looks = person.prepared(person.report(reporting_timezone=zone, start_date=str(TODAY), end_date=str(TODAY)))
        by_object = PLAIN_HTTP.get(looks[-1]["url"]).json()
        spent.append(sum(row.get("SPEND_IN_MICRO_DOLLAR", 0) for rows in by_object.values() for row in rows))
    assert spent[0] != spent[1]


def test_what_is_wrong_with_a_change_comes_inside_a_success(person: Person) -> None:
    path = f"/pinterest/api/v5/ad_accounts/{person.account}/campaigns"
    rows = person.get(f"ad_accounts/{person.account}/campaigns").json()["items"]
    one, other = (next(row["id"] for row in rows if bool(row["daily_spend_cap"]) is has) for has in (True, False))
    changes = [{"id": one, "daily_spend_cap": 9_000_000}, {"id": other, "daily_spend_cap": 9_000_000}]
    answer = person.http.patch(path, json=changes)
    assert answer.status_code == 200
    done, refused = answer.json()["items"]
    assert (done["data"]["daily_spend_cap"], done["exceptions"]) == (9_000_000, [])
    assert refused["data"] == {}
    assert "ad groups" in refused["exceptions"][0]["message"]
    assert person.http.patch(path, json=changes * 16).status_code == 400
