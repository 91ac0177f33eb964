"""A storm of webhooks at a given rate, and the record of what was acknowledged.

`python -m tests.kit.storm_load URL SECRET SHOP RATE CONNECTIONS IDS RECORD`: IDS is a file of order ids, one a line,
that may grow while it runs. Ends at SIGTERM and prints {sent, acknowledged, refused, cut_off, seconds}. RECORD gets the
id of each acknowledged delivery, a line each. What was refused or cut off is sent again with its id, as Shopify does.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import itertools
import json
import random
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import TextIO, cast
from urllib.parse import urlsplit

BODY_BYTES = 2_000
TOPICS = ("orders/updated", "orders/updated", "orders/paid", "orders/create")
PAUSE_SECONDS = 0.1  # of a connection that was refused or cut off
ANSWERED_WITHIN_SECONDS = 5.0  # as Shopify waits


class Deliveries:
    """What is to be sent: the next one at its time, or one that was not taken."""

    def __init__(self, url: str, secret: str, shop: str, ids: Path, rate: float) -> None:
        self._host, self._secret, self._shop, self._ids_file = urlsplit(url).netloc, secret.encode(), shop, ids
        self._rate, self._begun, self._made = rate, time.perf_counter(), 0
        self._bodies: dict[int, tuple[bytes, str]] = {}
        self._numbers = itertools.count(1)
        self.again: deque[tuple[str, bytes]] = deque()
        self.read_ids()

    def read_ids(self) -> None:
        self._ids = [int(line) for line in self._ids_file.read_text().split()]

    def next(self) -> tuple[str, bytes] | None:
        """A delivery's id and its request; None where none is due yet."""
        if self.again:
            return self.again.popleft()
        if self._made >= (time.perf_counter() - self._begun) * self._rate:
            return None
        self._made += 1
        name = f"storm-{next(self._numbers)}"
        return name, self._request(name, random.choice(self._ids))

    def _request(self, name: str, order_id: int) -> bytes:
        if order_id not in self._bodies:
            gid = f"gid://shopify/Order/{order_id}"
            text = json.dumps({"id": order_id, "admin_graphql_api_id": gid, "note": "x" * BODY_BYTES}).encode()
            signature = base64.b64encode(hmac.digest(self._secret, text, "sha256")).decode()
            self._bodies[order_id] = text, signature
        body, signature = self._bodies[order_id]
        head = (
            f"POST /webhooks/shopify HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/json\r\nX-Shopify-Topic: {random.choice(TOPICS)}\r\n"
            f"X-Shopify-Shop-Domain: {self._shop}\r\nX-Shopify-Webhook-Id: {name}\r\n"
            f"X-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Triggered-At: 2026-07-01T10:00:00Z\r\n\r\n"
        )
        return head.encode() + body


class Storm:
    """All connections and what became of their deliveries."""

    def __init__(self, deliveries: Deliveries, record: TextIO) -> None:
        self.deliveries, self.record = deliveries, record
        self.sent = self.acknowledged = self.refused = self.cut_off = 0
        self.stopped = asyncio.Event()

    async def connection(self, host: str, port: int) -> None:
        """One connection after the other, each sending its next delivery when the former was answered."""
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while not self.stopped.is_set():
            delivery = self.deliveries.next()
            if delivery is None:
                await asyncio.sleep(0.005)
                continue
            self.sent += 1
            try:
                async with asyncio.timeout(ANSWERED_WITHIN_SECONDS):
                    if writer is None:
                        reader, writer = await asyncio.open_connection(host, port)
                    writer.write(delivery[1])
                    status = (await cast(asyncio.StreamReader, reader).readuntil(b"\r\n\r\n"))[9:12]
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                self.cut_off += 1
                if writer is not None:
                    writer.close()
                writer = None
                status = b""
            if status == b"200":
                self.acknowledged += 1
                self.record.write(delivery[0] + "\n")
                continue
            self.refused += status != b""
            self.deliveries.again.append(delivery)
            await asyncio.sleep(PAUSE_SECONDS)
        if writer is not None:
            writer.close()


async def run(url: str, secret: str, shop: str, rate: float, connections: int, ids: Path, record: Path) -> None:
    target = urlsplit(url)
    begun = time.perf_counter()
    with record.open("w", buffering=1) as file:
        storm = Storm(Deliveries(url, secret, shop, ids, rate), file)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, storm.stopped.set)
        sending = [
            asyncio.create_task(storm.connection(target.hostname or "", target.port or 80)) for _ in range(connections)
        ]
        while not storm.stopped.is_set():
            await asyncio.sleep(0.5)
            storm.deliveries.read_ids()
        seconds = time.perf_counter() - begun
        await asyncio.gather(*sending)
    print(
        json.dumps(
            {
                "sent": storm.sent,
                "acknowledged": storm.acknowledged,
                "refused": storm.refused,
                "cut_off": storm.cut_off,
                "seconds": seconds,
            }
        )
    )


if __name__ == "__main__":
    import uvloop

    address, key, domain, per_second, how_many, ids_path, record_path = sys.argv[1:]
    uvloop.install()
    asyncio.run(run(address, key, domain, float(per_second), int(how_many), Path(ids_path), Path(record_path)))
