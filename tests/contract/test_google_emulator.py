"""The sandbox's Google, asked by a plain client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from clique_app.sandbox.google import MANAGER
from tests.contract.google_login import Person
from tests.contract.sandbox_server import Served, serve
from tests.kit.plain_http import PLAIN_HTTP


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("google")) as running:
        yield running


@pytest.fixture(autouse=True)
def _as_usual(served: Served) -> Iterator[None]:
    yield
    PLAIN_HTTP.delete(f"{served.url}/_control/faults")
    Person(served).control("google/quota", page_rows=10_000)


@pytest.fixture
def person(served: Served) -> Person:
    return Person(served)


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    person = Person(served)
    return person.redeem(person.code()).json()["access_token"]


@pytest.fixture(scope="module")
def customer(served: Served) -> str:
    return next(one.account_id for one in served.world.ads.accounts_at("google") if one.owner_shop)


def _days(served: Served, days: int = 7) -> str:
    today = served.world.store(served.shop).day_of(served.world.now())
    return f"segments.date BETWEEN '{today - timedelta(days=days)}' AND '{today - timedelta(days=1)}'"


def _error(answer: httpx.Response) -> tuple[int, dict[str, str]]:
    return answer.status_code, answer.json()["error"]["details"][0]["errors"][0]["errorCode"]


def test_a_refusal_comes_back_and_nobody_is_sent_elsewhere(person: Person) -> None:
    assert person.dialog(choice="cancel").headers["location"].endswith("?state=s1&error=access_denied")
    assert person.dialog(redirect_uri="https://evil.example/").status_code == 400


def test_a_code_works_once_and_brings_a_refresh_token_only_with_renewed_consent(person: Person) -> None:
    code = person.code()
    granted = person.redeem(code).json()
    assert granted["expires_in"] == 3599
    assert granted["refresh_token"]
    assert person.redeem(code).json()["error"] == "invalid_grant"
    assert "refresh_token" not in person.redeem(person.code(prompt="none")).json()


def test_refreshing_gives_another_access_token_until_the_consent_is_taken_back(person: Person, customer: str) -> None:
    granted = person.redeem(person.code()).json()
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    renewed = person.token(**form).json()
    assert renewed["access_token"] != granted["access_token"]
    assert "refresh_token" not in renewed
    assert person.token(grant_type="refresh_token", refresh_token="1//other").json()["error"] == "invalid_grant"


def test_queries_are_answered_page_by_page_with_text_numbers(person: Person, customer: str, token: str) -> None:
    query = "SELECT ad_group_ad.ad.id, ad_group_ad.status FROM ad_group_ad"
    whole = person.search(customer, query, token).json()
    person.control("google/quota", page_rows=2)
    found: list[Any] = []
    following: dict[str, str] = {}
    while True:
        page = person.search(customer, query, token, **following).json()
        found += page["results"]
        if "nextPageToken" not in page:
            break
        following = {"pageToken": page["nextPageToken"]}
    assert found == whole["results"]
    assert all(isinstance(row["adGroupAd"]["ad"]["id"], str) for row in found)
    assert _error(person.search(customer, f"{query} LIMIT 1", token, **following))[1] == {
        "requestError": "INVALID_PAGE_TOKEN"
    }
    assert _error(person.search(customer, query, token, pageSize=5))[1] == {"requestError": "PAGE_SIZE_NOT_SUPPORTED"}


def test_an_empty_answer_has_no_results_at_all(person: Person, customer: str, token: str) -> None:
    assert (
        "results" not in person.search(customer, "SELECT campaign.id FROM campaign WHERE campaign.id = 1", token).json()
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT campaign.id", "UNEXPECTED_INPUT"),
        ("SELECT campaign.nmae FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT ad_group.id FROM campaign", "PROHIBITED_FIELD_COMBINATION_IN_SELECT_CLAUSE"),
        (
            "SELECT campaign.id, segments.conversion_action_category, metrics.cost_micros FROM campaign",
            "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        ),
        (
            "SELECT campaign.id, segments.geo_target_region FROM campaign",
            "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
        ),
    ],
)
def test_a_wrong_query_is_refused_by_name(person: Person, customer: str, token: str, query: str, code: str) -> None:
    assert _error(person.search(customer, query, token)) == (400, {"queryError": code})


def test_performance_max_is_in_asset_groups_and_nowhere_else(
    served: Served, person: Person, customer: str, token: str
) -> None:
    def spent(resource: str) -> int:
        query = f"SELECT campaign.id, metrics.cost_micros FROM {resource} WHERE {_days(served)}"
        rows = person.search(customer, query, token).json()["results"]
        return sum(int(row["metrics"]["costMicros"]) for row in rows)

    assert spent("ad_group_ad") + spent("asset_group") == spent("campaign")
    assert spent("user_location_view") == spent("campaign")
    assert 0 < spent("search_term_view") < spent("keyword_view") < spent("ad_group_ad")


def test_an_account_below_a_manager_is_reached_through_it_only(served: Served, person: Person, token: str) -> None:
    served.world.create_store(
        {"shop": "managed.myshopify.com", "orders": [], "ad_accounts": [{"id": "7770000001", "channel": "google"}]}
    )
    person.control("google/manage", account="7770000001")
    listed = PLAIN_HTTP.get(
        f"{served.url}/google/ads/v26/customers:listAccessibleCustomers", headers={"Authorization": f"Bearer {token}"}
    ).json()["resourceNames"]
    assert f"customers/{MANAGER}" in listed
    assert "customers/7770000001" not in listed
    query, path = {"query": "SELECT customer.id FROM customer"}, "customers/7770000001/googleAds:search"
    assert _error(person.call(path, query, token)) == (403, {"authorizationError": "USER_PERMISSION_DENIED"})
    assert person.call(path, query, token, **{"login-customer-id": MANAGER}).status_code == 200


def test_limits_say_how_long_to_wait_and_pages_are_not_counted(person: Person, customer: str, token: str) -> None:
    query = "SELECT ad_group_ad.ad.id FROM ad_group_ad"
    person.control("google/quota", operations_per_day=1, page_rows=2)
    page = person.search(customer, query, token).json()
    assert person.search(customer, query, token, pageToken=page["nextPageToken"]).status_code == 200
    refused = person.search(customer, query, token)
    assert _error(refused) == (429, {"quotaError": "RESOURCE_EXHAUSTED"})
    details = refused.json()["error"]["details"][0]["errors"][0]["details"]["quotaErrorDetails"]
    assert details["retryDelay"] == "3600s"


def test_writes_are_all_or_nothing_unless_partial_failure_is_asked_for(
    served: Served, person: Person, customer: str, token: str
) -> None:
    campaigns = [one for one in served.world.ads.campaigns_of(customer) if one.status == "ACTIVE"]
    good, bad = ({"resourceName": f"customers/{customer}/campaigns/{one}", "status": "PAUSED"}
                 for one in (campaigns[0].campaign_id, "999"))  # fmt: skip
    operations = [{"update": one, "updateMask": "status"} for one in (good, bad)]
    path = f"customers/{customer}/campaigns:mutate"
    assert person.call(path, {"operations": operations}, token).status_code == 400
    assert campaigns[0].status == "ACTIVE"
    answer = person.call(path, {"operations": operations, "partialFailure": True}, token).json()
    assert campaigns[0].status == "PAUSED"
    assert answer["results"] == [{"resourceName": good["resourceName"]}, {}]
    assert answer["partialFailureError"]["details"]
    dry = {"operations": [{"update": {**good, "status": "ENABLED"}, "updateMask": "status"}], "validateOnly": True}
    assert person.call(path, dry, token).json() == {}
    assert campaigns[0].status == "PAUSED"


def test_a_budget_is_an_object_of_its_own_in_steps_of_the_smallest_unit(
    served: Served, person: Person, customer: str, token: str
) -> None:
    query = "SELECT campaign.id, campaign_budget.resource_name FROM campaign LIMIT 1"
    row = person.search(customer, query, token).json()["results"][0]
    path = f"customers/{customer}/campaignBudgets:mutate"

    def set_to(micros: int) -> httpx.Response:
        update = {"resourceName": row["campaignBudget"]["resourceName"], "amountMicros": str(micros)}
        return person.call(path, {"operations": [{"update": update, "updateMask": "amountMicros"}]}, token)

    assert _error(set_to(12_345)) == (400, {"campaignBudgetError": "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT"})
    assert set_to(12_340_000).status_code == 200
    assert str(served.world.ads.campaigns[row["campaign"]["id"]].daily_budget) == "12.34"


def test_an_old_version_and_a_missing_token_are_turned_away(served: Served, person: Person, customer: str) -> None:
    old = f"{served.url}/google/ads/v12/customers/{customer}/googleAds:search"
    assert PLAIN_HTTP.post(old, json={}).status_code == 404
    assert person.search(customer, "SELECT customer.id FROM customer", "ya29.other").status_code == 401
