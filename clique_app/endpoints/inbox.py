"""The durable inbox as the web process writes it: one insert for all deliveries that wait together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clique_app.endpoints import batches
from clique_app.endpoints.batches import Batches
from clique_app.logs import log

ANNOUNCED_EVERY_SECONDS = 0.1  # a store whose deliveries keep coming

_COLUMNS = (
    *("source", "delivery_id", "topic", "shop_domain"),
    *("kind", "object_id", "triggered_at", "received_at", "payload"),
)
_INSERT = """
insert into inbox_event
  (source, delivery_id, topic, shop_domain, kind, object_id, triggered_at, payload, received_at, state, attempts, error)
select source, delivery_id, topic, shop_domain, kind, object_id, triggered_at, payload, received_at, 'new', 0, ''
from unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::timestamptz[],
            %b::timestamptz[], %b::bytea[])
  as d (source, delivery_id, topic, shop_domain, kind, object_id, triggered_at, received_at, payload)
on conflict do nothing
"""


@dataclass(slots=True)
class Delivery:
    """One webhook: the object it is about, or where it names none its payload as it came."""

    source: str
    delivery_id: str
    topic: str
    shop_domain: str
    triggered_at: datetime | None
    received_at: datetime
    payload: bytes
    kind: str = ""
    object_id: int | None = None


class Inbox(Batches[Delivery]):
    """Collects deliveries and stores them in micro-batches. Belongs to one event loop."""

    def __init__(self, database_url: str, announce: Callable[[str], object]) -> None:
        """announce is called in a thread with each store of a stored batch; if it fails, the sweeper finds the rows."""
        super().__init__(database_url, _INSERT, _COLUMNS, "inbox")
        self._announce = announce
        self._announcer: asyncio.Task[None] | None = None
        self._to_announce: set[str] = set()

    def size(self, row: Delivery) -> int:
        return len(row.payload)

    def stored(self, rows: list[Delivery]) -> None:
        self._to_announce |= {delivery.shop_domain for delivery in rows}
        if self._announcer is None or self._announcer.done():
            self._announcer = self._loop.create_task(self._announce_all())

    async def _announce_all(self) -> None:
        """The first at once; those of deliveries that keep coming together, a few times a second."""
        while self._to_announce:
            shop_domains, self._to_announce = self._to_announce, set()
            try:
                await asyncio.to_thread(self._announce_each, shop_domains)
            except Exception as error:
                log("inbox").warning("inbox_not_announced", problem=type(error).__name__)
            await asyncio.sleep(ANNOUNCED_EVERY_SECONDS)

    def _announce_each(self, shop_domains: set[str]) -> None:
        for shop_domain in shop_domains:
            self._announce(shop_domain)

    async def close(self) -> None:
        """Store what waits, tell the workers, end the connection."""
        await super().close()
        if self._announcer is not None:
            await asyncio.wait([self._announcer], timeout=batches.TIMEOUT_SECONDS)
