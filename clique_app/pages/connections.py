"""Connections: everything Clique reads from, what it may do there, and what to do where it stopped."""

from __future__ import annotations

from typing import Any, cast

import reflex as rx

from clique_app.components.connect import (
    Connect,
    account_choice,
    change_button,
    connect_button,
    connection_problem,
    disconnect_button,
    disconnect_dialog,
)
from clique_app.components.flow_kinds import flow_kinds_button, flow_kinds_dialog
from clique_app.components.frame import header
from clique_app.components.klaviyo_connect import klaviyo_key_form
from clique_app.components.page import Page
from clique_app.components.polaris import s_button
from clique_app.components.status import badge, bone, page_link
from clique_app.integrations.registry import PLATFORMS
from clique_app.sync.connections_service import CONNECTIONS


def _facts(one: Any) -> rx.Component:
    """The lines that are known, in one fixed order."""

    def line(term: str, shown: Any, *content: Any) -> rx.Component:
        return rx.cond(shown, rx.fragment(rx.el.dt(term), rx.el.dd(*content)))

    accounts = rx.foreach(one.accounts, lambda account: rx.el.div(account))
    return rx.el.dl(
        line("Accounts", one.accounts.length() > 0, accounts),
        line("Data", one.age != "", one.age),
        line("Access", one.access != "", one.access),
        line("Permissions", one.permissions != "", _permissions(one)),
        class_name="c-facts",
    )


def _permissions(one: Any) -> rx.Component:
    """How many, and which behind it; what is missing is marked."""
    missing = rx.foreach(one.missing, lambda scope: rx.el.li(rx.el.code(scope), badge("Missing", "caution")))
    given = rx.foreach(one.given, lambda scope: rx.el.li(rx.el.code(scope)))
    return rx.el.details(
        rx.el.summary(one.permissions, rx.el.span(" to ", one.label, class_name="c-visually-hidden")),
        rx.el.ul(missing, given, class_name="c-scopes"),
    )


def _sources(one: Any) -> rx.Component:
    """How far a source is read is told in its line, so that no button moves under a hand that is about to click."""

    def source(line: Any) -> rx.Component:
        left = rx.el.span(", ", line.left, class_name="c-time-left")
        return rx.el.li(
            rx.el.span(line.label, class_name="c-cut"),
            rx.el.span(line.told, rx.cond(line.left != "", left), class_name="c-second"),
            badge(line.badge, line.state),
            rx.cond(line.share > 0, rx.el.span(class_name="c-share", style={"width": f"{line.share * 100}%"})),
        )

    return rx.cond(one.sources.length() > 0, rx.el.ul(rx.foreach(one.sources, source), class_name="c-source-lines"))


def _actions(one: Any) -> rx.Component:
    """The next step first; what changes or ends it last."""
    asked = cast(Any, Connect.asked)
    sync = s_button(
        one.sync,
        on_click=Connect.sync(one.key),
        loading=asked.contains(one.key),
        accessibility_label=one.sync + ": " + one.label,
    )
    allow = s_button("Allow in Shopify", on_click=Connect.allow)
    login = rx.fragment(
        rx.cond((one.step == "connect") | (one.step == "reconnect"), connect_button(one)),
        rx.cond(one.sync != "", sync),
        rx.cond((one.step == "done") & (one.accounts.length() > 0), change_button(one)),
        rx.cond((one.step == "done") & (one.key == "klaviyo"), flow_kinds_button()),
        rx.cond((one.step == "done") | (one.step == "reconnect"), disconnect_button(one)),
    )
    other = rx.fragment(
        rx.cond(((one.way == "install") & (one.step != "done")) | (one.missing.length() > 0), allow),
        rx.cond(one.sync != "", sync),
        rx.cond(one.page != "", page_link(rx.cond(one.step == "done", "Open Voice of customers", "Set up"), one.page)),
        rx.cond(one.ends != "", rx.el.span(one.ends, class_name="c-small c-second")),
    )
    return rx.el.div(rx.cond(one.way == "login", login, other), class_name="c-actions c-connection-actions")


def _card(one: Any) -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2(one.label), badge(one.badge, one.state), class_name="c-step-head"),
        rx.el.p(one.brings, class_name="c-small c-second"),
        connection_problem(one),
        _facts(one),
        _sources(one),
        account_choice(one),
        _actions(one),
        rx.cond((one.key == "klaviyo") & ((one.step == "connect") | (one.step == "reconnect")), _by_key()),
        class_name="c-card c-connection",
        custom_attrs={"aria-label": one.label, "data-connection": one.key},
    )


def _by_key() -> rx.Component:
    """Klaviyo's other way."""
    return rx.el.details(rx.el.summary("Use a private key instead", class_name="c-small"), klaviyo_key_form())


def content() -> rx.Component:
    """The page."""
    sync_now = s_button(
        "Sync now",
        variant=rx.cond(Connect.choosing == "", "primary", "auto"),  # one black button a screen
        icon="refresh",
        on_click=Connect.sync_all,
        loading=cast(Any, Connect.asked).length() > 1,
    )
    skeleton = rx.fragment(
        *(
            rx.el.div(bone("30%", "16px"), bone("80%"), bone("60%"), bone("70%"), class_name="c-card c-connection")
            for _ in range(len(CONNECTIONS) - 1 + len(PLATFORMS))
        )
    )
    return rx.fragment(
        header("Connections", "Where Clique reads, what it may do there, and what to do where it stopped", sync_now),
        rx.el.p(Connect.summary, class_name="c-connections-line"),
        rx.el.div(
            rx.cond(Connect.connections_loaded, rx.foreach(Connect.connections, _card), skeleton),
            class_name="c-connections",
        ),
        disconnect_dialog(),
        flow_kinds_dialog(),
    )


PAGE = Page(
    route="/connections",
    title="Connections",
    content=content,
    on_load=(Connect.load,),
    live={"sync": Connect.load, "connections": Connect.load},
)
