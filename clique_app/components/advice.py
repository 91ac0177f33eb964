"""Recommendations as state: the board, Accept, Dismiss and Undo. One state for every page that shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import reflex as rx
from sqlmodel import Session

from clique_app import clock, live
from clique_app.actions import execute
from clique_app.actions.definition import Outcome
from clique_app.components import advice_views
from clique_app.components.advice_views import CardView, Reader, Review
from clique_app.components.open_number import OpenNumber
from clique_app.components.session import PageState
from clique_app.connections.roles import require_may_act
from clique_app.database import store_session
from clique_app.errors import CliqueError, NotFound
from clique_app.metrics import service as metrics
from clique_app.recommendations import service as recommendations
from tasks.analysis import refresh_recommendations

NO_CARD = CardView(0, "", "", "", "", [], "", "", "", [], [], "")
NO_REASON = "Choose a reason. It helps the next look."


@dataclass(frozen=True)
class Shown:
    """The board in words, and why this person may not act on it."""

    cards: list[CardView]
    applied: list[CardView]
    dismissed: list[CardView]
    nothing: str
    next_look: str
    no_act: str


class Advice(PageState):
    """Cards and the dialog that is open."""

    loaded: bool = False
    cards: list[CardView] = []  # open ones, and those decided in this visit
    applied: list[CardView] = []
    dismissed: list[CardView] = []
    open_count: int = 0
    nothing: str = ""
    next_look: str = ""
    no_act: str = ""  # why this person cannot accept, dismiss or undo
    looking: bool = False
    looked: str = ""  # what the last look found, or why there was none

    reviewing: int = 0
    previewing: bool = False
    shown: CardView = NO_CARD  # the card in the dialog or panel
    review: Review = Review()
    review_problem: str = ""
    detailing: bool = False
    dismissing: int = 0
    dismiss_problem: str = ""

    _decided: list[int] = []  # in this visit: they stay where they were
    _busy: dict[int, str] = {}
    _problems: dict[int, str] = {}

    @rx.event
    async def load(self) -> None:
        """The page is opened."""
        self._decided, self._problems, self.looked = [], {}, ""
        self.reviewing = self.dismissing = 0
        self.detailing = False
        self._show(await self.in_session(read_board, self.user_id, []))

    @rx.event
    async def read(self) -> None:
        """Something changed: read again."""
        self._show(await self.in_session(read_board, self.user_id, self._decided))

    @rx.event(background=True)
    async def look_again(self) -> None:
        """Look at the facts now."""
        async with self:
            if self.looking:
                return
            self.looking, self.looked = True, ""
        try:
            made = await self.in_session(look, self.user_id)
        except CliqueError as error:
            made = error.message
        else:
            await asyncio.to_thread(live.publish, self.store_id, "recommendations")
        await self._read_back(looking=False, looked=made)

    @rx.event
    def open_number(self, asked: str) -> Any:
        """Open a number of the evidence."""
        return OpenNumber.show_for(advice_views.asked_of(asked))

    @rx.event(background=True)
    async def preview(self, key: int) -> None:
        """Open the Accept dialog: read the live value and judge the change."""
        async with self:
            store_id, user_id = self.store_id, self.user_id
            self.shown = self._card(key)
            self.reviewing, self.previewing, self.review, self.review_problem = key, True, Review(), ""
        try:
            review, problem = await asyncio.to_thread(read_review, store_id, key, user_id), ""
        except CliqueError as error:
            review, problem = Review(), error.message
        async with self:
            if self.reviewing == key and self.store_id == store_id:
                self.review, self.review_problem, self.previewing = review, problem, False

    @rx.event(background=True)
    async def accept(self) -> None:
        """Do what the open dialog shows. A second click finds the dialog closed."""
        async with self:
            key, ready = self.reviewing, self.review.allowed and not self.previewing
            if not ready or not self._begin(key, f"Setting {self.review.after}, then reading it back"):
                return
            self.reviewing = 0
            store_id, user_id = self.store_id, self.user_id
        await self._finish(key, store_id, lambda: execute.accept(store_id, key, user_id))

    @rx.event(background=True)
    async def undo(self, key: int) -> None:
        """Take back what a card did."""
        async with self:
            action_id = self._card(key).undo_key
            if not action_id or not self._begin(key, "Setting it back, then reading it"):
                return
            store_id, user_id = self.store_id, self.user_id
        await self._finish(key, store_id, lambda: execute.undo(store_id, action_id, user_id))

    @rx.event
    def details(self, key: int) -> None:
        """Open all that is known about a card."""
        self.shown, self.detailing = self._card(key), True

    @rx.event
    def ask_reason(self, key: int) -> None:
        """Open the form of Dismiss."""
        self.shown, self.dismissing, self.dismiss_problem = self._card(key), key, ""

    @rx.event
    async def dismiss(self, form: dict[str, Any]) -> None:
        """Put a card away, with the reason."""
        key, reason = self.dismissing, advice_views.reason_of(form)
        if not key:
            return
        if not reason:
            self.dismiss_problem = NO_REASON
            return
        try:
            await self.in_session(recommendations.dismiss, key, self.user_id, reason)
        except CliqueError as error:
            self.dismiss_problem = error.message
            return
        self.dismissing = 0
        await asyncio.to_thread(live.publish, self.store_id, "recommendations")
        await self.read()  # pyright: ignore[reportGeneralTypeIssues]

    @rx.event
    def close(self) -> None:
        """Close what is open; nothing is changed."""
        self.reviewing = self.dismissing = 0
        self.previewing = self.detailing = False

    def _card(self, key: int) -> CardView:
        for card in (*self.cards, *self.applied, *self.dismissed):
            if card.key == key:
                return card
        raise NotFound("This card is not here any more. Reload the page.")

    def _begin(self, key: int, busy: str) -> bool:
        """Mark a card as busy, and keep it where it is; False where something is being done about it already."""
        if key in self._busy:
            return False
        self._busy = {**self._busy, key: busy}
        self._problems = {k: v for k, v in self._problems.items() if k != key}
        self._decided = [*self._decided, *([key] if key not in self._decided else [])]
        self._mark()
        return True

    async def _finish(self, key: int, store_id: int, act: Callable[[], Outcome]) -> None:
        """Act in a thread, tell the store's open pages, and show what came of it on the card."""
        problem = "Clique lost track of this change. It is read again at the platform within minutes."
        try:
            outcome = await asyncio.to_thread(act)
            problem = advice_views.outcome_text(outcome)
            await asyncio.to_thread(tell, store_id, outcome)
        except CliqueError as error:
            problem = error.message
        finally:
            async with self:
                self._busy = {k: v for k, v in self._busy.items() if k != key}
                self._problems = {**self._problems, key: problem}
        await self._read_back()

    async def _read_back(self, **also: Any) -> None:
        board = await self.in_session(read_board, self.user_id, self._decided)
        async with self:
            if self.store_id:  # raises where the session ended meanwhile
                self._show(board)
            for name, value in also.items():
                setattr(self, name, value)

    def _show(self, board: Shown) -> None:
        self.cards, self.applied, self.dismissed = board.cards, board.applied, board.dismissed
        self.nothing, self.next_look, self.no_act = board.nothing, board.next_look, board.no_act
        self.loaded = True
        self._mark()

    def _mark(self) -> None:
        """Say on each card what is being done about it and what failed; the first open one is the prominent one."""
        waiting = [card.key for card in self.cards if card.state == "open"]
        self.open_count, first = len(waiting), next(iter(waiting), 0)
        self.cards, self.applied = (
            [
                replace(
                    card,
                    prominent=card.key == first,
                    busy=self._busy.get(card.key, ""),
                    problem="" if card.story else self._problems.get(card.key, ""),
                )
                for card in cards
            ]
            for cards in (self.cards, self.applied)
        )


def read_board(session: Session, store_id: int, user_id: int, decided: list[int]) -> Shown:
    """All cards in words. Those decided in this visit stay among the open ones, below them where they were made so."""
    board = recommendations.list_cards(session, store_id)
    reader = _reader(session, store_id, user_id)
    kept = [card for key in decided if (card := recommendations.read_card(session, store_id, key)) is not None]
    settled = [card for card in kept if card.state != "open"]
    show = lambda cards: [advice_views.card_view(card, reader) for card in cards]  # noqa: E731
    return Shown(
        cards=show([*settled, *board.open]),
        applied=show(board.applied),
        dismissed=show(board.dismissed),
        nothing=board.nothing,
        next_look=f"Next look about {reader.time(board.next_look_at)}." if board.next_look_at else "",
        no_act=_no_act(session, store_id, user_id),
    )


def look(session: Session, store_id: int, user_id: int) -> str:
    """Look at the facts, and say what changed."""
    found = recommendations.refresh(session, store_id)
    at = _reader(session, store_id, user_id).time(clock.now())
    told = ((found.made, "new"), (found.updated, "brought up to date"), (found.withdrawn, "withdrawn"))
    changed = ", ".join(f"{len(ids)} {word}" for ids, word in told if ids)
    return f"Looked at {at}: {changed or 'nothing has changed'}."


def read_review(store_id: int, key: int, user_id: int) -> Review:
    """The dialog of a card: reads the platform, so it opens its own sessions."""
    preview = execute.preview(store_id, key)
    with store_session(store_id) as session:
        card = recommendations.read_card(session, store_id, key)
        if card is None:
            raise NotFound("There is no such recommendation in this store.")
        return advice_views.review_view(card, preview, _reader(session, store_id, user_id))


def tell(store_id: int, outcome: Outcome) -> None:
    """After commit: the store's pages read again, and a card that was withdrawn is made anew."""
    live.publish(store_id, "actions")
    live.publish(store_id, "recommendations")
    if outcome.state == "withdrawn":
        refresh_recommendations.send(store_id)


def _reader(session: Session, store_id: int, user_id: int) -> Reader:
    return Reader(metrics.store(session, store_id).time_zone, user_id, clock.now())


def _no_act(session: Session, store_id: int, user_id: int) -> str:
    try:
        require_may_act(session, store_id, user_id)
    except CliqueError as error:
        return error.message
    return ""
