"""What every model credits, kept by day: made anew for days whose credits changed, and what that restates.

A trigger marks the days. Days that are over and come out otherwise than before are listed with the cause; while history
is first read there is nothing yet to restate. When the store changes its model, what the one before gave is listed
beside what the new one gives: what a figure was at any time is what it is now less the restatements since.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app import clock
from clique_app.attribution import credit_sql, service, versions_service
from clique_app.attribution.models import MODELS
from clique_app.metrics import service as metrics
from clique_app.metrics.credited_by_service import credited_by, wanted
from clique_app.sync import planner_service
from clique_app.tables.attribution import FIRST_READ

ORDERS_AT_ONCE = 20_000

_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('credit_days', :store_id))"
_CHANGED = """
select c.day, string_agg(distinct c.cause, ',' order by c.cause),
       (select count(*) from shop_order o where o.store_id = :store_id and o.day = c.day)
from credit_change c where c.store_id = :store_id
group by c.day order by c.day desc
"""
# what changes while a day is made brings a mark of its own, which is not seen here and stays
_SEEN = "select change_id from credit_change where store_id = :store_id and day = any(:days)"
_ORDERS = """
select order_id from shop_order where store_id = :store_id and day = any(:days) and not test
union
select order_id from sale_entry where store_id = :store_id and day = any(:days) and kind = any(:net_sales_kinds)
"""
_STAGED = """
create temporary table if not exists credit_made (like credit_day) on commit delete rows
"""
_STAGE = """
insert into credit_made (store_id, day, model, channel, campaign_id, known_by, amount, orders)
select :store_id, day, model, channel, campaign_id, known_by, amount, orders from ({by_day}) made
"""
_RESTATE = """
insert into credit_restatement (store_id, made_at, cause, day, model, channel, before, after)
select :store_id, :now, s.cause, day, model, channel, sum(before), sum(after)
from (
    select day, model, channel, amount as before, 0 as after
    from credit_day where store_id = :store_id and day = any(:days)
    union all
    select day, model, channel, 0, amount from credit_made
) told
join unnest(cast(:over as date[]), cast(:causes as text[])) as s (day, cause) using (day)
where day >= (select min(day) from credit_day where store_id = :store_id)  -- before that nothing was told yet
group by s.cause, day, model, channel having sum(before) <> sum(after)
"""
_SWITCH = """
insert into credit_restatement (store_id, made_at, cause, day, model, channel, before, after)
select store_id, :now, 'settings', day, :model, channel, before, after
from (
    select store_id, day, channel, coalesce(sum(amount) filter (where model = :former), 0) as before,
           coalesce(sum(amount) filter (where model = :model), 0) as after
    from credit_channel_day
    where store_id = :store_id and day < :yesterday and model in (:former, :model) group by 1, 2, 3
) told
where before <> after
"""
_REPLACE = (
    "delete from credit_day where store_id = :store_id and day = any(:days)",
    "insert into credit_day select * from credit_made",
    "delete from credit_channel_day where store_id = :store_id and day = any(:days)",
    """
    insert into credit_channel_day (store_id, day, model, channel, known_by, amount, orders)
    select store_id, day, model, channel, known_by, sum(amount), sum(orders) from credit_made group by 1, 2, 3, 4, 5
    """,
)


def days_left(session: Session, store_id: int) -> list[date]:
    """Days of which not every model's credits are kept as they are now."""
    asked = text("select distinct day from credit_change where store_id = :store_id order by day")
    return list(session.connection().execute(asked, {"store_id": store_id}).scalars())


def history_is_read(session: Session, store_id: int) -> bool:
    """Whether history is being read just now."""
    asked = text(
        "select exists (select from sync_run where store_id = :store_id and source = 'shopify_orders'"
        " and kind in ('first_import', 'history') and state = 'running')"
    )
    return bool(session.connection().scalar(asked, {"store_id": store_id}))


def credit_days(session: Session, store_id: int, orders_at_once: int = ORDERS_AT_ONCE) -> int:
    """Credit the newest changed days by every model. Returns how many days are left; -1: another process is at it."""
    connection = session.connection()
    if not connection.scalar(text(_LOCK), {"store_id": store_id}):
        return -1
    changed = connection.execute(text(_CHANGED), {"store_id": store_id}).all()
    chosen: dict[date, str] = {}
    orders = 0
    for day, causes, count in changed:
        if chosen and orders + count > orders_at_once:
            break
        chosen[day] = causes
        orders += count
    if chosen:
        planner_service.expect(session)
        _credit(session, store_id, chosen)
    return len(changed) - len(chosen)


def credit_as_wanted(session: Session, store_id: int) -> bool:
    """Credit all of history as the settings say. Returns whether that was needed."""
    former, now = credited_by(session, store_id), wanted(session, store_id)
    if versions_service.in_force(session, store_id) and former == now:
        return False
    if former.model != now.model:
        asked = {"store_id": store_id, "now": clock.now(), "former": former.model, "model": now.model}
        session.connection().execute(text(_SWITCH), {**asked, "yesterday": _yesterday(session, store_id)})
    versions_service.begin(session, store_id)
    service.credit_orders(session, store_id, None, "settings")
    return True


def _yesterday(session: Session, store_id: int) -> date:
    """Days before it are over, wherever the buyer was."""
    return clock.today(metrics.store(session, store_id).time_zone) - timedelta(days=1)


def _credit(session: Session, store_id: int, causes: dict[date, str]) -> None:
    connection, days = session.connection(), list(causes)
    asked = {**service.terms(session, store_id).values, "days": days}
    seen = connection.execute(text(_SEEN), asked).scalars().all()
    connection.execute(text(_STAGED))
    connection.execute(text("delete from credit_made"))
    rows, values = by_day(session, store_id, days)
    connection.execute(text(_STAGE.format(by_day=rows)), values)
    yesterday = _yesterday(session, store_id)
    over = {day: cause for day, cause in causes.items() if day < yesterday and cause not in (FIRST_READ, "first")}
    stated = {**asked, "now": clock.now(), "over": list(over), "causes": list(over.values())}
    connection.execute(text(_RESTATE), stated)
    for statement in _REPLACE:
        connection.execute(text(statement), asked)
    gone = text("delete from credit_change where store_id = :store_id and change_id = any(:ids)")
    connection.execute(gone, {"store_id": store_id, "ids": list(seen)})


def by_day(session: Session, store_id: int, days: Sequence[date]) -> tuple[str, dict[str, Any]]:
    """A statement that says what every model credits on these days, and its parameters."""
    asked = {**service.terms(session, store_id).values, "days": list(days)}
    orders = session.connection().execute(text(_ORDERS), asked).scalars().all()
    return credit_sql.by_day(MODELS, credit_sql.SOME_ORDERS), {**asked, "order_ids": list(orders)}
