"""The gate: every limit a budget change must keep, each with its words. Pure; the only judge of any path."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from clique_app.actions.definition import Change, Check, Limits, PastChange, Situation
from clique_app.clock import day_of
from clique_app.metrics.format import exact

WHOLE = Decimal(1)


def budget_checks(change: Change, now: Situation) -> tuple[Check, ...]:
    """Every check of a budget change. An undo restores, so the limits on how far and how often do not bind it."""
    # in another currency than the limits it is refused for that alone: an amount says nothing of one in another
    comparable = change.currency == now.limits.currency
    always = (
        _kill_switch(now.limits),
        _account(change, now),
        _currency(change, now),
        _active(change, now),
        _live_as_shown(change, now),
        _settled(now),
        *((_account_cap(change, now), _floor(change, now.limits)) if comparable else ()),
    )
    if change.undo_of is not None:
        return always
    return (
        _step(change, now.limits),
        _day(change, now),
        _cooldown(now),
        *(_fresh(age.label, age.fresh_at, now) for age in now.data),
        *always,
    )


def refusal(checks: tuple[Check, ...]) -> str:
    """Why a change may not be made, naming each limit; empty where it may."""
    failed = [f"{check.label}: {check.value}, limit: {check.limit}" for check in checks if not check.passed]
    return f"Nothing was changed. {'. '.join(failed)}." if failed else ""


def farthest_step(
    before: Decimal, wanted_pct: Decimal, limits: Limits, *, room: Decimal | None = None
) -> Decimal | None:
    """The budget after one step of at most wanted_pct (negative: a cut) that the step limit, the floor and the room
    left under the account's cap allow, in whole units towards `before`; None where no step is left."""
    pct = max(-limits.max_step_pct, min(limits.max_step_pct, wanted_pct))
    target = before * (1 + pct / 100)
    if pct < 0:
        after = max(target, limits.min_daily_budget).to_integral_value(ROUND_CEILING)
        return after if after < before else None
    if room is not None:
        target = min(target, before + room)
    after = target.to_integral_value(ROUND_FLOOR)
    return after if after > before and after >= limits.min_daily_budget else None


def day_factors(history: tuple[PastChange, ...], time_zone: str, now: datetime) -> tuple[Decimal, Decimal]:
    """Lowest and highest factor by which Clique may have changed a budget on this store day: uncertain changes count
    as made on the side where that is worse."""
    low = high = Decimal(1)
    today = day_of(now, time_zone)
    for past in history:
        if day_of(past.at, time_zone) != today or past.before <= 0:
            continue
        factor = past.after / past.before
        low *= factor if past.certain else min(factor, WHOLE)
        high *= factor if past.certain else max(factor, WHOLE)
    return low, high


def _percent(value: Decimal) -> str:
    return f"{value:+.1f}%".replace("-", "−")


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}%"


def _span(value: timedelta) -> str:
    minutes = int(value.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _step(change: Change, limits: Limits) -> Check:
    step = (change.after / change.before - 1) * 100
    return Check(
        "step", "Step size", _percent(step), f"{_plain(limits.max_step_pct)} at most", abs(step) <= limits.max_step_pct
    )


def _day(change: Change, now: Situation) -> Check:
    low, high = day_factors(now.history, now.time_zone, now.now)
    step = change.after / change.before
    lowest, highest = (low * step - 1) * 100, (high * step - 1) * 100
    worst = max(lowest, highest, key=abs)
    return Check(
        "day",
        "Change today, compounded",
        _percent(worst),
        f"{_plain(now.limits.max_day_pct)} at most",
        abs(worst) <= now.limits.max_day_pct,
    )


def _cooldown(now: Situation) -> Check:
    last = max((past.at for past in now.history), default=None)
    return Check(
        "cooldown",
        "Since the last change by Clique",
        "no change yet" if last is None else _span(max(now.now - last, timedelta(0))),
        f"{_span(now.limits.cooldown)} at least",
        last is None or now.now - last >= now.limits.cooldown,
    )


def _fresh(label: str, fresh_at: datetime | None, now: Situation) -> Check:
    return Check(
        f"fresh_{label.lower().replace(' ', '_')}",
        f"{label} age",
        "never read" if fresh_at is None else _span(max(now.now - fresh_at, timedelta(0))),
        f"{_span(now.limits.max_data_age)} at most",
        fresh_at is not None and now.now - fresh_at <= now.limits.max_data_age,
    )


def _kill_switch(limits: Limits) -> Check:
    return Check("kill_switch", "Kill switch", "on" if limits.kill_switch else "off", "off", not limits.kill_switch)


def _account(change: Change, now: Situation) -> Check:
    connected = change.account_id in now.connected_accounts
    limit = f"a connected one: {', '.join(now.connected_accounts) or 'there is none'}"
    return Check("account", "Ad account", change.account_id, limit, connected)


def _currency(change: Change, now: Situation) -> Check:
    same = change.currency == now.live.currency == now.limits.currency
    return Check("currency", "Currency", now.live.currency, f"{now.limits.currency}, as the limits are set in", same)


def _active(change: Change, now: Situation) -> Check:
    allowed = ("active", "paused") if change.undo_of is not None else ("active",)
    return Check("active", f"Still active at {change.platform}", now.live.status, "active", now.live.status in allowed)


def _live_as_shown(change: Change, now: Situation) -> Check:
    live = now.live.daily_budget
    return Check(
        "live",
        "Live budget as shown",
        "set on another level" if live is None else exact(live, "money", now.live.currency),
        f"must be {exact(change.before, 'money', change.currency)}",
        live == change.before,
    )


def _settled(now: Situation) -> Check:
    waiting = any(not past.settled for past in now.history)
    return Check("settled", "Earlier changes settled", "one is not" if waiting else "all", "all", not waiting)


def _account_cap(change: Change, now: Situation) -> Check:
    total = now.other_budgets + change.after
    cap = now.limits.max_account_daily_budget
    return Check(
        "account_cap",
        "Account budget a day",
        exact(total, "money", change.currency),
        f"{exact(cap, 'money', now.limits.currency)} at most",
        total <= cap or change.after < change.before,  # a cut never adds to what is over the cap already
    )


def _floor(change: Change, limits: Limits) -> Check:
    return Check(
        "floor",
        "Budget floor",
        exact(change.after, "money", change.currency),
        f"{exact(limits.min_daily_budget, 'money', limits.currency)} at least",
        change.after >= limits.min_daily_budget,
    )
