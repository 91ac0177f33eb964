"""Voice of customers: how likely they recommend the store, how they heard of it, and what they do for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel import Session

from clique_app import clock
from clique_app.advocacy import overview_service as advocacy
from clique_app.advocacy.overview_service import Answered, Heard, TellsOf
from clique_app.advocacy.records import BY_KEY
from clique_app.components.figure_views import tile_view
from clique_app.components.figures import Delta, Tile, tiles
from clique_app.components.file_import import FileImport, file_import
from clique_app.components.frame import header
from clique_app.components.open_number import OpenNumber, open_number_panel
from clique_app.components.page import Page
from clique_app.components.session import PageState
from clique_app.components.status import bone, card, empty
from clique_app.components.tables import Cell, Column, Row, csv_button, data_table
from clique_app.integrations.registry import channel_label
from clique_app.metrics import format, overview_service
from clique_app.metrics.overview_service import Scope
from clique_app.pages.voice_setup import VoiceSetup, apps_card, survey_card

TILES = (
    "nps",
    "survey_answers",
    "review_participation_rate",
    "ugc_submission_rate",
    "referral_conversion_rate",
    "loyalty_participation_rate",
    "social_engagement_rate",
    "delivered_orders",
)
HEARD = (
    Column("Answer", main=True),
    Column("Channel"),
    Column("Answers", right=True, named=True),
    Column("Share", right=True, named=True),
    Column("Orders credited by it", right=True, named=True),
    Column("Net sales", right=True, named=True),
)
LATEST = (
    Column("When"),
    Column("Order"),
    Column("Score", right=True, named=True),
    Column("Who they are"),
    Column("Heard of you by", main=True),
)
TOLD = (Column("What", main=True), Column("Told by"), Column("Records", right=True, named=True), Column("Last told"))


class VoiceState(PageState):
    """What the page shows, as text."""

    tiles: list[Tile] = []
    heard: list[Row] = []
    heard_read: bool = False
    latest: list[Row] = []
    latest_read: bool = False
    told: list[Row] = []
    told_read: bool = False

    @rx.event(background=True)
    async def load(self) -> None:
        """Read what the page shows, part by part."""
        async with self:
            scope, store_id, asked = await self.read_scope(), self.store_id, self._ask()
        await self._show_parts(asked, store_id, scope, PARTS)


def voice_view(session: Session, store_id: int, scope: Scope) -> dict[str, Any]:
    """The figures and the latest answers."""
    period, now = scope.choice.period, clock.now()
    read = overview_service.tiles(session, store_id, TILES, period, compare=scope.choice.compare)
    latest = advocacy.latest(session, store_id, period.start, period.end)
    return {"tiles": [_tile(one, scope, now) for one in read], "latest": latest_rows(latest, scope.time_zone)}


def heard_view(session: Session, store_id: int, scope: Scope) -> dict[str, Any]:
    """How buyers of the period heard of the store."""
    period = scope.choice.period
    return {"heard": heard_rows(advocacy.heard(session, store_id, period.start, period.end), scope.currency)}


def told_view(session: Session, store_id: int, _: Scope) -> dict[str, Any]:
    """Who ever told of what."""
    return {"told": told_rows(advocacy.told(session, store_id))}


PARTS = (
    ("latest_read", voice_view),
    ("heard_read", heard_view),
    ("told_read", told_view),
)


def _tile(one: overview_service.Tile, scope: Scope, now: Any) -> Tile:
    """A score is a whole number with its margin, and no share of another score."""
    view, figure = tile_view(one, scope.currency, now), one.figure
    if one.metric.key != "nps" or figure.value is None:
        return view
    margin = f"± {figure.margin:.0f}" if figure.margin is not None else ""
    return replace(view, value=f"{figure.value:.0f}".replace("-", "−"), note=margin, delta=Delta())


def heard_rows(found: Sequence[Heard], currency: str) -> list[Row]:
    """How they heard of it, the most first."""
    whole = sum(one.answers for one in found)
    return [
        Row(
            str(number),
            [
                Cell(one.answer or "Skipped", strong=True),
                Cell(channel_label(one.channel) if one.channel else format.UNKNOWN, tone="second"),
                Cell(f"{one.answers:,}", raw=str(one.answers)),
                Cell(f"{one.answers / whole:.0%}"),
                Cell(f"{one.orders:,}", raw=str(one.orders)),
                Cell(format.exact(one.amount, "money", currency), raw=str(one.amount)),
            ],
        )
        for number, one in enumerate(found)
    ]


def latest_rows(found: Sequence[Answered], time_zone: str) -> list[Row]:
    """The latest answers."""
    zone = ZoneInfo(time_zone)
    return [
        Row(
            str(number),
            [
                Cell(f"{one.at.astimezone(zone):%-d %b %Y %H:%M}", tone="second"),
                Cell(one.order or format.UNKNOWN),
                Cell(str(one.nps)),
                Cell(*standing(one.nps)),
                Cell(one.heard or "Skipped"),
            ],
        )
        for number, one in enumerate(found)
    ]


def told_rows(found: Sequence[TellsOf]) -> list[Row]:
    """Who tells of what."""
    now = clock.now()
    return [
        Row(
            f"{one.kind}/{one.source}",
            [
                Cell(BY_KEY[one.kind].label, strong=True),
                Cell(one.source),
                Cell(f"{one.count:,}"),
                Cell(format.age(one.told_at, now), tone="second"),
            ],
        )
        for one in found
    ]


def standing(nps: int) -> tuple[str, str, str, str]:
    """A score's group, as the first fields of a Cell: text, sub, opens, badge."""
    if nps >= 9:
        return "Promoter", "", "", "success"
    return ("Detractor", "", "", "critical") if nps <= 6 else ("Passive", "", "", "neutral")


def _table(
    name: str, title: str, note: str, columns: tuple[Column, ...], rows: Any, is_read: Any, nothing: rx.Component
) -> Any:
    skeleton = rx.el.div(*(bone("100%", "20px") for _ in range(3)), class_name="c-stack c-skeleton-rows")
    table = data_table(name, columns, rows, label=title, stacked=True)
    shown = rx.cond(rows.length() > 0, table, rx.el.div(nothing, class_name="c-padded"))
    return card(
        title,
        rx.cond(is_read, shown, skeleton),
        note=note,
        actions=(csv_button(name, f"clique-{name}"),),
        flush=True,
    )


def content() -> rx.Component:
    """The page."""
    state: Any = cast(Any, VoiceState)
    return rx.fragment(
        header("Voice of customers", "What they say of the store and do for it", period=True),
        tiles(state.tiles, OpenNumber.show),
        _table(
            "heard",
            "How they heard of you",
            "Their own words. Where no visit is known before an order, its sales are credited by them, marked as "
            "survey and never to a campaign.",
            HEARD,
            state.heard,
            state.heard_read,
            empty("No answers in this period", "Put the survey’s link into the order confirmation; it is below."),
        ),
        _table(
            "latest-answers",
            "Latest answers",
            "The newest 20 of the period.",
            LATEST,
            state.latest,
            state.latest_read,
            empty("No answers in this period", "They are here seconds after they were given."),
        ),
        survey_card(),
        _table(
            "told",
            "Reviews, content, referrals, loyalty, social",
            "Who tells Clique of what, over all time. No names and no texts are kept.",
            TOLD,
            state.told,
            state.told_read,
            empty("Nobody has told of any yet", "Connect an app or upload a sheet; both are below."),
        ),
        apps_card(),
        file_import(),
        open_number_panel(),
    )


PAGE = Page(
    route="/voice",
    title="Voice of customers",
    content=content,
    on_load=(VoiceState.load, VoiceSetup.load, FileImport.load),
    live={"figures": VoiceState.load, "files": FileImport.load},
)
