"""The Klaviyo emulator: who is let in, limits, pages; and all of it as Klaviyo's own SDK knows it."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from klaviyo_api import wrapper
from openapi_client import models
from starlette.testclient import TestClient

from clique_app.errors import Rejected
from clique_app.integrations.klaviyo import client, reads
from clique_app.integrations.klaviyo.client import Endpoint, KlaviyoClient
from clique_app.integrations.klaviyo.settings import REVISION
from clique_app.sandbox.config import Config
from clique_app.sandbox.platforms import register
from clique_app.sandbox.server import build
from clique_app.sandbox.world import World

SHOP, ZONE = "letters.myshopify.com", "America/New_York"
NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def served() -> TestClient:
    """A store with four buyers and a hundred days of letters; its clock stands."""
    config = Config("http://sandbox", "http://localhost:1", "key", "secret", register(None))
    world = World(3, None, lambda: NOW)
    orders = [
        {
            "processed_at": (NOW - timedelta(days=100 - n)).isoformat(),
            "customer": f"buyer{n}",
            "lines": [{"sku": "A1"}],
        }
        for n in range(4)
    ]
    world.create_store({"shop": SHOP, "products": [{"title": "Candle", "sku": "A1", "price": "20"}], "orders": orders})
    return TestClient(build(world, config), base_url="http://sandbox")


@pytest.fixture
def headers(served: TestClient) -> dict[str, str]:
    served.post("/_control/klaviyo/limits", json={"shop": SHOP, "a_minute": None, "a_day": None})
    served.request("DELETE", "/_control/faults")
    key = served.get("/_control/klaviyo/key", params={"shop": SHOP}).json()["key"]
    return {"Authorization": f"Klaviyo-API-Key {key}", "revision": REVISION}


@pytest.fixture
def asked(served: TestClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> KlaviyoClient:
    """Our client, in the same process, counting nothing."""
    monkeypatch.setattr(client.quotas, "take", lambda quotas: None)
    monkeypatch.setattr(client.quotas, "tell", lambda *said: None)
    for name, listing in vars(client).items():
        if isinstance(listing, Endpoint):
            monkeypatch.setattr(client, name, replace(listing, rates=()))
    monkeypatch.setenv("KLAVIYO_API_URL", "http://sandbox/klaviyo")
    here = httpx.Client(transport=httpx.MockTransport(_through(served)))
    monkeypatch.setattr(client, "http", lambda: here)
    return KlaviyoClient(headers["Authorization"].split()[1])


LOG: list[tuple[httpx.Request, dict[str, Any]]] = []


def _through(served: TestClient) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        found = served.request(request.method, str(request.url), content=request.content, headers=request.headers)
        LOG.append((request, found.json()))
        return httpx.Response(found.status_code, json=found.json(), headers=dict(found.headers))

    return answer


def test_who_is_not_let_in_hears_why_as_klaviyo_says_it(served: TestClient, headers: dict[str, str]) -> None:
    def get(path: str = "flows", **changed: str) -> Any:
        return served.get(f"/klaviyo/api/{path}", headers={k: v for k, v in {**headers, **changed}.items() if v})

    assert get().status_code == 200
    said = {
        "no key": get(Authorization=""),
        "wrong key": get(Authorization="Klaviyo-API-Key pk_nobody"),
        "no revision": get(revision=""),
        "old revision": get(revision="2022-01-01"),
        "no such list": get("unknown"),
        "too large a page": get("flows?page[size]=51"),
        "unknown parameter": get("flows?page[length]=5"),
    }
    assert {name: (one.status_code, one.json()["errors"][0]["code"]) for name, one in said.items()} == {
        "no key": (401, "not_authenticated"),
        "wrong key": (401, "authentication_failed"),
        "no revision": (400, "invalid"),
        "old revision": (400, "invalid"),
        "no such list": (404, "not_found"),
        "too large a page": (400, "invalid"),
        "unknown parameter": (400, "invalid"),
    }


def test_a_third_report_within_a_minute_is_refused_and_a_page_of_a_list_tells_what_is_left(
    served: TestClient, headers: dict[str, str], asked: KlaviyoClient
) -> None:
    served.post("/_control/klaviyo/limits", json={"shop": SHOP, "a_minute": 2, "a_day": 225})
    metric, day = reads.metrics(asked).placed_order, NOW.date() - timedelta(days=9)
    for _ in range(2):
        reads.campaign_values(asked, metric, day, day, ZONE, "")
    body = LOG[-1][0].content
    refused = served.post("/klaviyo/api/campaign-values-reports", content=body, headers=headers)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["errors"][0]["code"] == "throttled"
    served.post("/_control/klaviyo/limits", json={"shop": SHOP})
    left = served.get("/klaviyo/api/profiles", headers=headers).headers
    assert (left["ratelimit-limit"], int(left["ratelimit-remaining"])) == ("150", 149)


def test_a_report_longer_than_allowed_is_refused(asked: KlaviyoClient) -> None:
    metric, day = reads.metrics(asked).placed_order, NOW.date()
    with pytest.raises(Rejected, match="timeframe"):
        reads.flow_series(asked, metric, day - timedelta(days=70), day, ZONE, "")


def test_the_series_of_flows_add_up_to_their_totals_and_pages_of_campaigns_are_complete(asked: KlaviyoClient) -> None:
    metric, last = reads.metrics(asked).placed_order, NOW.date() - timedelta(days=1)
    first = last - timedelta(days=40)
    rows = reads.flow_series(asked, metric, first, last, ZONE, "").rows
    assert sum(row["recipients"] for row in rows) == reads.recipients(asked, "flow", metric, first, last, ZONE, "")[0]
    assert {date.fromisoformat(row["day"]).toordinal() for row in rows} <= set(
        range(first.toordinal(), last.toordinal() + 1)
    )
    listed = reads.campaigns(asked, "").rows
    sent = reads.campaign_values(asked, metric, first, last, ZONE, "").rows
    assert {row["program"] for row in sent} <= {row["platform_id"] for row in listed}
    assert len(sent) in (11, 12)  # two a week


SDK = {
    "accounts": "GetAccountResponseCollection",
    "campaign-messages": "GetMessageResponseCollectionCompoundDocument",
    "flows": "GetFlowResponseCollectionCompoundDocument",
    "metrics": "GetMetricResponseCollectionCompoundDocument",
    "profiles": "GetProfileResponsePluralConversationsCollectionCompoundDocument",
    "campaign-values-reports": "PostCampaignValuesResponseDTO",
    "flow-values-reports": "PostFlowValuesResponseDTO",
    "flow-series-reports": "PostFlowSeriesResponseDTO",
    "metric-aggregates": "PostMetricAggregateResponse",
}
SENT = {
    "campaign-values-reports": "CampaignValuesRequestDTO",
    "flow-values-reports": "FlowValuesRequestDTO",
    "flow-series-reports": "FlowSeriesRequestDTO",
    "metric-aggregates": "MetricAggregateQuery",
}
METHODS = {
    "accounts": ("accounts_api", "get_accounts"),
    "campaign-messages": ("campaigns_api", "get_campaign_messages"),
    "flows": ("flows_api", "get_flows"),
    "metrics": ("metrics_api", "get_metrics"),
    "profiles": ("profiles_api", "get_profiles"),
    "campaign-values-reports": ("reporting_api", "query_campaign_values"),
    "flow-values-reports": ("reporting_api", "query_flow_values"),
    "flow-series-reports": ("reporting_api", "query_flow_series"),
    "metric-aggregates": ("metrics_api", "query_metric_aggregates"),
}


def test_what_is_sent_and_answered_is_what_klaviyos_own_sdk_knows(asked: KlaviyoClient) -> None:
    assert wrapper.KlaviyoAPI._REVISION == REVISION
    LOG.clear()
    _read_everything(asked)
    seen = set()
    for request, answered in LOG:
        endpoint = request.url.path.rsplit("/", 1)[1]
        seen.add(endpoint)
        parsed = getattr(models, SDK[endpoint]).model_validate(answered)
        kept = parsed.model_dump(by_alias=True, mode="json")
        assert _keys(answered) <= _keys(kept), endpoint
        if endpoint in SENT:
            getattr(models, SENT[endpoint]).model_validate_json(request.content)
        api, method = METHODS[endpoint]
        module = importlib.import_module(f"openapi_client.api.{api}")
        known = inspect.signature(getattr(getattr(module, api.title().replace("_", "")), method))
        assert {re.sub(r"\W+", "_", name).strip("_") for name in request.url.params} <= set(known.parameters), endpoint
    assert seen == set(SDK)


def _read_everything(asked: KlaviyoClient) -> None:
    facts, metrics = reads.account(asked), reads.metrics(asked)
    last = NOW.date() - timedelta(days=1)
    span = (last - timedelta(days=10), last, facts.time_zone, "")
    reads.campaigns(asked, "")
    reads.flows(asked, "")
    reads.campaign_values(asked, metrics.placed_order, *span)
    reads.flow_series(asked, metrics.placed_order, *span)
    reads.recipients(asked, "flow", metrics.placed_order, *span)
    reads.signups(asked, metrics.subscribed, *span)
    reads.predictions(asked, None, str.encode, "")


def _keys(body: Any, path: str = "") -> set[str]:
    """Every field there is, by its place. Free-form parts and errors of nothing are the SDK's own business."""
    if isinstance(body, dict):
        return {path} | {key for name, value in body.items() for key in _keys(value, f"{path}/{name}")}
    if isinstance(body, list):
        return {path} | {key for value in body for key in _keys(value, f"{path}[]")}
    return {path}
