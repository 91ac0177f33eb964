"""Home: what happened and what to do next."""

from __future__ import annotations

import reflex as rx

from clique_app.components.frame import header
from clique_app.components.page import Page
from clique_app.components.session import PageState
from clique_app.components.status import card


class HomeState(PageState):
    """What Home shows."""

    store_label: str = ""

    @rx.event
    def load(self) -> None:
        """Read what the page shows."""
        self.store_label = f"Store {self.store_id}"


def content() -> rx.Component:
    """The page."""
    return rx.fragment(header("Home", "What happened and what to do next"), card("Your store", rx.el.p(HomeState.store_label)))


PAGE = Page(route="/", title="Home", content=content, on_load=(HomeState.load,), live={"figures": HomeState.load})
