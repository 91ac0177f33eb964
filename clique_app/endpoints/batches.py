"""Rows that many requests bring, stored together: one insert for all that wait; nobody is told before it is durable."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypeVar

import psycopg
from sqlalchemy import make_url

from clique_app.logs import log
from clique_app.roles import SYSTEM_ROLE

MAX_BATCH = 256
MAX_WAITING = 4096
MAX_WAITING_BYTES = 64 * 1024 * 1024
TIMEOUT_SECONDS = 4.0  # Shopify gives up after 5
ATTEMPT_SECONDS = 1.5  # connect and insert; a server that was restarted gets a second attempt within the timeout

Row = TypeVar("Row")


@dataclass(slots=True)
class _Waiting(Generic[Row]):
    row: Row
    size: int
    since: float  # of the loop's clock
    stored: asyncio.Future[bool]


class Batches(ABC, Generic[Row]):
    """Collects rows and stores them in micro-batches. Belongs to one event loop."""

    def __init__(self, database_url: str, insert: LiteralString, columns: tuple[str, ...], name: str) -> None:
        """insert takes one array for each column, an attribute of a row; name is for the log."""
        self._conninfo = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._insert: LiteralString = insert
        self._columns, self._name = columns, name
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting[Row]] = deque()
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection | None = None

    async def put(self, row: Row) -> bool:
        """True once the row is durably stored; False where it could not be in time."""
        size = self.size(row)
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes + size > MAX_WAITING_BYTES:
            return False
        waiting = _Waiting(row, size, self._loop.time(), self._loop.create_future())
        self._waiting.append(waiting)
        self._waiting_bytes += size
        if self._writer is None or self._writer.done():
            self._writer = self._loop.create_task(self._write())
        return await waiting.stored

    @abstractmethod
    def size(self, row: Row) -> int:
        """About how many bytes it holds."""

    def stored(self, rows: list[Row]) -> None:
        """Called with each batch that was stored."""

    async def _write(self) -> None:
        """Runs while something waits; the next row starts it again. Nothing waits longer than the timeout: where a
        batch could not be stored, those behind it are told at once as well."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            try:
                stored = await self._store(batch)
            except BaseException:
                self._tell([*batch, *self._rest()], stored=False)
                raise
            self._tell(batch, stored=stored)
            if stored:
                self.stored([one.row for one in batch])
            else:
                self._tell(self._rest(), stored=False)

    def _rest(self) -> list[_Waiting[Row]]:
        rest, self._waiting = list(self._waiting), deque()
        return rest

    def _tell(self, batch: list[_Waiting[Row]], *, stored: bool) -> None:
        for one in batch:
            self._waiting_bytes -= one.size
            if not one.stored.done():  # the request may have been given up
                one.stored.set_result(stored)

    async def _store(self, batch: list[_Waiting[Row]]) -> bool:
        columns: list[list[Any]] = [[getattr(one.row, name) for one in batch] for name in self._columns]
        until = batch[0].since + TIMEOUT_SECONDS
        for attempt in (1, 2):
            try:
                async with asyncio.timeout_at(min(until, self._loop.time() + ATTEMPT_SECONDS)):
                    connection = await self._connected()
                    await connection.execute(self._insert, columns)
                return True
            except (psycopg.Error, OSError, TimeoutError) as error:
                log(self._name).warning(f"{self._name}_insert_failed", attempt=attempt, problem=type(error).__name__)
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

    async def close(self) -> None:
        """Store what waits, end the connection."""
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=TIMEOUT_SECONDS)
        await self._drop_connection()
