"""Recommendations as they are drawn: the cards, the Accept dialog, details, the reason for a dismissal."""

from __future__ import annotations

from typing import Any

import reflex as rx

from clique_app.components import advice
from clique_app.components.advice_views import REASONS
from clique_app.components.cards import before_after, card_grid, numbered, recommendation_card, steps
from clique_app.components.figures import interval_bar, opens
from clique_app.components.overlays import block, dialog, halves, panel
from clique_app.components.polaris import s_button
from clique_app.components.status import badge, banner, banner_action, bone, empty, icon, page_link, spinner
from clique_app.components.tables import Column, agrees, data_table

Advice: Any = advice.Advice  # as vars and events, which type checkers cannot follow

EVIDENCE = (Column("Evidence"), Column("Value", right=True, main=True), Column("Source"))
CHECKS = (
    Column("Safety check"),
    Column("Value", right=True),
    Column("Limit", right=True),
    Column("Result", main=True),
)


def next_to_do() -> rx.Component:
    """Home's 'Do next': up to five cards, or why there is none."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Do next"),
            rx.el.span("By expected profit and confidence. ", Advice.next_look, class_name="c-small c-second"),
            page_link("See all", "/recommendations"),
            class_name="c-section-head",
        ),
        _no_act(),
        _cards(Advice.cards, wide=False),
        class_name="c-stack",
        custom_attrs={"aria-label": "Do next"},
    )


def open_cards() -> rx.Component:
    """Cards one below the other."""
    return rx.fragment(_no_act(), _cards(Advice.cards, wide=True))


def decided_cards(cards: Any, heading: str, text: str) -> rx.Component:
    """Applied or dismissed cards."""
    return rx.cond(
        cards.length() > 0,
        card_grid(rx.foreach(cards, _card), wide=True),
        rx.el.div(empty(heading, text), class_name="c-card"),
    )


def advice_overlays() -> rx.Component:
    """The dialogs and the panel; put them once on a page with cards, before the panel of numbers."""
    return rx.fragment(_accept_dialog(), _details(), _dismiss_dialog())


def _no_act() -> rx.Component:
    return rx.cond(Advice.no_act != "", banner("You can look, not change", Advice.no_act))


def _cards(cards: Any, *, wide: bool) -> rx.Component:
    skeleton = [
        rx.el.div(
            bone("45%", "18px"),
            bone("90%", "16px"),
            bone("40%", "18px"),
            bone("80%"),
            class_name="c-card c-recommendation",
            style={"min_height": "160px" if wide else "226px"},
            custom_attrs={"aria-hidden": "true"},
        )
        for _ in range(3)
    ]
    nothing = rx.el.div(
        empty("Nothing to do now", Advice.nothing + " " + Advice.next_look), class_name="c-card c-nothing"
    )
    listed = rx.cond(cards.length() > 0, card_grid(rx.foreach(cards, _card), wide=wide), nothing)
    return rx.cond(Advice.loaded, listed, card_grid(*skeleton, wide=wide))


def _sentence(parts: Any) -> rx.Component:
    return rx.foreach(
        parts,
        lambda part: rx.cond(part.opens != "", opens(part.text, Advice.open_number(part.opens)), rx.el.span(part.text)),
    )


def _card(card: Any) -> rx.Component:
    is_open = card.state == "open"
    came = rx.fragment(
        rx.cond(card.steps.length() > 0, steps(card.steps)),
        rx.cond(card.story != "", rx.el.p(icon("alert-triangle", "caution"), card.story, class_name="c-outcome")),
        rx.cond(card.decided != "", rx.el.p(card.decided, class_name="c-small c-second")),
        rx.cond(
            card.busy != "",
            rx.el.p(spinner("Working"), card.busy, class_name="c-outcome", role="status"),
        ),
        rx.cond(
            card.problem != "",
            rx.el.p(icon("alert-circle", "critical"), card.problem, class_name="c-outcome", role="alert"),
        ),
    )
    return recommendation_card(
        badges=(rx.foreach(card.marks, lambda mark: badge(mark.text, mark.state)),),
        headline=card.headline,
        profit_range=opens(card.range_text, Advice.details(card.key), label="What " + card.range_text + " rests on"),
        range_note="profit a week, expected",
        why=_sentence(card.why),
        rests_on=rx.cond(is_open, card.rests_on, ""),
        confidence=rx.cond(is_open, card.sure, ""),
        extra=(came,),
        actions=(_card_actions(card, is_open),),
    )


def _card_actions(card: Any, is_open: Any) -> rx.Component:
    off = (card.busy != "") | (Advice.no_act != "")
    deciding = rx.fragment(
        rx.cond(
            card.prominent,
            s_button(
                "Review and accept", variant="primary", on_click=Advice.preview(card.key), disabled=card.busy != ""
            ),
            s_button("Review and accept", on_click=Advice.preview(card.key), disabled=card.busy != ""),
        ),
        s_button("Dismiss", variant="tertiary", on_click=Advice.ask_reason(card.key), disabled=off),
    )
    undo = rx.cond(
        card.undo_key > 0,
        s_button(card.undo_label, icon="undo", on_click=Advice.undo(card.key), disabled=off, loading=card.busy != ""),
    )
    return rx.fragment(
        rx.cond(is_open, deciding, undo),
        rx.el.span(card.number, class_name="c-small c-second"),
        s_button("Details", variant="tertiary", on_click=Advice.details(card.key), class_name="c-push"),
    )


def _accept_dialog() -> rx.Component:
    card, review = Advice.shown, Advice.review
    failed = rx.el.div(
        banner(
            "The live value could not be read",
            Advice.review_problem,
            tone="critical",
            action=banner_action("Retry", Advice.preview(Advice.reviewing)),
        ),
        class_name="c-block",
    )
    reading = rx.el.div(
        spinner("Reading"),
        "Reading the live value and running the safety checks",
        class_name="c-reading",
        role="status",
    )
    ready = ~Advice.previewing & (Advice.review_problem == "")
    note = rx.cond(
        ready & review.allowed,
        agrees(review.passed),
        rx.cond(ready, rx.el.p(icon("x-circle", "critical"), review.passed, class_name="c-fails")),
    )
    accept = s_button(
        card.accept_label,
        variant="primary",
        on_click=Advice.accept,
        disabled=~ready | ~review.allowed | (Advice.no_act != ""),
    )
    return dialog(
        "accept",
        rx.cond(Advice.no_act != "", rx.el.div(_no_act(), class_name="c-block")),
        rx.cond(Advice.previewing, reading, rx.cond(Advice.review_problem != "", failed, _judged())),
        open=Advice.reviewing > 0,
        title=card.headline,
        on_close=Advice.close,
        foot=(
            rx.el.div(note),
            rx.el.div(s_button("Cancel", on_click=Advice.close), accept, class_name="c-actions"),
        ),
    )


def _judged() -> rx.Component:
    """Everything a person decides by: the change, its range, the evidence, every check, what happens, undo."""
    card, review = Advice.shown, Advice.review
    expected = rx.el.div(
        rx.el.div(
            rx.el.span("Expected profit a week", class_name="c-small c-second"),
            badge(card.sure),
            class_name="c-between",
        ),
        rx.el.div(rx.el.strong(card.range_text), interval_bar(review.range_bar), class_name="c-expected"),
        rx.el.span("Dashed line: zero. ", card.basis, class_name="c-note"),
        class_name="c-inset",
    )
    stopped = rx.el.div(
        banner(
            "Blocked",
            review.blocked,
            tone="critical",
            action=s_button("Change limits", slot="secondary-actions", href="/settings"),
        ),
        class_name="c-block",
    )
    return rx.fragment(
        rx.cond(review.allowed, rx.fragment(), stopped),
        rx.el.div(
            before_after(review.before, review.after, badge(review.change)),
            expected,
            class_name="c-decision",
        ),
        halves(
            data_table(
                "evidence",
                EVIDENCE,
                card.evidence,
                label="Evidence",
                on_open=Advice.open_number,
                stacked=True,
            ),
            data_table("checks", CHECKS, review.checks, label="Safety checks", stacked=True),
        ),
        halves(
            block(numbered(review.calls), title="What happens at " + review.platform),
            block(
                _titled("undo", "Undo", review.undo),
                _titled("chart-line", "How it will be measured", review.measured),
                _titled("alert-triangle", "Risk", card.risk),
                rx.el.p(review.read_at, class_name="c-note"),
            ),
        ),
    )


def _titled(name: str, title: str, text: Any) -> rx.Component:
    return rx.el.div(rx.el.h3(icon(name), title, class_name="c-with-icon"), rx.el.p(text))


def _details() -> rx.Component:
    card = Advice.shown
    done = rx.cond(
        card.steps.length() > 0,
        block(
            steps(card.steps),
            rx.cond(card.story != "", rx.el.p(card.story)),
            rx.el.p(card.number, class_name="c-note"),
            title="What was done",
        ),
    )
    return panel(
        "advice",
        block(
            rx.el.div(
                rx.foreach(card.marks, lambda mark: badge(mark.text, mark.state)),
                badge(card.sure),
                class_name="c-badges",
            ),
            rx.el.p(_sentence(card.why)),
            rx.cond(card.decided != "", rx.el.p(card.decided, class_name="c-second")),
        ),
        done,
        block(
            rx.el.p(rx.el.b(card.range_text), " profit a week, expected"), rx.el.p(card.basis), title="What it rests on"
        ),
        block(rx.el.p(card.risk), title="Risk"),
        block(
            data_table("details", EVIDENCE, card.evidence, label="Evidence", on_open=Advice.open_number, stacked=True),
            flush=True,
        ),
        open=Advice.detailing,
        title=card.headline,
        on_close=Advice.close,
    )


def _dismiss_dialog() -> rx.Component:
    choices = [
        rx.el.label(
            rx.el.input(type="radio", name="why", value=key, default_checked=n == 0), text, class_name="c-choice"
        )
        for n, (key, text) in enumerate(REASONS.items())
    ]
    form = rx.el.form(
        rx.el.fieldset(rx.el.legend("Why?"), *choices, class_name="c-choices"),
        rx.el.label(
            "Anything to add (optional)",
            rx.el.textarea(name="words", rows=2, max_length=400, class_name="c-textarea"),
            class_name="c-labelled",
        ),
        rx.cond(Advice.dismiss_problem != "", rx.el.p(Advice.dismiss_problem, class_name="c-fails", role="alert")),
        rx.el.div(
            rx.el.button("Cancel", type="button", class_name="c-plain-button", on_click=Advice.close),
            rx.el.button("Dismiss", type="submit", class_name="c-plain-button"),
            class_name="c-actions c-end",
        ),
        on_submit=Advice.dismiss,
        class_name="c-form",
    )
    return dialog(
        "dismiss",
        block(
            rx.el.p(Advice.shown.headline, class_name="c-strong"),
            rx.el.p("It stays away for 14 days, unless much more is at stake then."),
            form,
        ),
        open=Advice.dismissing > 0,
        title="Dismiss this recommendation",
        on_close=Advice.close,
        foot=(),
    )
