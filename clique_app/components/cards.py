"""The recommendation card and the parts of its dialog. Shells only: what they say comes from the page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from clique_app.components.status import icon


def card_grid(*cards: rx.Component, wide: bool = False) -> rx.Component:
    """Three a row, or one (wide) on the Recommendations page."""
    return rx.el.div(*cards, class_name="c-cards", custom_attrs={"data-wide": "true" if wide else "false"})


def recommendation_card(
    *,
    badges: tuple[rx.Component, ...],
    headline: Any,
    profit_range: Any,
    range_note: Any = "profit a week",
    why: Any,
    rests_on: Any = "",
    confidence: Any = "",
    extra: tuple[rx.Component, ...] = (),
    actions: tuple[rx.Component, ...],
) -> rx.Component:
    """Badges, verb-first headline, range, why, what it rests on, actions at the bottom edge."""
    rests = rx.el.ul(
        rx.cond(rests_on != "", rx.el.li(icon("chart-line"), rests_on)),
        rx.cond(confidence != "", rx.el.li(icon("shield-check-mark"), confidence)),
        class_name="c-rests",
    )
    return rx.el.article(
        rx.el.div(*badges, class_name="c-badges"),
        rx.el.h3(headline),
        rx.el.p(
            rx.el.b(profit_range) if isinstance(profit_range, str | rx.Var) else profit_range,
            range_note,
            class_name="c-range",
        ),
        rx.el.p(why, class_name="c-why"),
        *extra,
        rests,
        rx.el.div(*actions, class_name="c-card-actions"),
        class_name="c-card c-recommendation",
    )


def steps(items: Any) -> rx.Component:
    """Accepted, applied, verified, measuring: a list var of dicts with icon, tone, title, note."""
    return rx.el.ol(
        rx.foreach(
            items,
            lambda one: rx.el.li(icon(one["icon"], one["tone"]), rx.el.b(one["title"]), rx.el.span(one["note"])),
        ),
        class_name="c-steps",
    )


def before_after(before: Any, after: Any, change: rx.Component) -> rx.Component:
    """'$640 a day → $768 a day +20%'."""
    return rx.el.div(
        rx.el.div(rx.el.span("Now"), rx.el.strong(before)),
        icon("arrow-right"),
        rx.el.div(rx.el.span("After Accept"), rx.el.strong(after)),
        change,
        class_name="c-before-after c-inset",
    )


def numbered(items: Any) -> rx.Component:
    """What will be done, in order: a list[str] var."""
    return rx.el.ol(rx.foreach(items, lambda text: rx.el.li(rx.el.span(text))), class_name="c-numbered")
