"""Whatever is sent to an endpoint or lies in the inbox: no 500, nothing half written.

Below the server and its client: hypothesis walks the registry of endpoints with methods, paths, queries, headers and
bodies that a server would pass on, and some that it would not, from clients that hang up; half of them rightly signed.
What a well-behaved client can send, made from a description of each endpoint, is in test_endpoints_described.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.routing import Route
from structlog.testing import capture_logs

from clique_app import clock
from clique_app.connections import ad_accounts_service
from clique_app.database import store_session, system_session
from clique_app.sync import objects_service
from clique_app.tables import InboxEvent
from tests.conftest import API_SECRET
from tests.integration.stores import make_store
from tests.integration.test_recommendations import Book
from tests.kit.every_table import rows

pytestmark = pytest.mark.usefixtures("database_env")
SHOP = "one.myshopify.com"
NUMBERS = itertools.count(1)
WALK = examples(
    max_examples=500,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
)

JUNK = st.one_of(
    st.sampled_from(
        ["", "💥", "0", "-1", "null", "%", "%00", "%zz", "\0", "..", "../..", "'",
         "'; drop table store; --", "{}", "[]",
         "Kelvin \u212a", "\u0661\u0662", "\ud800", "a" * 5000, "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+23:59",
         "9999-12-31T23:59:59-23:59", "meta", SHOP, "https://" + SHOP, "shopify", "1e999", "NaN"]
    ),
    st.text(max_size=30),
    st.text(alphabet="0123456789.-:/%&=+T Z", max_size=30),
)  # fmt: skip
QUERY_KEYS = ("shop", "state", "code", "hmac", "timestamp", "host", "ticket", "error", "error_reason", "id_token",
              "hub.mode", "hub.challenge", "hub.verify_token", "session", "x")  # fmt: skip
HEADERS = (
    "content-length", "content-type", "content-encoding", "transfer-encoding", "host", "cookie", "origin", "referer",
    "accept", "accept-encoding", "accept-language", "range", "if-none-match", "if-modified-since", "authorization",
    "expect", "connection", "upgrade", "x-forwarded-for", "x-forwarded-proto", "user-agent",
    "x-shopify-topic", "x-shopify-hmac-sha256", "x-shopify-shop-domain", "x-shopify-webhook-id",
    "x-shopify-triggered-at", "x-shopify-api-version", "x-shopify-event-id", "shopify-topic", "shopify-hmac-sha256",
    "shopify-shop-domain", "shopify-webhook-id", "shopify-event-id", "shopify-triggered-at",
    "x-hub-signature", "x-hub-signature-256",
)  # fmt: skip
METHODS = (
    *("GET", "POST", "POST") * 8,
    "HEAD",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "X",
    "",
)
TOPICS = ("orders/create", "orders/updated", "refunds/create", "products/update", "products/delete", "customers/update",
          "inventory_levels/update", "app/uninstalled", "app/scopes_update", "customers/data_request",
          "customers/redact", "shop/redact", "bulk_operations/finish", "themes/publish", "x/y", "nonsense")  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | JUNK,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JUNK, inner, max_size=4),
    max_leaves=10,
)
FIELDS = ("id", "order_id", "inventory_item_id", "admin_graphql_api_id", "customer", "orders_to_redact", "current",
          "orders_requested", "data_request", "email", "shop_domain")  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode(errors="replace")),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b"[" * 20_000, b"{" * 20_000, b"\xff\xfe{\x00}\x00", b"1" * 5000, b'{"id": 1e400}', b"x" * 2_200_000]
    ),
)


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@st.composite
def requests(draw: st.DrawFn, paths: list[str]) -> dict[str, Any]:
    """One request, half of them with a good signature of Shopify's."""
    template = draw(st.sampled_from([*paths, "/", "/nothing", "/webhooks", "/auth"]))
    path = re.sub(r"\{[^}]*\}", lambda _: draw(JUNK | st.sampled_from(["meta", "shopify"])), template)
    path += draw(st.sampled_from([*[""] * 18, "/", "/..", "//", "?", "%2f", "\0"]))
    path = path.encode(errors="replace").decode()  # a server's path is decoded text
    query = draw(st.lists(st.tuples(st.sampled_from(QUERY_KEYS), JUNK), max_size=5))
    separator = draw(st.sampled_from([b"&", b";", b"&&", b"=&="]))
    body = draw(BODIES)
    headers = [
        (name.encode(), raw(value))
        for name, value in draw(st.lists(st.tuples(st.sampled_from(HEADERS), JUNK), max_size=6))
    ]
    if draw(st.booleans()):
        digest = base64.b64encode(hmac.digest(API_SECRET.encode(), body, "sha256"))
        good = {
            b"x-shopify-hmac-sha256": digest,
            b"x-shopify-topic": draw(st.sampled_from(TOPICS)).encode(),
            b"x-shopify-shop-domain": SHOP.encode(),
            b"x-shopify-webhook-id": f"w{next(NUMBERS)}".encode(),
        }
        spoiled = draw(st.sets(st.sampled_from(sorted(good)), max_size=1))
        headers = [*((n, v) for n, v in good.items() if n not in spoiled), *headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": draw(st.sampled_from(["http", "https"])),
        "method": draw(st.sampled_from(METHODS)),
        "path": path,
        "raw_path": raw(path),
        "root_path": "",
        "query_string": separator.join(raw(k) + b"=" + raw(v) for k, v in query) + draw(st.binary(max_size=9)),
        "headers": headers,
        "client": draw(st.none() | st.just((f"10.{next(NUMBERS) % 250}.{next(NUMBERS) // 250 % 250}.1", 1))),
        "server": ("localhost", 1),
        "body": body,
        "hang_up": draw(st.integers(0, 9)) == 0,
    }


async def status_of(app: Any, request: dict[str, Any]) -> int:
    """What the app answers; it may close without one only where the client hung up."""
    body, scope = request["body"], {key: value for key, value in request.items() if key not in ("body", "hang_up")}
    parts = [body[i : i + 65_536] for i in range(0, len(body), 65_536)] or [b""]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        if request["hang_up"] and len(parts) <= 1:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0) if parts else b"", "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await asyncio.wait_for(app(scope, receive, send), 10)
    assert len(statuses) == 1 or request["hang_up"]
    return statuses[0] if statuses else 0


@pytest.fixture
def store_id(database_env: None) -> int:
    made = make_store(SHOP)
    with store_session(made) as session:
        session.connection().exec_driver_sql("delete from store_settings")
        Book(session, made).write()
    return made


@pytest.fixture
def edge(store_id: int, tmp_path: Path) -> tuple[Any, list[str]]:
    """All endpoints behind the product's own edge, and their paths."""
    from clique_app.web_app import ENDPOINTS, RAW_ENDPOINTS
    from tests.kit.whole_app import whole_app

    paths = [route.path for route in ENDPOINTS if isinstance(route, Route)] + [path for path, _ in RAW_ENDPOINTS] * 4
    paths += ["/webhooks/shopify"] * (len(paths) // 3)  # the one that takes anything in from a signature alone
    return whole_app(tmp_path), paths


def test_no_request_gets_a_500_or_leaves_anything_but_a_signed_delivery(edge: tuple[Any, list[str]]) -> None:
    app, paths = edge
    before = rows("inbox_event")
    taken: list[str] = []
    seen: set[int] = set()

    with asyncio.Runner() as runner:

        @WALK
        @given(requests(paths))
        def walk(request: dict[str, Any]) -> None:
            status = runner.run(status_of(app, request))
            seen.add(status)
            assert status < 500, request
            if status == 200 and request["path"].startswith("/webhooks"):
                taken.append(dict(request["headers"])[b"x-shopify-webhook-id"].decode("latin-1"))

        walk()
    assert {200, 400, 401, 404, 405} <= seen
    assert rows("inbox_event") == before
    with system_session() as session:
        stored = set(session.connection().exec_driver_sql("select delivery_id from inbox_event").scalars())
    assert stored == set(taken)


def test_a_ticket_that_was_tampered_with_connects_nobody(edge: tuple[Any, list[str]], store_id: int) -> None:
    app, _ = edge
    with store_session(store_id) as session:
        ticket = ad_accounts_service.start(session, store_id, "meta", 11).partition("ticket=")[2]
    before = rows()

    with asyncio.Runner() as runner:

        @examples(WALK, max_examples=120)
        @given(st.integers(0, len(ticket) - 1), st.characters(codec="ascii"), st.sampled_from(("start", "callback")))
        def walk(at: int, character: str, step: str) -> None:
            spoiled = ticket[:at] + character + ticket[at + 1 :]
            if base64_same(spoiled, ticket):
                return
            name = "ticket" if step == "start" else "state"
            request = {
                "type": "http", "http_version": "1.1", "scheme": "http", "method": "GET", "root_path": "",
                "path": f"/auth/meta/{step}", "raw_path": b"", "headers": [], "server": ("localhost", 1),
                "query_string": raw(f"{name}={spoiled}&code=1"), "client": (f"11.0.{next(NUMBERS)}.1", 1),
                "body": b"", "hang_up": False,
            }  # fmt: skip
            assert runner.run(status_of(app, request)) == 400

        walk()
    assert rows() == before


def base64_same(one: str, other: str) -> bool:
    """The last character of base64 has bits that count for nothing."""
    return [part.rstrip("=")[:-1] for part in one.split(".")] == [part.rstrip("=")[:-1] for part in other.split(".")]


def test_whatever_lies_in_the_inbox_is_done_or_dead_and_changes_nothing_else(
    store_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.webhooks import drain_inbox

    topics = [topic for topic in TOPICS if topic != "app/uninstalled"]  # that is one, whatever its body
    monkeypatch.setattr(objects_service, "fetch", lambda access, kind, ids: [])
    hinted = ("inbox_event", "privacy_request", "connection", "product", "variant")  # what Shopify no longer shows
    before = rows(*hinted)

    @examples(WALK, max_examples=120)
    @given(
        st.lists(
            st.tuples(st.sampled_from(topics), BODIES.filter(lambda body: len(body) < 10**6)), min_size=1, max_size=8
        )
    )
    def walk(deliveries: list[tuple[str, bytes]]) -> None:
        with system_session() as session:
            for topic, body in deliveries:
                session.add(
                    InboxEvent(
                        source="shopify",
                        delivery_id=f"d{next(NUMBERS)}",
                        topic=topic,
                        shop_domain=SHOP,
                        received_at=clock.now(),
                        payload=body,
                    )
                )
        drain_inbox.fn(SHOP)

    with capture_logs():  # a thousand tracebacks
        walk()
    with system_session() as session:
        states = dict(
            session.connection().exec_driver_sql("select state, count(*) from inbox_event group by 1").fetchall()  # pyright: ignore
        )
        assert states["done"] > 20
        gone = session.connection().exec_driver_sql(
            "select count(*) from inbox_event where state = 'done' and payload <> ''"
        )
        assert gone.scalar_one() == 0
    after = rows(*hinted)
    assert {table for table in after if after[table] != before[table]} == set()
