"""Where stores' web pixels send what happens: checked, durably stored, then 204. A raw ASGI app ahead of all routing.

Anybody may send anything here: no cookies, no credentials, any origin. A store's key says whose event it is; sizes,
kinds and rates are bounded; an event that comes twice counts once; and while the database is away or behind, the sender
hears 503 at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import Message, Receive, Scope, Send

from clique_app import clock
from clique_app.connections.install import COLLECT_PATH
from clique_app.connections.pixel_key import store_of
from clique_app.endpoints import bounds
from clique_app.endpoints.batches import Batches
from clique_app.errors import AccessDenied, InvalidInput
from clique_app.settings import settings
from clique_app.site import beacon
from clique_app.site.beacon import COLUMNS, PageEvent

MAX_BODY_BYTES = 8 * 1024
BURST_SECONDS = 10
MOST_ADDRESSES = 20_000

_ALLOWED = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"86400"),
)
_ENDED: Message = {"type": "http.response.body", "body": b""}
_TYPES = {
    "store_id": "bigint",
    "visitor_id": "bytea",
    "event_id": "bytea",
    "at": "timestamptz",
    "product_id": "bigint",
    "order_id": "bigint",
    "scroll_pct": "smallint",
}
_NAMES = ", ".join(COLUMNS)
# a store that has left sends nothing that is kept; of an event that is here already nothing is to be built again
_INSERT = f"""
with fresh as (
  insert into page_event ({_NAMES})
  select {", ".join(f"d.{name}" for name in COLUMNS)}
  from unnest({", ".join(f"%b::{_TYPES.get(name, 'text')}[]" for name in COLUMNS)}) as d ({_NAMES})
  join store s on s.store_id = d.store_id and s.uninstalled_at is null
  on conflict do nothing
  returning store_id, visitor_id, at
)
insert into visitor_waiting (store_id, visitor_id, at) select store_id, visitor_id, at from fresh
"""  # noqa: S608


class Events(Batches[PageEvent]):
    """Collects events and stores them in micro-batches. Belongs to one event loop."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, _INSERT, COLUMNS, "collector")  # pyright: ignore[reportArgumentType]

    def size(self, row: PageEvent) -> int:
        return 1024


class Rates:
    """How much each address has sent of late: a bucket that fills again every second."""

    def __init__(self, per_second: int) -> None:
        self._per_second, self._burst = per_second, per_second * BURST_SECONDS
        self._buckets: dict[str, tuple[float, float]] = {}  # left, when

    def allows(self, address: str, now: float) -> bool:
        left, since = self._buckets.get(address, (float(self._burst), now))
        left = min(float(self._burst), left + (now - since) * self._per_second)
        if len(self._buckets) >= MOST_ADDRESSES and address not in self._buckets:
            self._buckets.clear()  # rather everybody anew than memory without end
        self._buckets[address] = (max(left - 1, 0.0) if left >= 1 else left, now)
        return left >= 1


class Collector:
    """The ASGI app of /collect."""

    def __init__(self, make: Callable[[], Events]) -> None:
        self._make = make
        self._events: Events | None = None
        self._rates: Rates | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = await self._status(scope, receive)
        headers = [*_ALLOWED, *([(b"allow", b"POST, OPTIONS")] if status == 405 else [])]
        if status != 204:
            headers.append((b"content-length", b"0"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(_ENDED)

    async def _status(self, scope: Scope, receive: Receive) -> int:
        if scope["method"] == "OPTIONS":
            return 204
        if scope["method"] != "POST":
            return 405
        if self._rates is None:
            self._rates = Rates(settings().collector_events_per_second)
        if not self._rates.allows((scope.get("client") or ("", 0))[0], time.monotonic()):
            return 429
        try:
            body = await bounds.raw_body(scope, receive, MAX_BODY_BYTES)
            key, given = beacon.key_in(body)
            store_id = store_of(key)
            if store_id is None:
                return 401
            event = beacon.event(store_id, given, clock.now())
        except bounds.Unbounded as error:
            return error.status
        except AccessDenied:
            return 403
        except InvalidInput:
            return 400
        if self._events is None:
            self._events = self._make()
        return 204 if await self._events.put(event) else 503


RAW_ROUTES = ((COLLECT_PATH, Collector(lambda: Events(settings().database_url))),)
