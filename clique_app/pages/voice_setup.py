"""The part of Voice of customers that is set: the survey's look, answers and links, and the secret of outside apps."""

from __future__ import annotations

from typing import Any, cast

import reflex as rx

from clique_app import clock
from clique_app.advocacy import settings_service, survey
from clique_app.advocacy.records import KINDS
from clique_app.components.advice_views import Reader
from clique_app.components.forms import save_bar, select, text_field
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.components.status import banner, card, facts, skeleton_card
from clique_app.errors import CliqueError
from clique_app.integrations.registry import channel_label
from clique_app.settings import settings

CHANNEL_OPTIONS = [
    ("", "No channel"),
    *((channel, channel_label(channel)) for channel in survey.CHANNELS),
]
HEADERS = "X-Clique-Shop, X-Clique-Source, X-Clique-Timestamp (seconds), X-Clique-Signature"


class VoiceSetup(PageState):
    """What is typed, and what is kept. The secret is here only from when it was made until it is put away."""

    ready: bool = False
    no_change: str = ""
    colour: str = ""
    choices: list[dict[str, str]] = []  # label, channel
    preview_url: str = ""
    template: str = ""
    link: str = ""
    shop_domain: str = ""
    app_url: str = ""
    secret: str = ""
    secret_line: str = ""
    replacing: bool = False
    unsaved: bool = False
    failed: str = ""
    done: str = ""

    _kept: tuple[str, list[dict[str, str]]] = ("", [])

    @rx.event
    async def load(self) -> None:
        """Read what is kept."""
        self.secret = self.link = self.failed = self.done = ""
        await self._read()

    @rx.event
    def typed(self, _text: str) -> None:
        """Something is being typed: the bar that saves is shown at once."""
        self.unsaved = True

    @rx.event
    def set_colour(self, text: str) -> None:
        """The survey's colour."""
        self.colour = text
        self._judge()

    @rx.event
    def set_label(self, index: int, text: str) -> None:
        """How an answer reads."""
        self._set(index, "label", text)

    @rx.event
    def set_channel(self, index: int, channel: str) -> None:
        """What an answer tells of."""
        self._set(index, "channel", channel)

    @rx.event
    def add_choice(self) -> None:
        """One more answer, at the end."""
        self.choices = [*self.choices, {"label": "", "channel": ""}]
        self._judge()

    @rx.event
    def remove_choice(self, index: int) -> None:
        """Offer an answer no more."""
        self.choices = [one for at, one in enumerate(self.choices) if at != index]
        self._judge()

    @rx.event
    def discard(self) -> None:
        """Back to what is kept."""
        self.colour, self.choices = self._kept[0], [dict(one) for one in self._kept[1]]
        self.failed = ""
        self._judge()

    @rx.event
    async def save(self) -> None:
        """Keep colour and answers, or neither."""
        rows = [(one["label"], one["channel"]) for one in self.choices]
        if await self._tried(settings_service.save, self.colour, rows):
            await self._read()
            self.done = "The survey asks this from now on. Answers given before keep what they said."

    @rx.event
    async def make_link(self) -> None:
        """A link for one answer of somebody without an order."""
        self.link = await self._tried(settings_service.new_link) or ""

    @rx.event
    async def make_secret(self) -> None:
        """The first secret at once; another only after it was asked for twice, for it ends the one before."""
        if self.secret_line and not self.replacing:
            self.replacing = True
            return
        self.replacing = False
        self.secret = await self._tried(settings_service.new_secret) or ""
        await self._read()

    @rx.event
    def keep_secret(self) -> None:
        """The one before stays."""
        self.replacing = False

    @rx.event
    def put_away(self) -> None:
        """It was copied."""
        self.secret = ""

    async def _tried(self, service: Any, *args: Any) -> Any:
        self.failed = self.done = ""
        try:
            return await self.in_session(service, self.user_id, *args) or True
        except CliqueError as error:
            self.failed = error.message
            return None

    async def _read(self) -> None:
        found = await self.in_session(settings_service.read, self.user_id)
        self._kept = found.colour, [{"label": label, "channel": channel} for label, channel in found.choices]
        self.colour, self.choices = found.colour, [dict(one) for one in self._kept[1]]
        self.preview_url, self.template, self.no_change = found.preview_url, found.template, found.no_change
        self.shop_domain, self.app_url = found.shop_domain, settings().shopify_app_url
        reader = Reader(found.time_zone, self.user_id, clock.now())
        self.secret_line = f"Made {reader.time(found.secret_at)}" if found.secret_at else ""
        self.ready = True
        self._judge()

    def _set(self, index: int, name: str, text: str) -> None:
        if 0 <= index < len(self.choices):
            self.choices = [{**one, name: text} if at == index else one for at, one in enumerate(self.choices)]
            self._judge()

    def _judge(self) -> None:
        self.unsaved = (self.colour, self.choices) != self._kept
        if self.unsaved:
            self.done = ""


STATE: Any = cast(Any, VoiceSetup)


def _choice(one: Any, index: Any) -> rx.Component:
    return rx.el.div(
        text_field(
            "Answer",
            one["label"],
            lambda text: STATE.set_label(index, text),
            on_input=STATE.typed,
            disabled=STATE.no_change != "",
            max_length=survey.LONGEST_CHOICE,
        ),
        select(
            "Tells of",
            one["channel"],
            lambda channel: STATE.set_channel(index, channel),
            CHANNEL_OPTIONS,
            disabled=STATE.no_change != "",
        ),
        rx.cond(
            STATE.no_change == "",
            s_button("Remove", on_click=STATE.remove_choice(index), accessibility_label="Remove " + one["label"]),
        ),
        class_name="c-choice",
        key=index.to(str),
    )


def _copied(label: str, value: Any, rows: int = 1) -> rx.Component:
    """Text to be taken elsewhere: it can be reached and marked by keyboard."""
    return rx.el.div(
        rx.el.span(label, custom_attrs={"aria-hidden": "true"}),
        rx.el.textarea(
            value=value, read_only=True, rows=str(rows), spell_check=False, custom_attrs={"aria-label": label}
        ),
        class_name="c-copied",
    )


def survey_card() -> rx.Component:
    """Look, answers and links of the survey."""
    form = rx.el.div(
        save_bar(STATE.unsaved, on_save=STATE.save, on_discard=STATE.discard),
        rx.cond(STATE.no_change != "", banner("You can look, not change", STATE.no_change)),
        rx.cond(STATE.failed != "", banner("That did not work", STATE.failed, tone="critical")),
        rx.cond(STATE.done != "", banner("Saved", STATE.done, tone="success")),
        text_field(
            "Colour of the survey",
            STATE.colour,
            STATE.set_colour,
            details="As #1a2b3c. Black or white text follows by itself.",
            on_input=STATE.typed,
            disabled=STATE.no_change != "",
        ),
        rx.el.h3("Answers to “How did you hear of us?”", class_name="c-strong"),
        rx.foreach(STATE.choices, _choice),
        rx.cond(
            STATE.no_change == "",
            rx.fragment(
                rx.el.div(
                    s_button(
                        "Add an answer",
                        on_click=STATE.add_choice,
                        disabled=STATE.choices.length() >= survey.MOST_CHOICES,
                    ),
                    s_button("Make a link without an order", on_click=STATE.make_link),
                    class_name="c-actions",
                ),
                rx.cond(STATE.link != "", _copied("A link for one answer, open for 60 days", STATE.link, 2)),
                _copied("For the order confirmation e-mail (Shopify: Settings, Notifications)", STATE.template, 4),
            ),
        ),
        class_name="c-stack",
    )
    return card(
        "The survey",
        rx.cond(STATE.ready, form, skeleton_card("300px")),
        note="Two questions on one page, one answer a link, to be changed for ten minutes. For the thank-you page "
        "there is a block in the checkout editor.",
        actions=(rx.cond(STATE.ready, rx.el.a("Preview", href=STATE.preview_url, target="_blank", rel="noopener")),),
    )


def _secret() -> rx.Component:
    shown = rx.fragment(
        banner(
            "Copy the secret now: it is not shown again", "Give it to the app, or to who sets it up.", tone="warning"
        ),
        _copied("Secret", STATE.secret),
        rx.el.div(s_button("I have copied it", on_click=STATE.put_away), class_name="c-actions"),
    )
    ask = rx.cond(
        STATE.replacing,
        rx.el.div(
            rx.el.span("The secret in use ends at once. Apps that sign with it are refused.", role="alert"),
            s_button("Keep it", on_click=STATE.keep_secret),
            s_button("Make a new one", tone="critical", on_click=STATE.make_secret),
            class_name="c-actions",
        ),
        rx.el.div(
            s_button(
                rx.cond(STATE.secret_line != "", "Replace the secret", "Make a secret"), on_click=STATE.make_secret
            ),
            class_name="c-actions",
        ),
    )
    return rx.cond(STATE.secret != "", shown, rx.cond(STATE.no_change == "", ask))


def apps_card() -> rx.Component:
    """Where outside apps send what they know, and the secret they sign with."""
    return card(
        "Apps that tell Clique",
        rx.el.div(
            facts(
                ("Address", rx.el.code(STATE.app_url, "/ingest/", " or ".join(kind.key for kind in KINDS))),
                ("Store", rx.el.code(STATE.shop_domain)),
                ("Headers", rx.el.code(HEADERS)),
                ("Signature", "HMAC-SHA256 in hex of timestamp.kind.source.body, within five minutes"),
                ("Bodies", "As Yotpo, Judge.me and Smile write them (source yotpo, judge.me, smile), or Clique’s own"),
                ("Secret", rx.cond(STATE.secret_line != "", STATE.secret_line, "None yet: nothing is taken")),
            ),
            _secret(),
            class_name="c-stack",
        ),
        note="Reviews, customers’ content, referrals, loyalty members and social days, each kept once. Sheets of the "
        "same go below.",
    )
