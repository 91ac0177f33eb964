"""The verified session of one open tab: which store, which user. Every page's state inherits from PageState.

A tab is trusted only while the websocket connection it uses is the one that proved a session token. Everything a
browser sends (query, path, payload, tab token) is a claim; store_id and user_id here are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec
from reflex.state import State
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext
from sqlmodel import Session

from clique_app import clock
from clique_app.components import session_token
from clique_app.database import store_session, system_session
from clique_app.errors import AccessDenied, CliqueError
from clique_app.metrics import figures, format, overview_service, periods
from clique_app.metrics.overview_service import Scope
from clique_app.metrics.periods import Choice
from clique_app.settings import settings
from clique_app.tables import Store
from tasks import install

SESSION_SECONDS = 600
RENEW_BEFORE_SECONDS = 120
MAX_PENDING = 5

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[[Session, int, Scope], dict[str, Any]]  # what a part of a page shows, by the variables of its state


async def in_store(
    store_id: int, service: Callable[Concatenate[Session, int, P], R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Run service(session, store_id, ...) in a thread, confined to a verified store, and commit."""

    def work() -> R:
        with store_session(store_id) as session:
            return service(session, store_id, *args, **kwargs)

    return await asyncio.to_thread(work)


class PageState(rx.State):
    """Base of every page's state."""

    shop: str = ""  # shown only; never used to find rows
    access_problem: str = ""  # why nothing is shown
    problem: str = ""  # what just failed on this page, for its banner
    period_preset: str = ""
    period_label: str = ""
    period_compare: str = ""
    comparison_label: str = ""

    _store_id: int = 0
    _user_id: int = 0
    _shop_domain: str = ""
    _until: float = 0.0
    _sid: str = ""  # the websocket connection that proved the token
    _asked_sid: str = ""  # the connection a token was asked of
    _pending: list[tuple[str, str, dict[str, Any]]] = []  # events that came before login
    _asked: int = 0  # readings of a page so far; only the newest may show what it found

    @property
    def connection_id(self) -> str:
        """The server's own id of the websocket connection that sent this event."""
        return str(self._get_root_state().router_data.get("sid", ""))

    def is_authed(self) -> bool:
        """Whether this very connection proved a token that still counts."""
        return (
            bool(self._store_id and self._sid)
            and self._sid == self.connection_id
            and self._until > clock.now().timestamp()
        )

    @property
    def store_id(self) -> int:
        """The verified store. Raises where there is none, so asking for it is the check."""
        if not self.is_authed():
            raise AccessDenied("The session ended. Reload the page to go on.")
        return self._store_id

    @property
    def user_id(self) -> int:
        """The verified staff member."""
        if not self.is_authed():
            raise AccessDenied("The session ended. Reload the page to go on.")
        return self._user_id

    @property
    def shop_domain(self) -> str:
        """The verified store's domain."""
        if not self.is_authed():
            raise AccessDenied("The session ended. Reload the page to go on.")
        return self._shop_domain

    async def in_session(
        self, service: Callable[Concatenate[Session, int, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run service(session, store_id, ...) in a thread, confined to this store, and commit.

        A CliqueError rolls back, ends the handler and shows in the page's banner; nothing need be caught.
        """
        return await in_store(self.store_id, service, *args, **kwargs)

    def _ask(self) -> int:
        """The number of a reading that begins."""
        self._asked += 1
        return self._asked

    async def _show(self, asked: int, store_id: int, view: Mapping[str, Any]) -> bool:
        """Show what a reading in the background found, unless another has begun since. Whether it is shown."""
        async with self:
            newest = asked == self._asked and self.is_authed() and self._store_id == store_id
            for name, value in view.items() if newest else ():
                setattr(self, name, value)
        return newest

    async def _show_parts(self, asked: int, store_id: int, scope: Scope, parts: Iterable[tuple[str, View]]) -> None:
        """Read parts of a page one after the other, each with the variable that says it is there, and show each at
        once, until another reading begins."""
        for is_there, view in parts:
            part = await in_store(store_id, view, scope)
            if not await self._show(asked, store_id, {**part, is_there: True}):
                return

    async def read_scope(self) -> Scope:
        """The store, and the period and comparison this page's URL asks for; also shown in the pickers."""
        scope = await self.in_session(overview_service.scope, self.query)
        self.show_choice(scope.choice, scope.today)
        return scope

    @property
    def query(self) -> dict[str, str]:
        """What this page's URL asks for. A claim: it finds periods and tabs, never a store."""
        return dict(self.rx_router_url.query_parameters)

    def show_choice(self, choice: Choice, today: date) -> None:
        """Say in the pickers what the page shows and what it is compared with."""
        self.period_preset, self.period_compare = choice.preset, choice.compare
        self.period_label = format.days(choice.period, year=True)
        compared = figures.comparison(choice.period, choice.compare, today)
        self.comparison_label = format.against(compared.against, compared.days) if compared else ""

    def url_with(self, **query: str) -> str:
        """This page's URL with some of its query changed; an empty value removes a key, id_token always goes."""
        kept = {k: v for k, v in self.rx_router_url.query_parameters.items() if k != "id_token"}
        merged = {k: v for k, v in {**kept, **query}.items() if v}
        return f"{self.rx_router_url.path}?{urlencode(merged)}" if merged else self.rx_router_url.path

    async def bind(self, token: str) -> None:
        """Trust this connection with what the token proves. A tab that showed another store or user is wiped first."""
        config = settings()
        visitor = session_token.verify_session_token(
            token, api_key=config.shopify_api_key, secrets=[config.shopify_api_secret.get_secret_value()]
        )
        store_id = await asyncio.to_thread(install.open_store, visitor.shop_domain, token, visitor.user_id)
        if self._store_id and (self._store_id, self._user_id) != (store_id, visitor.user_id):
            await self._wipe()
        self._sid = self.connection_id
        self._store_id, self._user_id = store_id, visitor.user_id
        self._shop_domain = self.shop = visitor.shop_domain
        self._until = clock.now().timestamp() + SESSION_SECONDS
        self.access_problem = ""

    async def _wipe(self) -> None:
        root = self._get_root_state()
        for state in RegistrationContext.get().base_states.values():
            await root.get_state(state)  # reset() only reaches what is loaded
        kept = root.router_data
        root.reset()
        root.router_data = kept

    def end(self) -> None:
        """Forget the session: the store was uninstalled or the token did not hold."""
        self._store_id = self._user_id = 0
        self._sid = self._shop_domain = ""
        self._until = 0.0

    def expires_soon(self) -> bool:
        """Whether the session should be renewed now."""
        return self._until - clock.now().timestamp() < RENEW_BEFORE_SECONDS

    @rx.event
    def boot(self) -> Any:
        """Ask App Bridge for a session token. Public: it gives nothing away."""
        if not self.is_authed() or self.expires_soon():
            return rx.call_script(
                "window.shopify && window.shopify.idToken ? window.shopify.idToken() : ''",
                callback=PageState.login,
            )
        return None

    @rx.event
    async def login(self, token: str) -> Any:
        """Bind this connection to the store the token proves, show the page, replay what was clicked meanwhile."""
        self._asked_sid = ""
        renewed = self.is_authed()
        try:
            await self.bind(token)
        except CliqueError as error:
            self.end()
            self.access_problem = error.message
            return None
        if renewed:
            return None
        pending = [
            Event(name=name, payload=payload) for sid, name, payload in self._pending if sid == self.connection_id
        ]
        self._pending = []
        return [*Event.from_event_type(State.hydrate_and_load()), *pending]

    @rx.event
    def show_problem(self, message: str) -> None:
        """Put a message in the page's banner."""
        self.problem = message

    @rx.event
    def retry(self) -> Any:
        """Clear the banner and load the page's figures again."""
        self.problem = ""
        return Event.from_event_type(State.hydrate_and_load())

    @rx.event
    def choose_period(self, query: dict[str, str]) -> Any:
        """Put another period or comparison into the URL; the page loads again from there."""
        allowed = {"period", "compare", "from", "to"}
        return rx.redirect(self.url_with(**{k: str(v) for k, v in query.items() if k in allowed}))

    @rx.event
    def choose_custom_period(self, form: dict[str, Any]) -> Any:
        """The same for a span of one's own."""
        days = {"from": str(form.get("from", "")), "to": str(form.get("to", ""))}
        periods.between(days["from"], days["to"])
        return rx.redirect(self.url_with(period="custom", **days))


def store_is_installed(store_id: int) -> bool:
    """Whether the store still has Clique installed."""
    with system_session() as session:
        store = session.get(Store, store_id)
        return store is not None and store.uninstalled_at is None


def problem_of(error: Exception) -> EventSpec:
    """What the page says when a handler raised. The merchant reads the reason of a CliqueError, never of a bug."""
    if isinstance(error, CliqueError):
        return cast(EventSpec, PageState.show_problem(error.message))
    return cast(EventSpec, PageState.show_problem("Something went wrong on our side. Try again."))
