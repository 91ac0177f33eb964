"""A load generator for webhooks: HTTP/1.1 keep-alive on raw connections, each sends its next when it was answered.

`python -m tests.bench.webhook_load URL SECRET SHOP CONNECTIONS SECONDS` prints {answers: {status: n}, ms: [...]}.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
import time
import uuid
from collections import Counter
from typing import cast
from urllib.parse import urlsplit

PAYLOAD_BYTES = 5_149  # an order as Shopify sends it


def order(order_id: int) -> bytes:
    """A body in the form of an order's, of the usual size."""
    money = {"shop_money": {"amount": "24.00", "currency_code": "USD"}}
    line = {
        "id": 0,
        "title": "Harbor Candle, large",
        "sku": "HC-L-01",
        "quantity": 2,
        "price": "24.00",
        "price_set": {**money, "presentment_money": money["shop_money"]},
        "properties": [{"name": "wick", "value": "cotton"}],
        "tax_lines": [{"title": "NY State Tax", "rate": 0.04, "price": "0.96", "price_set": money}],
    }
    body = {
        "id": order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order_id}",
        "customer": {"id": 207119551, "state": "enabled", "tags": "", "currency": "USD", "addresses": []},
        "line_items": [{**line, "id": 466157049 + i} for i in range(8)],
        "total_price_set": money,
        "note": "",
    }
    body["note"] = "x" * (PAYLOAD_BYTES - len(json.dumps(body)))
    return json.dumps(body).encode()


def request_around(url: str, secret: str, shop: str) -> tuple[bytes, bytes]:
    """What stands before and after the delivery id, which alone differs and is not signed."""
    body = order(820982911946154508)
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    head = (
        f"POST /webhooks/shopify HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: orders/updated\r\nX-Shopify-Shop-Domain: {shop}\r\n"
        f"X-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Triggered-At: 2026-07-01T10:00:00Z\r\n"
    )
    return f"{head}X-Shopify-Webhook-Id: ".encode(), b"\r\n\r\n" + body


class Sender(asyncio.Protocol):
    """One connection."""

    def __init__(self, around: tuple[bytes, bytes], until: float, answers: Counter[str], ms: list[float]) -> None:
        self._before, self._after = around
        self._until, self._answers, self._ms = until, answers, ms
        self._name, self._number, self._sent, self._answer = uuid.uuid4().hex, 0, 0.0, b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._send()

    def _send(self) -> None:
        self._number += 1
        self._sent = time.perf_counter()
        self._transport.write(self._before + f"{self._name}-{self._number}".encode() + self._after)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if b"\r\n\r\n" not in self._answer:  # no answer here has a body
            return
        now = time.perf_counter()
        self._answers[self._answer[9:12].decode()] += 1
        self._ms.append((now - self._sent) * 1000)
        self._answer = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or time.perf_counter() < self._until:
            self._answers["cut off"] += 1
        if not self.ended.done():
            self.ended.set_result(None)


async def load(url: str, secret: str, shop: str, connections: int, seconds: float) -> dict[str, object]:
    answers: Counter[str] = Counter()
    ms: list[float] = []
    around, target = request_around(url, secret, shop), urlsplit(url)
    host, port = target.hostname or "", target.port or 80
    begun = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Sender(around, begun + seconds, answers, ms), host, port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(sender.ended for _, sender in made))
    return {"seconds": time.perf_counter() - begun, "answers": answers, "ms": [round(one, 2) for one in ms]}


if __name__ == "__main__":
    import uvloop

    address, key, domain = sys.argv[1:4]
    uvloop.install()
    found = asyncio.run(load(address, key, domain, int(sys.argv[4]), float(sys.argv[5])))
    with open(sys.stdout.fileno(), "w", closefd=False) as out:  # buffered: under PYTHONUNBUFFERED a long text is cut
        json.dump(found, out)
