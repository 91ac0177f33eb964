"""Data and sync: where every figure comes from, how old it is and whether it is whole."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel import Session

from clique_app import clock
from clique_app.components.connect import Connect
from clique_app.components.file_import import FileImport, file_import
from clique_app.components.forms import select
from clique_app.components.frame import header
from clique_app.components.page import Page
from clique_app.components.polaris import s_banner, s_button
from clique_app.components.session import PageState
from clique_app.components.source_views import (
    KINDS,
    RESULTS,
    SOURCE_STATES,
    ReadingView,
    counted,
    reading_view,
    seconds,
)
from clique_app.components.status import bone, card, empty, reading_bar
from clique_app.components.tables import Cell, Column, Paging, Row, csv_button, data_table
from clique_app.components.webhooks import WebhooksState, webhooks_card
from clique_app.connections.service import SHOPIFY, lacks_older_orders, missing_scopes
from clique_app.errors import InvalidInput
from clique_app.integrations.shopify.scopes import SHOWN_WITHOUT_SCOPE_DAYS, Need
from clique_app.metrics import format, service
from clique_app.sync import overview_service
from clique_app.sync.overview_service import LOG_PAGE, Log, Reading, Standing
from clique_app.sync.sources import SOURCES
from tasks.sync import start_sync

FETCH, RECONNECT, ALLOW = "Fetch again", "Reconnect", "Allow in Shopify"
SOURCE_COLUMNS = (
    Column("Source"),
    Column("State", main=True),
    Column("Age", right=True, named=True),
    Column("Rows", right=True, named=True),
    Column("Against the source’s own count"),
    Column("How often"),
)
LOG_COLUMNS = (
    Column("Time"),
    Column("Source"),
    Column("Kind"),
    Column("Read", right=True, named=True),
    Column("Written", right=True, named=True),
    Column("Skipped", right=True, named=True),
    Column("Why"),
    Column("Took", right=True, named=True),
    Column("Result", main=True),
)


@dataclass(frozen=True)
class Problem:
    """A source that is not whole, with the one step that mends it."""

    source: str
    channel: str
    heading: str
    text: str
    tone: str
    action: str


class DataState(PageState):
    """What Data and sync shows, as text."""

    loaded: bool = False
    problems: list[Problem] = []
    running: list[ReadingView] = []
    summary: str = ""
    sources: list[Row] = []
    asked: list[str] = []  # sources asked for and not begun
    log_source: str = ""
    log_rows: list[Row] = []
    log_paging: Paging = Paging()

    @rx.event
    async def load(self) -> Any:
        """Read what the page shows."""
        self.log_source = known_source(self.query.get("source", ""))
        offset = log_offset(self.query)
        for name, value in (await self.in_session(data_view, self.log_source, offset)).items():
            setattr(self, name, value)
        self.asked, self.loaded = [], True
        return WebhooksState.load

    @rx.event
    async def sync_all(self) -> None:
        """Read everything that is connected."""
        self.asked = await asyncio.to_thread(start_sync, self.store_id, None, "manual")

    @rx.event
    async def sync(self, source: str) -> Any:
        """Read one source: what changed, or what failed again."""
        standing = await self.in_session(one_standing, source)
        if standing.state == "not_connected":
            return rx.redirect("/connections")
        if standing.channel == SHOPIFY and standing.state in ("expired", "not_allowed"):
            return Connect.allow
        if standing.state == "expired":
            return Connect.connect(standing.channel)
        self.asked = [*self.asked, source]
        await asyncio.to_thread(start_sync, self.store_id, source, standing.mend or "manual")
        return None

    @rx.event
    def filter_log(self, source: str) -> Any:
        """Show the readings of one source, or of all."""
        return rx.redirect(self.url_with(source=known_source(source), offset=""))

    @rx.event
    def previous(self) -> Any:
        """Newer readings."""
        return rx.redirect(self.url_with(offset=str(max(0, log_offset(self.query) - LOG_PAGE) or "")))

    @rx.event
    def next(self) -> Any:
        """Older readings."""
        return rx.redirect(self.url_with(offset=str(log_offset(self.query) + LOG_PAGE)))


def known_source(key: str) -> str:
    """The key where there is such a source, else nothing."""
    return key if key in {source.key for source in SOURCES} else ""


def log_offset(query: dict[str, str]) -> int:
    """Where in the log the URL is."""
    asked = query.get("offset", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0


def one_standing(session: Session, store_id: int, source: str) -> Standing:
    """How one source stands."""
    found = [one for one in SOURCES if one.key == source]
    if not found:
        raise InvalidInput("There is no such source.")
    return overview_service.standings(session, store_id, found)[0]


def data_view(session: Session, store_id: int, log_source: str, offset: int) -> dict[str, Any]:
    """The page without its webhooks, in one session."""
    zone, now = ZoneInfo(service.store(session, store_id).time_zone), clock.now()
    standings = overview_service.standings(session, store_id)
    found = overview_service.log(session, store_id, source=log_source, offset=offset)
    return {
        "problems": [
            *allow_problem(missing_scopes(session, store_id)),
            *(problem for one in standings if (problem := problem_view(one))),
            *older_problem(lacks_older_orders(session, store_id)),
        ],
        # short readings are told by their rows: the buttons below would move twice within a second
        "running": [
            reading_view(one, one.current, zone) for one in standings if one.current and one.state == "importing"
        ],
        "summary": summary(standings),
        "sources": [source_row(one, now) for one in standings],
        "log_rows": [log_row(one, zone, now) for one in found.readings],
        "log_paging": log_paging(found),
    }


def summary(standings: list[Standing]) -> str:
    """'5 sources, 4 up to date, 1 importing'."""
    words = [SOURCE_STATES[one.state][0].lower() for one in standings]
    counts = [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]
    return ", ".join([f"{len(standings)} sources", *counts])


def allow_problem(needs: tuple[Need, ...]) -> list[Problem]:
    """What stops for want of permissions in Shopify, as one problem with one step; none where all are granted."""
    if not needs:
        return []
    stops = " ".join(dict.fromkeys(need.stops for need in needs))
    names = ", ".join(need.scope for need in needs)
    text = f"{stops} Missing: {names}. What was read before is kept."
    return [Problem("", SHOPIFY, "Clique lacks permissions in Shopify", text, "critical", ALLOW)]


def older_problem(lacking: bool) -> list[Problem]:
    """That Shopify shows Clique the newest orders only, with the step that shows it the others."""
    if not lacking:
        return []
    text = (
        f"Shopify shows Clique the orders of the last {SHOWN_WITHOUT_SCOPE_DAYS} days only. For the time before, allow "
        "Clique to read all orders, or import Shopify’s orders export below."
    )
    return [Problem("", SHOPIFY, "Older orders are not read", text, "info", ALLOW)]


def problem_view(one: Standing) -> Problem | None:
    """What is wrong with a source, and the one step to take."""
    if one.state == "expired":
        text, step = f"{one.problem} What was read before is kept.", ALLOW if one.channel == SHOPIFY else RECONNECT
        return Problem(one.source, one.channel, f"{one.label}: access has ended", text, "critical", step)
    if one.state in ("failed", "incomplete"):
        word = "could not be read" if one.state == "failed" else "are incomplete"
        tone = "critical" if one.state == "failed" else "warning"
        return Problem(one.source, one.channel, f"{one.label} {word}", one.problem, tone, FETCH)
    return None


def source_row(one: Standing, now: datetime) -> Row:
    """A source with its button; the last cell is the button's word and has no column."""
    word, mark = SOURCE_STATES[one.state]
    live = one.channel == "shopify" and one.state == "up_to_date"
    checked, checked_mark = counted(one)
    actions = {
        "failed": FETCH,
        "incomplete": FETCH,
        "expired": RECONNECT,
        "not_allowed": "Allow",
        "not_connected": "Connect",
    }
    known = one.state != "not_connected" or one.rows > 0
    return Row(
        one.source,
        [
            Cell(one.label, strong=True),
            Cell("Live" if live else word, badge=mark),
            Cell(format.age(one.fresh_at, now).removesuffix(" ago") if known else format.UNKNOWN),
            Cell(f"{one.rows:,}" if known else format.UNKNOWN, raw=str(one.rows)),
            Cell(checked, badge=checked_mark, tone="second"),
            Cell(one.cadence, tone="second"),
            Cell(actions.get(one.state, "Sync")),
        ],
    )


def log_row(one: Reading, zone: ZoneInfo, now: datetime) -> Row:
    """One reading: read = written + skipped, and why."""
    local, today = one.started_at.astimezone(zone), now.astimezone(zone).date()
    label = next((source.label for source in SOURCES if source.key == one.source), one.source)
    why = ", ".join(f"{count:,} {reason}" for reason, count in one.why)
    day = "" if local.date() == today else f"{format.day(local.date())} "
    took = seconds((one.finished_at - one.started_at).total_seconds()) if one.finished_at else format.UNKNOWN
    word, mark = RESULTS[one.state]
    return Row(
        str(one.run_id),
        [
            Cell(f"{day}{local:%H:%M:%S}", tone="second", raw=one.started_at.isoformat()),
            Cell(label, strong=True),
            Cell(KINDS.get(one.kind, one.kind)),
            Cell(f"{one.read:,}", raw=str(one.read)),
            Cell(f"{one.written:,}", raw=str(one.written)),
            Cell(f"{one.skipped:,}", raw=str(one.skipped)),
            Cell("; ".join(part for part in (why, one.message) if part) or format.UNKNOWN, tone="second"),
            Cell(took),
            Cell(word, badge=mark),
        ],
    )


def log_paging(found: Log) -> Paging:
    """Where in the log the page is."""
    if not found.count:
        return Paging("No readings yet")
    last = found.offset + len(found.readings)
    return Paging(f"{found.offset + 1:,} to {last:,} of {found.count:,}", found.offset > 0, last < found.count)


def _problem(one: Any) -> rx.Component:
    fetch = s_button(FETCH, slot="secondary-actions", on_click=DataState.sync(one.source))
    reconnect = s_button(RECONNECT, slot="secondary-actions", on_click=Connect.connect(one.channel))
    allow = s_button(ALLOW, slot="secondary-actions", on_click=Connect.allow)
    action = rx.match(one.action, (FETCH, fetch), (RECONNECT, reconnect), (ALLOW, allow), rx.fragment())
    return s_banner(one.text, action, heading=one.heading, tone=one.tone)


def _running(one: Any) -> rx.Component:
    return rx.el.section(reading_bar(one), class_name="c-card", custom_attrs={"aria-label": one.title})


def _button(row: Any) -> rx.Component:
    word, asked = row.cells[6].text, cast(Any, DataState.asked)
    return s_button(
        word,
        on_click=DataState.sync(row.key),
        loading=asked.contains(row.key),
        accessibility_label=word + " " + row.cells[0].text,
    )


def _sources() -> rx.Component:
    table = data_table("sources", SOURCE_COLUMNS, DataState.sources, label="Sources", row_action=_button, stacked=True)
    skeleton = rx.el.div(*(bone("100%", "24px") for _ in SOURCES), class_name="c-stack c-skeleton-rows")
    return card("Sources", rx.cond(DataState.loaded, table, skeleton), note=DataState.summary, flush=True)


def _log() -> rx.Component:
    options = [("", "All sources"), *((source.key, source.label) for source in SOURCES)]
    table = data_table(
        "sync-log",
        LOG_COLUMNS,
        DataState.log_rows,
        label="Sync log",
        paging=DataState.log_paging,
        on_previous=DataState.previous,
        on_next=DataState.next,
        stacked=False,
    )
    nothing = rx.el.div(
        empty(
            "Nothing has been read yet", "Each reading leaves a line here: what was read, written and skipped, and why."
        ),
        class_name="c-padded",
    )
    chosen = select(
        "Source", DataState.log_source, DataState.filter_log, options, label_accessibility_visibility="exclusive"
    )
    return card(
        "Sync log",
        rx.cond(cast(Any, DataState.log_rows).length() > 0, table, nothing),
        note="Read = written + skipped. A reading is whole when the platform’s own count agrees.",
        actions=(chosen, csv_button("sync-log", "clique-sync-log")),
        flush=True,
    )


def content() -> rx.Component:
    """The page."""
    sync_now = s_button(
        "Sync now",
        variant="primary",
        icon="refresh",
        on_click=DataState.sync_all,
        loading=cast(Any, DataState.asked).length() > 1,
    )
    return rx.fragment(
        header("Data and sync", "Where every figure comes from, how old it is and whether it is whole", sync_now),
        rx.foreach(DataState.problems, _problem),
        rx.foreach(DataState.running, _running),
        _sources(),
        _log(),
        file_import(),
        webhooks_card(),
    )


PAGE = Page(
    route="/data",
    title="Data and sync",
    content=content,
    on_load=(DataState.load, FileImport.load),
    live={"sync": DataState.load, "connections": DataState.load, "figures": DataState.load, "files": FileImport.load},
)
