"""Form fields with inline errors, and the bar that saves. Values are text in state; the service validates."""

from __future__ import annotations

from typing import Any

import reflex as rx

from clique_app.components.polaris import (
    s_button,
    s_money_field,
    s_number_field,
    s_option,
    s_select,
    s_switch,
    s_text_field,
)


def text_field(
    label: str, value: Any, on_change: Any, *, error: Any = "", details: Any = "", **props: Any
) -> rx.Component:
    """One line of text."""
    return s_text_field(label=label, value=value, on_change=on_change, error=error, details=details, **props)


def money_field(
    label: str, value: Any, on_change: Any, *, currency: Any, error: Any = "", details: Any = "", **props: Any
) -> rx.Component:
    """An amount in the store's currency."""
    return s_money_field(
        label=label, value=value, on_change=on_change, currency_code=currency, error=error, details=details, **props
    )


def percent_field(
    label: str, value: Any, on_change: Any, *, error: Any = "", details: Any = "", **props: Any
) -> rx.Component:
    """A percentage."""
    return s_number_field(
        label=label, value=value, on_change=on_change, suffix="%", error=error, details=details, **props
    )


def number_field(
    label: str, value: Any, on_change: Any, *, suffix: str = "", error: Any = "", details: Any = "", **props: Any
) -> rx.Component:
    """A count or a measure with its unit."""
    return s_number_field(
        label=label, value=value, on_change=on_change, suffix=suffix, error=error, details=details, **props
    )


def switch(label: str, checked: Any, on_change: Any, *, details: Any = "", **props: Any) -> rx.Component:
    """On or off; takes effect with the form, not at once."""
    return s_switch(label=label, checked=checked, on_change=on_change, details=details, **props)


def select(label: str, value: Any, on_change: Any, options: Any, *, details: Any = "", **props: Any) -> rx.Component:
    """One of several. options: (value, label) pairs, or a list[dict[str, str]] var with value and label."""
    if isinstance(options, rx.Var):
        listed = [rx.foreach(options, lambda one: s_option(one["label"], value=one["value"]))]
    else:
        listed = [s_option(text, value=key) for key, text in options]
    return s_select(*listed, label=label, value=value, on_change=on_change, details=details, **props)


def fields(*content: rx.Component) -> rx.Component:
    """Two fields a row, one at 390."""
    return rx.el.div(*content, class_name="c-fields")


def save_bar(unsaved: Any, *, on_save: Any, on_discard: Any, saving: Any = False) -> rx.Component:
    """Shown while something is not saved. At most one a page."""
    return rx.cond(
        unsaved,
        rx.el.div(
            rx.el.span("Unsaved changes"),
            rx.el.div(
                s_button("Discard", on_click=on_discard, disabled=saving),
                s_button("Save", on_click=on_save, loading=saving),
                class_name="c-actions",
            ),
            class_name="c-save-bar",
            role="status",
        ),
    )
