"""The durable inbox as the web process writes it: one insert for all deliveries that wait together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import make_url

from clique_app.database import SYSTEM_ROLE
from clique_app.logs import log

MAX_BATCH = 256
MAX_WAITING = 4096
MAX_WAITING_BYTES = 64 * 1024 * 1024
TIMEOUT_SECONDS = 4.0  # Shopify gives up after 5
ATTEMPT_SECONDS = 1.5  # connect and insert; a server that was restarted gets a second attempt within the timeout

_INSERT = """
insert into inbox_event
  (source, delivery_id, topic, shop_domain, triggered_at, received_at, payload, state, attempts, error)
select source, delivery_id, topic, shop_domain, triggered_at, received_at, payload, 'new', 0, ''
from unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::bytea[])
  as d (source, delivery_id, topic, shop_domain, triggered_at, received_at, payload)
on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook as it came."""

    source: str
    delivery_id: str
    topic: str
    shop_domain: str
    triggered_at: datetime | None
    received_at: datetime
    payload: bytes


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    stored: asyncio.Future[bool]


class Inbox:
    """Collects deliveries and stores them in micro-batches. Belongs to one event loop."""

    def __init__(self, database_url: str, announce: Callable[[], object]) -> None:
        """announce is called in a thread after each stored batch; if it fails, the sweeper finds the rows."""
        self._conninfo = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._announce = announce
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._announcer: asyncio.Task[None] | None = None
        self._to_announce = False
        self._connection: psycopg.AsyncConnection | None = None

    async def put(self, delivery: Delivery) -> bool:
        """True once the delivery is durably stored; False where it could not be in time."""
        size = len(delivery.payload)
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes + size > MAX_WAITING_BYTES:
            return False
        waiting = _Waiting(delivery, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._waiting_bytes += size
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        try:
            return await asyncio.wait_for(waiting.stored, TIMEOUT_SECONDS)
        except TimeoutError:
            return False

    async def _write(self) -> None:
        """Runs while something waits; the next delivery starts it again."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            self._waiting_bytes -= sum(len(w.delivery.payload) for w in batch)
            batch = [w for w in batch if not w.stored.done()]  # nobody waits any more: Shopify sends it again
            stored = bool(batch) and await self._store([w.delivery for w in batch])
            for waiting in batch:
                if not waiting.stored.done():
                    waiting.stored.set_result(stored)
            if stored:
                self._announce_soon()

    async def _store(self, deliveries: list[Delivery]) -> bool:
        columns = [
            [getattr(d, name) for d in deliveries]
            for name in ("source", "delivery_id", "topic", "shop_domain", "triggered_at", "received_at", "payload")
        ]
        for attempt in (1, 2):
            try:
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    connection = await self._connected()
                    await connection.execute(_INSERT, columns)
                return True
            except (psycopg.Error, OSError, TimeoutError) as error:
                log("inbox").warning("inbox_insert_failed", attempt=attempt, problem=type(error).__name__)
                await self._drop_connection()
        return False

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                options=f"-c role={SYSTEM_ROLE} -c synchronous_commit=on -c timezone=UTC",
            )
        return self._connection

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.pgconn.finish()  # at once; a polite close may wait for a server that is gone

    def _announce_soon(self) -> None:
        self._to_announce = True
        if self._announcer is None or self._announcer.done():
            self._announcer = asyncio.create_task(self._announce_all())

    async def _announce_all(self) -> None:
        while self._to_announce:
            self._to_announce = False
            try:
                await asyncio.to_thread(self._announce)
            except Exception as error:
                log("inbox").warning("inbox_not_announced", problem=type(error).__name__)

    async def close(self) -> None:
        """Store what waits, tell the workers, end the connection."""
        for task in (self._writer, self._announcer):
            if task is not None:
                await asyncio.wait([task], timeout=TIMEOUT_SECONDS)
        await self._drop_connection()
