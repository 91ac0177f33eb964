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
ANNOUNCED_EVERY_SECONDS = 0.1  # a store whose deliveries keep coming

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


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    since: float  # of the loop's clock
    stored: asyncio.Future[bool]


class Inbox:
    """Collects deliveries and stores them in micro-batches. Belongs to one event loop."""

    def __init__(self, database_url: str, announce: Callable[[str], object]) -> None:
        """announce is called in a thread with each store of a stored batch; if it fails, the sweeper finds the rows."""
        self._conninfo = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._announce = announce
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._announcer: asyncio.Task[None] | None = None
        self._to_announce: set[str] = set()
        self._connection: psycopg.AsyncConnection | None = None

    async def put(self, delivery: Delivery) -> bool:
        """True once the delivery is durably stored; False where it could not be in time."""
        size = len(delivery.payload)
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes + size > MAX_WAITING_BYTES:
            return False
        waiting = _Waiting(delivery, self._loop.time(), self._loop.create_future())
        self._waiting.append(waiting)
        self._waiting_bytes += size
        if self._writer is None or self._writer.done():
            self._writer = self._loop.create_task(self._write())
        return await waiting.stored

    async def _write(self) -> None:
        """Runs while something waits; the next delivery starts it again. Nothing waits longer than the timeout: where
        a batch could not be stored, those behind it are told at once as well."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            try:
                stored = await self._store(batch)
            except BaseException:
                self._tell([*batch, *self._rest()], stored=False)
                raise
            self._tell(batch, stored=stored)
            if stored:
                self._announce_soon({one.delivery.shop_domain for one in batch})
            else:
                self._tell(self._rest(), stored=False)

    def _rest(self) -> list[_Waiting]:
        rest, self._waiting = list(self._waiting), deque()
        return rest

    def _tell(self, batch: list[_Waiting], *, stored: bool) -> None:
        for one in batch:
            self._waiting_bytes -= len(one.delivery.payload)
            if not one.stored.done():  # the request may have been given up
                one.stored.set_result(stored)

    async def _store(self, batch: list[_Waiting]) -> bool:
        columns = [
            [getattr(one.delivery, name) for one in batch]
            for name in (
                *("source", "delivery_id", "topic", "shop_domain"),
                *("kind", "object_id", "triggered_at", "received_at", "payload"),
            )
        ]
        until = batch[0].since + TIMEOUT_SECONDS
        for attempt in (1, 2):
            try:
                async with asyncio.timeout_at(min(until, self._loop.time() + ATTEMPT_SECONDS)):
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

    def _announce_soon(self, shop_domains: set[str]) -> None:
        self._to_announce |= shop_domains
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
        for task in (self._writer, self._announcer):
            if task is not None:
                await asyncio.wait([task], timeout=TIMEOUT_SECONDS)
        await self._drop_connection()
