"""What every page stands in: the document's head, the admin's menu, the header with its period picker, notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex_components_core.core.banner import has_too_many_connection_errors

from clique_app.components.overlays import overlay_head
from clique_app.components.page import Page
from clique_app.components.polaris import PolarisElement, s_banner, s_button, s_link
from clique_app.components.session import PageState
from clique_app.components.status import icon
from clique_app.metrics.periods import COMPARISONS, PRESETS

SHORTCUTS = (
    ("?", "Show these shortcuts"),
    ("p", "Choose the period"),
    ("/", "Ask a question"),
    ("Tab", "Next number, button or row"),
    ("Enter", "Open what has focus"),
    ("Esc", "Close the panel, dialog or menu"),
)


class AppNav(PolarisElement):
    """App Bridge's navigation: drawn by the admin, not by us."""

    tag = "s_app_nav"


def document_head() -> list[rx.Component]:
    """The first script of the document; it brings App Bridge, Polaris and our elements."""
    return [rx.el.script(src="/boot.js"), rx.el.link(rel="icon", href="/icon.svg", type="image/svg+xml")]


def app_navigation(pages: Sequence[Page]) -> rx.Component:
    """The app's menu inside the admin."""
    return AppNav.create(
        *(
            s_link(page.title, href=page.route, custom_attrs={"rel": "home"} if page.route == "/" else {})
            for page in pages
            if page.in_navigation
        )
    )


def connection_notice() -> rx.Component:
    """Shown while the connection is down; what is clicked meanwhile is kept and sent afterwards."""
    return rx.cond(
        has_too_many_connection_errors,
        rx.el.div(
            s_banner("Figures may be old. Trying again.", heading="Connection lost", tone="warning"),
            class_name="c-notice",
        ),
    )


def shortcuts() -> rx.Component:
    """The list behind '?'."""
    rows = [part for key, what in SHORTCUTS for part in (rx.el.dt(rx.el.kbd(key)), rx.el.dd(what))]
    return rx.el.dialog(
        overlay_head("Keyboard shortcuts", "shortcuts-title", None),
        rx.el.div(rx.el.dl(*rows), class_name="c-overlay-body"),
        id="shortcuts",
        class_name="c-dialog c-shortcuts",
        custom_attrs={"aria-labelledby": "shortcuts-title"},
    )


def framed(page: Page, pages: Sequence[Page]) -> rx.Component:
    """A page's content behind the check that somebody may see it."""
    return rx.fragment(
        app_navigation(pages),
        rx.el.main(
            rx.cond(
                PageState.access_problem != "",
                s_banner(PageState.access_problem, heading="Clique cannot show this store", tone="critical"),
            ),
            rx.cond(
                PageState.problem != "",
                s_banner(
                    PageState.problem,
                    s_button("Retry", slot="secondary-actions", on_click=PageState.retry),
                    heading="That did not work",
                    tone="critical",
                ),
            ),
            page.content(),
            class_name="c-page",
        ),
        shortcuts(),
        connection_notice(),
    )


def header(title: Any, purpose: Any, *actions: rx.Component, period: bool = False) -> rx.Component:
    """Page title, one line of what it answers, and on the right the pickers and at most one primary button."""
    return rx.el.header(
        rx.el.div(rx.el.h1(title), rx.el.p(purpose), class_name="c-heading"),
        rx.el.div(*([period_picker(), comparison_picker()] if period else []), *actions, class_name="c-actions"),
        class_name="c-header",
    )


def data_age(text: Any, *, stale: Any = False) -> rx.Component:
    """'Orders to 21 Nov 13:58, ads to 13:17. Store time, New York. USD.' Turns caution when stale."""
    return rx.el.p(text, class_name="c-age-line", custom_attrs={"data-stale": rx.cond(stale, "true", "false")})


def _choice(label: str, current: Any, query: dict[str, str]) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=PageState.choose_period(query),
        custom_attrs={"aria-current": rx.cond(current, "true", "false")},
    )


def _menu(summary: Sequence[Any], *content: rx.Component) -> rx.Component:
    return rx.el.details(rx.el.summary(*summary), rx.el.div(*content, class_name="c-menu"), class_name="c-picker")


def period_picker() -> rx.Component:
    """Shopify's presets and a span of one's own; the choice lives in the URL."""
    presets = [
        _choice(label, PageState.period_preset == key, {"period": key, "from": "", "to": ""})
        for key, (label, _) in PRESETS.items()
    ]
    custom = rx.el.form(
        rx.el.label("From", rx.el.input(type="date", name="from", required=True)),
        rx.el.label("To", rx.el.input(type="date", name="to", required=True)),
        rx.el.button("Apply", type="submit", class_name="c-plain-button"),
        on_submit=PageState.choose_custom_period,
    )
    label = rx.cond(PageState.period_label != "", PageState.period_label, "Last 7 days")
    return _menu([icon("calendar"), label], *presets, custom)


def comparison_picker() -> rx.Component:
    """What the period is compared with."""
    choices = [_choice(label, PageState.period_compare == key, {"compare": key}) for key, label in COMPARISONS.items()]
    label = rx.cond(PageState.comparison_label != "", "Compared with " + PageState.comparison_label, "No comparison")
    return _menu([label], *choices)
