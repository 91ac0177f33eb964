"""Connecting an ad channel: to the platform's login and back, the choice of accounts, the end of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import reflex as rx
from sqlmodel import Session

from clique_app import live
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.components.source_views import SOURCE_STATES, ProgressView, import_view
from clique_app.components.status import badge, bone, progress
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.ad_accounts_service import CONNECT_ERRORS, AccountInUse, Overview
from clique_app.errors import CliqueError
from clique_app.integrations.channels import AdAccount
from clique_app.sync import setup_service
from clique_app.sync.overview_service import Standing
from tasks.ad_pushes import subscribe_accounts
from tasks.sync import start_sync

CHANNEL_STATES = {
    "not_connected": ("Not connected", "plain"),
    "disconnected": ("Not connected", "plain"),
    "choosing_account": ("Choose accounts", "info"),
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
    accounts: list[str] = field(default_factory=list)  # in words, those in use
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
    chosen: bool = False


class AdsConnect(PageState):
    """The ad channels of the store, and the accounts to choose from."""

    channels: list[ChannelView] = []
    accounts: list[AccountView] = []
    accounts_read: bool = False
    choosing: str = ""  # the channel whose accounts are being chosen
    problem_line: str = ""  # what went wrong on the way, in words
    busy: str = ""  # the account or channel that is being worked on

    @rx.event
    async def load(self) -> Any:
        """How the channels stand; where an account is to be chosen, read the list."""
        setup = await self.in_session(setup_service.setup)
        self.channels = channel_views(setup.channels, setup.sources)
        ready = all(one.step == "done" for one in self.channels)
        self.problem_line = "" if ready else connect_problem(self.query)
        waiting = [one.channel for one in self.channels if one.step == "choose"]
        if waiting and not self.accounts_read:
            return AdsConnect.read_accounts(waiting[0])
        return None

    @rx.event
    async def connect(self, channel: str) -> Any:
        """Leave for the platform's login, in the whole window: it may not be framed."""
        self.busy = channel
        url = await self.in_session(ad_accounts.start, channel, self.user_id)
        return rx.call_script(f"window.open({json.dumps(url)}, '_top')")

    @rx.event(background=True)
    async def read_accounts(self, channel: str) -> None:
        """Ask the platform which ad accounts the person may use; those in use are chosen already."""
        async with self:
            self.problem_line, self.choosing, _ = "", channel, self.store_id
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
            self.problem_line = problem

    @rx.event
    def mark(self, account_id: str) -> None:
        """Choose an account, or not any more; nothing is changed before the choice is used."""
        self.accounts = [
            replace(one, chosen=not one.chosen) if one.account_id == account_id else one for one in self.accounts
        ]

    @rx.event
    def keep_accounts(self) -> None:
        """Leave the choice as it was."""
        self.accounts, self.accounts_read, self.choosing = [], False, ""

    @rx.event
    async def choose(self, channel: str) -> Any:
        """Use the chosen accounts, and begin to read those that are new."""
        self.busy = channel
        yield
        chosen = [one.account_id for one in self.accounts if one.chosen]
        try:
            await self.in_session(ad_accounts.choose, channel, chosen, self.user_id)
            await asyncio.to_thread(begin_import, self.store_id, channel)
        except CliqueError as error:
            self.problem_line = error.message
        else:
            self.accounts, self.accounts_read, self.choosing = [], False, ""
            yield AdsConnect.load
        self.busy = ""

    @rx.event
    async def disconnect(self, channel: str) -> Any:
        """Forget the access; what was read stays."""
        await self.in_session(ad_accounts.disconnect, channel, self.user_id)
        await asyncio.to_thread(live.publish, self.store_id, "connections")
        return AdsConnect.load


def accounts_in_use(session: Session, store_id: int, channel: str) -> set[str]:
    """The ids of the channel's accounts that are in use."""
    channels = ad_accounts.connections(session, store_id)
    return {account.account_id for one in channels if one.channel == channel for account in one.accounts}


def begin_import(store_id: int, channel: str) -> None:
    """Ask for the first import of a channel's sources and for its webhooks, and tell the open pages."""
    for source in setup_service.sources_of(channel):
        start_sync(store_id, source, "first_import")
    subscribe_accounts.send(store_id, channel)
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
    accounts = [_in_words(account) for account in one.accounts] if step in ("done", "reconnect") else []
    shown = imports if step == "done" else []
    return ChannelView(one.channel, one.label, step, *CHANNEL_STATES[one.state], accounts, one.problem, shown)


def _in_words(account: AccountInUse) -> str:
    here = f", days from {account.read_from:%B %-d, %Y}" if account.read_from else ""
    told = ", tells of changes" if account.pushes_since else ""
    return f"{account.name} ({account.currency}, {account.time_zone.replace('_', ' ')}){here}{told}"


def account_views(accounts: list[AdAccount], used: Collection[str] = ()) -> list[AccountView]:
    """The accounts to choose from, the active ones first."""
    ordered = sorted(accounts, key=lambda one: (not one.active, one.name))
    return [
        AccountView(
            one.account_id,
            one.name,
            f"{one.account_id}, {one.currency}, {one.time_zone.replace('_', ' ')}",
            *(("Active", "success") if one.active else ("Not active", "plain")),
            chosen=one.account_id in used,
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
    change = rx.el.button(
        "Change accounts",
        type="button",
        class_name="c-link-button",
        on_click=AdsConnect.read_accounts(one.channel),
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
        rx.foreach(one.accounts, lambda account: rx.el.p(account, class_name="c-small c-second")),
        rx.cond(one.step == "done", rx.el.p(change, " · ", disconnect, class_name="c-small c-second")),
        rx.cond(one.problem != "", rx.el.p(one.problem, class_name="c-inline-problem")),
        bars,
        rx.cond((one.step == "choose") | (AdsConnect.choosing == one.channel), _choice(one)),
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
                rx.cond(account.chosen, "Chosen", "Choose"),
                on_click=AdsConnect.mark(account.account_id),
                icon=rx.cond(account.chosen, "check", ""),
                accessibility_label=rx.cond(account.chosen, "Leave out ", "Choose ") + account.name,
            ),
        )

    listed = rx.el.ul(rx.foreach(AdsConnect.accounts, choosable), class_name="c-accounts")
    use = s_button(
        "Use these accounts",
        variant="primary",
        on_click=AdsConnect.choose(channel.channel),
        loading=AdsConnect.busy == channel.channel,
    )
    keep = rx.el.button("Leave as it is", type="button", class_name="c-link-button", on_click=AdsConnect.keep_accounts)
    again = s_button("Try again", on_click=AdsConnect.read_accounts(channel.channel))
    other = rx.el.button(
        "Connect as somebody else",
        type="button",
        class_name="c-link-button",
        on_click=AdsConnect.connect(channel.channel),
    )
    return rx.el.div(
        rx.el.p("Which ad accounts pay for this store’s ads? Choose one or more.", class_name="c-small c-second"),
        rx.cond(
            AdsConnect.accounts_read,
            rx.fragment(listed, use),
            rx.cond(AdsConnect.problem_line != "", again, rx.fragment(bone("100%", "32px"), bone("100%", "32px"))),
        ),
        rx.cond(channel.step == "choose", other, keep),
        class_name="c-stack",
    )
