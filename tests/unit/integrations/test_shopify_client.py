"""The client against every kind of answer Shopify is known to give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stamina

from clique_app.errors import AccessExpired, CliqueError, RateLimited, Rejected, Unavailable
from clique_app.integrations.shopify import bulk, client, documents, families
from clique_app.integrations.shopify.client import Client
from clique_app.settings import settings

Answer = httpx.Response | Exception


class Shopify:
    """Answers in turn and remembers what was asked; the last answer is repeated."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[dict[str, Any]] = []
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content) if request.content else {"url": str(request.url)})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def shopify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shopify]:
    fake = Shopify()
    for name in ("DATABASE_URL", "REDIS_URL", "SHOPIFY_API_KEY", "SHOPIFY_API_SECRET", "SHOPIFY_APP_URL",
                 "ENCRYPTION_KEYS", "SESSION_SECRET"):  # fmt: skip
        monkeypatch.setenv(name, "x")
    settings.cache_clear()
    pool = httpx.Client(transport=httpx.MockTransport(fake))
    monkeypatch.setattr(client, "http", lambda: pool)
    monkeypatch.setattr(bulk, "http", lambda: pool)
    monkeypatch.setattr(client.time, "sleep", fake.waited.append)
    stamina.set_testing(True, attempts=3)
    yield fake
    stamina.set_testing(False)
    settings.cache_clear()


def ok(data: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.Response(200, json={"data": data}, headers=headers)


def errors(code: str, status: int = 200, **extensions: Any) -> httpx.Response:
    error = {"message": "Throttled", "extensions": {"code": code, **extensions.pop("of_error", {})}}
    return httpx.Response(status, json={"data": {"shop": None}, "errors": [error], "extensions": extensions})


def ask() -> dict[str, Any]:
    return Client("one.myshopify.com", "shpat_1").query("{ shop { name } }")


def test_a_throttled_answer_waits_for_what_is_missing_and_asks_again(shopify: Shopify) -> None:
    cost = {"requestedQueryCost": 900, "throttleStatus": {"currentlyAvailable": 500, "restoreRate": 100}}
    shopify.answers = [errors("THROTTLED", cost=cost), ok({"shop": 1})]
    assert ask() == {"shop": 1}
    assert shopify.waited == [4.0]


def test_a_429_waits_as_long_as_it_says(shopify: Shopify) -> None:
    shopify.answers = [httpx.Response(429, headers={"Retry-After": "2.0"}), ok({"shop": 1})]
    assert ask() == {"shop": 1}
    assert shopify.waited == [2.0]


def test_patience_ends(shopify: Shopify) -> None:
    shopify.answers = [httpx.Response(429, headers={"Retry-After": "50"})]
    with pytest.raises(RateLimited):
        ask()


@pytest.mark.parametrize(
    "failure",
    [httpx.Response(502), httpx.ReadTimeout("late"), httpx.Response(200, content=b'{"data": {"shop"'),
     errors("INTERNAL_SERVER_ERROR")],
)  # fmt: skip
def test_a_read_is_tried_again_and_a_mutation_is_not(shopify: Shopify, failure: Answer) -> None:
    shopify.answers = [failure, ok({"shop": 1})]
    assert ask() == {"shop": 1}
    shopify.answers, shopify.asked = [failure, ok({"shop": 1})], []
    with pytest.raises(Unavailable):
        Client("one.myshopify.com", "t").mutate("mutation { x }", {})
    assert len(shopify.asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (httpx.Response(401), AccessExpired, "Reopen Clique"),
        (httpx.Response(402), Rejected, "frozen"),
        (errors("ACCESS_DENIED", of_error={"requiredAccess": "`read_orders` access scope."}), Rejected, "read_orders"),
        (errors("UNKNOWN"), Rejected, "Throttled"),
        (ok({"shop": 1}, **{"X-Shopify-API-Version": "2026-10"}), Rejected, "2026-10"),
        (httpx.Response(200, json={"data": None}), Unavailable, "no data"),
        (httpx.Response(200, json=[]), Unavailable, "sense"),
    ],
)
def test_what_shopify_will_not_give_is_said(
    shopify: Shopify, answer: httpx.Response, kind: type[CliqueError], told: str
) -> None:
    shopify.answers = [answer]
    with pytest.raises(kind, match=told):
        ask()


def page(nodes: list[int], cursor: str | None) -> httpx.Response:
    info = {"hasNextPage": cursor is not None, "endCursor": cursor or None}
    return ok({"orders": {"nodes": [{"id": n} for n in nodes], "pageInfo": info}})


def read(size: int = 50) -> list[int]:
    pages = Client("one.myshopify.com", "t").pages("{ x }", "orders", size=size)
    return [node["id"] for each in pages for node in each.nodes]


def test_an_empty_page_is_asked_for_again_and_is_not_the_end(shopify: Shopify) -> None:
    shopify.answers = [page([1], "a"), page([], "b"), page([2], "b"), *[page([], "c")] * 4, page([3], None)]
    assert read() == [1, 2, 3]
    assert [asked["variables"]["after"] for asked in shopify.asked] == [None, *"aa", *"bbbb", "c"]


def test_an_empty_page_without_a_way_on_is_asked_for_again_and_then_reported(shopify: Shopify) -> None:
    shopify.answers = [page([1], "a"), page([], ""), page([2], None)]
    assert read() == [1, 2]
    shopify.answers = [page([1], "a"), page([], "")]
    with pytest.raises(Unavailable, match="more to read"):
        read()


def test_too_costly_a_page_is_halved(shopify: Shopify) -> None:
    shopify.answers = [errors("MAX_COST_EXCEEDED"), errors("MAX_COST_EXCEEDED"), page([1], None)]
    assert read(size=50) == [1]
    assert [asked["variables"]["first"] for asked in shopify.asked] == [50, 25, 12]


def jsonl(*nodes: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, content="".join(json.dumps(node) + "\n" for node in nodes).encode())


ROOT_1, ROOT_2 = {"id": "gid://shopify/Order/1"}, {"id": "gid://shopify/Order/2"}
LINE = {"id": "gid://shopify/LineItem/5", "currentQuantity": 1, "__parentId": "gid://shopify/Order/1"}
DEAL = {"id": "gid://shopify/SalesAgreement/6", "happenedAt": "x", "__parentId": "gid://shopify/Order/2"}
SALE = {"id": "gid://shopify/Sale/7", "lineType": "PRODUCT", "__parentId": "gid://shopify/SalesAgreement/6"}
NODES = [ROOT_1, LINE, ROOT_2, DEAL, SALE]


def exported(
    nodes: list[dict[str, Any]], at: int = 0, lines: int | None = None, status: str = "COMPLETED"
) -> tuple[str, list[tuple[dict[str, Any], int]]]:
    """What the file lacks, and its families with the byte behind each."""
    count = len(nodes) if lines is None else lines
    export = bulk.Export("gid://shopify/BulkOperation/1", status, count, 2, "https://files/x", "TIMEOUT")
    with bulk.downloaded(export) as file:
        return file.missing, list(families.families(file, documents.ORDERS.connection_of, at=at))


def test_children_stand_in_the_lists_of_their_parents(shopify: Shopify) -> None:
    shopify.answers = [jsonl(*NODES)]
    missing, [(one, behind_one), (two, behind_two)] = exported(NODES)
    assert missing == ""
    assert one["lineItems"][0]["id"] == LINE["id"]
    assert two["agreements"][0]["sales"][0]["id"] == SALE["id"]
    content = jsonl(*NODES).content
    assert content[behind_one:].startswith(b'{"id": "gid://shopify/Order/2"')
    assert behind_two == len(content)


def test_an_export_goes_on_after_what_was_done(shopify: Shopify) -> None:
    shopify.answers = [jsonl(*NODES)]
    _, [(_, behind), _] = exported(NODES)
    assert [record["id"] for record, _ in exported(NODES, at=behind)[1]] == [ROOT_2["id"]]


@pytest.mark.parametrize(
    "nodes", [[ROOT_1, ROOT_2, LINE], [LINE, ROOT_1], [ROOT_1, SALE], [ROOT_1, [1]], [ROOT_1, {"__parentId": 3}]]
)
def test_a_line_away_from_its_family_is_never_passed_over(shopify: Shopify, nodes: list[Any]) -> None:
    shopify.answers = [jsonl(*nodes)]
    with pytest.raises(Rejected, match="cannot be read, at byte"):
        exported(nodes)


@pytest.mark.parametrize("nodes", [[*NODES, ROOT_1], [ROOT_1, ROOT_1, LINE], [ROOT_1, LINE, ROOT_2, ROOT_1, LINE]])
def test_a_root_that_comes_twice_is_refused_wherever_the_file_was_gone_on_with(
    shopify: Shopify, nodes: list[dict[str, Any]]
) -> None:
    content = jsonl(*nodes).content
    behind_first = content.index(b'{"id": "gid://shopify/Order/', 1)
    for at in (0, behind_first):
        shopify.answers = [jsonl(*nodes)]
        with pytest.raises(families.CutShort, match="Order/1 twice"):
            exported(nodes, at=at)


def test_of_a_file_with_too_few_lines_the_last_family_is_left_out(shopify: Shopify) -> None:
    shopify.answers = [jsonl(*NODES)]
    missing, found = exported(NODES, lines=6)
    assert missing == "Shopify's export has 5 lines of 6."
    assert [record["id"] for record, _ in found] == [ROOT_1["id"]]
    assert len(shopify.asked) == 2  # it might have been cut off on the way


def test_a_file_that_ends_within_a_line_gives_what_is_whole(shopify: Shopify) -> None:
    shopify.answers = [httpx.Response(200, content=jsonl(*NODES).content[:-30])]
    missing, found = exported(NODES, lines=8)
    assert missing == "Shopify's export has 5 lines of 8."
    assert [record["id"] for record, _ in found] == [ROOT_1["id"]]


def test_of_an_export_that_stopped_the_part_is_read_and_said_to_be_one(shopify: Shopify) -> None:
    shopify.answers = [jsonl(*NODES)]
    missing, found = exported(NODES, status="FAILED")
    assert missing == "Shopify stopped its export part-way (timeout)."
    assert len(found) == 1


def test_a_link_that_is_gone_is_told_apart_from_trouble(shopify: Shopify) -> None:
    shopify.answers = [httpx.Response(403)]
    with pytest.raises(bulk.LinkExpired):
        exported(NODES)


def test_the_access_token_is_not_sent_to_the_file_server(shopify: Shopify) -> None:
    sent: list[httpx.Request] = []
    pool = httpx.Client(transport=httpx.MockTransport(lambda request: sent.append(request) or jsonl(*NODES)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "http", lambda: pool)
        exported(NODES)
    assert "X-Shopify-Access-Token" not in sent[0].headers
