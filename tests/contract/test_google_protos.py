"""What is sent to Google, and what the sandbox's Google answers, held against Google's own message definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from google.protobuf import json_format

from clique_app.integrations.google import faults, mapping, queries
from clique_app.integrations.google.settings import API_VERSION
from clique_app.sandbox.google import errors
from tests.contract.google_login import Person
from tests.contract.sandbox_server import Served, serve
from tests.kit.google_messages import Messages
from tests.kit.plain_http import PLAIN_HTTP

MESSAGES = Messages(API_VERSION)
FIELD = re.compile(r"\b[a-z_]+(?:\.[a-z0-9_]+)+")
LISTED = re.compile(r"([a-z_.]+)\s+(?:IN\s*\(([^)]*)\)|=\s*('[A-Z_]+'))")


def _queries() -> dict[str, str]:
    today = date.today()  # noqa: DTZ011  (any week)
    week = (today - timedelta(days=7), today - timedelta(days=1))
    whole = {name: value for name, value in vars(queries).items() if name.isupper() and "SELECT" in str(value)}
    of_days = (
        queries.ad_days, queries.ad_actions, queries.asset_group_days, queries.asset_group_actions,
        queries.region_days, queries.keyword_days, queries.search_term_days, queries.total, queries.total_by_region,
    )  # fmt: skip
    of_one = (queries.one_campaign, queries.one_ad_group, queries.one_ad, queries.one_asset_group)
    return {
        **{name: text for name, text in whole.items() if not name.startswith("_")},
        **{ask.__name__: ask(*week) for ask in of_days},
        **{ask.__name__: ask("1") for ask in of_one},
        "places": queries.places(["geoTargetConstants/2840"]),
    }


QUERIES = _queries()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("google")) as running:
        yield running


def _field(row: Any, path: str) -> Any:
    """The definition of a field by its path in a query; None: there is no such."""
    message, found = row, None
    for part in path.split("."):
        found = message and (message.fields_by_name.get(part) or message.fields_by_name.get(f"{part}_"))
        if not found:
            return None
        message = found.message_type
    return found


@pytest.mark.parametrize("name", QUERIES)
def test_every_field_and_enum_value_of_a_query_exists(name: str) -> None:
    row, query = MESSAGES.empty("services.GoogleAdsRow").DESCRIPTOR, QUERIES[name]
    assert row.fields_by_name[re.search(r"FROM (\w+)", query)[1]]  # pyright: ignore[reportOptionalSubscript]
    assert [path for path in FIELD.findall(query) if _field(row, path) is None] == []
    for path, listed, single in LISTED.findall(query):
        enum = _field(row, path).enum_type
        values = re.findall(r"'(\w+)'", listed or single)
        assert enum is None or set(values) <= set(enum.values_by_name), (path, values)


def test_every_answer_of_the_sandbox_is_such_a_message(served: Served) -> None:
    person = Person(served)
    token = person.redeem(person.code()).json()["access_token"]
    customer = next(one.account_id for one in served.world.ads.accounts_at("google") if one.owner_shop)
    for name, query in QUERIES.items():
        answer = person.search(customer, query, token)
        assert answer.status_code == 200, (name, answer.text)
        response = MESSAGES.empty("services.SearchGoogleAdsResponse")
        json_format.ParseDict(answer.json(), response)
        assert len(response.results) == len(answer.json().get("results", ())), name
    listed = PLAIN_HTTP.get(
        f"{served.url}/google/ads/v26/customers:listAccessibleCustomers", headers={"Authorization": f"Bearer {token}"}
    )
    json_format.ParseDict(listed.json(), MESSAGES.empty("services.ListAccessibleCustomersResponse"))


def test_refusals_of_the_sandbox_are_googles_own(served: Served) -> None:
    refusals = [
        errors.bad_token(), errors.denied(), errors.exhausted(retry_seconds=5),
        errors.exhausted(retry_seconds=5, scope="DEVELOPER", daily=True),
    ]  # fmt: skip
    person = Person(served)
    token = person.redeem(person.code()).json()["access_token"]
    customer = next(one.account_id for one in served.world.ads.accounts_at("google") if one.owner_shop)
    told = [refusal.body() for refusal in refusals]
    for query in ("SELECT", "SELECT a.b FROM campaign", "SELECT ad_group.id FROM campaign", "SELECT x.y FROM nothing"):
        told.append(person.search(customer, query, token).json())
    told.append(person.search(customer, "SELECT customer.id FROM customer", token, pageSize=1).json())
    for service, update in (
        ("campaigns", {"resourceName": f"customers/{customer}/campaigns/9", "status": "PAUSED"}),
        ("campaignBudgets", {"resourceName": f"customers/{customer}/campaignBudgets/9", "amountMicros": "1"}),
    ):
        body = {"operations": [{"update": update, "updateMask": "status"}]}
        told.append(person.call(f"customers/{customer}/{service}:mutate", body, token).json())
    for body in told:
        for detail in body["error"]["details"]:
            assert (
                detail.pop("@type") == f"type.googleapis.com/google.ads.googleads.{API_VERSION}.errors.GoogleAdsFailure"
            )
            json_format.ParseDict(detail, MESSAGES.empty("errors.GoogleAdsFailure"))


@pytest.mark.parametrize(
    ("name", "update", "mask"),
    [
        ("MutateCampaignBudgetsRequest", {"amountMicros": "5"}, "amountMicros"),
        ("MutateCampaignsRequest", {"status": mapping.status("paused")}, "status"),
        ("MutateAdGroupsRequest", {"status": mapping.status("active")}, "status"),
        ("MutateAdGroupAdsRequest", {"status": mapping.status("paused")}, "status"),
        ("MutateAssetGroupsRequest", {"status": mapping.status("paused")}, "status"),
    ],
)
def test_what_is_written_is_a_request_of_google(name: str, update: dict[str, str], mask: str) -> None:
    body = {"operations": [{"update": {"resourceName": "customers/1/x/2", **update}, "updateMask": mask}]}
    request = json_format.ParseDict(body, MESSAGES.empty(f"services.{name}"))
    assert request.operations[0].update_mask.paths == [re.sub("([A-Z])", r"_\1", mask).lower()]


def test_the_codes_that_are_told_apart_exist() -> None:
    kinds = MESSAGES.empty("errors.ErrorCode").DESCRIPTOR.fields
    assert {"authenticationError", "authorizationError", "quotaError", "internalError"} <= {k.json_name for k in kinds}
    known = {value for kind in kinds for value in kind.enum_type.values_by_name}
    assert {*faults.NOT_A_TOKEN_MATTER, *faults.NOT_YET_APPROVED, *faults.PASSING, "UNSUPPORTED_VERSION"} <= known
