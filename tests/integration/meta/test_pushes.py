"""What Meta tells by itself: the handshake, signed messages, and objects read again for each store that uses them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import uvicorn
from sqlmodel import col, select

from clique_app import clock
from clique_app.database import store_session, system_session
from clique_app.endpoints.inbox import Inbox
from clique_app.endpoints.meta_webhooks import MetaWebhooks, deliveries
from clique_app.integrations.meta import client, pushes
from clique_app.integrations.meta.settings import MetaSettings
from clique_app.settings import settings
from clique_app.tables import ConnectedAccount, InboxEvent
from tasks import ad_pushes, connections, runs, webhooks
from tests.conftest import Sandbox
from tests.integration.channels.accounts import Ads, at_meta, follow_clock, make_ads
from tests.integration.stores import make_store, use_ad_account
from tests.kit.plain_http import PLAIN_HTTP

NUMBERS = itertools.count(5001)


def inbox() -> list[InboxEvent]:
    with system_session() as session:
        return list(session.exec(select(InboxEvent).order_by(col(InboxEvent.received_at))))


def drain() -> None:
    for addressee in {event.shop_domain for event in inbox()}:
        webhooks.drain(addressee)


@dataclass
class Told:
    """A connected store whose address Meta can reach."""

    ads: Ads
    address: str

    def wait(self, count: int) -> list[InboxEvent]:
        until = time.monotonic() + 30
        while len(inbox()) < count and time.monotonic() < until:
            time.sleep(0.02)
        return inbox()

    def wait_for_faults(self) -> None:
        """Until the faults asked for have happened."""
        until = time.monotonic() + 30
        while self.ads.sandbox.control("GET", "faults")["faults"]:
            assert time.monotonic() < until, "it was never sent"
            time.sleep(0.02)

    def status(self, table: str, platform_id: str) -> tuple[str, str]:
        (row,) = self.ads.rows(f"select status, effective_status from {table} where platform_id = :id", id=platform_id)
        return row[0], row[1]

    def campaign(self) -> str:
        return self.ads.rows("select platform_id from campaign where account_id = :a limit 1", a=self.ads.main)[0][0]


@pytest.fixture(scope="module")
def platform(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox("--no-default-store")


@pytest.fixture
def address(database_env: None, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the app takes Meta's messages."""
    for name, value in platform.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    settings.cache_clear()
    follow_clock(platform, monkeypatch)
    app = MetaWebhooks(lambda: Inbox(settings().database_url, lambda _: None))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, interface="asgi3", log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    platform.control("DELETE", "faults")


@pytest.fixture
def told(address: str, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    monkeypatch.setattr(client, "REPORT_ASK_AGAIN_SECONDS", (0.01,))
    ads = make_ads(platform, monkeypatch, next(NUMBERS), since_days=2)
    ads.connect()
    ads.sync("catch_up")
    monkeypatch.setenv("SHOPIFY_APP_URL", address)
    settings.cache_clear()
    ad_pushes.subscribe_accounts(ads.store_id, "meta")
    return Told(ads, address)


def post(address: str, body: bytes, signature: str | None = None) -> int:
    secret = MetaSettings.read().app_secret.get_secret_value()
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {b"X-Hub-Signature-256": (right if signature is None else signature).encode("latin-1")}
    return PLAIN_HTTP.post(f"{address}{ad_pushes.PATH}", content=body, headers=headers).status_code


def test_an_account_that_is_chosen_is_subscribed_and_one_taken_off_is_not_any_more(told: Told) -> None:
    with store_session(told.ads.store_id) as session:
        overview = at_meta(session, told.ads.store_id)
    assert all(account.pushes_since for account in overview.accounts)
    token = ad_pushes.access(told.ads.store_id, "meta").token
    assert not pushes.subscribe_app(told.address + ad_pushes.PATH)  # nothing to mend
    assert not pushes.subscribe_account(token, told.ads.second)
    told.ads.choose(told.ads.main)
    ad_pushes.subscribe_accounts(told.ads.store_id, "meta")
    with store_session(told.ads.store_id) as session:
        row = session.get_one(ConnectedAccount, (told.ads.store_id, "meta", told.ads.second))
    assert (row.pushes_since, row.taken_off_at is None) == (None, False)
    assert pushes.subscribe_account(token, told.ads.second)  # it was gone, and is there again


def test_a_store_that_disconnects_is_told_nothing_more_unless_another_uses_the_account(told: Told) -> None:
    token = ad_pushes.access(told.ads.store_id, "meta").token
    other = make_store("other-of-the-account.myshopify.com")
    with store_session(other) as session:
        use_ad_account(session, other, told.ads.second, pushes_since=clock.now())
    connections.disconnect(told.ads.store_id, "meta", 7)
    assert told.ads.connection().state == "disconnected"
    assert pushes.subscribe_account(token, told.ads.main), "it was gone, and is there again"
    assert not pushes.subscribe_account(token, told.ads.second), "the other store still hears of it"
    with store_session(told.ads.store_id) as session:
        row = session.get_one(ConnectedAccount, (told.ads.store_id, "meta", told.ads.main))
    assert (row.pushes_since, row.taken_off_at) == (None, None)


def test_a_change_at_meta_is_here_without_a_reading(told: Told) -> None:
    campaign = told.campaign()
    told.ads.sandbox.control("POST", f"meta/objects/{campaign}", json={"status": "PAUSED"})
    (event,) = told.wait(1)
    assert (event.source, event.topic, event.shop_domain) == (
        "meta", "in_process_ad_objects", f"act_{told.ads.main}",
    )  # fmt: skip
    drain()
    assert told.status("campaign", campaign) == ("paused", "paused")
    assert [(one.state, one.error) for one in inbox()] == [("done", "")]


def test_an_ad_with_issues_and_a_tired_creative_are_read_again(told: Told) -> None:
    ad = told.ads.rows("select a.platform_id from ad a limit 1")[0][0]
    issue = {"field": "with_issues_ad_objects", "object": ad, "value": {"id": ad, "level": "AD"}}
    tired = {"field": "creative_fatigue", "object": ad, "value": {"adgroup_id": ad, "creative_fatigue_level": "HIGH"}}
    for spec in (issue, tired):
        assert told.ads.sandbox.control("POST", "meta/push", json=spec) == {"sent": True}
    assert {event.topic for event in told.wait(2)} == {"with_issues_ad_objects", "creative_fatigue"}
    drain()
    assert told.status("ad", ad) == ("active", "with_issues")


def test_lost_doubled_and_late_messages_do_not_matter(told: Told) -> None:
    campaign = told.campaign()
    told.ads.fault("webhook_lost")
    told.ads.sandbox.control("POST", f"meta/objects/{campaign}", json={"status": "PAUSED"})
    told.wait_for_faults()
    told.ads.fault("webhook_duplicate")
    told.ads.sandbox.control("POST", f"meta/objects/{campaign}", json={"status": "ACTIVE"})
    told.wait_for_faults()
    time.sleep(0.4)  # the second of the two would be here by now
    assert len(told.wait(1)) == 1
    drain()
    assert told.status("campaign", campaign)[0] == "active"
    told.ads.fault("webhook_lost")
    told.ads.sandbox.control("POST", f"meta/objects/{campaign}", json={"status": "PAUSED"})
    assert told.ads.sync("catch_up").state == "whole"
    assert told.status("campaign", campaign)[0] == "paused"


def test_a_message_waits_while_meta_does_not_answer(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = told.campaign()
    told.ads.fault("rate_limit", path=campaign, method="GET")
    told.ads.sandbox.control("POST", f"meta/objects/{campaign}", json={"status": "PAUSED"})
    told.wait(1)
    drain()
    (event,) = inbox()
    assert (event.state, event.attempts) == ("new", 0)
    assert "asks Clique to wait" in event.error


def test_only_meta_s_own_handshake_is_answered(address: str) -> None:
    right = {"hub.mode": "subscribe", "hub.challenge": "4711", "hub.verify_token": pushes.verify_token()}
    answers = []
    for change in ({}, {"hub.verify_token": "x"}, {"hub.mode": "other"}, {"hub.verify_token": ""}):
        answer = PLAIN_HTTP.get(f"{address}{ad_pushes.PATH}", params={**right, **change})
        answers.append((answer.status_code, answer.text))
    assert answers == [(200, "4711"), (403, ""), (403, ""), (403, "")]


MALFORMED = (
    b"", b"[]", b"{}", b"\xff\xfe", b'{"object":"page","entry":[]}', b'{"object":"ad_account","entry":[{"id":"1"}]}',
    b'{"object":"ad_account","entry":[{"id":"x","time":1,"changes":[{"field":"a"}]}]}',
    b'{"object":"ad_account","entry":[{"id":"1","time":1e99,"changes":[{"field":"a"}]}]}',
    b'{"object":"ad_account","entry":{"id":1}}',
)  # fmt: skip


def test_what_is_not_a_message_is_a_400_and_leaves_nothing(address: str) -> None:
    assert {body: post(address, body) for body in MALFORMED} == dict.fromkeys(MALFORMED, 400)
    assert inbox() == []


def test_what_is_not_signed_by_the_app_is_not_stored(address: str) -> None:
    body = json.dumps({"object": "ad_account", "entry": []}).encode()
    for signature in ("", "sha256=", "sha256=00", "\u00e9"):
        assert post(address, body, signature) == 401
    assert post(address, body) == 200
    assert inbox() == []


def test_a_message_of_an_account_nobody_uses_is_noted(address: str) -> None:
    change = {"field": "creative_fatigue", "value": {"adgroup_id": "1"}}
    entry = {"id": "999", "time": 1_780_000_000, "changes": [change, change]}
    body = json.dumps({"object": "ad_account", "entry": [entry]}).encode()
    assert [post(address, body), post(address, body)] == [200, 200]
    drain()
    assert [(one.state, one.error) for one in inbox()] == [("done", "No store uses this ad account.")] * 2
    assert len({one.delivery_id for one in deliveries(body)}) == 2
