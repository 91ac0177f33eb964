"""Small parts that say how things stand: icons, badges, banners, progress, skeletons, empty states. Pure."""

from __future__ import annotations

from typing import Any, cast

import reflex as rx

from clique_app.components.polaris import s_badge, s_banner, s_button, s_icon, s_progress, s_spinner

# state of a thing -> (tone, icon): never colour alone
TONES: dict[str, tuple[str, str]] = {
    "success": ("success", "check-circle"),
    "info": ("info", "info"),
    "running": ("info", "refresh"),
    "waiting": ("info", "clock"),
    "caution": ("caution", "alert-triangle"),
    "warning": ("warning", "alert-triangle"),
    "critical": ("critical", "alert-circle"),
    "blocked": ("critical", "x-circle"),
    "up": ("success", "arrow-up"),
    "down": ("critical", "arrow-down"),
    "neutral": ("neutral", "minus"),
    "plain": ("neutral", ""),
}


def icon(name: Any, tone: Any = "") -> rx.Component:
    """A Polaris icon, decorative: the word beside it carries the meaning."""
    return s_icon(type=name, tone=tone, custom_attrs={"aria-hidden": "true"})


def badge(text: Any, state: Any = "plain") -> rx.Component:
    """A word with the tone and icon of a state from TONES; state may be a var."""
    if isinstance(state, str):
        tone, name = TONES[state]
        return s_badge(text, tone=tone, icon=name) if name else s_badge(text, tone=tone)
    cases = [(key, s_badge(text, tone=tone, icon=name)) for key, (tone, name) in TONES.items()]
    return cast(rx.Component, rx.match(state, *cases, s_badge(text)))


def banner(heading: Any, text: Any = "", *, tone: str = "info", action: rx.Component | None = None) -> rx.Component:
    """What happened, what still works, what to do. The action is an s_button with slot='secondary-actions'."""
    return s_banner(text, *([action] if action else []), heading=heading, tone=tone)


def banner_action(text: str, on_click: Any) -> rx.Component:
    """The one thing to do about a banner."""
    return s_button(text, slot="secondary-actions", on_click=on_click)


def progress(label: Any, done: Any, total: Any, *, share: Any, note: Any = "", whole: Any = False) -> rx.Component:
    """Counts of something that takes longer than a second. done and total are written numbers; share is 0 to 1."""
    return rx.el.div(
        rx.el.div(
            rx.el.span(rx.el.b(label)),
            rx.el.span(rx.el.b(done), rx.cond(total != "", " of " + rx.Var.create(total).to(str), "")),
            class_name="c-progress-head",
        ),
        s_progress(value=share, max=1, tone=rx.cond(whole, "success", "auto"), accessibility_label=label),
        rx.el.span(note, class_name="c-note"),
        class_name="c-progress",
    )


def import_bar(one: Any) -> rx.Component:
    """A source_views.ProgressView."""
    return progress(one.label, one.done, one.total, share=one.share, note=one.note, whole=one.whole)


def reading_bar(one: Any) -> rx.Component:
    """A source_views.ReadingView: counts, stage, pace and time left."""
    return rx.fragment(
        progress(one.title, one.done, one.total, share=one.share),
        rx.el.div(rx.el.span(one.stage), rx.el.span(one.pace), class_name="c-running-facts"),
    )


def spinner(label: str) -> rx.Component:
    """For what takes less than a second or cannot be counted."""
    return s_spinner(accessibility_label=label)


def bone(width: str = "100%", height: str = "12px") -> rx.Component:
    """One grey bar of a skeleton."""
    return rx.el.span(
        class_name="c-bone", style={"width": width, "height": height}, custom_attrs={"aria-hidden": "true"}
    )


def skeleton_card(height: str) -> rx.Component:
    """A card that is still being read, at its final height so that nothing moves."""
    return rx.el.div(
        bone("40%", "16px"),
        bone("90%"),
        bone("75%"),
        class_name="c-card",
        style={"min_height": height},
        custom_attrs={"aria-busy": "true", "aria-label": "Loading", "role": "status"},
    )


def empty(heading: Any, text: Any, action: rx.Component | None = None) -> rx.Component:
    """What would be here, and the one step to get it (or when enough data will be there)."""
    return rx.el.div(rx.el.h3(heading), rx.el.p(text), *([action] if action else []), class_name="c-empty")


def card(
    title: Any, *content: rx.Component, note: Any = None, actions: tuple[rx.Component, ...] = (), flush: bool = False
) -> rx.Component:
    """A white card. flush: its content (a table) reaches the edges."""
    head = rx.el.div(
        rx.el.div(rx.el.h2(title), *([rx.el.p(note)] if note is not None else [])),
        *([rx.el.div(*actions, class_name="c-actions")] if actions else []),
        class_name="c-card-head",
    )
    return rx.el.section(head, *content, class_name="c-card", custom_attrs={"data-flush": "true" if flush else "false"})


def section_head(title: str, note: Any = "", link: rx.Component | None = None) -> rx.Component:
    """A heading between cards."""
    return rx.el.div(
        rx.el.h2(title),
        rx.el.span(note, class_name="c-small c-second"),
        *([link] if link else []),
        class_name="c-section-head",
    )


def page_link(text: Any, to: Any) -> rx.Component:
    """Goes to another page of Clique, without loading the document again."""
    return rx.el.a(text, href=to)


def facts(*pairs: tuple[Any, Any]) -> rx.Component:
    """Short 'Period: 14–20 Nov' lists."""
    return rx.el.dl(*(part for k, v in pairs for part in (rx.el.dt(k), rx.el.dd(v))), class_name="c-facts")


def segments(
    name: str, options: tuple[tuple[str, str], ...], label: str, *, current: Any = None, on_choose: Any = None
) -> rx.Component:
    """A segmented control. With on_choose, buttons that call on_choose(key); without, radios that work by CSS alone."""
    if on_choose is not None:
        buttons = [
            rx.el.button(
                text,
                type="button",
                on_click=on_choose(key),
                custom_attrs={"aria-pressed": rx.cond(current == key, "true", "false")},
            )
            for key, text in options
        ]
        return rx.el.div(*buttons, class_name="c-segments", role="group", custom_attrs={"aria-label": label})
    radios = [
        rx.el.label(rx.el.input(type="radio", name=name, value=key, default_checked=index == 0), text)
        for index, (key, text) in enumerate(options)
    ]
    return rx.el.fieldset(*radios, class_name="c-segments", custom_attrs={"aria-label": label})
