"""One small store at Shopify's emulator, over HTTP, with everything between it and the tables as in life."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import psycopg
from dramatiq.errors import Retry

from clique_app.integrations.shopify import client, oauth
from clique_app.sandbox.truth import truth
from clique_app.sync.source import Kind
from tests.contract import shopify_sandbox
from tests.contract.shopify_sandbox import SHOP
from tests.integration.webhook_client import call

# what a merchant grants who grants everything
SCOPES = (
    "read_products", "write_products", "read_orders", "read_all_orders", "read_customers", "read_inventory",
    "read_locations", "read_fulfillments", "write_discounts", "write_pixels", "read_customer_events",
)  # fmt: skip
BY_DAY = """
select day::text, sum(amount) from sale_entry
where kind in ('sale', 'discount', 'refund', 'edit', 'cancellation') group by 1
"""
LEVELS = "select inventory_item_id, location_id, available, committed, incoming from inventory_level"
SOURCES = ("shopify_products", "shopify_inventory", "shopify_orders", "shopify_customers")


def book(orders: int = 30) -> dict[str, Any]:
    """Orders of the last forty days and of half a year ago, some given back, changed or cancelled."""
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = []
    for n in range(orders):
        at = now - timedelta(days=(200 if n % 6 == 5 else 3) + n, hours=n % 24)
        lines = [{"sku": ("C1", "C2", "C3")[n % 3], "quantity": 1 + n % 2}, {"sku": "C2", "quantity": 1}]
        row: dict[str, Any] = {"processed_at": at.isoformat(), "customer": f"c{n % 9}", "lines": lines,
                               "tax_rate": "0.08", "shipping": "5.00"}  # fmt: skip
        if n % 7 == 1:
            row["refunds"] = [{"at": (at + timedelta(days=2)).isoformat(), "lines": [{"line": 0, "quantity": 1}]}]
        if n % 7 == 2:
            row["edits"] = [{"at": (at + timedelta(hours=5)).isoformat(), "add": [{"sku": "C1", "quantity": 1}]}]
        if n % 7 == 3:
            row["cancelled"] = {"at": (at + timedelta(hours=2)).isoformat()}
        rows.append(row)
    products = [
        {"title": "Candle", "sku": "C1", "price": "20.00", "unit_cost": "8.00", "stock": 40, "incoming": 24},
        {"title": "Soap", "sku": "C2", "price": "7.50", "unit_cost": "3.00", "stock": 90},
        {"title": "Lamp", "sku": "C3", "price": "50.00", "unit_cost": "21.00", "stock": 0, "backorder": True},
        {"title": "Wick", "sku": "C4", "price": "4.00", "stock": 12},
    ]
    return {"shop": SHOP, "name": "Book", "currency": "EUR", "time_zone": "Europe/Berlin", "country": "DE",
            "locations": ["Berlin", "Hamburg"], "products": products, "orders": rows}  # fmt: skip


@dataclass
class Shop:
    """The emulated store, and Clique's view of it."""

    sandbox: shopify_sandbox.Sandbox
    database_url: str
    store_id: int = 0
    waits: list[float] = field(default_factory=list)  # what the clients and the runner would have slept

    @property
    def world(self) -> Any:
        return self.sandbox.world

    @property
    def store(self) -> Any:
        return self.world.store(SHOP)

    def fault(self, name: str, times: int | None = 1, **match: str) -> None:
        if name == "timeout":
            client.TIMEOUT = oauth.TIMEOUT = httpx.Timeout(2.0)
            client.http.cache_clear()
        self.sandbox.faults.add({"platform": "shopify", "fault": name, "times": times, "match": match})

    def open(self) -> int:
        """Somebody opens Clique in the admin."""
        from tasks.install import open_store

        self.store_id = open_store(SHOP, self.sandbox.session_token(), 42)
        return self.store_id

    def read(self, kind: Kind, *sources: str) -> None:
        """Read these sources (all of Shopify's, where none is named) as a worker does."""
        from tasks.sync import run_history, run_source

        actor = run_history if kind == "history" else run_source
        for key in sources or (SOURCES if kind != "history" else ("shopify_orders",)):
            actor.fn(self.store_id, key, kind)

    def deliver(self, topic: str) -> None:
        """What the store has sent of a topic reaches Clique only now, and is worked off."""
        from clique_app.endpoints.inbox import Inbox
        from clique_app.endpoints.webhooks import ShopifyWebhooks
        from tasks.webhooks import drain_inbox

        def sent() -> list[tuple[dict[str, str], bytes]]:
            return [delivery for delivery in self.sandbox.received if delivery[0]["x-shopify-topic"] == topic]

        async def arrive(deliveries: list[tuple[dict[str, str], bytes]]) -> list[int]:
            inbox = Inbox(self.database_url, lambda shop: None)
            found = [await call(ShopifyWebhooks(lambda: inbox), body, headers) for headers, body in deliveries]
            await inbox.close()
            return found

        assert set(asyncio.run(arrive(self.sandbox.eventually(sent)))) == {200}
        drain_inbox.fn(SHOP)

    def import_all(self) -> None:
        self.read("first_import")
        self.read("history")

    def import_at_last(self) -> None:
        """The same, asked for again when Shopify said to come back, as the queue does."""
        for _ in range(10):
            try:
                return self.import_all()
            except Retry:
                continue
        raise AssertionError("Shopify never gave in")

    def queued(self) -> set[tuple[Any, ...]]:
        """What the workers were asked to do since the last look, as (actor, arguments ...), reading aside."""
        from tasks.broker import QUEUES, broker

        names = [queue for queue in QUEUES if queue != "analysis"]
        sent = [json.loads(body) for name in names for body in cast(Any, broker.client.hvals(f"dramatiq:{name}.msgs"))]
        broker.flush_all()
        return {(message["actor_name"], *message["args"]) for message in sent}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]

    def log(self, source: str = "shopify_orders") -> tuple[str, str]:
        """(state, message) of the newest reading."""
        return cast(
            tuple[str, str],
            self.query(f"select state, message from sync_run where source = '{source}' order by run_id desc limit 1")[
                0
            ],
        )

    def differences(self) -> list[str]:
        """Where the tables are not what the store is, in words; empty where they are."""
        today = datetime.now(UTC).date()
        told = truth(self.world, SHOP, today - timedelta(days=400), today + timedelta(days=1))
        net = {str(row["day"]): row["net_sales"] for row in told["by_day"] if row["net_sales"]}
        live = [p for p in self.store.products.values() if not p.deleted]
        items = {v.inventory_item_id for p in live for v in p.variants}
        levels = {
            (x.inventory_item_id, x.location_id, x.available, x.committed, x.incoming)
            for x in self.store.stock.values()
            if x.inventory_item_id in items
        }
        costs = {(v.variant_id, v.unit_cost) for p in live for v in p.variants if v.unit_cost is not None}
        latest = "select distinct on (variant_id) variant_id, cost from unit_cost order by variant_id, valid_from desc"
        kept_costs = {row for row in self.query(latest) if row[0] in {variant for variant, _ in costs}}
        compared = {
            "net sales by day": ({k: v for k, v in self.query(BY_DAY) if v}, net),
            "orders": (self.query("select count(*) from shop_order where not test"), [(told["orders"],)]),
            "products": (set(self.query("select product_id, title from product where active")),
                         {(p.product_id, p.title) for p in live}),
            "levels": (set(self.query(LEVELS)), levels),
            "costs": (kept_costs, costs),
            "customers": (self.query("select count(*) from customer"), [(len(self.store.customers),)]),
        }  # fmt: skip
        return [f"{what}: {ours} is not {theirs}" for what, (ours, theirs) in compared.items() if ours != theirs]
