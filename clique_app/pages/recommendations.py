"""Recommendations: what to change next, what was changed, what was put away."""

from __future__ import annotations

from typing import Any

import reflex as rx

from clique_app.components.advice import Advice
from clique_app.components.advice_parts import advice_overlays, decided_cards, open_cards
from clique_app.components.frame import header
from clique_app.components.open_number import OpenNumber, open_number_panel
from clique_app.components.page import Page
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.components.status import segments

TABS = ("open", "applied", "dismissed")


class RecommendationsState(PageState):
    """Which tab is shown; the cards are Advice's."""

    tab: str = "open"

    @rx.event
    def load(self) -> None:
        """The tab the URL asks for."""
        wanted = self.query.get("tab", "")
        self.tab = wanted if wanted in TABS else "open"

    @rx.event
    def choose_tab(self, tab: str) -> Any:
        """Show another tab, and keep it in the URL."""
        self.tab = tab if tab in TABS else "open"
        return rx.redirect(self.url_with(tab="" if self.tab == "open" else self.tab))


def _counted(word: str, count: Any) -> Any:
    return rx.cond(Advice.loaded, f"{word} {count}", word)


def _length(cards: Any) -> Any:
    return cards.length()


def content() -> rx.Component:
    """The page."""
    tabs = segments(
        "tab",
        (
            ("open", _counted("Open", Advice.open_count)),
            ("applied", _counted("Applied", _length(Advice.applied))),
            ("dismissed", _counted("Dismissed", _length(Advice.dismissed))),
        ),
        "Which recommendations",
        current=RecommendationsState.tab,
        on_choose=RecommendationsState.choose_tab,
    )
    shown = rx.match(
        RecommendationsState.tab,
        (
            "applied",
            decided_cards(
                Advice.applied,
                "Nothing applied yet",
                "What you accept is kept here, with what was read back, who accepted it, and Undo.",
            ),
        ),
        (
            "dismissed",
            decided_cards(
                Advice.dismissed,
                "Nothing dismissed",
                "What you dismiss is kept here with its reason. Its subject rests for 14 days.",
            ),
        ),
        open_cards(),
    )
    return rx.fragment(
        header(
            "Recommendations",
            "What to change next, by expected profit and confidence",
            s_button("Look again", icon="refresh", on_click=Advice.look_again, loading=Advice.looking),
        ),
        rx.el.div(
            tabs,
            rx.el.span(
                rx.cond(Advice.looked != "", Advice.looked, Advice.next_look),
                class_name="c-small c-second",
                role="status",
            ),
            class_name="c-tabs",
        ),
        rx.el.h2("Cards", class_name="c-visually-hidden"),
        shown,
        advice_overlays(),
        open_number_panel(),
    )


PAGE = Page(
    route="/recommendations",
    title="Recommendations",
    content=content,
    on_load=(RecommendationsState.load, Advice.load),
    live={"recommendations": Advice.read, "actions": Advice.read, "figures": OpenNumber.read},
)
