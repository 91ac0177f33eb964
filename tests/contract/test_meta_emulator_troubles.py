"""Meta's real SDK against the sandbox's Meta, second part: reports that fail, creatives, allowances, webhooks."""

# The SDK types every edge as request or result:
# pyright: reportArgumentType=false, reportIndexIssue=false, reportAttributeAccessIssue=false
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from facebook_business import FacebookAdsApi, FacebookSession
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adcreative import AdCreative
from facebook_business.adobjects.application import Application
from facebook_business.adobjects.productset import ProductSet
from facebook_business.exceptions import FacebookRequestError

from clique_app.sandbox.meta.fields import CAMPAIGN
from tests.contract.sandbox_server import APP_URL, META_APP_ID, META_APP_SECRET, Served, serve
from tests.kit.plain_http import PLAIN_HTTP

CALLBACK = f"{APP_URL}/auth/meta/callback"
LOOKS = {"report_slow": 5, "report_failed": 2, "report_skipped": 2}


@dataclass
class Receiver:
    """An address that answers the challenge and keeps what it is told."""

    url: str = ""
    answers: bool = True
    told: list[tuple[bytes, str]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("meta-more")) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults(served: Served) -> Iterator[None]:
    yield
    PLAIN_HTTP.delete(f"{served.url}/_control/faults")


@pytest.fixture(scope="module")
def api(served: Served) -> FacebookAdsApi:
    scopes = "ads_read,ads_management"
    query = {"client_id": META_APP_ID, "redirect_uri": CALLBACK, "state": "s", "scope": scopes}
    back = PLAIN_HTTP.post(f"{served.url}/meta/www/v26.0/dialog/oauth", params=query, data={"choice": "continue"})
    code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
    keys = {"client_id": META_APP_ID, "client_secret": META_APP_SECRET, "redirect_uri": CALLBACK, "code": code}
    token = PLAIN_HTTP.get(f"{served.url}/meta/graph/v26.0/oauth/access_token", params=keys).json()["access_token"]
    return _api(served, token)


def _api(served: Served, token: str) -> FacebookAdsApi:
    session_type = type("Session", (FacebookSession,), {"GRAPH": f"{served.url}/meta/graph"})
    return FacebookAdsApi(session_type(META_APP_ID, META_APP_SECRET, token, timeout=20), api_version="v26.0")


@pytest.fixture(scope="module")
def account(served: Served, api: FacebookAdsApi) -> AdAccount:
    own = next(a for a in served.world.ads.accounts.values() if a.owner_shop)
    return AdAccount(f"act_{own.account_id}", api=api)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            self._answer(asked["hub.challenge"][0].encode() if found.answers else b"no")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.told.append((body, self.headers["X-Hub-Signature-256"]))
            self._answer(b"")
            found.came.set()

        def _answer(self, text: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield found
    server.shutdown()
    server.server_close()


def _fault(served: Served, fault: str, **match: str) -> None:
    spec = {"platform": "meta", "fault": fault, "match": match}
    assert PLAIN_HTTP.post(f"{served.url}/_control/faults", json=spec).status_code == 200


def _range(served: Served, days: int) -> dict[str, str]:
    today = served.world.store(served.shop).day_of(served.world.now())
    return {"since": str(today - timedelta(days=days)), "until": str(today - timedelta(days=1))}


@pytest.mark.parametrize("fault", LOOKS)
def test_a_report_may_be_slow_fail_or_be_skipped(served: Served, account: AdAccount, fault: str) -> None:
    _fault(served, fault)
    params = {"level": "ad", "time_increment": 1, "time_range": _range(served, 10)}
    run = account.get_insights(fields=["ad_id", "spend"], params=params, is_async=True)
    states = []
    for _ in range(LOOKS[fault]):
        look = run.api_get()  # the same object each time
        states.append((look["async_status"], look["async_percent_completion"]))
    if fault == "report_slow":
        assert states[-2:] == [("Job Completed", 95), ("Job Completed", 100)]  # both are needed
        assert len(list(run.get_insights(params={"limit": 500}))) > 0
    else:
        assert states[-1][0] in ("Job Failed", "Job Skipped")
        with pytest.raises(FacebookRequestError):
            run.get_insights()


def test_what_is_too_much_at_once_is_refused_as_meta_words_it(served: Served, account: AdAccount) -> None:
    _fault(served, "too_much_data")
    with pytest.raises(FacebookRequestError) as caught:
        account.get_insights(fields=["spend"], params={"time_range": _range(served, 3)})
    assert caught.value.api_error_code() == 1
    assert "reduce the amount of data" in str(caught.value.api_error_message())


def test_ads_show_texts_cards_and_product_sets(served: Served, account: AdAccount, api: FacebookAdsApi) -> None:
    names = ["id", "title", "body", "thumbnail_url", "link_url", "product_set_id", "object_story_spec"]
    assert set(names) <= set(AdCreative._field_types)
    asked = ["name", f"creative{{{','.join(names)}}}"]
    shown = {ad["name"]: ad["creative"] for ad in account.get_ads(fields=asked, params={"limit": 100})}
    assert set(Ad._field_types) >= {"creative", "name"}
    cards = shown["Carousel"]["object_story_spec"]["link_data"]["child_attachments"]
    assert len({card["link"] for card in cards}) == 3
    catalogue = shown["Catalog"]
    assert "link_url" not in catalogue
    items = list(ProductSet(catalogue["product_set_id"], api=api).get_products(fields=["retailer_id", "url"]))
    variants = sum(len(product.variants) for product in served.world.store(served.shop).products.values())
    assert len(items) == variants
    assert all(item["retailer_id"].startswith("shopify_US_") and "/products/" in item["url"] for item in items)


def test_the_allowance_rises_with_the_calls_and_ends(served: Served, account: AdAccount) -> None:
    number = account["id"].removeprefix("act_")
    quota = {"account": number, "calls_per_hour": 4}
    assert PLAIN_HTTP.post(f"{served.url}/_control/meta/quota", json=quota).status_code == 200
    try:
        used = []
        for _ in range(4):
            headers = account.get_campaigns(fields=["name"], params={"limit": 100}).headers()
            used.append(json.loads(headers["x-business-use-case-usage"])[number][0]["call_count"])
        assert used == [25, 50, 75, 100]
        with pytest.raises(FacebookRequestError) as caught:
            account.get_campaigns(fields=["name"])
        assert caught.value.api_error_code() == 80004
        waits = json.loads(caught.value.http_headers()["x-business-use-case-usage"])[number][0]
        assert 55 <= waits["estimated_time_to_regain_access"] <= 60
        with pytest.raises(FacebookRequestError) as caught:
            account.get_insights(fields=["spend"])
        assert caught.value.api_error_code() == 80000
    finally:
        PLAIN_HTTP.post(f"{served.url}/_control/meta/quota", json={**quota, "calls_per_hour": None})


def test_an_address_proves_itself_and_is_told_signed(served: Served, account: AdAccount, receiver: Receiver) -> None:
    app = Application(META_APP_ID, api=_api(served, f"{META_APP_ID}|{META_APP_SECRET}"))
    asked = {"object": "ad_account", "fields": ["in_process_ad_objects"], "callback_url": receiver.url}
    receiver.answers = False
    with pytest.raises(FacebookRequestError) as caught:
        app.create_subscription(params={**asked, "verify_token": "t"})
    assert caught.value.api_error_code() == 2200
    receiver.answers = True
    app.create_subscription(params={**asked, "verify_token": "t"})
    account.create_subscribed_app(params={"app_id": META_APP_ID})
    assert [row["id"] for row in account.get_subscribed_apps()] == [META_APP_ID]
    campaign = next(c for c in served.world.ads.campaigns.values() if c.status == "ACTIVE")
    PLAIN_HTTP.post(f"{served.url}/_control/meta/objects/{campaign.campaign_id}", json={"status": "PAUSED"})
    assert receiver.came.wait(5)
    body, signature = receiver.told[0]
    assert signature == "sha256=" + hmac.new(META_APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    (entry,) = json.loads(body)["entry"]
    assert entry["id"] == campaign.account_id
    assert entry["changes"] == [
        {
            "field": "in_process_ad_objects",
            "value": {"id": campaign.campaign_id, "level": "CAMPAIGN", "status_name": "Paused"},
        }
    ]
    account.delete_subscribed_apps(params={"app_id": META_APP_ID})
    assert list(account.get_subscribed_apps()) == []


def test_ended_tokens_say_why(served: Served, account: AdAccount) -> None:
    for how, subcode in (("expire", 463), ("revoke", 458)):
        PLAIN_HTTP.post(f"{served.url}/_control/meta/tokens", json={"how": how})
        with pytest.raises(FacebookRequestError) as caught:
            account.get_campaigns(fields=list(CAMPAIGN))
        assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (190, subcode)


def test_a_day_is_restated_as_it_grows_older(served: Served) -> None:
    number = next(a.account_id for a in served.world.ads.accounts.values() if a.owner_shop)
    day = served.world.store(served.shop).day_of(served.world.now()) - timedelta(days=1)

    def told(of: date) -> dict[str, Any]:
        asked = {"account": number, "from": str(of), "to": str(of)}
        return PLAIN_HTTP.get(f"{served.url}/_control/meta/truth", params=asked).json()["by_day"][str(of)]

    young = told(day)
    PLAIN_HTTP.post(f"{served.url}/_control/clock", json={"advance_seconds": 5 * 86400})
    old = told(day)
    assert old["spend"] != young["spend"]
    assert old["purchases"] >= young["purchases"]
