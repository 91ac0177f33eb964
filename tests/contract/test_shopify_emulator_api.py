"""The Shopify emulator's tokens, paging, cost, scopes, errors and faults, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shopify_app import ShopifyApp

from tests.contract.shopify_sandbox import (
    EXCHANGE,
    KEY,
    SECRET,
    SHOP,
    Sandbox,
    running,
    small_world,
)
from tests.kit.plain_http import PLAIN_HTTP

PAGE = """query Page($first: Int, $last: Int, $after: String, $before: String, $reverse: Boolean) {
  orders(first: $first, last: $last, after: $after, before: $before, reverse: $reverse, sortKey: UPDATED_AT) {
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with running(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def fresh() -> Iterator[Sandbox]:
    with running(small_world()) as sandbox:
        yield sandbox


@settings(max_examples=20)
@given(size=st.integers(1, 14), reverse=st.booleans(), backwards=st.booleans())
def test_any_page_size_and_direction_yields_every_order_once(
    shared: Sandbox, size: int, reverse: bool, backwards: bool
) -> None:
    shared.world.move_clock(60)  # points come back
    seen: list[str] = []
    args: dict[str, Any] = {"reverse": reverse, ("last" if backwards else "first"): size}
    while True:
        page = shared.ask(PAGE, **args)["orders"]
        ids = [x["id"] for x in page["nodes"]]
        seen = ids + seen if backwards else seen + ids
        if not page["pageInfo"]["hasPreviousPage" if backwards else "hasNextPage"]:
            break
        edge = page["pageInfo"]["startCursor" if backwards else "endCursor"]
        args["before" if backwards else "after"] = edge
        shared.token = ""
    expected = sorted(shared.world.store(SHOP).orders.values(), key=lambda o: (o.updated_at, o.order_id))
    ids = [f"gid://shopify/Order/{o.order_id}" for o in expected]
    assert seen == (ids[::-1] if reverse else ids)


def test_pages_larger_than_250_are_refused(shared: Sandbox) -> None:
    body = shared.raw("{ orders(first: 251) { nodes { id } } }").json()
    assert "250" in body["errors"][0]["message"]


def test_the_clients_own_library_can_exchange_a_session_token(shared: Sandbox) -> None:
    class ToSandbox(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            shop = request.url.host
            request.url = httpx.URL(f"http://127.0.0.1:{shared.port}/shopify/{shop}{request.url.path}")
            return super().handle_request(request)

    app = ShopifyApp(client_id=KEY, client_secret=SECRET)
    request: Any = {
        "method": "GET",
        "url": f"https://app.example.com/?shop={SHOP}&id_token={shared.session_token()}&host=x&embedded=1",
        "headers": {},
        "body": "",
    }
    verified = app.verify_app_home_req(request, app_home_patch_id_token_path="/patch")
    result = app.exchange_using_token_exchange(
        access_mode="offline",
        id_token=verified.id_token,
        invalid_token_response=verified.invalid_token_response,
        http_client=httpx.Client(transport=ToSandbox()),
    )
    assert result.ok, result
    assert result.access_token is not None
    assert result.access_token.token.startswith("shpat_")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": 1}, "invalid_subject_token"),
        ({"aud": "other"}, "invalid_subject_token"),
        ({"dest": "https://other.myshopify.com"}, "invalid_subject_token"),
        ({"secret": "wrong-but-long-enough-to-sign-with-it"}, "invalid_subject_token"),
    ],
)
def test_a_bad_session_token_buys_nothing(shared: Sandbox, changed: dict[str, Any], code: str) -> None:
    answer = shared.exchange(subject_token=shared.session_token(**changed))
    assert (answer.status_code, answer.json()["error"]) == (400, code)


def test_a_wrong_secret_or_a_token_without_expiry_is_refused(shared: Sandbox) -> None:
    assert shared.exchange(client_secret="x").json()["error"] == "invalid_client"
    without = {k: v for k, v in EXCHANGE.items() if k != "expiring"} | {"subject_token": shared.session_token()}
    assert PLAIN_HTTP.post(f"{shared.store_url}/admin/oauth/access_token", json=without).status_code == 400


def test_tokens_expire_and_refreshing_rotates_them(fresh: Sandbox) -> None:
    first = fresh.exchange().json()
    fresh.token = first["access_token"]
    fresh.world.move_clock(3601)
    assert fresh.raw("{ shop { id } }").status_code == 401
    second = fresh.refresh(first["refresh_token"]).json()
    again = fresh.refresh(first["refresh_token"]).json()  # the answer got lost: it may be used again
    assert fresh.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert fresh.refresh(again["refresh_token"]).status_code == 200
    assert fresh.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"


def test_tokens_survive_a_restart(tmp_path: Any) -> None:
    world = small_world(orders=1, data_dir=tmp_path)
    with running(world) as sandbox:
        sandbox.ask("{ shop { id } }")
        token = sandbox.token
    with running(world) as sandbox:
        sandbox.token = token
        assert sandbox.ask("{ shop { name } }") == {"shop": {"name": "Book"}}


def test_a_missing_scope_is_told_with_the_access_it_needs(fresh: Sandbox) -> None:
    fresh.world.install(SHOP, ["read_products"])
    error = fresh.raw("{ orders(first: 1) { nodes { id } } }").json()["errors"][0]
    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "read_orders" in error["extensions"]["requiredAccess"]


def test_without_read_all_orders_only_sixty_days_are_seen(fresh: Sandbox) -> None:
    fresh.world.install(SHOP, ["read_orders"])
    fresh.world.place_order(SHOP, {"lines": [{"sku": "C1"}]})
    fresh.world.move_clock(59 * 86_400)
    assert len(fresh.ask("{ orders(first: 50) { nodes { id } } }")["orders"]["nodes"]) == 1
    fresh.world.move_clock(2 * 86_400)
    fresh.token = ""
    assert fresh.ask("{ orders(first: 50) { nodes { id } } }")["orders"]["nodes"] == []


def test_cost_follows_the_fitted_formula_and_unused_points_come_back(fresh: Sandbox) -> None:
    body = fresh.raw("{ products(first: 10) { nodes { id variants(first: 5) { nodes { id } } } } }").json()
    cost = body["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 2 + 4 * (1 + 2 + 3 * 1)
    assert cost["actualQueryCost"] < cost["requestedQueryCost"]
    assert cost["throttleStatus"]["currentlyAvailable"] == 2000 - cost["actualQueryCost"]


def test_being_throttled_is_told_in_a_200(fresh: Sandbox) -> None:
    fresh.ask("{ shop { id } }")
    fresh.faults.add({"platform": "shopify", "fault": "throttled"})
    answer = fresh.raw("{ shop { id } }")
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert answer.json()["extensions"]["cost"]["actualQueryCost"] is None
    fresh.ask("{ shop { id } }")


def test_a_document_over_a_thousand_points_is_refused(shared: Sandbox) -> None:
    inner = "variants(first: 250) { nodes { id product { id variants(first: 250) { nodes { id } } } } }"
    body = shared.raw(f"{{ products(first: 250) {{ nodes {{ id {inner} }} }} }}").json()
    assert body["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_errors_speak_like_shopify(shared: Sandbox) -> None:
    unknown = shared.raw("query Q { orders(first: 1) { nodes { nope } } }").json()["errors"][0]
    assert unknown["message"] == "Field 'nope' doesn't exist on type 'Order'"
    assert unknown["path"] == ["query Q", "orders", "nodes", "nope"]
    assert unknown["extensions"]["code"] == "undefinedField"
    variable = shared.raw("query Q($id: ID!) { order(id: $id) { id } }").json()["errors"][0]
    assert variable["extensions"]["code"] == "INVALID_VARIABLE"
    unserved = shared.raw("mutation { customerDelete(input: {id: \"gid://shopify/Customer/1\"}) "
                          "{ deletedCustomerId } }").json()["errors"][0]  # fmt: skip
    assert unserved["extensions"]["code"] in ("ACCESS_DENIED", "NOT_SERVED_BY_SANDBOX")
    assert shared.raw("{ shop { id } }", version="2031-01").status_code == 404
    assert shared.raw("{ shop { id } }", version="2025-01").headers["X-Shopify-API-Version"] == "2026-07"


def test_prices_change_and_a_negative_one_is_a_user_error(fresh: Sandbox) -> None:
    product = fresh.ask("{ products(first: 1) { nodes { id variants(first: 1) { nodes { id } } } } }")
    node = product["products"]["nodes"][0]
    mutation = """mutation P($p: ID!, $v: [ProductVariantsBulkInput!]!) {
      productVariantsBulkUpdate(productId: $p, variants: $v) {
        productVariants { price } userErrors { field message code } } }"""
    variant = node["variants"]["nodes"][0]["id"]
    wrong = fresh.ask(mutation, p=node["id"], v=[{"id": variant, "price": "-1"}])["productVariantsBulkUpdate"]
    assert wrong["userErrors"][0]["message"] == "must be greater than or equal to 0"
    right = fresh.ask(mutation, p=node["id"], v=[{"id": variant, "price": "21.5"}])["productVariantsBulkUpdate"]
    assert right == {"productVariants": [{"price": "21.50"}], "userErrors": []}


def test_an_inventory_adjustment_needs_its_key_and_counts_once(fresh: Sandbox) -> None:
    level = next(iter(fresh.world.store(SHOP).stock.values()))
    before = level.available
    given = {
        "name": "available",
        "reason": "correction",
        "changes": [
            {
                "delta": -2,
                "inventoryItemId": f"gid://shopify/InventoryItem/{level.inventory_item_id}",
                "locationId": f"gid://shopify/Location/{level.location_id}",
            }
        ],
    }
    text = """mutation A($i: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $i) %s {
      inventoryAdjustmentGroup { changes { delta quantityAfterChange } } userErrors { code } } }"""
    assert fresh.raw(text % "", i=given).json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    for _ in range(2):
        answer = fresh.ask(text % '@idempotent(key: "k1")', i=given)["inventoryAdjustQuantities"]
        assert answer["userErrors"] == []
    assert level.available == before - 2


@pytest.mark.parametrize(
    ("fault", "status"), [("5xx", 502), ("http_429", 429), ("revoked_token", 401), ("expired_token", 401)]
)
def test_faults_show_in_the_status(fresh: Sandbox, fault: str, status: int) -> None:
    fresh.ask("{ shop { id } }")
    fresh.faults.add({"platform": "shopify", "fault": fault})
    assert fresh.raw("{ shop { id } }").status_code == status


def test_a_truncated_page_is_no_json_and_an_empty_page_says_more_follows(fresh: Sandbox) -> None:
    fresh.ask("{ shop { id } }")
    fresh.faults.add({"platform": "shopify", "fault": "truncated_page"})
    with pytest.raises(ValueError):
        fresh.raw(PAGE, first=3).json()
    fresh.faults.add({"platform": "shopify", "fault": "empty_page"})
    page = fresh.ask(PAGE, first=50)["orders"]
    assert page["nodes"] == []
    assert page["pageInfo"]["hasNextPage"] is True


def test_a_page_may_lack_rows_without_a_word(fresh: Sandbox) -> None:
    whole = fresh.ask(PAGE, first=50)["orders"]
    fresh.faults.add({"platform": "shopify", "fault": "rows_dropped"})
    lacking = fresh.ask(PAGE, first=50)["orders"]
    assert lacking["nodes"] == whole["nodes"][: len(whole["nodes"]) // 2]
    assert lacking["pageInfo"] == whole["pageInfo"]


def test_a_write_may_be_answered_and_not_done(fresh: Sandbox) -> None:
    variant = next(iter(fresh.world.store(SHOP).variants.values()))
    before = variant.price
    mutation = """mutation P($p: ID!, $v: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $p,
      variants: $v) { productVariants { id } userErrors { message } } }"""
    subscribe = """mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription:
      {uri: "http://localhost:1/hook"}) { webhookSubscription { id } userErrors { message } } }"""
    fresh.faults.add({"platform": "shopify", "fault": "write_ok_no_change", "times": 2})
    gids = {"p": f"gid://shopify/Product/{variant.product_id}"}
    rows = [{"id": f"gid://shopify/ProductVariant/{variant.variant_id}", "price": "99.00"}]
    assert fresh.ask("{ shop { id } }"), "a read does not use the fault up"
    assert fresh.ask(mutation, **gids, v=rows)["productVariantsBulkUpdate"]["userErrors"] == []
    assert variant.price == before
    assert fresh.ask(subscribe)["webhookSubscriptionCreate"]["webhookSubscription"]["id"]
    assert fresh.ask("{ webhookSubscriptionsCount { count } }")["webhookSubscriptionsCount"]["count"] == 0
    fresh.ask(mutation, **gids, v=rows)
    assert variant.price == 99


def test_a_refresh_token_may_die_with_its_first_use(fresh: Sandbox) -> None:
    first = fresh.exchange().json()["refresh_token"]
    fresh.faults.add({"platform": "shopify", "fault": "refresh_token_once"})
    second = fresh.refresh(first).json()["refresh_token"]
    assert fresh.refresh(first).json()["error"] == "invalid_grant"
    assert fresh.refresh(second).status_code == 200
