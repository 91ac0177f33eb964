"""The Shopify emulator on a port of its own, over a small world, and a minimal client for it."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from clique_app.demo.servers import free_port
from clique_app.sandbox import shopify
from clique_app.sandbox.config import Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.world import World
from tests.kit.plain_http import PLAIN_HTTP

SHOP = "book.myshopify.com"
KEY, SECRET = "key", "secret-of-the-app-that-is-long-enough"
SCOPES = ("read_products", "write_products", "read_orders", "read_all_orders", "read_customers",
          "write_inventory", "read_locations")  # fmt: skip
VENDOR = Path(os.environ.get("CLIQUE_VENDOR", ".clique/vendor"))
SCHEMA = VENDOR / "shopify" / "admin_2026-07.json.gz"
EXCHANGE = {
    "client_id": KEY,
    "client_secret": SECRET,
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    "expiring": "1",
}


def book(orders: int = 12) -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(days=100)
    rows = [
        {
            "processed_at": (start + timedelta(hours=12 * n)).isoformat(),
            "customer": f"c{n % 5}",
            "lines": [{"sku": "C1", "quantity": 1 + n % 2}, {"sku": "C2", "quantity": 1}],
            "tax_rate": "0.08",
            "shipping": "5.00",
            "visits": [{"landing_page": "https://book.myshopify.com/?utm_source=facebook&utm_campaign=x"}] * (n % 3),
        }
        for n in range(orders)
    ]
    if orders > 1:
        rows[1]["refunds"] = [{"at": (start + timedelta(days=3)).isoformat(), "lines": [{"line": 0, "quantity": 1}]}]
    return {
        "shop": SHOP,
        "name": "Book",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "country": "DE",
        "locations": ["Berlin", "Hamburg"],
        "products": [
            {"title": "Candle", "sku": "C1", "price": "20.00", "unit_cost": "8.00", "stock": 40},
            {"title": "Soap", "sku": "C2", "price": "7.50", "stock": 9},
            {"title": "Lamp", "sku": "C3", "price": "50.00", "stock": 0},
        ],
        "orders": rows,
    }


class Sandbox:
    """A running emulator with an app that records what it is sent."""

    def __init__(self, world: World, faults: Faults, port: int) -> None:
        self.world, self.faults, self.port = world, faults, port
        self.store_url = f"http://127.0.0.1:{port}/shopify/{SHOP}"
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.app_status = 200
        self.token = ""

    def session_token(self, shop: str = SHOP, **changed: Any) -> str:
        now = int(time.time())
        claims = {"iss": f"https://{shop}/admin", "dest": f"https://{shop}", "aud": KEY, "sub": "42",
                  "iat": now, "nbf": now, "exp": now + 60, "jti": str(uuid.uuid4())} | changed  # fmt: skip
        return jwt.encode(claims, changed.get("secret", SECRET), algorithm="HS256")

    def exchange(self, **changed: Any) -> httpx.Response:
        body = {**EXCHANGE, "subject_token": self.session_token(), **changed}
        return PLAIN_HTTP.post(f"{self.store_url}/admin/oauth/access_token", json=body)

    def refresh(self, value: str) -> httpx.Response:
        body = {
            "client_id": KEY,
            "client_secret": SECRET,
            "grant_type": "refresh_token",
            "refresh_token": value,
        }
        return PLAIN_HTTP.post(f"{self.store_url}/admin/oauth/access_token", json=body)

    def raw(self, query: str, version: str = "2026-07", **variables: Any) -> httpx.Response:
        if not self.token:
            self.token = self.exchange().json()["access_token"]
        return PLAIN_HTTP.post(
            f"{self.store_url}/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables},
            headers={"X-Shopify-Access-Token": self.token},
        )

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        body = self.raw(query, **variables).json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    def bulk(self, query: str, grouped: bool = False) -> dict[str, Any]:
        run = self.ask(
            "mutation Run($q: String!, $g: Boolean!) { bulkOperationRunQuery(query: $q, groupObjects: $g) "
            "{ bulkOperation { id status } userErrors { field message code } } }",
            q=query,
            g=grouped,
        )["bulkOperationRunQuery"]
        assert run["userErrors"] == []
        return self.settled(run["bulkOperation"]["id"])

    def settled(self, operation_id: str) -> dict[str, Any]:
        query = (
            "query Poll($id: ID!) { bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount "
            "fileSize url partialDataUrl } }"
        )

        def found() -> dict[str, Any] | None:
            operation = self.ask(query, id=operation_id)["bulkOperation"]
            return operation if operation["status"] in ("COMPLETED", "FAILED", "CANCELED") else None

        return self.eventually(found)

    def eventually(self, check: Any, seconds: float = 30.0) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = check()
            if found:
                return found
            time.sleep(0.03)
        raise AssertionError("it did not happen in time")


def jsonl(url: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in PLAIN_HTTP.get(url).raise_for_status().text.splitlines()]


@contextmanager
def running(world: World, retry_seconds: float = 0.02) -> Iterator[Sandbox]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    faults = Faults(("shopify",))
    config = Config(base, base, KEY, SECRET, schema=SCHEMA, webhook_retry_seconds=retry_seconds)
    sandbox = Sandbox(world, faults, port)

    async def hook(request: Request) -> Response:
        sandbox.received.append((dict(request.headers), await request.body()))
        return Response("", sandbox.app_status)

    app = Starlette(
        routes=[
            Mount("/shopify", routes=shopify.routes(world, faults, config)),
            Route("/webhooks/shopify", hook, methods=["POST"]),
        ]
    )
    # an idle connection is kept for longer than any client keeps it, or the two would end it at the same moment
    asked = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_keep_alive=75)
    server = uvicorn.Server(asked)

    async def serve() -> None:
        background = asyncio.create_task(shopify.run(world, config))
        await server.serve()
        background.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    sandbox.eventually(lambda: server.started)
    try:
        yield sandbox
    finally:
        server.should_exit = True
        thread.join(5)


def small_world(orders: int = 12, data_dir: Path | None = None) -> World:
    world = World(seed=3, data_dir=data_dir)
    world.create_store(book(orders))
    world.install(SHOP, SCOPES)
    return world
