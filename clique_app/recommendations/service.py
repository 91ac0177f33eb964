"""Keeps the cards: a look makes, renews, withdraws and expires them; people dismiss them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.actions import service as actions
from clique_app.actions.definition import ActionView
from clique_app.connections.roles import require_may_act
from clique_app.errors import InvalidInput, NotFound, Refused
from clique_app.recommendations import RECOMMENDATIONS, facts_service, ranking
from clique_app.recommendations.definition import Board, Card, Evidence, Kind, Proposal, Refreshed, StoreFacts
from clique_app.tables import Recommendation, SyncCursor

QUIET_FOR = timedelta(days=14)  # a dismissed or undone subject stays away
LOOK_EVERY = timedelta(hours=1)  # a look follows each catch-up of the ads
SHOWN = 50  # decided cards on a page
LONGEST_REASON = 500

_KINDS = {kind.key: kind for kind in RECOMMENDATIONS}


def refresh(session: Session, store_id: int) -> Refreshed:
    """Look at the facts again: cards they still support stay, others are withdrawn or made anew."""
    # two looks at once would make every card twice
    session.connection().execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"recommendations/{store_id}"}
    )
    facts = facts_service.read(session, store_id)
    proposals = {(p.kind, p.subject): p for kind in RECOMMENDATIONS for p in kind.look(facts)}
    expired = _expire(session, store_id)
    updated: list[int] = []
    withdrawn: list[int] = []
    for card in _in_state(session, store_id, "open"):
        proposal = proposals.get((card.kind, card.subject))
        if proposal is not None and _same_change(card, proposal):
            del proposals[card.kind, card.subject]
            if _renew(card, proposal, facts):
                session.add(card)
                updated.append(card.recommendation_id)
            continue
        card.state = "withdrawn"
        card.reason = (
            "The facts no longer support it." if proposal is None else "The facts changed; there is a new card."
        )
        card.decided_at = facts.now
        session.add(card)
        withdrawn.append(card.recommendation_id)
    session.flush()
    quiet = _quiet(session, store_id)
    made = [
        _make(session, store_id, proposal, facts)
        for key, proposal in proposals.items()
        if key not in quiet or ranking.much_worse(ranking.rank(proposal), quiet[key])
    ]
    return Refreshed(tuple(made), tuple(updated), tuple(withdrawn), tuple(expired))


def list_cards(session: Session, store_id: int) -> Board:
    """All that the pages show: open cards by rank, five at most, and what became of the others."""
    now = clock.now()
    open_rows = [card for card in _in_state(session, store_id, "open") if card.expires_at > now][: ranking.TOP]
    rows = [
        *open_rows,
        *_in_state(session, store_id, "accepted", newest=SHOWN),
        *_in_state(session, store_id, "dismissed", newest=SHOWN),
    ]
    done: dict[int, list[ActionView]] = {row.recommendation_id: [] for row in rows}
    for action in actions.list_actions(session, store_id, recommendation_ids=list(done), limit=SHOWN * 10):
        assert action.recommendation_id is not None
        done[action.recommendation_id].append(action)
    cards = [_card(row, done[row.recommendation_id]) for row in rows]
    looked_at = _looked_at(session)
    open_cards = tuple(card for card in cards if card.state == "open")
    return Board(
        open=open_cards,
        applied=tuple(card for card in cards if card.state == "accepted"),
        dismissed=tuple(card for card in cards if card.state == "dismissed"),
        looked_at=looked_at,
        next_look_at=None if looked_at is None else max(looked_at + LOOK_EVERY, now),
        nothing="" if open_cards else _nothing(session, store_id, looked_at is not None),
    )


def read_card(session: Session, store_id: int, recommendation_id: int) -> Card | None:
    """One card in whatever state it is."""
    row = session.get(Recommendation, (store_id, recommendation_id))
    return row and _card(row, actions.list_actions(session, store_id, recommendation_ids=[recommendation_id]))


def dismiss(session: Session, store_id: int, recommendation_id: int, user_id: int, reason: str) -> None:
    """Put a card away. Its subject stays away for 14 days unless much more is at stake."""
    require_may_act(session, store_id, user_id)
    card = session.get(Recommendation, (store_id, recommendation_id), with_for_update=True)
    if card is None:
        raise NotFound("There is no such recommendation in this store.")
    if card.state != "open":
        raise Refused(f"This card is {card.state} already.")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(f"A reason has at most {LONGEST_REASON} characters.")
    card.state, card.reason, card.decided_at, card.decided_by = "dismissed", reason.strip(), clock.now(), user_id
    session.add(card)
    actions.audit(
        session,
        store_id,
        user_id,
        "recommendation.dismissed",
        {"recommendation_id": recommendation_id, "subject": card.subject, "reason": card.reason},
    )


def _expire(session: Session, store_id: int) -> list[int]:
    gone = [card for card in _in_state(session, store_id, "open") if card.expires_at <= clock.now()]
    for card in gone:
        card.state, card.reason, card.decided_at = "expired", "Nobody decided in time.", clock.now()
        session.add(card)
    session.flush()
    return [card.recommendation_id for card in gone]


def _same_change(card: Recommendation, proposal: Proposal) -> bool:
    return (
        all(Decimal(card.proposal[key]) == Decimal(proposal.action[key]) for key in ("before", "after"))
        and card.proposal["currency"] == proposal.action["currency"]
    )


def _renew(card: Recommendation, proposal: Proposal, facts: StoreFacts) -> bool:
    """Bring a card up to date with the same change on newer facts; whether anything on it differs."""
    fresh = _values(proposal, facts)
    if all(getattr(card, name) == value for name, value in fresh.items()):
        return False
    for name, value in fresh.items():
        setattr(card, name, value)
    return True


def _make(session: Session, store_id: int, proposal: Proposal, facts: StoreFacts) -> int:
    card = Recommendation(
        store_id=store_id,
        kind=proposal.kind,
        subject=proposal.subject,
        state="open",
        created_at=facts.now,
        expires_at=facts.now + _KINDS[proposal.kind].expires_after,
        **_values(proposal, facts),
    )
    session.add(card)
    session.flush()
    return card.recommendation_id


def _values(proposal: Proposal, facts: StoreFacts) -> dict[str, Any]:
    return {
        "headline": proposal.headline,
        "why": proposal.why,
        "evidence": [asdict(line) for line in proposal.evidence],
        "proposal": proposal.action,
        "profit_low": proposal.profit_low,
        "profit_high": proposal.profit_high,
        "basis": proposal.basis,
        "confidence": proposal.confidence,
        "risk": proposal.risk,
        "priority": ranking.priority(proposal, facts.net_sales_week),
        "rank": ranking.rank(proposal),
    }


_QUIET = """
select r.kind, r.subject, max(r.rank)
from recommendation r
where r.store_id = :store_id
  and (r.state = 'dismissed' and r.decided_at > :since
       or r.state = 'accepted' and exists (
           select from action a
           where a.store_id = r.store_id and a.recommendation_id = r.recommendation_id and a.undo_of is not null
             and a.state = 'applied' and a.asked_at > :since)
       -- an accepted card whose write is not settled yet stands for its subject
       or r.state = 'accepted' and exists (
           select from action a
           where a.store_id = r.store_id and a.recommendation_id = r.recommendation_id
             and a.state in ('intended', 'writing', 'unknown') and a.settled_at is null))
group by 1, 2
"""


def _quiet(session: Session, store_id: int) -> dict[tuple[str, str], Decimal]:
    """Subjects that somebody decided on lately, with what was at stake then."""
    rows = session.connection().execute(text(_QUIET), {"store_id": store_id, "since": clock.now() - QUIET_FOR})
    return {(kind, subject): Decimal(rank) for kind, subject, rank in rows}


def _in_state(session: Session, store_id: int, state: str, *, newest: int | None = None) -> Sequence[Recommendation]:
    """Cards in a state, by rank; or the newest decided ones."""
    asked = select(Recommendation).where(Recommendation.store_id == store_id, Recommendation.state == state)
    if newest is None:
        return session.exec(asked.order_by(col(Recommendation.rank).desc(), Recommendation.recommendation_id)).all()  # pyright: ignore[reportArgumentType]
    return session.exec(asked.order_by(col(Recommendation.decided_at).desc()).limit(newest)).all()


def _looked_at(session: Session) -> datetime | None:
    """When ads data was last read: a look follows at once."""
    cursors = session.exec(select(SyncCursor)).all()
    return max((c.fresh_at for c in cursors if c.source.endswith("_ads") and c.fresh_at), default=None)


def _nothing(session: Session, store_id: int, ever: bool) -> str:
    """Why there is no open card."""
    if not ever:
        return "No ads have been read yet. Connect an ad account in the set-up."
    budgets = facts_service.count_budgets(session, store_id)
    if not budgets:
        return "No active campaign has a daily budget in the store's currency."
    margin = facts_service.margin(session, store_id)
    if margin.value is None:
        return f"The store's margin is not known, so neither is what ads must return. {margin.reason}"
    looked = "; ".join(kind.nothing for kind in RECOMMENDATIONS)
    return f"Clique looked at {budgets} active budgets: {looked}. Subjects decided on lately rest."


def _card(row: Recommendation, done: Sequence[ActionView]) -> Card:
    kind: Kind = _KINDS[row.kind]
    return Card(
        recommendation_id=row.recommendation_id,
        kind=row.kind,
        kind_label=kind.label,
        badge=kind.badge,
        state=row.state,
        headline=row.headline,
        why=row.why,
        evidence=tuple(Evidence(**line) for line in row.evidence),
        before=Decimal(row.proposal["before"]),
        after=Decimal(row.proposal["after"]),
        currency=row.proposal["currency"],
        profit_low=row.profit_low,
        profit_high=row.profit_high,
        basis=row.basis,
        confidence=row.confidence,
        risk=row.risk,
        priority=row.priority,
        created_at=row.created_at,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
        actions=tuple(done),
    )
