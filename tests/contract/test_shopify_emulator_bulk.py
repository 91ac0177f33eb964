"""Bulk operations and webhooks of the Shopify emulator, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from clique_app.sandbox.shopify.values import zulu
from clique_app.sandbox.truth import truth
from tests.contract.shopify_sandbox import SECRET, SHOP, Sandbox, jsonl, running, small_world

CONTENT = "id name processedAt test totalPriceSet { shopMoney { amount currencyCode } } customer { id }"
LINE = "id quantity currentQuantity isGiftCard discountedTotalSet { shopMoney { amount } }"
SALE = "__typename id lineType totalAmount { shopMoney { amount } } ... on ProductSale { lineItem { id } }"
VISIT = "occurredAt ... on CustomerVisit { id source }"
BULK = (
    f"{{ orders {{ edges {{ node {{ {CONTENT} lineItems {{ edges {{ node {{ {LINE} }} }} }} "
    f"agreements {{ edges {{ node {{ id reason happenedAt sales {{ edges {{ node {{ {SALE} }} }} }} }} }} }} "
    f"customerJourneySummary {{ ready moments {{ edges {{ node {{ {VISIT} }} }} }} }} }} }} }} }}"
)
PAGED = (
    f"{{ orders(first: 250) {{ nodes {{ {CONTENT} lineItems(first: 5) {{ nodes {{ {LINE} }} }} "
    f"agreements(first: 5) {{ nodes {{ id reason happenedAt sales(first: 5) {{ nodes {{ {SALE} }} }} }} }} "
    f"customerJourneySummary {{ ready moments(first: 5) {{ nodes {{ {VISIT} }} }} }} }} }} }}"
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(small_world(orders=150)) as started:
        yield started


def paged_rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for order in data["orders"]["nodes"]:
        journey = order["customerJourneySummary"]
        children = [(order["id"], x) for x in order.pop("lineItems")["nodes"] + journey.pop("moments")["nodes"]]
        for agreement in order.pop("agreements")["nodes"]:
            children += [(agreement["id"], x) for x in agreement.pop("sales")["nodes"]]
            children.append((order["id"], agreement))
        rows += [order] + [{**child, "__parentId": parent} for parent, child in children]
    return rows


@pytest.mark.parametrize("grouped", [False, True])
def test_a_bulk_file_holds_the_rows_of_the_pages(sandbox: Sandbox, grouped: bool) -> None:
    done = sandbox.bulk(BULK, grouped)
    rows = jsonl(done["url"])
    assert done["status"] == "COMPLETED"
    assert (int(done["objectCount"]), int(done["rootObjectCount"])) == (len(rows), 150)
    key = lambda row: (row["id"], row.get("__parentId", ""))  # noqa: E731
    assert sorted(rows, key=key) == sorted(paged_rows(sandbox.ask(PAGED)), key=key)
    known, orphans = set[str](), 0
    for row in rows:
        orphans += "__parentId" in row and row["__parentId"] not in known
        known.add(row["id"])
    assert (orphans == 0) is grouped


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ products { nodes { id } } }", "Selecting via 'nodes' is not supported"),
        ("{ shop { id } }", "at least one connection"),
        ('{ node(id: "gid://shopify/Product/1") { id } }', "top level `node` field"),
        (
            "{ products { edges { node { title variants { edges { node { id } } } } } } }",
            "without 'id': products.",
        ),
        (
            "{ orders { edges { node { id refunds { refundLineItems { edges { node { id } } } } } } } }",
            "a connection field within a list field",
        ),
        ("mutation { tagsAdd(id: 1, tags: []) { node { id } } }", "Only `query` operations"),
        ("", "unexpected end of file"),
    ],
)
def test_what_cannot_run_in_bulk_is_refused_in_shopifys_words(sandbox: Sandbox, query: str, message: str) -> None:
    mutation = """mutation R($q: String!) { bulkOperationRunQuery(query: $q, groupObjects: false) {
      bulkOperation { id } userErrors { message code } } }"""
    answer = sandbox.ask(mutation, q=query)["bulkOperationRunQuery"]
    assert answer["bulkOperation"] is None
    assert any(message in e["message"] and e["code"] == "INVALID" for e in answer["userErrors"])


def test_no_objects_give_no_url_and_a_failed_run_gives_its_part(sandbox: Sandbox) -> None:
    empty = sandbox.bulk('{ orders(query: "id:1") { edges { node { id } } } }')
    assert (empty["status"], empty["url"], empty["objectCount"]) == ("COMPLETED", None, "0")
    sandbox.faults.add({"platform": "shopify", "fault": "bulk_failed"})
    failed = sandbox.bulk("{ orders { edges { node { id } } } }")
    assert (failed["status"], failed["errorCode"], failed["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert len(jsonl(failed["partialDataUrl"])) == 75


def test_an_export_that_has_ended_has_its_file(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(at: datetime) -> str:
        time.sleep(0.3)
        return zulu(at)

    monkeypatch.setattr("clique_app.sandbox.shopify.bulk.zulu", slow)  # as it settles, while it is asked for
    done = sandbox.bulk("{ orders { edges { node { id } } } }")
    assert len(jsonl(done["url"])) == 150


def subscribe(sandbox: Sandbox, topic: str) -> str:
    mutation = """mutation S($t: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
      webhookSubscriptionCreate(topic: $t, webhookSubscription: $w) {
        webhookSubscription { id topic uri } userErrors { field message } } }"""
    uri = f"http://127.0.0.1:{sandbox.port}/webhooks/shopify"
    made = sandbox.ask(mutation, t=topic, w={"uri": uri})["webhookSubscriptionCreate"]
    assert made["userErrors"] == []
    return made["webhookSubscription"]["id"]


def received(sandbox: Sandbox, topic: str, count: int = 1) -> list[tuple[dict[str, str], bytes]]:
    def found() -> list[tuple[dict[str, str], bytes]] | None:
        of_topic = [x for x in sandbox.received if x[0]["x-shopify-topic"] == topic]
        return of_topic if len(of_topic) >= count else None

    return sandbox.eventually(found)


def test_an_order_is_delivered_signed_over_its_raw_body(sandbox: Sandbox) -> None:
    subscribe(sandbox, "ORDERS_CREATE")
    subscribe(sandbox, "INVENTORY_LEVELS_UPDATE")
    order = sandbox.world.place_order(SHOP, {"lines": [{"sku": "C1", "quantity": 2}], "shipping": "4.00"})
    headers, body = received(sandbox, "orders/create")[0]
    digest = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["x-shopify-hmac-sha256"] == digest
    assert headers["x-shopify-shop-domain"] == SHOP
    assert json.loads(body)["admin_graphql_api_id"] == f"gid://shopify/Order/{order.order_id}"
    assert json.loads(body)["total_price"] == "44.00"
    level = json.loads(received(sandbox, "inventory_levels/update")[0][1])
    assert "?inventory_item_id=" in level["admin_graphql_api_id"]


def test_a_deleted_order_and_customer_are_announced_by_their_ids_and_nowhere_any_more(sandbox: Sandbox) -> None:
    subscribe(sandbox, "ORDERS_DELETE")
    subscribe(sandbox, "CUSTOMERS_DELETE")
    today = sandbox.world.now().date()
    around = (today - timedelta(days=120), today + timedelta(days=1))
    before = truth(sandbox.world, SHOP, *around)
    order = sandbox.world.place_order(SHOP, {"lines": [{"sku": "C1", "quantity": 2}], "customer": "one-off"})
    assert order.customer_id is not None
    with pytest.raises(ValueError, match="cancelled or closed"):
        sandbox.world.delete_order(SHOP, order.order_id)
    sandbox.world.cancel_order(SHOP, order.order_id)
    with pytest.raises(ValueError, match="has orders"):
        sandbox.world.delete_customer(SHOP, order.customer_id)
    sandbox.world.delete_order(SHOP, order.order_id)
    sandbox.world.delete_customer(SHOP, order.customer_id)
    assert json.loads(received(sandbox, "orders/delete")[0][1]) == {"id": order.order_id}
    assert json.loads(received(sandbox, "customers/delete")[0][1]) == {"id": order.customer_id}
    found = sandbox.ask(
        "query Q($o: ID!, $c: ID!, $q: String!) { order(id: $o) { id } customer(id: $c) { id } "
        "ordersCount(query: $q) { count } }",
        o=f"gid://shopify/Order/{order.order_id}",
        c=f"gid://shopify/Customer/{order.customer_id}",
        q=f"id:{order.order_id}",
    )
    assert found == {"order": None, "customer": None, "ordersCount": {"count": 0}}
    assert truth(sandbox.world, SHOP, *around) == before


def test_a_delivery_is_repeated_with_its_id_until_it_is_taken(sandbox: Sandbox) -> None:
    subscribe(sandbox, "ORDERS_CREATE")
    sandbox.app_status = 500
    sandbox.world.place_order(SHOP, {"lines": [{"sku": "C1"}]})
    received(sandbox, "orders/create", 3)
    sandbox.app_status = 200
    count = len(sandbox.received) + 1
    tries = received(sandbox, "orders/create", count)
    assert len({h["x-shopify-webhook-id"] for h, _ in tries}) == 1
    assert len({body for _, body in tries}) == 1


def test_a_subscription_that_keeps_failing_is_deleted_and_a_declared_one_is_not(sandbox: Sandbox) -> None:
    subscribe(sandbox, "ORDERS_CREATE")
    sandbox.app_status = 500
    sandbox.world.place_order(SHOP, {"lines": [{"sku": "C1"}]})
    query = "{ webhookSubscriptions(first: 5) { nodes { id } } }"
    sandbox.eventually(lambda: not sandbox.ask(query)["webhookSubscriptions"]["nodes"], seconds=15)
    sandbox.app_status = 200
    sandbox.world.uninstall(SHOP)
    received(sandbox, "app/uninstalled")


def test_uninstalling_kills_the_tokens(sandbox: Sandbox) -> None:
    sandbox.ask("{ shop { id } }")
    sandbox.world.uninstall(SHOP)
    assert sandbox.raw("{ shop { id } }").status_code == 401
    assert sandbox.exchange().json()["error"] == "invalid_subject_token"
    assert json.loads(received(sandbox, "app/uninstalled")[0][1])["myshopify_domain"] == SHOP


def test_deliveries_get_lost_doubled_and_late_when_asked(sandbox: Sandbox) -> None:
    subscribe(sandbox, "ORDERS_CREATE")
    for fault in ("webhook_lost", "webhook_duplicate", "webhook_late"):
        sandbox.faults.add({"platform": "shopify", "fault": fault})
    ids = [sandbox.world.place_order(SHOP, {"lines": [{"sku": "C1"}]}).order_id for _ in range(4)]
    got = [json.loads(body)["id"] for _, body in received(sandbox, "orders/create", 4)]
    assert ids[0] not in got
    assert got.count(ids[1]) == 2
    assert got.index(ids[3]) < got.index(ids[2])


def test_a_finished_bulk_operation_is_announced(sandbox: Sandbox) -> None:
    subscribe(sandbox, "BULK_OPERATIONS_FINISH")
    done = sandbox.bulk("{ products { edges { node { id } } } }")
    told = json.loads(received(sandbox, "bulk_operations/finish")[0][1])
    assert (told["admin_graphql_api_id"], told["status"]) == (done["id"], "completed")
