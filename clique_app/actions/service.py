"""Reads and keeps the log of actions, and collects what the gate judges by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.actions import story
from clique_app.actions.catalog import CHANGE_BUDGET
from clique_app.actions.definition import (
    OPEN_STATES,
    ActionView,
    Change,
    Check,
    DataAge,
    Limits,
    PastChange,
    Situation,
    State,
)
from clique_app.errors import InvalidInput, NotFound, Refused
from clique_app.integrations.channels import Level, LiveObject
from clique_app.metrics.format import exact
from clique_app.tables import (
    Action,
    AdGroup,
    AuditEntry,
    Campaign,
    Recommendation,
    Store,
    StoreSettings,
    SyncCursor,
)

STOCK_SOURCE = "shopify_inventory"
HISTORY = timedelta(days=30)  # longer than any cool-down that can be set


def limits(session: Session, store_id: int) -> Limits:
    """The store's limits."""
    store, kept = session.get(Store, store_id), session.get(StoreSettings, store_id)
    if store is None or kept is None:
        raise NotFound("This store has no settings yet. Open Clique from Shopify admin once.")
    return Limits(
        kill_switch=kept.kill_switch,
        max_step_pct=kept.max_step_pct,
        max_day_pct=kept.max_day_pct,
        max_account_daily_budget=kept.max_account_daily_budget,
        min_daily_budget=kept.min_daily_budget,
        cooldown=timedelta(hours=kept.cooldown_hours),
        max_data_age=timedelta(hours=kept.max_data_age_hours),
        currency=store.currency,
    )


def situation(
    session: Session, store_id: int, change: Change, live: LiveObject, connected_accounts: tuple[str, ...]
) -> Situation:
    """Everything the gate judges a change by, as it is now."""
    store = session.get(Store, store_id)
    assert store is not None
    ages = {cursor.source: cursor.fresh_at for cursor in session.exec(select(SyncCursor)).all()}
    data = [DataAge(f"{change.platform} data", ages.get(f"{change.channel}_ads"))]
    if change.needs_stock:
        data.append(DataAge("Stock data", ages.get(STOCK_SOURCE)))
    return Situation(
        limits=limits(session, store_id),
        live=live,
        history=history(session, store_id, change.channel, change.platform_id),
        other_budgets=account_budgets(session, store_id, but=change.platform_id).get(
            (change.channel, change.account_id), Decimal(0)
        ),
        data=tuple(data),
        connected_accounts=connected_accounts,
        time_zone=store.time_zone,
        now=clock.now(),
    )


def history(session: Session, store_id: int, channel: str, platform_id: str) -> tuple[PastChange, ...]:
    """Changes of an object by Clique that were applied, or may have been."""
    rows = session.exec(
        select(Action).where(
            Action.store_id == store_id,
            Action.channel == channel,
            Action.platform_id == platform_id,
            col(Action.asked_at) > clock.now() - HISTORY,
            col(Action.state).in_((*OPEN_STATES, "applied")),
        )
    ).all()
    return tuple(
        PastChange(
            before=row.before if row.live_before is None else row.live_before,
            after=row.after,
            at=row.written_at or row.asked_at,
            certain=row.state == "applied",
            settled=row.settled_at is not None,
        )
        for row in rows
        if row.before is not None and row.after is not None
    )


_BUDGETS = """
with budgeted as (
    select channel, account_id, platform_id, daily_budget, read_at from campaign
    where store_id = :store_id and status = 'active' and daily_budget is not null
    union all
    select g.channel, c.account_id, g.platform_id, g.daily_budget, g.read_at
    from ad_group g join campaign c on c.store_id = g.store_id and c.campaign_id = g.campaign_id
    where g.store_id = :store_id and g.status = 'active' and c.status = 'active' and c.daily_budget is null
      and g.daily_budget is not null
)
-- a change by Clique that the last sync has not seen counts as made
select b.channel, b.account_id, sum(greatest(b.daily_budget, (
    select max(a.after) from action a
    where a.store_id = :store_id and a.channel = b.channel and a.platform_id = b.platform_id
      and (a.state in ('intended', 'writing', 'unknown') and a.settled_at is null
           or a.state = 'applied' and a.settled_at > b.read_at)
)))
from budgeted b where b.platform_id <> :but
group by 1, 2
"""


def account_budgets(session: Session, store_id: int, *, but: str = "") -> dict[tuple[str, str], Decimal]:
    """Daily budgets of all active objects but one, summed by (channel, ad account)."""
    rows = session.connection().execute(text(_BUDGETS), {"store_id": store_id, "but": but})
    return {(channel, account_id): Decimal(total) for channel, account_id, total in rows}


def change_of_object(
    session: Session, store_id: int, channel: str, level: Level, platform_id: str, new_amount: Decimal
) -> Change:
    """A budget change that a person or a program asks for directly, against the budget as Clique shows it."""
    if not new_amount.is_finite() or new_amount <= 0 or new_amount != round(new_amount, 2):
        raise InvalidInput("A daily budget is an amount above zero, to the cent.")
    found, account_id = _budgeted(session, store_id, channel, level, platform_id)
    if found.daily_budget is None:
        other = "ad groups" if level == "campaign" else "campaign"
        raise InvalidInput(f"{found.name} has no budget of its own; it is set on the {other}.")
    if found.daily_budget == new_amount:
        raise InvalidInput(f"The daily budget of {found.name} is {exact(new_amount, 'money', found.currency)} already.")
    return Change(
        action=CHANGE_BUDGET.key,
        channel=channel,
        account_id=account_id,
        level=level,
        platform_id=platform_id,
        name=found.name,
        before=found.daily_budget,
        after=new_amount,
        currency=found.currency,
    )


def change_of_recommendation(session: Session, row: Recommendation) -> Change:
    """The change that a card proposes."""
    proposal = row.proposal
    level = cast(Level, proposal["level"])
    found, account_id = _budgeted(session, row.store_id, proposal["channel"], level, proposal["platform_id"])
    return Change(
        action=proposal["action"],
        channel=proposal["channel"],
        account_id=account_id,
        level=level,
        platform_id=proposal["platform_id"],
        name=found.name,
        before=Decimal(proposal["before"]),
        after=Decimal(proposal["after"]),
        currency=proposal["currency"],
        needs_stock=bool(proposal.get("needs_stock")),
        recommendation_id=row.recommendation_id,
    )


def change_of_undo(session: Session, action: Action) -> Change:
    """The change that takes an applied action back."""
    if not can_undo(action, _undone(session, action.store_id, [action.action_id])):
        raise Refused("Only a change that was applied, and not undone yet, can be undone.")
    done = change_of_action(action)
    assert action.live_before is not None
    return replace(done, before=done.after, after=action.live_before, undo_of=action.action_id)


def change_of_action(action: Action) -> Change:
    """The change that an action in the log made or tried to make."""
    assert action.before is not None
    assert action.after is not None
    return Change(
        action=action.kind,
        channel=action.channel,
        account_id=action.account_id,
        level=cast(Level, action.level),
        platform_id=action.platform_id,
        name=action.name,
        before=action.before,
        after=action.after,
        currency=action.currency,
        recommendation_id=action.recommendation_id,
        undo_of=action.undo_of,
    )


def can_undo(action: Action, undone: set[int]) -> bool:
    """Whether an action was applied and is not (being) undone."""
    return action.state == "applied" and action.undo_of is None and action.action_id not in undone


def record(
    session: Session, store_id: int, change: Change, state: State, *, user_id: int, checks: Sequence[Check], note: str
) -> Action:
    """Write the action down, before anything is done about it."""
    action = Action(
        store_id=store_id,
        recommendation_id=change.recommendation_id,
        undo_of=change.undo_of,
        kind=change.action,
        channel=change.channel,
        account_id=change.account_id,
        level=change.level,
        platform_id=change.platform_id,
        name=change.name,
        before=change.before,
        after=change.after,
        currency=change.currency,
        state=state,
        checks=[asdict(check) for check in checks],
        note=note,
        asked_by=user_id,
        asked_at=clock.now(),
        settled_at=None if state in OPEN_STATES else clock.now(),
    )
    session.add(action)
    session.flush()
    audit(session, store_id, user_id, f"action.{state}", _told(action))
    return action


def settle(
    session: Session,
    action: Action,
    state: State,
    note: str,
    *,
    live: LiveObject | None,
    final: bool,
) -> None:
    """Write down what came of an action. final False: it stays open and will be looked at again."""
    told_before = (action.state, action.note)
    action.state, action.note = state, note
    action.settled_at = clock.now() if final else None
    if live is not None:
        action.read_back = live.daily_budget
        keep_live_budget(session, action.store_id, action.channel, action.level, action.platform_id, live.daily_budget)
    session.add(action)
    if (state, note) != told_before:
        audit(session, action.store_id, None, f"action.{state}", _told(action))


def keep_live_budget(
    session: Session, store_id: int, channel: str, level: str, platform_id: str, budget: Decimal | None
) -> None:
    """Keep a budget that was just read at the platform, so that pages need not wait for the next sync."""
    session.connection().execute(
        text(
            f"update {'campaign' if level == 'campaign' else 'ad_group'} set daily_budget = :budget, read_at = :now "  # noqa: S608
            "where store_id = :store_id and channel = :channel and platform_id = :platform_id"
        ),
        {
            "budget": budget,
            "now": clock.now(),
            "store_id": store_id,
            "channel": channel,
            "platform_id": platform_id,
        },
    )


def audit(session: Session, store_id: int, user_id: int | None, what: str, detail: dict[str, Any]) -> None:
    """Add to the audit trail."""
    session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=user_id, what=what, detail=detail))
    session.flush()


def open_actions(session: Session, store_id: int) -> list[Action]:
    """Actions whose outcome is not known yet, oldest first."""
    return list(
        session.exec(
            select(Action)
            .where(Action.store_id == store_id, col(Action.state).in_(OPEN_STATES), col(Action.settled_at).is_(None))
            .order_by(col(Action.action_id))
        ).all()
    )


def list_actions(
    session: Session,
    store_id: int,
    *,
    recommendation_ids: Sequence[int] | None = None,
    limit: int = 100,
) -> list[ActionView]:
    """The log, newest first; of some cards only where asked."""
    asked = select(Action).where(Action.store_id == store_id)
    if recommendation_ids is not None:
        asked = asked.where(col(Action.recommendation_id).in_(recommendation_ids))
    rows = session.exec(asked.order_by(col(Action.action_id).desc()).limit(limit)).all()
    undone = _undone(session, store_id, [row.action_id for row in rows])
    return [view(row, can_undo=can_undo(row, undone)) for row in rows]


def view(action: Action, *, can_undo: bool) -> ActionView:
    """An action as pages show it."""
    return ActionView(
        action_id=action.action_id,
        recommendation_id=action.recommendation_id,
        undo_of=action.undo_of,
        kind=action.kind,
        channel=action.channel,
        level=action.level,
        platform_id=action.platform_id,
        name=action.name,
        before=action.before,
        after=action.after,
        live_before=action.live_before,
        read_back=action.read_back,
        currency=action.currency,
        state=action.state,
        note=action.note,
        checks=tuple(Check(**check) for check in action.checks),
        asked_by=action.asked_by,
        asked_at=action.asked_at,
        settled_at=action.settled_at,
        steps=story.steps(
            state=action.state,
            note=action.note,
            after=action.after,
            read_back=action.read_back,
            currency=action.currency,
            asked_at=action.asked_at,
            written_at=action.written_at,
            settled_at=action.settled_at,
        ),
        can_undo=can_undo,
    )


def _undone(session: Session, store_id: int, action_ids: Sequence[int]) -> set[int]:
    """Which of these actions have been undone, or may have been."""
    rows = session.exec(
        select(Action.undo_of).where(
            Action.store_id == store_id,
            col(Action.undo_of).in_(action_ids),
            col(Action.state).in_((*OPEN_STATES, "applied")),
        )
    ).all()
    return {undo_of for undo_of in rows if undo_of is not None}


def _budgeted(
    session: Session, store_id: int, channel: str, level: Level, platform_id: str
) -> tuple[Campaign | AdGroup, str]:
    """A campaign or ad group, and the ad account it is in."""
    if level == "ad":
        raise InvalidInput("An ad has no budget. Change its ad group's or its campaign's.")
    table = Campaign if level == "campaign" else AdGroup
    found = session.exec(
        select(table).where(table.store_id == store_id, table.channel == channel, table.platform_id == platform_id)
    ).first()
    if found is None:
        raise NotFound(f"There is no {level.replace('_', ' ')} {platform_id} here. Sync, then try again.")
    campaign = found if isinstance(found, Campaign) else session.get(Campaign, (store_id, found.campaign_id))
    assert campaign is not None
    return found, campaign.account_id


def _told(action: Action) -> dict[str, Any]:
    return {
        "action_id": action.action_id,
        "recommendation_id": action.recommendation_id,
        "undo_of": action.undo_of,
        "kind": action.kind,
        "channel": action.channel,
        "platform_id": action.platform_id,
        "name": action.name,
        "before": str(action.before),
        "after": str(action.after),
        "live_before": None if action.live_before is None else str(action.live_before),
        "read_back": None if action.read_back is None else str(action.read_back),
        "currency": action.currency,
        "note": action.note,
    }


def last_changes(session: Session, store_id: int) -> dict[tuple[str, str], datetime]:
    """When Clique last changed, or may have changed, each object: (channel, platform id) to time."""
    rows = session.connection().execute(
        text(
            "select channel, platform_id, max(coalesce(written_at, asked_at)) from action "
            "where store_id = :store_id and state in ('intended', 'writing', 'unknown', 'applied') group by 1, 2"
        ),
        {"store_id": store_id},
    )
    return {(channel, platform_id): at for channel, platform_id, at in rows}
