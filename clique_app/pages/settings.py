"""Settings: what sales cost, how orders are credited, how far a change may go, how long what is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from clique_app import clock, live
from clique_app.components.advice_views import Reader
from clique_app.components.forms import (
    fields,
    money_field,
    number_field,
    percent_field,
    save_bar,
    select,
    switch,
    text_field,
)
from clique_app.components.frame import header
from clique_app.components.page import Page
from clique_app.components.session import PageState
from clique_app.components.status import banner, card, skeleton_card
from clique_app.components.tables import Cell, Column, Row, data_table
from clique_app.connections import place_costs, setting_ranges, settings_service
from clique_app.connections.setting_ranges import (
    ATTRIBUTION,
    CHOICES,
    COSTS,
    ENGAGEMENT,
    LIMITS,
    MODEL,
    NAMES,
    RETENTION,
    SETTINGS,
    Choice,
    Setting,
)
from clique_app.connections.settings_service import KILL_SWITCH, Kept, Past, Saved
from clique_app.errors import CliqueError
from clique_app.pages.settings_privacy import PrivacyState, privacy_card
from clique_app.sync.inventory_service import ShopifyInventory
from tasks.analysis import credit_all_orders, refresh_recommendations
from tasks.sync import start_sync

LABELS = {
    KILL_SWITCH: "Stop all changes",
    place_costs.NAME: place_costs.LABEL,
    **{setting.name: setting.label for setting in (*SETTINGS, *NAMES, *CHOICES)},
}
UNITS = {
    setting.name: {"percent": "%", "money": "", "days": " days", "hours": " h", "points": " points"}[setting.kind]
    for setting in SETTINGS
}
PAST = (Column("When"), Column("Who"), Column("What"), Column("From", right=True), Column("To", right=True))


class SettingsState(PageState):
    """What is typed, what is wrong with it, and what each value does."""

    loaded: bool = False
    currency: str = "USD"
    values: dict[str, str] = {}
    kill_switch: bool = False
    problems: dict[str, str] = {}
    effects: dict[str, str] = {}
    no_change: str = ""
    past: list[Row] = []
    unsaved: bool = False
    failed: str = ""
    saved: str = ""

    _kept: dict[str, str] = {}
    _kept_switch: bool = False
    _sent_to: frozenset[str] = frozenset()

    @rx.event
    async def load(self) -> None:
        """Read what is kept."""
        self.saved = self.failed = ""
        self._sent_to = await self.in_session(settings_service.sent_to)
        await self._read()

    @rx.event
    async def refresh(self) -> None:
        """Somebody changed something: read again, unless something is being typed here."""
        if not self.unsaved:
            await self._read()

    @rx.event
    def typed(self, _text: str) -> None:
        """Something is being typed: the bar that saves is shown at once."""
        self.unsaved = True

    @rx.event
    def change(self, name: str, text: str) -> None:
        """A value was entered."""
        if name in self.values:
            self.values = {**self.values, name: text}
            self._judge()

    @rx.event
    def change_switch(self, on: bool) -> None:
        """The kill switch was moved; it takes effect on Save."""
        self.kill_switch = on
        self._judge()

    @rx.event
    def discard(self) -> None:
        """Back to what is kept."""
        self.values, self.kill_switch = dict(self._kept), self._kept_switch
        self.failed = ""
        self._judge()

    @rx.event
    async def save(self) -> Any:
        """Keep all values, or none where one is out of its range."""
        self._judge()
        self.failed = self.saved = ""
        if self.problems:
            self.failed = "Nothing was saved. Mend what is marked."
            return
        try:
            saved = await self.in_session(settings_service.save, self.user_id, dict(self.values), self.kill_switch)
        except CliqueError as error:
            self.failed = error.message
            return
        await asyncio.to_thread(follow_up, self.store_id, saved)
        await self._read()
        self.saved = saved_text(saved)

    async def _read(self) -> None:
        kept = await self.in_session(settings_service.read, self.user_id)
        self._kept, self._kept_switch = kept.texts, kept.kill_switch
        self.values, self.kill_switch = dict(kept.texts), kept.kill_switch
        self.currency, self.no_change = kept.currency, kept.no_change
        self.past = past_rows(kept, self.user_id)
        self.loaded = True
        self._judge()

    def _judge(self) -> None:
        found, self.problems = setting_ranges.checked(self.values)
        self.effects = {
            name: setting_ranges.effect(name, value) for name, value in found.items() if name not in self.problems
        }
        self.effects |= setting_ranges.effects_of_texts(self.values, self._sent_to)
        self.unsaved = self.values != self._kept or self.kill_switch != self._kept_switch
        if self.unsaved:
            self.saved = ""


def follow_up(store_id: int, saved: Saved) -> None:
    """After commit: what rests on the settings is worked out anew, and open pages read again."""
    if not saved.changed:
        return
    live.publish(store_id, "figures")
    if saved.reread_costs:
        start_sync(store_id, ShopifyInventory.key, "manual")
    if saved.recredit:
        credit_all_orders.send(store_id)
    else:
        refresh_recommendations.send(store_id)


def saved_text(saved: Saved) -> str:
    """What a save did."""
    if saved.recredit:
        return "Every order is being credited anew; figures follow within a minute."
    return "Figures and recommendations follow." if saved.changed else "Nothing had changed."


def past_rows(kept: Kept, user_id: int) -> list[Row]:
    """Who changed what, newest first."""
    reader = Reader(kept.time_zone, user_id, clock.now())

    def row(number: int, past: Past, name: str) -> Row:
        who = reader.who(past.user_id) if past.user_id else "Clique"
        old, new = (f"{text}{UNITS.get(name, '')}" if text else "not set" for text in past.changed[name])
        return Row(
            f"{number}-{name}",
            [Cell(reader.time(past.at)), Cell(who), Cell(LABELS.get(name, name)), Cell(old), Cell(new)],
        )

    return [row(number, past, name) for number, past in enumerate(kept.past) for name in past.changed]


def _shared(name: str) -> dict[str, Any]:
    state: Any = SettingsState
    return {
        "error": rx.cond(state.problems.contains(name), state.problems[name], ""),
        "details": rx.cond(state.effects.contains(name), state.effects[name], ""),
        "on_input": state.typed,
        "disabled": state.no_change != "",
        "name": name,
    }


def _text(name: str, label: str) -> rx.Component:
    state: Any = SettingsState
    return text_field(label, state.values[name], lambda text: state.change(name, text), **_shared(name))


def _field(setting: Setting) -> rx.Component:
    state: Any = SettingsState
    shared = _shared(setting.name)
    value, on_change = state.values[setting.name], lambda text: state.change(setting.name, text)
    if setting.kind == "money":
        return money_field(setting.label, value, on_change, currency=state.currency, **shared)
    if setting.kind == "percent":
        return percent_field(setting.label, value, on_change, **shared)
    return number_field(setting.label, value, on_change, suffix=setting.kind, **shared)


def _choice(choice: Choice) -> rx.Component:
    state: Any = SettingsState
    return select(
        choice.label,
        state.values[choice.name],
        lambda key: state.change(choice.name, key),
        [(key, label) for key, label, _ in choice.options],
        details=state.effects[choice.name],
        disabled=state.no_change != "",
        name=choice.name,
    )


def _form() -> rx.Component:
    state: Any = SettingsState
    return rx.fragment(
        card(
            "Costs",
            fields(
                *(_field(setting) for setting in COSTS),
                _text(place_costs.NAME, place_costs.LABEL),
                *(_text(one.name, one.label) for one in NAMES),
            ),
            note="What Shopify does not know. Profit, margin and break-even rest on these.",
        ),
        card(
            "Attribution",
            fields(_choice(MODEL), *(_field(setting) for setting in ATTRIBUTION)),
            note="A change credits every order anew and lists what it moves; spend and sales stay as they are.",
        ),
        card(
            "Engagement score",
            fields(*(_field(setting) for setting in ENGAGEMENT)),
            note="The score is the share of these points that visits and e-mails reached, from 0 to 100.",
        ),
        card(
            "Safety limits",
            switch(
                "Stop all changes (kill switch)",
                state.kill_switch,
                state.change_switch,
                details="On: Clique writes nothing to any platform, and neither Accept nor Undo works.",
                disabled=state.no_change != "",
            ),
            fields(*(_field(setting) for setting in LIMITS)),
            note="Checked before every change, whoever asks for it.",
        ),
        card(
            "Kept for the record",
            fields(*(_field(setting) for setting in RETENTION)),
            note="Sales, ads and figures are kept for good. " + PrivacyState.cleaned,
        ),
        privacy_card(),
        card(
            "Changes of these settings",
            rx.cond(
                state.past.length() > 0,
                data_table("changes", PAST, state.past, label="Changes of these settings"),
                rx.el.p("No changes yet. Who changed what is kept here.", class_name="c-second c-pad"),
            ),
            flush=True,
        ),
    )


def content() -> rx.Component:
    """The page."""
    state: Any = SettingsState
    return rx.fragment(
        header("Settings", "What sales cost, how orders are credited, how far a change may go"),
        save_bar(state.unsaved, on_save=state.save, on_discard=state.discard),
        rx.cond(state.no_change != "", banner("You can look, not change", state.no_change)),
        rx.cond(state.failed != "", banner("Not saved", state.failed, tone="critical")),
        rx.cond(state.saved != "", banner("Saved", state.saved, tone="success")),
        rx.cond(
            state.loaded,
            _form(),
            rx.fragment(skeleton_card("300px"), skeleton_card("140px"), skeleton_card("340px")),
        ),
    )


PAGE = Page(
    route="/settings",
    title="Settings",
    content=content,
    on_load=(SettingsState.load, PrivacyState.load),
    live={"figures": SettingsState.refresh},
)
