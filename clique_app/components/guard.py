"""Every page event passes here first, and is denied unless its connection proved a session token.

Each handler of each state can be called by any websocket client, so nothing is left to the handlers themselves.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable

from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, FrontendEventExceptionState, OnLoadInternalState, State, StateUpdate
from reflex_base.event import Event, EventHandler
from reflex_base.utils.format import format_event_handler

from clique_app import logs
from clique_app.components.session import MAX_PENDING, PageState, store_is_installed
from clique_app.errors import CliqueError

log = logs.log("guard")

MAX_PAYLOAD_BYTES = 65_536
EVENTS_PER_SECOND = 20.0
EVENTS_BURST = 60.0
MAX_CONNECTIONS_KEPT = 20_000
INSTALLED_FOR_SECONDS = 15.0


def _name(state: type[BaseState], handler: str) -> str:
    return format_event_handler(state.event_handlers[handler])


def public_events() -> frozenset[str]:
    """The only events anyone may send: asking for a token, giving one, and reporting a broken page."""
    return frozenset(
        {
            _name(PageState, "boot"),
            _name(PageState, "login"),
            _name(FrontendEventExceptionState, "handle_frontend_exception"),
        }
    )


def _page_load_events() -> frozenset[str]:
    """Sent again by login itself, so not worth keeping."""
    return frozenset(
        {
            _name(State, "hydrate_and_load"),
            _name(OnLoadInternalState, "on_load_internal"),
            _name(OnLoadInternalState, "set_is_hydrated"),
        }
    ) | {_name(State, name) for name in ("hydrate", "set_is_hydrated") if name in State.event_handlers}


class Allowance:
    """A token bucket for each websocket connection; the longest unused are forgotten."""

    def __init__(self, per_second: float, burst: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._monotonic = per_second, burst, monotonic
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, sid: str) -> bool:
        """Whether this connection may send one more event now."""
        now = self._monotonic()
        left, since = self._left.pop(sid, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._left[sid] = (left - 1 if allowed else left, now)
        while len(self._left) > MAX_CONNECTIONS_KEPT:
            self._left.popitem(last=False)
        return allowed


class Installed:
    """Whether a store still has Clique, asked of the database at most every few seconds."""

    def __init__(self, ask: Callable[[int], bool], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._known: dict[int, float] = {}

    async def __call__(self, store_id: int) -> bool:
        if self._known.get(store_id, -1.0) > self._monotonic():
            return True
        if await asyncio.to_thread(self._ask, store_id):
            self._known[store_id] = self._monotonic() + INSTALLED_FOR_SECONDS
            return True
        self._known.pop(store_id, None)
        return False


class Guard(Middleware):
    """Default deny."""

    def __init__(self, installed: Callable[[int], bool] | None = None) -> None:
        self._public = public_events()
        self._page_load = _page_load_events()
        self._installed = Installed(installed or store_is_installed)
        self._allowance = Allowance(EVENTS_PER_SECOND, EVENTS_BURST)

    async def preprocess(self, app: object, state: BaseState, event: Event) -> StateUpdate | None:
        """None lets the event through; an update stops it."""
        page = await state.get_state(PageState)
        sid = page.connection_id
        if not self._acceptable(sid, event):
            return StateUpdate()
        if not page.is_authed():
            await self._try_url_token(page)
        if event.name in self._public:
            return None
        if page.is_authed():
            if await self._installed(page.store_id):
                return None
            page.end()
            page.access_problem = "Clique was removed from this store. Install it again to go on."
            return StateUpdate(delta=page.get_delta())
        return self._ask_for_token(page, sid, event)

    def _acceptable(self, sid: str, event: Event) -> bool:
        if not self._allowance.take(sid):
            log.warning("page_event_dropped", reason="too many", event_name=event.name)
            return False
        if len(json.dumps(event.payload, default=str)) > MAX_PAYLOAD_BYTES:
            log.warning("page_event_dropped", reason="too large", event_name=event.name)
            return False
        return True

    @staticmethod
    async def _try_url_token(page: PageState) -> None:
        """Shopify puts a fresh token into the frame's URL: the first message can prove it, without a round trip."""
        token = page.rx_router_url.query_parameters.get("id_token")
        if token and page._asked_sid != page.connection_id:
            try:
                await page.bind(token)
            except CliqueError:
                return  # stale: App Bridge gives another

    def _ask_for_token(self, page: PageState, sid: str, event: Event) -> StateUpdate:
        if event.name not in self._page_load and len(page._pending) < MAX_PENDING:
            page._pending = [*page._pending, (sid, event.name, dict(event.payload))]
        if page._asked_sid == sid:
            return StateUpdate()
        page._asked_sid = sid
        return StateUpdate(events=Event.from_event_type(PageState.boot()))


def registered_handlers() -> dict[str, EventHandler]:
    """Every event a client could name, for the test that walks them."""
    from reflex_base.registry import RegistrationContext

    return {name: entry.handler for name, entry in RegistrationContext.get().event_handlers.items()}
