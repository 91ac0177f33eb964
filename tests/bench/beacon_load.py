"""A load generator for the collector: as webhook_load, with beacons of many visitors, ten events each.

`python -m tests.bench.beacon_load URL KEY CONNECTIONS SECONDS` prints {answers: {status: n}, ms: [...]}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from urllib.parse import urlsplit

from tests.bench.webhook_load import Sender

EVENTS_A_VISITOR = 10


def request_of(host: str, key: str, visitor: str, event: str) -> bytes:
    beacon = {
        "key": key,
        "visitor": visitor,
        "id": event,
        "kind": "page_viewed",
        "age_ms": 12,
        "consent": "analytics marketing",
        "path": "/products/sea-salt-driftwood-8-oz-candle",
        "tags": {"source": "facebook", "medium": "paid", "campaign": "Winter", "id": "120210001", "click": "fbclid"},
        "referrer": "l.instagram.com",
    }
    body = json.dumps(beacon).encode()
    head = f"POST /collect HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Visitors(Sender):
    """One connection of many visitors."""

    def __init__(self, host: str, key: str, until: float, answers: Counter[str], ms: list[float]) -> None:
        super().__init__((b"", b""), until, answers, ms)
        self._host, self._key = host, key

    def _send(self) -> None:
        self._number += 1
        visitor = f"{self._name}-{self._number // EVENTS_A_VISITOR}"
        self._sent = time.perf_counter()
        self._transport.write(request_of(self._host, self._key, visitor, f"{self._name}-{self._number}"))


async def load(url: str, key: str, connections: int, seconds: float) -> dict[str, object]:
    answers: Counter[str] = Counter()
    ms: list[float] = []
    target = urlsplit(url)
    begun = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            lambda: Visitors(target.netloc, key, begun + seconds, answers, ms), target.hostname or "", target.port or 80
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(sender.ended for _, sender in made))
    return {"seconds": time.perf_counter() - begun, "answers": answers, "ms": [round(one, 2) for one in ms]}


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    print(json.dumps(asyncio.run(load(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))))
