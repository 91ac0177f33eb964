"""What anybody who is not the store's own admin gets: nothing. Every event, every endpoint, over the wire."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
import redis
import socketio
from socketio.exceptions import ConnectionError as ConnectionRefusedByServer

from tests.conftest import PROJECT
from tests.e2e import demos
from tests.e2e.demos import Demo
from tests.kit.fake_admin import sign
from tests.kit.plain_http import PLAIN_HTTP
from tests.kit.raw_tab import HYDRATE, RawTab

R = TypeVar("R")

PAGES = (
    "/",
    "/recommendations",
    "/attribution",
    "/metrics",
    "/customers",
    "/voice",
    "/connections",
    "/data",
    "/settings",
    "/onboarding",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
AGE = re.compile(r"(just now|\d+ \w+ ago)")  # passes by while the tests run, in every store
LIST_ALL = """
import inspect, json
from clique_app.demo import record
record.adopt_running_demo()
from clique_app.clique_app import app
from clique_app.web_app import ENDPOINTS, RAW_ENDPOINTS
from clique_app.components.guard import registered_handlers
arguments = lambda handler: list(inspect.signature(handler.fn).parameters.values())[1:]
events = {name: {a.name: str(a.annotation) for a in arguments(h)} for name, h in registered_handlers().items()}
paths = [route.path for route in (*ENDPOINTS, *app._api.routes)] + [path for path, _ in RAW_ENDPOINTS]
print(json.dumps({"events": events, "paths": sorted(set(paths))}))
"""


@dataclass(frozen=True)
class Surface:
    """Every event of every state with its arguments' types, and every path."""

    events: dict[str, dict[str, str]]
    paths: list[str]


@pytest.fixture(scope="module")
def surface(connected: Demo) -> Surface:
    done = subprocess.run(
        [sys.executable, "-c", LIST_ALL],
        cwd=PROJECT,
        env=demos.environment(connected["folder"]),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return Surface(**json.loads(done.stdout.splitlines()[-1]))


def token_for(demo: Demo, shop: str, **claims: Any) -> str:
    return sign(shop, **{"secret": demo["api_secret"], "aud": demo["api_key"], **claims})


def in_a_loop(scene: Coroutine[Any, Any, R]) -> R:
    """Run it in a thread: the browser's own loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, scene).result()


def leaves(value: Any) -> Iterator[str]:
    """Every text and number of a message, but not the client's own address handed back to it."""
    if isinstance(value, dict):
        for name, part in value.items():
            if not name.startswith("rx_router"):
                yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif not isinstance(value, bool) and value is not None:
        yield str(value)


def told(tab: RawTab) -> set[str]:
    return {leaf for message in tab.received for leaf in leaves(json.loads(message))}


async def visit(demo: Demo, shop: str) -> set[str]:
    """All that the pages tell the store's own admin."""
    async with RawTab(demo["app_url"]) as tab:
        await tab.say(HYDRATE)
        await tab.login(token_for(demo, shop))
        for path in PAGES:
            await tab.go(path)
        await tab.quiet()  # what one store's pages had not told yet would pass for the other's secret
        assert tab.saw(shop)
        return told(tab)


@pytest.fixture(scope="module")
def secrets(connected: Demo, book_store: str) -> dict[str, set[str]]:
    """By store: what its pages show and the other store's do not. What the product says of itself, word by word, is
    none: a store whose page was slow to tell would else make secrets of it."""
    product = (path for path in (PROJECT / "clique_app").rglob("*.py") if "sandbox" not in path.parts)
    code = "".join(path.read_text() for path in product)

    async def both() -> tuple[set[str], set[str]]:
        return await asyncio.gather(visit(connected, connected["store"]), visit(connected, book_store))

    harbor, book = in_a_loop(both())
    only = {connected["store"]: harbor - book, book_store: book - harbor}
    return {
        shop: {text for text in texts if len(text) > 3 and not AGE.fullmatch(text) and f'"{text}"' not in code}
        for shop, texts in only.items()
    }


def payload(arguments: dict[str, str]) -> dict[str, Any]:
    """Something an attacker would send: of the right type, and naming what there is."""
    guesses = {"int": 1, "float": 1.0, "bool": True, "dict": {"key": "net_sales", "store_id": 1, "channel": "meta"}}
    return {
        name: next((guess for kind, guess in guesses.items() if kind in annotation), "net_sales")
        for name, annotation in arguments.items()
    }


async def walk(tab: RawTab, surface: Surface) -> None:
    for name, arguments in surface.events.items():
        await tab.say(name, payload(arguments))
    for path in PAGES:
        await tab.go(path, wait=0.1)
    await asyncio.sleep(1)


def assert_learned_nothing(tab: RawTab, secrets: set[str]) -> None:
    """Not one value of the store; and no state beyond whether the tab may look, and why not."""
    found = told(tab) & secrets
    assert not found
    changed = {
        name
        for message in tab.received
        for state in (json.loads(message).get("delta") or {}).values()
        for name in state
        if not name.startswith(("rx_router", "is_hydrated", "access_problem"))
    }
    assert not changed


def test_the_walk_covers_what_there_is(surface: Surface, secrets: dict[str, set[str]], connected: Demo) -> None:
    names = " ".join(surface.events)
    for part in (
        "home_state",
        "open_number",
        "advice",
        "attribution_state",
        "components___connect____connect",
        "klaviyo_connect",
        "metrics_state",
        "customers_state",
        "voice_state",
        "settings",
        "data_state",
        "onboarding",
        "login",
    ):
        assert part in names, part
    assert {"/webhooks/shopify", "/health", "/auth/{channel}/callback", "/_health"} <= set(surface.paths)
    assert any("$" in text for text in secrets[connected["store"]])


@dataclass(frozen=True)
class Walked:
    """Tabs that sent every event and asked for every page, with what each was told."""

    strangers: dict[str, RawTab]  # by what is wrong with their token
    owner: RawTab  # the store's own
    thief: RawTab  # with the token of the owner's tab, once that was gone
    neighbour: RawTab  # of another store, naming this one


@pytest.fixture(scope="module")
def walked(connected: Demo, book_store: str, surface: Surface, secrets: dict[str, set[str]]) -> Walked:
    """All of them at once, after what the store's pages say is known."""
    url, shop = connected["app_url"], connected["store"]
    tokens = {
        "none": "",
        "expired": token_for(connected, shop, exp=int(time.time()) - 60, nbf=int(time.time()) - 120),
        "another key": token_for(connected, shop, secret="somebody-elses-secret-of-32-bytes!!!"),
        "another app": token_for(connected, shop, aud="other"),
        "unknown store": token_for(connected, "nowhere.myshopify.com"),
        "no signature": token_for(connected, shop).rsplit(".", 1)[0] + ".",
    }

    async def stranger(token: str) -> RawTab:
        async with RawTab(url, query=f"shop={shop}&id_token={token}") as tab:
            await tab.say(HYDRATE)
            await tab.login(token)
            await walk(tab, surface)
            return tab

    async def reuse() -> tuple[RawTab, RawTab]:
        async with RawTab(url) as owner:
            await owner.say(HYDRATE)
            await owner.login(token_for(connected, shop))
            await owner.go("/")
        async with RawTab(url, token=owner.token) as thief:
            await thief.say(HYDRATE)
            await walk(thief, surface)
            return owner, thief

    async def next_door() -> RawTab:
        async with RawTab(url, query=f"shop={shop}&store_id=1") as tab:
            await tab.say(HYDRATE)
            await tab.login(token_for(connected, book_store))
            for name, arguments in surface.events.items():
                if "disconnect" not in name:
                    await tab.say(name, payload(arguments))
            for path in PAGES:
                await tab.go(path, f"shop={shop}&store_id=1&period=last_90_days")
            return tab

    async def all_at_once() -> Walked:
        strangers, (owner, thief), neighbour = await asyncio.gather(
            asyncio.gather(*(stranger(token) for token in tokens.values())), reuse(), next_door()
        )
        return Walked(dict(zip(tokens, strangers, strict=True)), owner, thief, neighbour)

    return in_a_loop(all_at_once())


def test_a_websocket_without_a_token_that_holds_gets_nothing(
    connected: Demo, secrets: dict[str, set[str]], walked: Walked
) -> None:
    for kind, tab in walked.strangers.items():
        assert tab.received, kind
        assert_learned_nothing(tab, secrets[connected["store"]])


def test_a_tab_token_is_worth_nothing_after_its_tab_is_gone(
    connected: Demo, secrets: dict[str, set[str]], walked: Walked
) -> None:
    assert told(walked.owner) & secrets[connected["store"]]
    assert walked.thief.received
    assert not told(walked.thief) & secrets[connected["store"]]


def test_another_stores_token_shows_that_store_only_whatever_the_tab_claims(
    connected: Demo, book_store: str, secrets: dict[str, set[str]], walked: Walked
) -> None:
    found = told(walked.neighbour) & secrets[connected["store"]]
    assert not found, sorted(found)
    assert told(walked.neighbour) & secrets[book_store]


def test_a_push_refreshes_the_tabs_of_its_store_only(connected: Demo, book_store: str) -> None:
    (store_id,) = demos.rows(connected, "select store_id from store where shop_domain = %s", connected["store"])[0]

    async def scene() -> tuple[RawTab, RawTab]:
        async with RawTab(connected["app_url"]) as own, RawTab(connected["app_url"]) as other:
            for tab, shop in ((own, connected["store"]), (other, book_store)):
                await tab.say(HYDRATE)
                await tab.login(token_for(connected, shop))
                await tab.go("/")
            await asyncio.sleep(1)
            for tab in (own, other):
                tab.received.clear()
            with redis.Redis.from_url(connected["redis_url"]) as server:
                server.publish(f"store:{store_id}", json.dumps({"topic": "figures"}))
            until = time.monotonic() + 5
            while not own.received and time.monotonic() < until:
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)
            return own, other

    own, other = in_a_loop(scene())
    assert own.received
    assert not other.received


def test_a_websocket_from_another_site_is_refused(connected: Demo) -> None:
    async def attempt() -> None:
        client = socketio.AsyncClient(reconnection=False)
        try:
            await client.connect(
                f"{connected['app_url']}?token={uuid.uuid4()}",
                headers={"Origin": "https://evil.example"},
                socketio_path="_event",
                transports=["websocket"],
                namespaces=["/_event"],
            )
        finally:
            await client.disconnect()

    with pytest.raises(ConnectionRefusedByServer):
        in_a_loop(attempt())


def test_a_document_may_be_framed_by_its_store_only_and_says_nothing_of_it(
    connected: Demo, secrets: dict[str, set[str]]
) -> None:
    shop = connected["store"]
    answer = PLAIN_HTTP.get(connected["app_url"], params={"shop": shop})
    assert f"frame-ancestors https://{shop} " in answer.headers["content-security-policy"]
    assert re.findall(r'<script[^>]*src="([^"]+)"', answer.text)[0] == "/boot.js"
    assert connected["api_key"] in PLAIN_HTTP.get(f"{connected['app_url']}/boot.js").text
    assert connected["api_key"] not in answer.text
    assert not {text for text in secrets[shop] if "$" in text and text in answer.text}


@pytest.mark.parametrize("kind", ["none", "expired", "another store's"])
def test_an_http_client_gets_nothing_from_any_path(
    connected: Demo, book_store: str, surface: Surface, secrets: dict[str, set[str]], kind: str
) -> None:
    shop = connected["store"]
    token = {
        "none": "",
        "expired": token_for(connected, shop, exp=int(time.time()) - 60, nbf=int(time.time()) - 120),
        "another store's": token_for(connected, book_store),
    }[kind]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    private = {text for text in secrets[shop] if text != shop}
    paths = {
        path.replace("{channel}", "meta").replace("{path:path}", "x").replace("{filename:path}", "x")
        for path in (*surface.paths, *PAGES)
    }
    with httpx.Client(base_url=connected["app_url"], trust_env=False, headers=headers, timeout=20) as client:
        for path in sorted(paths):
            for method in METHODS if path.startswith(("/_", "/ping", "/health", "/webhooks")) else ("GET", "POST"):
                answer = client.request(method, path, params={"shop": shop, "id_token": token})
                assert answer.status_code < 500, (method, path, answer.text)
                shown = {text for text in private if text in answer.text}
                assert not {text for text in shown if "$" in text or "candle" in text.lower()}, (method, path)


def test_the_webhook_endpoint_takes_only_what_shopify_signed(connected: Demo) -> None:
    url, secret = f"{connected['app_url']}/webhooks/shopify", connected["api_secret"].encode()

    def post(body: bytes, **headers: str) -> int:
        return PLAIN_HTTP.post(url, content=body, headers=headers).status_code

    def signed(body: bytes, key: bytes = secret) -> dict[str, str]:
        return {"X-Shopify-Hmac-Sha256": base64.b64encode(hmac.digest(key, body, "sha256")).decode()}

    named = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": connected["store"],
        "X-Shopify-Webhook-Id": "wire-1",
    }
    kept = len(demos.rows(connected, "select 1 from inbox_event where delivery_id = 'wire-1'"))
    assert kept == 0
    assert post(b"{}", **named) == 401
    assert post(b"{}", **named, **signed(b"{}", b"another")) == 401
    assert post(b"{ }", **named, **signed(b"{}")) == 401
    assert post(b"{}", **signed(b"{}")) == 400
    assert post(b"{}", **{**named, "X-Shopify-Shop-Domain": "evil.example"}, **signed(b"{}")) == 400
    big = b" " * (2 * 1024 * 1024 + 1)
    assert post(big, **named, **signed(big)) == 413
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert PLAIN_HTTP.request(method, url).status_code == 405
    assert not demos.rows(connected, "select 1 from inbox_event where delivery_id = 'wire-1'")


def test_two_stores_side_by_side_differ_by_the_command_line(connected: Demo, book_store: str) -> None:
    days = ("2026-03-02", "2026-03-09")
    book = demos.metric(connected, "net_sales", book_store, *days)["value"]
    harbor = demos.metric(connected, "net_sales", connected["store"], *days)["value"]
    real = PLAIN_HTTP.get(
        f"{connected['sandbox_url']}/_control/truth",
        params={"shop": connected["store"], "from": days[0], "to": days[1]},
    ).json()["net_sales"]
    assert book == 252.00
    assert harbor == float(real) != book
