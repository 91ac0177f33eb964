"""From an order placed at Shopify to the changed figure in an open page, with the queue busy."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
import uuid
from contextlib import suppress

import aiohttp

from tests.bench.figure import Figure, Result, percentile
from tests.bench.place import USER_ID, Place
from tests.bench.tab import Tab

BUSY_PER_S = 200  # many more than Shopify lets an app read: what has changed waits, what is new does not
BUSY_ORDERS = 5_000
PAUSE_S = 1.0
PATIENCE_S = 60.0  # what took longer is counted as this


def _orders_shown(message: str) -> str | None:
    """The value of the orders tile in a push, if it holds the tiles."""
    data = json.loads(message.partition(",")[2])[1]
    delta = json.loads(data)["delta"] if isinstance(data, str) else data["delta"]
    for values in delta.values():
        for name, value in values.items():
            if name.startswith("tiles") and value:
                return next(tile["value"] for tile in value if tile["key"] == "orders")
    return None


async def _next_value(tab: Tab, after: str | None) -> str:
    while True:
        shown = _orders_shown(await tab.hears('"tiles', PATIENCE_S))
        if shown is not None and shown != after:
            return shown


async def _keep_busy(http: aiohttp.ClientSession, place: Place, order_ids: list[int]) -> None:
    """Hints about orders that are here already: each is fetched again by the worker."""
    sent = 0
    begun = time.perf_counter()
    while True:
        body = json.dumps({"id": order_ids[sent % len(order_ids)]}).encode()
        signature = base64.b64encode(hmac.digest(place.demo.api_secret.encode(), body, "sha256")).decode()
        headers = {
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Shop-Domain": place.demo.store,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        }
        async with http.post(f"{place.demo.app_url}/webhooks/shopify", data=body, headers=headers) as answer:
            assert answer.status == 200
        sent += 1
        await asyncio.sleep(max(0.0, begun + sent / BUSY_PER_S - time.perf_counter()))


async def _measure(place: Place) -> Result:
    repeats = 5 if place.quick else 30
    recent = place.query(
        "select order_id from shop_order where store_id = %s order by 1 desc limit %s", place.store_id, BUSY_ORDERS
    )
    seconds: list[float] = []
    async with aiohttp.ClientSession() as http:
        tab = Tab(http, place.demo.app_url, query="period=today")
        await tab.open(place.token(USER_ID))
        shown = await _next_value(tab, None)
        busy = asyncio.create_task(_keep_busy(http, place, [i for (i,) in recent]))
        await asyncio.sleep(3)
        try:
            for _ in range(repeats):
                started = time.perf_counter()
                order = {"shop": place.demo.store, "count": 1}
                async with http.post(f"{place.demo.sandbox_url}/_control/orders", json=order) as answer:
                    assert answer.status == 200
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        shown = await _next_value(tab, shown)
                    seconds.append(time.perf_counter() - started)
                except TimeoutError:
                    seconds.append(PATIENCE_S)
                await asyncio.sleep(PAUSE_S)
        finally:
            busy.cancel()
            with suppress(asyncio.CancelledError):
                await busy
        await tab.close()
    waiting = place.query("select count(*) from inbox_event where state = 'new'")[0][0]
    late = sum(one == PATIENCE_S for one in seconds)
    return Result(
        [
            Figure("webhook_to_page_p95_s", percentile(seconds, 0.95), "s"),
            Figure("webhook_to_page_p50_s", percentile(seconds, 0.5), "s"),
        ],
        {"seconds": seconds, "waiting_at_the_end": waiting},
        f"{place.data}; {BUSY_PER_S} other hints a second over {len(recent):,} orders, {waiting:,} waiting at the end; "
        "measured until the pushed delta holds the new figure",
        notes=[f"{late} of {len(seconds)} had not come after {PATIENCE_S:.0f} s"] if late else [],
    )


def run(place: Place) -> Result:
    return asyncio.run(_measure(place))
