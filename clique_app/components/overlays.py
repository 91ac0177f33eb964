"""The side panel (a figure opened, details) and the dialog (a decision). Native modal dialogs: focus stays inside,
Esc closes, focus returns to what opened them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from clique_app.components.polaris import PolarisElement
from clique_app.components.status import icon


class Overlay(PolarisElement):
    """Our own element that opens the <dialog> inside it as a modal."""

    tag = "clique_overlay"


def overlay_head(title: Any, title_id: str, on_close: Any, *extra: rx.Component) -> rx.Component:
    """Title and close button of a panel or dialog."""
    close = {"on_click": on_close} if on_close is not None else {}
    return rx.el.div(
        rx.el.h2(title, id=title_id),
        rx.el.div(
            *extra,
            rx.el.button(
                icon("x"),
                class_name="c-close",
                type="button",
                custom_attrs={"aria-label": "Close", "data-close": ""},
                **close,
            ),
            class_name="c-actions",
        ),
        class_name="c-overlay-head",
    )


def _overlay(
    kind: str,
    name: str,
    open_: Any,
    title: Any,
    content: tuple[rx.Component, ...],
    on_close: Any,
    foot: tuple[rx.Component, ...],
    extra: tuple[rx.Component, ...],
) -> rx.Component:
    title_id = f"{name}-title"
    dialog = rx.el.dialog(
        overlay_head(title, title_id, on_close, *extra),
        rx.el.div(
            *content,
            class_name="c-overlay-body",
            tab_index=0,
            role="region",
            custom_attrs={"aria-labelledby": title_id},
        ),
        *([rx.el.div(*foot, class_name="c-overlay-foot")] if foot else []),
        class_name=kind,
        custom_attrs={"aria-labelledby": title_id, "aria-modal": "true"},
    )
    return rx.cond(open_, Overlay.create(dialog))


def panel(
    name: str, *content: rx.Component, open: Any, title: Any, on_close: Any, actions: tuple[rx.Component, ...] = ()
) -> rx.Component:
    """720 wide at the right, the whole screen at 390. Content is blocks."""
    return _overlay("c-panel", name, open, title, content, on_close, (), actions)


def dialog(
    name: str,
    *content: rx.Component,
    open: Any,
    title: Any,
    on_close: Any,
    foot: tuple[rx.Component, ...],
) -> rx.Component:
    """1000 wide, its actions always in view at the bottom. foot: a note left, buttons (in one div) right."""
    return _overlay("c-dialog", name, open, title, content, on_close, foot, ())


def block(
    *content: rx.Component, title: Any = None, action: rx.Component | None = None, flush: bool = False
) -> rx.Component:
    """One part of a panel or dialog, with a line below."""
    head = []
    if title is not None:
        head = [rx.el.div(rx.el.h3(title), *([action] if action else []), class_name="c-card-head")]
    return rx.el.section(
        *head, *content, class_name="c-block", custom_attrs={"data-flush": "true" if flush else "false"}
    )


def halves(left: rx.Component, right: rx.Component) -> rx.Component:
    """Two columns of a dialog, one at 390."""
    return rx.el.div(left, right, class_name="c-halves")


def pair(left: rx.Component, right: rx.Component) -> rx.Component:
    """Two columns inside a block."""
    return rx.el.div(left, right, class_name="c-pair")
