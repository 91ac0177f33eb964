"""The one way a change reaches a platform: intent, compare, write, read back, outcome; each step committed apart.

No transaction is open while a platform is called. One advisory lock per ad account makes the steps of two changes
follow each other, and is let go by the database when the process dies; whoever holds it next settles what was left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import cast

import psycopg
from sqlmodel import Session, select

from clique_app import clock
from clique_app.actions import gate, service, verdict
from clique_app.actions.catalog import action_kind
from clique_app.actions.definition import Change, Check, Outcome, Preview
from clique_app.connections.access import access
from clique_app.connections.roles import require_may_act
from clique_app.database import store_session
from clique_app.errors import NotFound, PlatformError, Refused, Unavailable
from clique_app.integrations.channels import AdWriter, Level, LiveObject
from clique_app.integrations.registry import ad_channel
from clique_app.metrics.format import exact
from clique_app.roles import APP_ROLE
from clique_app.settings import settings
from clique_app.tables import Action, Recommendation

READ_BACK_AFTER = (0.0, 0.3, 1.0, 2.0)  # seconds between tries; platforms lag behind their own answers
MAY_LAND_FOR = timedelta(seconds=60)  # a write without an answer may take effect this long after it was sent
LOCK_WAIT = "30s"

Ask = Callable[[Session], Change | Outcome]


def preview(store_id: int, recommendation_id: int) -> Preview:
    """What Accept would do: the live value read now, and every check of the gate."""
    with store_session(store_id) as session:
        change = _proposed(session, store_id, recommendation_id)
    if isinstance(change, Outcome):
        raise Refused("This card was accepted already.")
    live, checks = _judge(store_id, change)
    kind = action_kind(change.action)
    return Preview(
        change=change,
        change_pct=(change.after / change.before - 1) * 100,
        live_budget=live.daily_budget,
        live_read_at=live.read_at,
        checks=checks,
        calls=kind.calls(change),
        undo=kind.undo(change),
    )


def accept(store_id: int, recommendation_id: int, user_id: int) -> Outcome:
    """Do what a card proposes. A second Accept of the same card gives the first one's outcome."""
    return _run(store_id, user_id, lambda session: _proposed(session, store_id, recommendation_id))


def change_budget(
    store_id: int, channel: str, level: Level, platform_id: str, new_amount: Decimal, user_id: int
) -> Outcome:
    """Set a daily budget that a person or a program names; the same gate as for a card."""
    return _run(
        store_id,
        user_id,
        lambda session: service.change_of_object(session, store_id, channel, level, platform_id, new_amount),
    )


def undo(store_id: int, action_id: int, user_id: int) -> Outcome:
    """Set back the value that was read before an action wrote, or say why not."""

    def ask(session: Session) -> Change:
        action = session.get(Action, (store_id, action_id))
        if action is None:
            raise NotFound("There is no such action in this store.")
        return service.change_of_undo(session, action)

    return _run(store_id, user_id, ask)


def settle_open(store_id: int) -> list[Outcome]:
    """Settle what a crash or a silent platform left open. An account in which a change is being made is left alone."""
    with store_session(store_id) as session:
        accounts = {(action.channel, action.account_id) for action in service.open_actions(session, store_id)}
    outcomes: list[Outcome] = []
    for channel, account_id in sorted(accounts):
        with _account_lock(channel, account_id, wait=False) as lock:
            if lock is not None:
                outcomes += _settle_account(store_id, channel, account_id)
    return outcomes


def _run(store_id: int, user_id: int, ask: Ask) -> Outcome:
    """Under the account's lock: settle what is open, ask again what is wanted, and do it."""
    with store_session(store_id) as session:
        require_may_act(session, store_id, user_id)
        asked = ask(session)
    if isinstance(asked, Outcome):
        return asked
    with _account_lock(asked.channel, asked.account_id) as lock:
        assert lock is not None
        _settle_account(store_id, asked.channel, asked.account_id)
        with store_session(store_id) as session:
            asked = ask(session)  # it may have been done, or changed, while this one waited
        if isinstance(asked, Outcome):
            return asked
        return _perform(store_id, user_id, asked, lock)


def _perform(store_id: int, user_id: int, change: Change, lock: psycopg.Connection) -> Outcome:
    live, checks = _judge(store_id, change)
    if not all(check.passed for check in checks):
        return _refuse(store_id, user_id, change, live, checks)
    with store_session(store_id) as session:
        action = service.record(session, store_id, change, "intended", user_id=user_id, checks=checks, note="")
        _decide(session, store_id, change, "accepted", user_id=user_id)
    try:
        live = _read(store_id, change)
    except PlatformError as error:
        return _conclude(store_id, action.action_id, verdict.Verdict("not_applied", error.message), None)
    if not _as_shown(change, live):
        return _conclude(store_id, action.action_id, verdict.Verdict("withdrawn", _moved(change, live)), live)
    lock.execute("select 1")  # held as long as its connection; a lost one ends this here, before anything is sent
    with store_session(store_id) as session:
        writing = session.get_one(Action, (store_id, action.action_id))
        writing.state, writing.live_before, writing.written_at = "writing", live.daily_budget, clock.now()
        session.add(writing)
    objection = _write(store_id, change)
    return _verify(store_id, action.action_id, change, live, objection)


def _judge(store_id: int, change: Change) -> tuple[LiveObject, tuple[Check, ...]]:
    granted = access(store_id, change.channel)
    live = ad_channel(change.channel).read(granted.token, change.account_id, change.level, change.platform_id)
    with store_session(store_id) as session:
        connected = tuple(account.account_id for account in granted.accounts)
        now = service.situation(session, store_id, change, live, connected)
    return live, action_kind(change.action).checks(change, now)


def _refuse(store_id: int, user_id: int, change: Change, live: LiveObject, checks: tuple[Check, ...]) -> Outcome:
    """Log the refusal. Where the live budget is not the one shown, a card is withdrawn, to be made anew."""
    moved = live.daily_budget != change.before
    note = _moved(change, live) if moved else gate.refusal(checks)
    state = "withdrawn" if moved and change.undo_of is None else "refused"
    with store_session(store_id) as session:
        action = service.record(session, store_id, change, state, user_id=user_id, checks=checks, note=note)
        if moved:
            service.keep_live_budget(
                session, store_id, change.channel, change.level, change.platform_id, live.daily_budget
            )
        if state == "withdrawn":
            _decide(session, store_id, change, "withdrawn", user_id=user_id, reason=note)
    return Outcome(state, note, action.action_id, change.recommendation_id, checks)


def _write(store_id: int, change: Change) -> PlatformError | None:
    try:
        granted = access(store_id, change.channel)
        _writer(change.channel).set_daily_budget(
            granted.token, change.account_id, change.level, change.platform_id, change.after, change.currency
        )
    except PlatformError as error:
        return error
    return None


def _verify(
    store_id: int, action_id: int, change: Change, before: LiveObject, objection: PlatformError | None
) -> Outcome:
    live: LiveObject | None = None
    why = ""
    for pause in READ_BACK_AFTER:
        time.sleep(pause)
        try:
            live = _read(store_id, change)
        except PlatformError as error:
            why = error.message
            continue
        if live.daily_budget == change.after:
            break
    if live is None:
        return _conclude(store_id, action_id, verdict.unreadable(change.platform, why), None)
    found = verdict.of_read_back(
        platform=change.platform,
        before=before.daily_budget,
        after=change.after,
        read=live.daily_budget,
        currency=change.currency,
        said=objection.message if objection else "",
        may_still_land=isinstance(objection, Unavailable),
    )
    return _conclude(store_id, action_id, found, live)


def _conclude(store_id: int, action_id: int, found: verdict.Verdict, live: LiveObject | None) -> Outcome:
    """Record the outcome, and what it means for the card the action came from."""
    with store_session(store_id) as session:
        action = session.get_one(Action, (store_id, action_id))
        service.settle(session, action, found.state, found.note, live=live, final=found.final)
        card = (
            session.get(Recommendation, (store_id, action.recommendation_id))
            if action.recommendation_id is not None and action.undo_of is None
            else None
        )
        if card is not None and found.state == "not_applied":
            card.state = "open" if card.expires_at > clock.now() else "expired"
            card.decided_at = card.decided_by = None
            session.add(card)
        if card is not None and found.state == "withdrawn":
            card.state, card.reason = "withdrawn", found.note
            session.add(card)
        return _outcome(action)


def _settle_account(store_id: int, channel: str, account_id: str) -> list[Outcome]:
    """Settle every open action of an account whose lock is held, so that nobody is in the middle of it."""
    with store_session(store_id) as session:
        waiting = [
            action
            for action in service.open_actions(session, store_id)
            if (action.channel, action.account_id) == (channel, account_id)
        ]
    return [_settle_action(store_id, action) for action in waiting]


def _settle_action(store_id: int, action: Action) -> Outcome:
    if action.state == "intended":  # "writing" is committed before anything is sent
        stopped = "Clique was interrupted before anything was sent. Nothing was changed."
        return _conclude(store_id, action.action_id, verdict.Verdict("not_applied", stopped), None)
    change = service.change_of_action(action)
    try:
        live = _read(store_id, change)
    except PlatformError as error:
        return _conclude(store_id, action.action_id, verdict.unreadable(change.platform, error.message), None)
    recent = action.written_at is not None and clock.now() - action.written_at < MAY_LAND_FOR
    found = verdict.of_read_back(
        platform=change.platform,
        before=action.live_before,
        after=change.after,
        read=live.daily_budget,
        currency=change.currency,
        said=f"{change.platform} did not take the change.",
        may_still_land=recent,
    )
    return _conclude(store_id, action.action_id, found, live)


def _proposed(session: Session, store_id: int, recommendation_id: int) -> Change | Outcome:
    card = session.get(Recommendation, (store_id, recommendation_id))
    if card is None:
        raise NotFound("There is no such recommendation in this store.")
    if card.state == "accepted":
        last = session.exec(
            select(Action)
            .where(Action.store_id == store_id, Action.recommendation_id == recommendation_id)
            .order_by(Action.action_id.desc())  # pyright: ignore[reportAttributeAccessIssue]
        ).first()
        if last is not None:
            return _outcome(last)
    if card.state != "open":
        raise Refused(f"This card is {card.state}. {card.reason}".strip())
    if card.expires_at <= clock.now():
        raise Refused("This card has expired: its facts are too old to act on. Look again for new ones.")
    return service.change_of_recommendation(session, card)


def _decide(session: Session, store_id: int, change: Change, state: str, *, user_id: int, reason: str = "") -> None:
    if change.recommendation_id is None or change.undo_of is not None:
        return
    card = session.get_one(Recommendation, (store_id, change.recommendation_id))
    card.state, card.decided_at, card.decided_by, card.reason = state, clock.now(), user_id, reason
    session.add(card)


def _writer(channel: str) -> AdWriter:
    """Loaded by its name, so that an entry of CHANNELS is all that a new platform needs, and nobody else holds it."""
    return cast(AdWriter, import_module(f"clique_app.integrations.{ad_channel(channel).key}.write"))


def _read(store_id: int, change: Change) -> LiveObject:
    token = access(store_id, change.channel).token
    return ad_channel(change.channel).read(token, change.account_id, change.level, change.platform_id)


def _as_shown(change: Change, live: LiveObject) -> bool:
    allowed = ("active", "paused") if change.undo_of is not None else ("active",)
    return live.daily_budget == change.before and live.currency == change.currency and live.status in allowed


def _moved(change: Change, live: LiveObject) -> str:
    """What is different at the platform from what the person was shown."""
    if live.daily_budget == change.before:
        return f"{change.name} is {live.status} at {change.platform} now. Nothing was changed."
    now = (
        "is no longer set on this level"
        if live.daily_budget is None
        else f"is {exact(live.daily_budget, 'money', live.currency)} now"
    )
    return (
        f"The budget at {change.platform} {now}, not {exact(change.before, 'money', change.currency)}: it was changed "
        "meanwhile. Nothing was changed by Clique."
    )


def _outcome(action: Action) -> Outcome:
    return Outcome(
        state=action.state,  # pyright: ignore[reportArgumentType]
        note=action.note,
        action_id=action.action_id,
        recommendation_id=action.recommendation_id,
        checks=tuple(Check(**check) for check in action.checks),
        read_back=action.read_back,
    )


@contextmanager
def _account_lock(channel: str, account_id: str, *, wait: bool = True) -> Iterator[psycopg.Connection | None]:
    """Hold an ad account for one change, on a connection of its own. None: somebody else holds it (wait False)."""
    options = f"-c role={APP_ROLE} -c lock_timeout={LOCK_WAIT}"
    key = {"key": f"ad_account/{channel}/{account_id}"}
    with psycopg.connect(settings().database_url, autocommit=True, options=options) as connection:
        locked = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        try:
            row = connection.execute(f"select {locked}(hashtextextended(%(key)s, 0))", key).fetchone()
        except psycopg.errors.LockNotAvailable as error:
            raise Refused("Another change is being made in this ad account. Try again in a minute.") from error
        try:
            yield connection if wait or (row and row[0]) else None
        finally:
            with suppress(psycopg.OperationalError):  # the end of the connection lets go of it too, but a moment later
                connection.execute("select pg_advisory_unlock_all()")
