"""Webhook subscriptions over HTTP: made, and mended when they drifted behind our back."""

from __future__ import annotations

import pytest
from sqlmodel import select

from clique_app.connections import install
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.integrations.shopify import subscriptions
from clique_app.integrations.shopify.client import Client
from clique_app.integrations.shopify.subscriptions import CREATE, DELETE, TOPICS, UPDATE
from clique_app.sync import overview_service
from clique_app.sync.overview_service import Webhooks
from clique_app.tables import WebhookCheck
from tests.conftest import API_KEY, API_SECRET, Sandbox
from tests.kit.fake_admin import sign
from tests.kit.plain_http import PLAIN_HTTP

pytestmark = pytest.mark.usefixtures("app_env")
SHOP = "harbor-lane.myshopify.com"
OURS = "http://localhost:1/webhooks/shopify"
ELSEWHERE = "https://elsewhere.example/hook"


@pytest.fixture
def store_id(app_env: None, sandbox: Sandbox) -> int:
    PLAIN_HTTP.get(f"{sandbox.url}/admin/store/harbor-lane/apps/{API_KEY}").raise_for_status()
    opened = install.open_store(SHOP, sign(SHOP, secret=API_SECRET, aud=API_KEY), 7)
    install.check_store(opened.store_id)
    return opened.store_id


def client(store_id: int) -> Client:
    given = access(store_id, "shopify")
    return Client(given.shop_domain, given.token)


def held(store_id: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in subscriptions.held(client(store_id)):
        found.setdefault(one.topic, []).append(one.uri)
    return found


def test_every_topic_is_subscribed_to_once_and_a_second_look_changes_nothing(store_id: int, sandbox: Sandbox) -> None:
    assert {topic: held(store_id).get(topic) for topic in TOPICS} == {topic: [OURS] for topic in TOPICS}
    assert not install.check_store(store_id)


def test_what_was_deleted_moved_or_doubled_behind_our_back_is_mended_and_told(store_id: int) -> None:
    shopify = client(store_id)
    of_topic = {one.topic: one.gid for one in subscriptions.held(shopify)}
    shopify.mutate(DELETE, {"id": of_topic["ORDERS_CREATE"]})
    shopify.mutate(UPDATE, {"id": of_topic["PRODUCTS_UPDATE"], "uri": ELSEWHERE})
    shopify.mutate(CREATE, {"topic": "REFUNDS_CREATE", "uri": ELSEWHERE})
    shopify.mutate(CREATE, {"topic": "THEMES_PUBLISH", "uri": ELSEWHERE})

    repaired = install.check_store(store_id)
    assert repaired == subscriptions.Repair(("ORDERS_CREATE",), ("PRODUCTS_UPDATE",), ("REFUNDS_CREATE",))
    found = held(store_id)
    assert {topic: found.get(topic) for topic in TOPICS} == {topic: [OURS] for topic in TOPICS}
    assert found["THEMES_PUBLISH"] == [ELSEWHERE], "a topic that is not ours is left alone"
    with store_session(store_id) as session:
        told = overview_service.subscriptions(session, store_id, Webhooks())
    assert told.topics == len(TOPICS)
    assert told.mended == ("orders/create", "products/update", "refunds/create")
    assert told.checked_at is not None


def test_a_look_that_fails_is_told_and_the_next_one_clears_it(store_id: int, sandbox: Sandbox) -> None:
    fault = {
        "platform": "shopify",
        "fault": "error_in_200",
        "times": None,
        "match": {"operation": "WebhookSubscriptions"},
    }
    sandbox.control("POST", "faults", json=fault)
    try:
        with pytest.raises(Exception, match="Shopify"):
            install.check_store(store_id)
    finally:
        sandbox.control("DELETE", "faults")
    with store_session(store_id) as session:
        [check] = session.exec(select(WebhookCheck)).all()
    assert check.problem
    assert check.held == len(TOPICS)
    install.check_store(store_id)
    with store_session(store_id) as session:
        assert session.get_one(WebhookCheck, store_id).problem == ""


def test_every_store_is_looked_at_daily() -> None:
    from tasks.install import check_all_stores
    from tasks.schedule import SCHEDULE

    [job] = [job for job in SCHEDULE if job.actor is check_all_stores]
    assert job.every.days == 1
