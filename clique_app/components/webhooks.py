"""The card of a store's webhooks: how they come in, whether Shopify sends all of them, and those given up."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, cast

import reflex as rx

from clique_app import clock
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.components.status import card, page_link
from clique_app.components.tables import Cell, Column, Row, data_table
from clique_app.database import store_session, system_session
from clique_app.errors import InvalidInput
from clique_app.metrics import format
from clique_app.sync import inbox_service, overview_service
from clique_app.sync.inbox_service import DeadLetter
from clique_app.sync.overview_service import Webhooks
from tasks.webhooks import replay

DEAD_SHOWN = 50
LATE_SECONDS = 300  # a delivery that waits longer is told of
COLUMNS = (
    Column("Last one", right=False),
    Column("Received, 14 days", right=True, named=True),
    Column("Worked off in", right=True, named=True),
    Column("Waiting", right=True, named=True),
    Column("Given up", right=True, named=True),
    Column("Subscriptions"),
    Column("State"),
)
DEAD_COLUMNS = (
    Column("Topic", main=True),
    Column("About"),
    Column("What went wrong"),
    Column("Age", right=True, named=True),
)


class WebhooksState(PageState):
    """The card's rows, as text."""

    rows: list[Row] = []
    dead: list[Row] = []

    @rx.event
    async def load(self) -> None:
        """Read what the card shows."""
        self.rows, self.dead = await asyncio.to_thread(read, self.store_id)

    @rx.event
    async def replay(self, number: str) -> None:
        """Let one given up delivery wait again."""
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise InvalidInput("There is no such delivery.")
        await asyncio.to_thread(replay_own, self.store_id, int(number))
        self.rows, self.dead = await asyncio.to_thread(read, self.store_id)

    @rx.event
    async def replay_all(self) -> None:
        """Let all of them wait again."""
        await asyncio.to_thread(replay_own, self.store_id, None)
        self.rows, self.dead = await asyncio.to_thread(read, self.store_id)


def read(store_id: int) -> tuple[list[Row], list[Row]]:
    """The inbox is the system's, the subscriptions the store's; the store is the verified one."""
    with system_session() as session:
        found = overview_service.webhooks(session, store_id)
        dead = inbox_service.dead_letters(session, inbox_service.domain_of(session, store_id), limit=DEAD_SHOWN)
    with store_session(store_id) as session:
        found = overview_service.subscriptions(session, store_id, found)
    now = clock.now()
    return webhook_rows(found, now), [dead_row(one, now) for one in dead]


def replay_own(store_id: int, number: int | None) -> None:
    """Of this store only."""
    with system_session() as session:
        shop_domain = inbox_service.domain_of(session, store_id)
    replay(shop_domain, number)


def webhook_rows(one: Webhooks, now: datetime) -> list[Row]:
    """One row: the last one, how fast they are worked off, those given up, and what Shopify is asked to send."""
    late = (one.oldest_seconds or 0) > LATE_SECONDS
    if one.dead:
        state = ("Some given up", "caution")
    elif one.check_problem:
        state = ("Not checked", "caution")
    elif late:
        state = ("Behind", "caution")
    elif not one.received:
        state = ("None yet", "waiting")
    else:
        state = ("Live", "success")
    lag = format.UNKNOWN if one.lag_seconds is None else f"{one.lag_seconds:.1f} s"
    oldest = "" if one.oldest_seconds is None else f"the oldest for {age(one.oldest_seconds)}"
    cells = [
        Cell(format.age(one.last_at, now) if one.last_at else "None yet"),
        Cell(f"{one.received:,}", raw=str(one.received)),
        Cell(lag),
        Cell(f"{one.waiting:,}", sub=oldest),
        Cell(f"{one.dead:,}", sub=one.last_error[:120]),
        Cell(f"{one.topics} topics" if one.topics else format.UNKNOWN, sub=checked(one, now)),
        Cell(state[0], badge=state[1]),
    ]
    return [Row("shopify", cells)]


def checked(one: Webhooks, now: datetime) -> str:
    """'checked 3 h ago, mended orders/create'."""
    if one.checked_at is None:
        return "not checked yet"
    mended = f", mended {', '.join(one.mended)}" if one.mended else ""
    return one.check_problem[:120] or f"checked {format.age(one.checked_at, now)}{mended}"


def dead_row(one: DeadLetter, now: datetime) -> Row:
    """A delivery that was given up."""
    about = f"{one.kind.replace('_', ' ')} {one.object_id}" if one.kind else one.delivery_id
    return Row(
        str(one.number),
        [
            Cell(one.topic, strong=True),
            Cell(about, tone="second"),
            Cell(one.error[:200], sub=f"after {one.attempts} attempts"),
            Cell(format.age(one.received_at, now), raw=one.received_at.isoformat()),
        ],
    )


def age(seconds: float) -> str:
    """'12 s', '4 min'."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _button(row: Any) -> rx.Component:
    return s_button("Replay", on_click=WebhooksState.replay(row.key), accessibility_label="Replay " + row.cells[0].text)


def webhooks_card() -> rx.Component:
    """The card."""
    dead = data_table(
        "given-up", DEAD_COLUMNS, WebhooksState.dead, label="Webhooks given up", row_action=_button, stacked=True
    )
    all_of_them = s_button("Replay all", on_click=WebhooksState.replay_all)
    has_dead = cast(Any, WebhooksState.dead).length() > 0
    return card(
        "Webhooks",
        data_table("webhooks", COLUMNS, WebhooksState.rows, label="Webhooks"),
        rx.cond(has_dead, dead),
        note="Shopify tells of each change; what it misses, the hourly catch-up reads.",
        actions=(rx.cond(has_dead, all_of_them), page_link("Connections", "/connections")),
        flush=True,
    )
