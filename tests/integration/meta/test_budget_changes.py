"""A budget change, through the real client, database and lock: applied, refused, interrupted, undone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from clique_app import clock
from clique_app.actions import execute
from clique_app.actions import service as actions
from clique_app.connections import service as connections
from clique_app.database import store_session, system_session
from clique_app.errors import InvalidInput, Refused
from clique_app.integrations.channels import Grant
from clique_app.recommendations import service as cards
from clique_app.tables import (
    Action,
    AuditEntry,
    Campaign,
    Connection,
    Member,
    Recommendation,
    Store,
    StoreSettings,
    SyncCursor,
)
from tests.integration.stores import use_ad_account

OWNER, VIEWER = 11, 12
GIFTS, OTHER = "1201", "1202"


class Budget:
    """Meta's side of one campaign."""

    def __init__(self, graph: Any, answer: Callable[..., Any]) -> None:
        self.hang_up = answer(hang_up=True)
        self.cents = 64000
        self.status = "ACTIVE"
        self.writes = 0
        self.on_write: Callable[[int], Any] = self.take
        self.on_read: Callable[[], None] = lambda: None
        graph.answers[GIFTS] = self.answer
        graph.answers["act_1"] = {"currency": "USD", "id": "act_1"}

    def take(self, cents: int) -> Any:
        self.cents = cents
        return {"success": True}

    def answer(self, call: Any) -> Any:
        if call.method == "POST":
            self.writes += 1
            return self.on_write(int(call.params["daily_budget"]))
        self.on_read()
        return {
            "id": GIFTS,
            "account_id": "1",
            "name": "Gifts",
            "status": self.status,
            "daily_budget": str(self.cents),
        }


@pytest.fixture
def budget(meta: Any, answer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Budget:
    monkeypatch.setattr(execute, "READ_BACK_AFTER", (0.0, 0.05, 0.05))
    return Budget(meta, answer)


@pytest.fixture
def store_id(budget: Budget) -> int:
    now = clock.now()
    with system_session() as session:
        store = Store(shop_domain="acts.myshopify.com", currency="USD", time_zone="America/New_York", installed_at=now)
        session.add(store)
        session.flush()
        store_id = store.store_id
    with store_session(store_id) as session:
        session.add(StoreSettings(store_id=store_id))  # pyright: ignore[reportCallIssue]  # the rest has defaults
        for user_id, role in ((OWNER, "owner"), (VIEWER, "viewer")):
            session.add(Member(store_id=store_id, user_id=user_id, role=role, first_seen_at=now, last_seen_at=now))
        meta = Connection.model_validate({"store_id": store_id, "channel": "meta", "state": "connected"})
        use_ad_account(session, store_id)
        connections.keep_grant(meta, Grant("token"))
        session.add(meta)
        for source in ("meta_ads", "shopify_inventory"):
            session.add(SyncCursor(store_id=store_id, source=source, fresh_at=now))
        for platform_id, amount in ((GIFTS, 640), (OTHER, 1500)):
            session.add(
                Campaign(
                    store_id=store_id,
                    channel="meta",
                    platform_id=platform_id,
                    account_id="1",
                    name="Gifts" if platform_id == GIFTS else "Other",
                    status="active",
                    daily_budget=Decimal(amount),
                    currency="USD",
                    read_at=now,
                )
            )
    return store_id


def add_card(store_id: int, *, before: int = 640, after: int = 768) -> int:
    now = clock.now()
    with store_session(store_id) as session:
        card = Recommendation(
            store_id=store_id,
            kind="scale_strong_campaign",
            subject=f"meta/campaign/{GIFTS}",
            headline="Raise Meta Gifts",
            why="",
            evidence=[],
            proposal={
                "action": "change_budget",
                "channel": "meta",
                "level": "campaign",
                "platform_id": GIFTS,
                "name": "Gifts",
                "before": str(before),
                "after": str(after),
                "currency": "USD",
                "needs_stock": True,
            },
            basis="",
            confidence="medium",
            risk="",
            priority="medium",
            created_at=now,
            expires_at=now + timedelta(hours=72),
        )
        session.add(card)
        session.flush()
        return card.recommendation_id


def set_up(store_id: int, **values: Any) -> None:
    with store_session(store_id) as session:
        kept = session.get_one(StoreSettings, store_id)
        for name, value in values.items():
            setattr(kept, name, value)
        session.add(kept)


def logged(store_id: int) -> list[Action]:
    with store_session(store_id) as session:
        return list(session.exec(select(Action).order_by(Action.action_id)).all())  # pyright: ignore[reportArgumentType]


def card_state(store_id: int, card: int) -> str:
    with store_session(store_id) as session:
        return session.get_one(Recommendation, (store_id, card)).state


def shown_budget(session: Session) -> Decimal | None:
    return session.exec(select(Campaign).where(Campaign.platform_id == GIFTS)).one().daily_budget


def direct(store_id: int, amount: str) -> Any:
    return execute.change_budget(store_id, "meta", "campaign", GIFTS, Decimal(amount), OWNER)


def test_accept_writes_reads_back_and_logs_and_undo_restores(store_id: int, budget: Budget) -> None:
    card = add_card(store_id)
    seen = execute.preview(store_id, card)
    assert seen.allowed
    assert seen.live_budget == 640
    assert budget.writes == 0
    assert {"step", "day", "cooldown", "fresh_stock_data", "live", "account_cap"} <= {c.key for c in seen.checks}

    done = execute.accept(store_id, card, OWNER)
    assert (done.state, done.read_back, budget.cents) == ("applied", 768, 76800)
    (action,) = logged(store_id)
    assert (action.live_before, action.after, action.read_back, action.asked_by) == (640, 768, 768, OWNER)
    with store_session(store_id) as session:
        assert shown_budget(session) == 768
        board = cards.list_cards(session, store_id)
        assert [step.label for step in board.applied[0].actions[0].steps] == [
            "Accepted",
            "Sent",
            "Applied and verified",
        ]
        assert board.applied[0].undo is not None
        assert [e.what for e in session.exec(select(AuditEntry).order_by(AuditEntry.entry_id)).all()] == [  # pyright: ignore[reportArgumentType]
            "action.intended",
            "action.applied",
        ]

    undone = execute.undo(store_id, action.action_id, OWNER)
    assert (undone.state, budget.cents) == ("applied", 64000)
    with pytest.raises(Refused, match="not undone yet"):
        execute.undo(store_id, action.action_id, OWNER)
    with store_session(store_id) as session:
        assert shown_budget(session) == 640


def test_success_that_changes_nothing_is_said_and_the_card_stays_open(store_id: int, budget: Budget) -> None:
    budget.on_write = lambda cents: {"success": True}
    card = add_card(store_id)
    outcome = execute.accept(store_id, card, OWNER)
    assert outcome.state == "not_applied"
    assert outcome.note == "Meta answered success, but the budget is still $640.00."
    assert card_state(store_id, card) == "open"


def test_a_change_made_before_accept_withdraws_the_card_and_keeps_the_new_value(store_id: int, budget: Budget) -> None:
    card = add_card(store_id)
    budget.cents = 70000
    outcome = execute.accept(store_id, card, OWNER)
    assert outcome.state == "withdrawn"
    assert "$700.00 now, not $640.00" in outcome.note
    assert (budget.writes, card_state(store_id, card)) == (0, "withdrawn")
    with store_session(store_id) as session:
        assert shown_budget(session) == 700  # what the next card is made from


def test_a_change_made_between_the_gate_and_the_write_withdraws(store_id: int, budget: Budget) -> None:
    card = add_card(store_id)
    reads: list[int] = []

    def second_read_differs() -> None:
        reads.append(1)
        if len(reads) == 2:
            budget.cents = 65000

    budget.on_read = second_read_differs
    assert execute.accept(store_id, card, OWNER).state == "withdrawn"
    assert (budget.writes, card_state(store_id, card)) == (0, "withdrawn")


def test_no_path_passes_a_cap_and_each_refusal_names_the_limit(store_id: int, budget: Budget) -> None:
    assert "20% at most" in direct(store_id, "769").note
    set_up(store_id, max_account_daily_budget=Decimal(2200))
    assert "$2,200.00 at most" in direct(store_id, "768").note
    assert "$2,200.00 at most" in execute.accept(store_id, add_card(store_id), OWNER).note
    set_up(store_id, max_account_daily_budget=Decimal(5000), cooldown_hours=0)
    assert direct(store_id, "768").state == "applied"
    assert "30% at most" in direct(store_id, "900").note
    assert "30% at most" in execute.accept(store_id, add_card(store_id, before=768, after=900), OWNER).note
    set_up(store_id, cooldown_hours=24)
    assert "24 h at least" in direct(store_id, "770").note
    assert (budget.writes, budget.cents) == (1, 76800)
    for amount in ("0", "-5", "NaN", "768.001", "768"):
        with pytest.raises(InvalidInput):
            direct(store_id, amount)


def test_stale_data_the_kill_switch_and_a_viewer_stop_everything(store_id: int, budget: Budget) -> None:
    card = add_card(store_id)
    with pytest.raises(Refused, match="viewer"):
        execute.accept(store_id, card, VIEWER)
    set_up(store_id, kill_switch=True)
    assert "Kill switch: on" in execute.accept(store_id, card, OWNER).note
    set_up(store_id, kill_switch=False)
    with store_session(store_id) as session:
        cursor = session.get_one(SyncCursor, (store_id, "shopify_inventory"))
        cursor.fresh_at = clock.now() - timedelta(hours=4)
        session.add(cursor)
    assert "Stock data age" in execute.accept(store_id, card, OWNER).note
    assert (budget.writes, card_state(store_id, card)) == (0, "open")


def test_undo_says_why_not_where_somebody_else_has_changed_it(store_id: int, budget: Budget) -> None:
    assert direct(store_id, "768").state == "applied"
    budget.cents = 50000
    outcome = execute.undo(store_id, logged(store_id)[0].action_id, OWNER)
    assert outcome.state == "refused"
    assert "$500.00 now" in outcome.note
    assert budget.cents == 50000


def test_two_accepts_at_once_write_once(store_id: int, budget: Budget) -> None:
    card = add_card(store_id)
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda _: execute.accept(store_id, card, OWNER), range(3)))
    assert budget.writes == 1
    assert {outcome.action_id for outcome in outcomes} == {logged(store_id)[0].action_id}
    assert {outcome.state for outcome in outcomes} == {"applied"}


def test_a_write_without_an_answer_is_unknown_counts_and_is_settled_by_reading(
    store_id: int, budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget.on_write = lambda cents: budget.hang_up
    card = add_card(store_id)
    outcome = execute.accept(store_id, card, OWNER)
    assert (outcome.state, card_state(store_id, card)) == ("unknown", "accepted")
    assert "Earlier changes settled" in direct(store_id, "700").note
    budget.cents = 76800  # it took effect late
    assert [settled.state for settled in execute.settle_open(store_id)] == ["applied"]
    assert execute.settle_open(store_id) == []

    budget.on_write = lambda cents: budget.hang_up
    set_up(store_id, cooldown_hours=0, max_day_pct=Decimal(90))
    assert direct(store_id, "800").state == "unknown"
    monkeypatch.setattr(execute, "MAY_LAND_FOR", timedelta(0))
    assert [settled.state for settled in execute.settle_open(store_id)] == ["not_applied"]


@pytest.mark.parametrize("landed", [True, False])
def test_a_kill_between_write_and_read_back_is_settled(store_id: int, budget: Budget, landed: bool) -> None:
    card = add_card(store_id)
    arrived, released = threading.Event(), threading.Event()

    def stall(cents: int) -> Any:
        if landed:
            budget.cents = cents
        arrived.set()
        released.wait(20)
        return budget.hang_up

    budget.on_write = stall
    code = f"from clique_app.actions import execute; execute.accept({store_id}, {card}, {OWNER})"
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    try:
        assert arrived.wait(30)
        assert process.poll() is None, "it must be alive, in the middle of its write"
        assert execute.settle_open(store_id) == [], "a change in the making is left alone"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    finally:
        released.set()
        process.kill()
    assert logged(store_id)[0].state == "writing"
    settled = _settled_soon(store_id)
    if landed:
        assert (settled.state, card_state(store_id, card)) == ("applied", "accepted")
    else:
        assert settled.state == "unknown"
        assert logged(store_id)[0].settled_at is None


def _settled_soon(store_id: int) -> Any:
    for _ in range(200):  # the database notices the lost connection, and lets go of the lock, in a moment
        outcomes = execute.settle_open(store_id)
        if outcomes:
            return outcomes[0]
        time.sleep(0.1)
    raise AssertionError("the lock was never let go")


def test_an_intent_that_was_never_sent_is_settled_as_not_applied(store_id: int, budget: Budget) -> None:
    card = add_card(store_id)
    with store_session(store_id) as session:
        row = session.get_one(Recommendation, (store_id, card))
        change = actions.change_of_recommendation(session, row)
        actions.record(session, store_id, change, "intended", user_id=OWNER, checks=(), note="")
        row.state = "accepted"
        session.add(row)
    assert [settled.state for settled in execute.settle_open(store_id)] == ["not_applied"]
    assert (budget.writes, card_state(store_id, card)) == (0, "open")
