"""What each e-mail flow is for, and the word of a person who knows better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import reflex as rx
from sqlmodel import Session

from clique_app import live
from clique_app.components.forms import select
from clique_app.components.overlays import block, dialog
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.errors import CliqueError
from clique_app.integrations.klaviyo.mapping import FLOW_KINDS
from clique_app.sync import flow_kinds_service

NAMES = {kind: kind.replace("_", " ").capitalize() for kind in FLOW_KINDS} | {
    "win_back": "Win-back",
    "post_purchase": "Post-purchase",
    "other": "Something else",
}

# what starts a flow, in Klaviyo's words and in ours
TRIGGERS = {
    "Added to List": "joining a list",
    "Date Based": "a date",
    "Low Inventory": "low stock",
    "Metric": "something a customer does",
    "Price Drop": "a price drop",
}


@dataclass(frozen=True)
class FlowView:
    """One flow."""

    program_id: str
    name: str
    about: str  # whether it runs, and what starts it
    kind: str
    is_set: bool


class FlowKinds(PageState):
    """The flows as they are taken, read when they are asked for."""

    flows: list[FlowView] = []
    flows_open: bool = False
    flows_problem: str = ""

    @rx.event
    async def open_flows(self) -> None:
        """Read them."""
        self.flows, self.flows_open, self.flows_problem = await self.in_session(read), True, ""

    @rx.event
    def close_flows(self) -> None:
        """Put them away."""
        self.flows_open = False

    @rx.event
    async def say_kind(self, program_id: str, kind: str) -> None:
        """This flow is of this kind; empty: as Clique takes it."""
        self.flows_problem = ""
        try:
            number = int(program_id) if program_id.isascii() and program_id.isdigit() and len(program_id) < 19 else 0
            await self.in_session(flow_kinds_service.say, number, kind, self.user_id)
        except CliqueError as error:
            self.flows_problem = error.message
        else:
            live.publish(self.store_id, "figures")
        self.flows = await self.in_session(read)


def read(session: Session, store_id: int) -> list[FlowView]:
    """The flows, as text."""
    return [
        FlowView(str(one.program_id), one.name, _about(one), one.kind, one.is_set)
        for one in flow_kinds_service.flows(session, store_id)
    ]


def _about(one: flow_kinds_service.Flow) -> str:
    status = one.status.replace("_", " ").capitalize()
    return f"{status}, started by {TRIGGERS.get(one.trigger, one.trigger)}" if one.trigger else status


def flow_kinds_button() -> rx.Component:
    """Opens the flows. Put it beside Klaviyo's other actions."""
    return rx.el.button("Kinds of flows", type="button", class_name="c-link-button", on_click=FlowKinds.open_flows)


def flow_kinds_dialog() -> rx.Component:
    """Every flow with its kind. Put it once on a page that has the button."""
    listed = rx.cond(
        cast(Any, FlowKinds.flows).length() > 0,
        rx.el.ul(rx.foreach(FlowKinds.flows, _flow), class_name="c-flows"),
        rx.el.p("There are none yet. Flows are here once Klaviyo was read.", class_name="c-second"),
    )
    problem = rx.cond(
        FlowKinds.flows_problem != "",
        rx.el.p(FlowKinds.flows_problem, class_name="c-inline-problem", role="alert"),
    )
    return dialog(
        "flows",
        block(
            rx.el.p(
                "Clique takes a flow’s kind from its name, else from what starts it. Figures of win-back and "
                "post-purchase e-mails follow it. What you choose stays.",
                class_name="c-small c-second",
            ),
            problem,
            listed,
        ),
        open=FlowKinds.flows_open,
        title="Kinds of Klaviyo flows",
        on_close=FlowKinds.close_flows,
        foot=(rx.fragment(), rx.el.div(s_button("Done", on_click=FlowKinds.close_flows), class_name="c-actions")),
    )


def _flow(one: Any) -> rx.Component:
    undo = rx.fragment(
        "Chosen by you · ",
        rx.el.button(
            "Undo",
            rx.el.span(" ", one.name, class_name="c-visually-hidden"),
            type="button",
            class_name="c-link-button",
            on_click=FlowKinds.say_kind(one.program_id, ""),
        ),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.b(one.name),
            rx.el.span(rx.cond(one.is_set, undo, one.about), class_name="c-sub"),
        ),
        select(
            "Kind of " + one.name,
            one.kind,
            lambda kind: FlowKinds.say_kind(one.program_id, kind),
            tuple(NAMES.items()),
            label_accessibility_visibility="exclusive",
        ),
        custom_attrs={"data-flow": one.name},
    )
