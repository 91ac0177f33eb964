"""The part of Settings about what is kept: privacy requests with their evidence, and the last cleanup."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx

from clique_app import clock
from clique_app.components.advice_views import Reader
from clique_app.components.session import PageState
from clique_app.components.status import card
from clique_app.components.tables import Cell, Column, Row, data_table
from clique_app.errors import NotFound
from clique_app.keeping import overview_service, privacy_service
from clique_app.keeping.overview_service import Asked, Overview

COLUMNS = (Column("Asked"), Column("What"), Column("Answered"), Column("Evidence"), Column("Report"))
WORDS = {
    "data_request": "A customer asks what is held",
    "customer_redact": "Forget a customer",
    "store_redact": "Forget the store",
}


class PrivacyState(PageState):
    """Requests as they stand."""

    requests: list[Row] = []
    cleaned: str = ""

    @rx.event
    async def load(self) -> None:
        """Read them."""
        found = await self.in_session(overview_service.read)
        reader = Reader(found.time_zone, self.user_id, clock.now())
        self.requests = [request_row(asked, reader) for asked in found.requests]
        self.cleaned = cleaned_text(found, reader)

    @rx.event
    async def download(self, request_id: str) -> Any:
        """Save the report of a data request, to be passed on to the customer. The owner's alone."""
        if not (request_id.isascii() and request_id.isdigit() and len(request_id) < 19):
            raise NotFound("There is no such report.")
        report = await self.in_session(privacy_service.report_of, int(request_id), self.user_id)
        text = json.dumps(report, indent=2, ensure_ascii=False)
        return rx.download(data=text, filename=f"data-request-{request_id}.json")


def request_row(asked: Asked, reader: Reader) -> Row:
    """One request."""
    answered = reader.time(asked.answered_at) if asked.answered_at else "Within 15 minutes"
    rows = (
        f"{asked.rows:,} row{'' if asked.rows == 1 else 's'} in {asked.places} place{'' if asked.places == 1 else 's'}"
    )
    evidence = asked.note or (rows if asked.answered_at else "")
    report = Cell("Save", opens=str(asked.request_id)) if asked.has_report else Cell("")
    return Row(
        str(asked.request_id),
        [
            Cell(reader.time(asked.asked_at)),
            Cell(
                WORDS.get(asked.kind, asked.kind), sub=f"Shopify's number {asked.reference}" if asked.reference else ""
            ),
            Cell(answered),
            Cell(evidence),
            report,
        ],
    )


def cleaned_text(found: Overview, reader: Reader) -> str:
    """What the last cleanup did."""
    if found.cleaned_at is None:
        return "The weekly cleanup has not run yet."
    return f"Last cleanup {reader.time(found.cleaned_at)}: {found.archived:,} rows archived, {found.deleted:,} deleted."


def privacy_card() -> rx.Component:
    """Requests of Shopify's privacy topics."""
    state: Any = PrivacyState
    return card(
        "Privacy requests",
        rx.cond(
            state.requests.length() > 0,
            data_table("privacy", COLUMNS, state.requests, label="Privacy requests", on_open=state.download),
            rx.el.p(
                "No requests yet. They come from Shopify and are answered by themselves.", class_name="c-second c-pad"
            ),
        ),
        note="Customers who ask what is held or to be forgotten. A report is for the owner to pass on.",
        flush=True,
    )
