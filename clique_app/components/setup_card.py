"""The card on Home that leads a new store through its three steps."""

from __future__ import annotations

from typing import Any

import reflex as rx

from clique_app.components.session import PageState
from clique_app.components.source_views import StepView, step_views
from clique_app.components.status import badge
from clique_app.sync import setup_service


class SetupCard(PageState):
    """Where the store stands with its three steps."""

    shown: bool = False
    done: str = ""
    steps: list[StepView] = []

    @rx.event
    async def load(self) -> None:
        """Read the steps; a launched store has nothing to show."""
        setup = await self.in_session(setup_service.setup)
        self.shown, self.steps = not setup.launched, step_views(setup)
        self.done = f"{setup.done} of 3 done"


def setup_card() -> rx.Component:
    """Put it on top of Home; it is empty once the store is launched."""

    def step(one: Any, number: Any) -> rx.Component:
        return rx.el.li(
            rx.el.div(rx.el.b(f"{number + 1}. ", one.title), badge(one.badge, one.state), class_name="c-step-head"),
            rx.el.span(one.text, class_name="c-second"),
        )

    head = rx.el.div(
        rx.el.div(rx.el.h2("Set up Clique"), rx.el.p(SetupCard.done, ". Three steps to see what each sale leaves.")),
        rx.el.a("Go on with set-up", href="/onboarding", class_name="c-plain-button"),
        class_name="c-card-head",
    )
    steps = rx.el.ol(rx.foreach(SetupCard.steps, step), class_name="c-setup-steps")
    return rx.cond(
        SetupCard.shown, rx.el.section(head, steps, class_name="c-card", custom_attrs={"aria-label": "Set-up"})
    )
