"""Connecting a platform: to its login and back, the choice of ad accounts, reading now, and the end of it.

The same for every platform and on every page that shows connections.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel import Session

from clique_app import clock
from clique_app.components.connection_views import (
    AccountView,
    ConnectionView,
    account_views,
    connect_problem,
    connection_views,
    summary,
)
from clique_app.components.overlays import block, dialog
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.components.status import badge, bone, import_bar
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.ad_accounts_service import ReturnPage
from clique_app.connections.roles import require_may_act
from clique_app.errors import CliqueError, NotFound
from clique_app.metrics import service
from clique_app.sync import connections_service, overview_service
from clique_app.sync.sources import SOURCES
from clique_app.tables.site import PIXEL
from tasks import connections as edge
from tasks.install import check_pixel
from tasks.sync import start_sync

INSTALL_PATH = "/auth/shopify/start"  # served by endpoints/install.py
NOTHING = ConnectionView("", "", "login", "", "", "")


class Connect(PageState):
    """The store's connections, and the ad accounts to choose from."""

    connections: list[ConnectionView] = []
    summary: str = ""
    connections_loaded: bool = False
    accounts: list[AccountView] = []
    accounts_read: bool = False
    choosing: str = ""  # the connection whose accounts are being chosen
    problem_line: str = ""  # what went wrong on the way, in words
    problem_at: str = ""  # the connection it is about
    busy: str = ""  # the connection that is being worked on
    asked: list[str] = []  # connections that are to be read and have not begun
    ending: ConnectionView = NOTHING  # the one that a person asks to disconnect

    @rx.event
    async def load(self) -> Any:
        """How the connections stand; where an account is to be chosen, read the list."""
        self.connections = await self.in_session(read)
        self.summary, self.connections_loaded, self.asked = summary(self.connections), True, []
        steps = {one.key: one.step for one in self.connections}
        told, about = connect_problem(self.query), self.query.get("channel", "")
        if told and steps.get(about) in ("connect", "reconnect"):
            self.problem_line, self.problem_at = told, about
        elif steps.get(self.problem_at) == "done":
            self.problem_line = ""
        waiting = [key for key, step in steps.items() if step == "choose"]
        if waiting and not (self.accounts_read and self.choosing):
            came_back = self.query.get("connected", "")
            return Connect.read_accounts(came_back if came_back in waiting else waiting[0])
        return None

    @rx.event
    async def connect(self, channel: str) -> Any:
        """Leave for the platform's login, in the whole window: it may not be framed."""
        await self.in_session(require_may_act, self.user_id)
        page: ReturnPage = "/onboarding" if self.rx_router_url.path.startswith("/onboarding") else "/connections"
        url = await self.in_session(ad_accounts.start, channel, self.user_id, page)
        self.busy = channel
        return _leave(url)

    @rx.event
    def allow(self) -> Any:
        """Leave for Shopify's own dialog, in the whole window: it gives access back, with all that Clique needs."""
        return _leave(f"{INSTALL_PATH}?{urlencode({'shop': self.shop_domain})}")

    @rx.event(background=True)
    async def read_accounts(self, channel: str) -> None:
        """Ask the platform which ad accounts the person may use; those in use are chosen already."""
        async with self:
            self.problem_line, self.choosing, self.accounts_read, _ = "", channel, False, self.store_id
        found, used, problem = [], set[str](), ""
        try:
            found = await self.in_session(ad_accounts.accounts, channel)
            used = await self.in_session(accounts_in_use, channel)
            problem = "" if found else "The connected person has no ad account there. Connect as somebody who has."
        except CliqueError as error:
            problem = error.message
        async with self:
            _ = self.store_id  # the session may have ended meanwhile
            self.accounts, self.accounts_read = account_views(found, used), bool(found)
            self.problem_line, self.problem_at = problem, channel

    @rx.event
    def mark(self, account_id: str) -> None:
        """Choose an account, or not any more; nothing is changed before the choice is used."""
        self.accounts = [
            replace(one, chosen=not one.chosen) if one.account_id == account_id else one for one in self.accounts
        ]

    @rx.event
    def keep_accounts(self) -> None:
        """Leave the choice as it was."""
        self.accounts, self.accounts_read, self.choosing, self.problem_line = [], False, "", ""

    @rx.event
    async def choose(self, channel: str) -> Any:
        """Use the chosen accounts, and begin to read those that are new."""
        self.busy, self.problem_line = channel, ""
        yield
        chosen = [one.account_id for one in self.accounts if one.chosen]
        try:
            await self.in_session(require_may_act, self.user_id)
            await self.in_session(ad_accounts.choose, channel, chosen, self.user_id)
            await asyncio.to_thread(edge.begin_import, self.store_id, channel)
        except CliqueError as error:
            self.problem_line, self.problem_at = error.message, channel
        else:
            self.accounts, self.accounts_read, self.choosing = [], False, ""
            yield Connect.load
        finally:  # also where the banner tells of an error of ours
            self.busy = ""

    @rx.event
    async def sync(self, channel: str) -> None:
        """Read what changed, or again what failed, of one connection; the pixel is asked for again."""
        self.asked = [*self.asked, channel]
        if channel == PIXEL:
            await asyncio.to_thread(check_pixel.send, self.store_id)
            return
        for source, kind in await self.in_session(readings_wanted, channel):
            await asyncio.to_thread(start_sync, self.store_id, source, kind)

    @rx.event
    async def sync_all(self) -> None:
        """Read everything that is connected."""
        self.asked = [one.key for one in self.connections if one.sync and one.sources]
        await asyncio.to_thread(start_sync, self.store_id, None, "manual")

    @rx.event
    def ask_to_disconnect(self, channel: str) -> None:
        """Say what would end and what would stay, before anything does."""
        self.ending = next((one for one in self.connections if one.key == channel), self.ending)

    @rx.event
    def stay_connected(self) -> None:
        """Nothing ends."""
        self.ending = NOTHING

    @rx.event
    async def disconnect(self) -> Any:
        """Forget the access; what was read stays."""
        channel, self.busy = self.ending.key, self.ending.key
        yield
        try:
            await self.in_session(require_may_act, self.user_id)
            await asyncio.to_thread(edge.disconnect, self.store_id, channel, self.user_id)
        except CliqueError as error:
            self.problem_line, self.problem_at = error.message, channel
        finally:
            self.ending, self.busy = NOTHING, ""
        if self.choosing == channel:
            self.accounts, self.accounts_read, self.choosing = [], False, ""
        yield Connect.load


def _leave(url: str) -> Any:
    return rx.call_script(f"window.open({json.dumps(url)}, '_top')")


def read(session: Session, store_id: int) -> list[ConnectionView]:
    """Every connection, as text."""
    zone = ZoneInfo(service.store(session, store_id).time_zone)
    return connection_views(connections_service.connections(session, store_id), zone, clock.now())


def accounts_in_use(session: Session, store_id: int, channel: str) -> set[str]:
    """The ids of the channel's accounts that are in use."""
    channels = ad_accounts.connections(session, store_id)
    return {account.account_id for one in channels if one.channel == channel for account in one.accounts}


def readings_wanted(session: Session, store_id: int, channel: str) -> list[tuple[str, Any]]:
    """The sources of a connection with the kind of reading each needs: what changed, or again what failed."""
    sources = [source for source in SOURCES if source.channel == channel]
    if not sources:
        raise NotFound("There is nothing to read there.")
    return [(one.source, one.mend or "manual") for one in overview_service.standings(session, store_id, sources)]


def connect_list() -> rx.Component:
    """Onboarding's rows: the platforms with a login, each with its one next step."""
    rows = rx.foreach(Connect.connections, lambda one: rx.cond(one.way == "login", _row(one)))
    return rx.el.ul(rows, class_name="c-channels")


def _row(one: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.b(one.label),
            rx.match(
                one.step,
                ("done", badge(one.badge, one.state)),
                ("choose", badge(one.badge, one.state)),
                connect_button(one),
            ),
            class_name="c-step-head",
        ),
        rx.foreach(one.accounts, lambda account: rx.el.p(account, class_name="c-small c-second")),
        rx.cond(
            one.step == "done",
            rx.el.p(change_button(one), " · ", disconnect_button(one), class_name="c-small c-second"),
        ),
        connection_problem(one),
        rx.foreach(one.imports, import_bar),
        account_choice(one),
        class_name="c-channel",
        custom_attrs={"data-connection": one.key},
    )


def connection_problem(one: Any) -> rx.Component:
    """What is wrong with it, and what just failed."""
    return rx.fragment(
        rx.cond(one.problem != "", rx.el.p(one.problem, class_name="c-inline-problem")),
        rx.cond(
            (Connect.problem_line != "") & (Connect.problem_at == one.key),
            rx.el.p(Connect.problem_line, class_name="c-inline-problem", role="alert"),
        ),
    )


def connect_button(one: Any) -> rx.Component:
    """To the platform's login."""
    failed = (Connect.problem_line != "") & (Connect.problem_at == one.key)
    word: Any = rx.cond(one.step == "reconnect", "Reconnect", rx.cond(failed, "Try again", "Connect"))
    return s_button(
        word,
        on_click=Connect.connect(one.key),
        loading=Connect.busy == one.key,
        accessibility_label=word + " " + one.label,
    )


def change_button(one: Any) -> rx.Component:
    """Opens the choice of ad accounts again."""
    return _link_button("Change accounts", one, Connect.read_accounts(one.key))


def disconnect_button(one: Any) -> rx.Component:
    """Asks first."""
    return _link_button("Disconnect", one, Connect.ask_to_disconnect(one.key))


def _link_button(text: str, one: Any, on_click: Any) -> rx.Component:
    return rx.el.button(
        text, rx.el.span(" ", one.label, class_name="c-visually-hidden"), type="button", class_name="c-link-button",
        on_click=on_click,
    )  # fmt: skip


def account_choice(one: Any) -> rx.Component:
    """The ad accounts to choose from, where this connection's are being chosen."""
    asked = rx.el.div(
        rx.el.p("Which ad accounts pay for this store’s ads? Choose one or more.", class_name="c-small c-second"),
        rx.cond(
            Connect.accounts_read,
            rx.fragment(
                rx.el.ul(rx.foreach(Connect.accounts, _choosable), class_name="c-accounts"),
                s_button(
                    "Use these accounts",
                    variant="primary",
                    on_click=Connect.choose(one.key),
                    loading=Connect.busy == one.key,
                ),
            ),
            rx.cond(
                Connect.problem_line != "",
                s_button("Try again", on_click=Connect.read_accounts(one.key)),
                rx.fragment(bone("100%", "32px"), bone("100%", "32px")),
            ),
        ),
        rx.cond(
            one.step == "choose",
            rx.el.p(
                _link_button("Connect as somebody else", one, Connect.connect(one.key)),
                " · ",
                disconnect_button(one),
                class_name="c-small c-second",
            ),
            _link_button("Leave as it is", one, Connect.keep_accounts),
        ),
        class_name="c-stack",
    )
    waits = rx.cond(one.step == "choose", s_button("Choose accounts", on_click=Connect.read_accounts(one.key)))
    return rx.cond(Connect.choosing == one.key, asked, waits)


def _choosable(account: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.b(account.name),
            rx.el.span(account.terms, class_name="c-sub"),
            badge(account.badge, account.state),
        ),
        s_button(
            rx.cond(account.chosen, "Chosen", "Choose"),
            on_click=Connect.mark(account.account_id),
            icon=rx.cond(account.chosen, "check", ""),
            accessibility_label=rx.cond(account.chosen, "Leave out ", "Choose ") + account.name,
        ),
    )


def disconnect_dialog() -> rx.Component:
    """What ends and what stays. Put it once on a page that has a Disconnect."""

    def lines(texts: Any) -> rx.Component:
        return rx.el.ul(rx.foreach(texts, lambda text: rx.el.li(text)), class_name="c-points")

    ending = cast(Any, Connect.ending)
    return dialog(
        "disconnect",
        block(lines(ending.stops), title="What stops"),
        block(lines(ending.stays), title="What stays"),
        open=ending.key != "",
        title="Disconnect " + ending.label + "?",
        on_close=Connect.stay_connected,
        foot=(
            rx.el.span("You can connect again at any time.", class_name="c-small c-second"),
            rx.el.div(
                s_button("Keep it", on_click=Connect.stay_connected),
                s_button(
                    "Disconnect", tone="critical", on_click=Connect.disconnect, loading=Connect.busy == ending.key
                ),
                class_name="c-actions",
            ),
        ),
    )
