"""Connecting an ad channel: to the platform's login and back, the choice of account, the end of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from clique_app import live
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.components.source_views import SOURCE_STATES, ProgressView, import_view
from clique_app.components.status import badge, bone, progress
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.ad_accounts_service import CONNECT_ERRORS, Overview
from clique_app.errors import CliqueError
from clique_app.integrations.channels import AdAccount
from clique_app.sync import setup_service
from clique_app.sync.overview_service import Standing
from tasks.sync import start_sync

CHANNEL_STATES = {
    "not_connected": ("Not connected", "plain"),
    "disconnected": ("Not connected", "plain"),
    "choosing_account": ("Choose an account", "info"),
    "connected": ("Connected", "success"),
    "expired": SOURCE_STATES["expired"],
    "revoked": SOURCE_STATES["expired"],
}


@dataclass(frozen=True)
class ChannelView:
    """One ad channel as it stands."""

    channel: str
    label: str
    step: str  # connect, reconnect, choose or done
    badge: str
    state: str
    account: str = ""
    problem: str = ""
    imports: list[ProgressView] = field(default_factory=list)


@dataclass(frozen=True)
class AccountView:
    """One ad account to choose."""

    account_id: str
    name: str
    terms: str
    badge: str
    state: str


class AdsConnect(PageState):
    """The ad channels of the store, and the accounts to choose from."""

    channels: list[ChannelView] = []
    accounts: list[AccountView] = []
    accounts_read: bool = False
    problem_line: str = ""  # what went wrong on the way, in words
    busy: str = ""  # the account or channel that is being worked on

    @rx.event
    async def load(self) -> Any:
        """How the channels stand; where an account is to be chosen, read the list."""
        setup = await self.in_session(setup_service.setup)
        self.channels = channel_views(setup.channels, setup.sources)
        ready = all(one.step == "done" for one in self.channels)
        self.problem_line = "" if ready else connect_problem(self.query)
        choosing = [one.channel for one in self.channels if one.step == "choose"]
        if not choosing:
            self.accounts, self.accounts_read = [], False
        return AdsConnect.read_accounts(choosing[0]) if choosing and not self.accounts_read else None

    @rx.event
    async def connect(self, channel: str) -> Any:
        """Leave for the platform's login, in the whole window: it may not be framed."""
        self.busy = channel
        url = await self.in_session(ad_accounts.start, channel, self.user_id)
        return rx.call_script(f"window.open({json.dumps(url)}, '_top')")

    @rx.event(background=True)
    async def read_accounts(self, channel: str) -> None:
        """Ask the platform which ad accounts the person may use."""
        async with self:
            self.problem_line, _ = "", self.store_id
        found, problem = [], ""
        try:
            found = await self.in_session(ad_accounts.accounts, channel)
            problem = "" if found else "The connected person has no ad account there. Connect as somebody who has."
        except CliqueError as error:
            problem = error.message
        async with self:
            _ = self.store_id  # the session may have ended meanwhile
            self.accounts, self.accounts_read = account_views(found), bool(found)
            self.problem_line = problem

    @rx.event
    async def choose(self, channel: str, account_id: str) -> Any:
        """Use this account, and begin to read it."""
        self.busy = account_id
        yield
        try:
            await self.in_session(ad_accounts.choose, channel, account_id, self.user_id)
            await asyncio.to_thread(begin_import, self.store_id, channel)
        except CliqueError as error:
            self.problem_line = error.message
        else:
            yield AdsConnect.load
        self.busy = ""

    @rx.event
    async def disconnect(self, channel: str) -> Any:
        """Forget the access; what was read stays."""
        await self.in_session(ad_accounts.disconnect, channel, self.user_id)
        await asyncio.to_thread(live.publish, self.store_id, "connections")
        return AdsConnect.load


def begin_import(store_id: int, channel: str) -> None:
    """Ask for the first import of a channel's sources, and tell the open pages."""
    for source in setup_service.sources_of(channel):
        start_sync(store_id, source, "first_import")
    live.publish(store_id, "connections")


def connect_problem(query: dict[str, str]) -> str:
    """The words for connect_error in the page's URL; nothing from the URL itself is shown."""
    reason = query.get("connect_error", "")
    return CONNECT_ERRORS.get(reason, CONNECT_ERRORS["refused"]) if reason else ""


def channel_views(channels: tuple[Overview, ...], sources: tuple[Standing, ...]) -> list[ChannelView]:
    """The channels as they stand, with how far their sources are read."""
    return [_channel(one, [import_view(s) for s in sources if s.channel == one.channel]) for one in channels]


def _channel(one: Overview, imports: list[ProgressView]) -> ChannelView:
    steps = {"connected": "done", "choosing_account": "choose", "expired": "reconnect", "revoked": "reconnect"}
    step = steps.get(one.state, "connect")
    terms = ", ".join(part for part in (one.currency, (one.time_zone or "").replace("_", " ")) if part)
    account = f"{one.account_name} ({terms})" if one.account_name and step in ("done", "reconnect") else ""
    shown = imports if step == "done" else []
    return ChannelView(one.channel, one.label, step, *CHANNEL_STATES[one.state], account, one.problem, shown)


def account_views(accounts: list[AdAccount]) -> list[AccountView]:
    """The accounts to choose from, those in use first."""
    ordered = sorted(accounts, key=lambda one: (not one.active, one.name))
    return [
        AccountView(
            one.account_id,
            one.name,
            f"{one.account_id}, {one.currency}, {one.time_zone.replace('_', ' ')}",
            *(("Active", "success") if one.active else ("Not active", "plain")),
        )
        for one in ordered
    ]


def ads_connect() -> rx.Component:
    """The channels with their one next step each."""
    return rx.el.div(
        rx.cond(
            AdsConnect.problem_line != "",
            rx.el.p(AdsConnect.problem_line, class_name="c-inline-problem", role="alert"),
        ),
        rx.el.ul(rx.foreach(AdsConnect.channels, _channel_row), class_name="c-channels"),
        class_name="c-stack",
    )


def _channel_row(one: Any) -> rx.Component:
    again: Any = rx.cond(
        one.step == "reconnect", "Reconnect", rx.cond(AdsConnect.problem_line != "", "Try again", "Connect")
    )
    connect = s_button(
        again,
        on_click=AdsConnect.connect(one.channel),
        loading=AdsConnect.busy == one.channel,
        accessibility_label=again + " " + one.label,
    )
    disconnect = rx.el.button(
        "Disconnect", type="button", class_name="c-link-button", on_click=AdsConnect.disconnect(one.channel)
    )
    bars = rx.foreach(
        one.imports, lambda p: progress(p.label, p.done, p.total, share=p.share, note=p.note, whole=p.whole)
    )
    return rx.el.li(
        rx.el.div(
            rx.el.b(one.label),
            rx.match(
                one.step,
                ("done", badge(one.badge, one.state)),
                ("choose", badge(one.badge, one.state)),
                connect,
            ),
            class_name="c-step-head",
        ),
        rx.cond(
            one.account != "",
            rx.el.p(
                one.account, rx.cond(one.step == "done", rx.fragment(" · ", disconnect)), class_name="c-small c-second"
            ),
        ),
        rx.cond(one.problem != "", rx.el.p(one.problem, class_name="c-inline-problem")),
        bars,
        rx.cond(one.step == "choose", _choice(one)),
        class_name="c-channel",
    )


def _choice(channel: Any) -> rx.Component:
    def choosable(account: Any) -> rx.Component:  # not "one": it would hide the channel's in the compiled page
        return rx.el.li(
            rx.el.div(
                rx.el.b(account.name),
                rx.el.span(account.terms, class_name="c-sub"),
                badge(account.badge, account.state),
            ),
            s_button(
                "Choose",
                on_click=AdsConnect.choose(channel.channel, account.account_id),
                loading=AdsConnect.busy == account.account_id,
                accessibility_label="Choose " + account.name,
            ),
        )

    listed = rx.el.ul(rx.foreach(AdsConnect.accounts, choosable), class_name="c-accounts")
    again = s_button("Try again", on_click=AdsConnect.read_accounts(channel.channel))
    other = rx.el.button(
        "Connect as somebody else",
        type="button",
        class_name="c-link-button",
        on_click=AdsConnect.connect(channel.channel),
    )
    return rx.el.div(
        rx.el.p("Which ad account pays for this store’s ads?", class_name="c-small c-second"),
        rx.cond(
            AdsConnect.accounts_read,
            listed,
            rx.cond(AdsConnect.problem_line != "", again, rx.fragment(bone("100%", "32px"), bone("100%", "32px"))),
        ),
        other,
        class_name="c-stack",
    )
