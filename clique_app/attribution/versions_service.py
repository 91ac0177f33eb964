"""Versions of a store's attribution: the model, the window and what Markov has learnt, each with its cause.

A version that is learnt later holds for orders from the day after on, so that what was credited stays as it was; one
that is begun because a setting was changed holds for all of history.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select, update

from clique_app import clock
from clique_app.attribution.models import Path, removal_effects
from clique_app.metrics import service as metrics
from clique_app.metrics.credited_by_service import CreditedBy, credited_by, wanted
from clique_app.tables import ModelVersion
from clique_app.tables.attribution import ATTRIBUTION

LEARNT_FROM_DAYS = 90
LEARN_EVERY = timedelta(days=7)
FEWEST_CONVERSIONS = 30
LONGEST_PATH = 50  # touches; longer ones are no people

# journeys of orders, and visitors' sessions that led to none; a pause longer than the window begins another journey
_PATHS = """
with ordered as (
    select t.order_id, array_agg(t.channel order by t.occurred_at, t.position) as path
    from shop_order o join touch t on t.store_id = :store_id and t.order_id = o.order_id
    where o.store_id = :store_id and not o.test and o.day >= :since
      and t.occurred_at <= o.processed_at and t.occurred_at > o.processed_at - make_interval(days => :window_days)
    group by t.order_id
),
visits as (
    select visitor_id, started_at, channel, order_id,
           coalesce(started_at - lag(started_at) over w > make_interval(days => :window_days), true) as begins
    from web_session where store_id = :store_id and day >= :since
    window w as (partition by visitor_id order by started_at)
),
journeys as (
    select *, count(*) filter (where begins) over (partition by visitor_id order by started_at) as number from visits
),
lost as (
    select array_agg(channel order by started_at) as path
    from journeys group by visitor_id, number having bool_and(order_id is null)
)
select path, sum(conversions), sum(nulls)
from (select path, 1 as conversions, 0 as nulls from ordered union all select path, 0, 1 from lost) both_ends
where cardinality(path) <= :longest
group by path
"""
_ALL_DAYS = """
insert into credit_change (store_id, day, cause)
select distinct store_id, day, :cause from credit where store_id = :store_id
"""


def effects(session: Session, store_id: int) -> dict[str, Any]:
    """The channels' removal effects by the days of orders they hold for, as parameters of the statements."""
    rows: list[tuple[date, date, str, float]] = []
    until = date.max
    for version in in_force(session, store_id):
        since = date.fromisoformat(version.parameters["from"]) if version.parameters["from"] else date.min
        if since < until:
            rows += [(since, until, channel, effect) for channel, effect in version.parameters["effects"].items()]
            until = since
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    return dict(zip(("effects_from", "effects_until", "effects_of", "effects"), columns, strict=True))


def in_force(session: Session, store_id: int) -> list[ModelVersion]:
    """The versions by which orders are credited, newest first: back to the one that credited all of history."""
    asked = select(ModelVersion).where(ModelVersion.store_id == store_id, ModelVersion.kind == ATTRIBUTION)
    found: list[ModelVersion] = []
    for version in session.exec(asked.order_by(col(ModelVersion.model_id).desc())):
        found.append(version)
        if version.parameters["from"] is None:
            break
    return found


def is_due(session: Session, store_id: int) -> bool:
    """Whether it is time to learn from the latest journeys."""
    versions = in_force(session, store_id)
    return not versions or versions[0].made_at < clock.now() - LEARN_EVERY


def learn(session: Session, store_id: int) -> ModelVersion:
    """Learn from the latest journeys, for orders from tomorrow on: today's are credited already. The first version is
    for all of history."""
    credited = credited_by(session, store_id)
    if in_force(session, store_id):
        tomorrow = clock.today(metrics.store(session, store_id).time_zone) + timedelta(days=1)
        return _make(session, store_id, "learnt", credited, tomorrow)
    version = _make(session, store_id, "first", credited, None)
    session.connection().execute(text(_ALL_DAYS), {"store_id": store_id, "cause": "first"})
    return version


def begin(session: Session, store_id: int) -> ModelVersion:
    """A version for all of history, as the settings say. Credit every order in the same transaction."""
    return _make(session, store_id, "settings", wanted(session, store_id), None)


def _make(session: Session, store_id: int, cause: str, credited: CreditedBy, since: date | None) -> ModelVersion:
    today = clock.today(metrics.store(session, store_id).time_zone)
    learnt_from = today - timedelta(days=LEARNT_FROM_DAYS)
    asked = {
        "store_id": store_id,
        "since": learnt_from,
        "window_days": credited.window_days,
        "longest": LONGEST_PATH,
    }
    rows = session.connection().execute(text(_PATHS), asked)
    paths = [Path(tuple(path), float(conversions), nulls=float(nulls)) for path, conversions, nulls in rows]
    conversions = int(sum(path.conversions for path in paths))
    enough = conversions >= FEWEST_CONVERSIONS
    session.exec(
        update(ModelVersion)
        .where(col(ModelVersion.store_id) == store_id, col(ModelVersion.kind) == ATTRIBUTION)
        .where(col(ModelVersion.state) == "current")
        .values(state="former")
    )
    version = ModelVersion(
        store_id=store_id,
        kind=ATTRIBUTION,
        state="current",
        made_at=clock.now(),
        data_from=learnt_from,
        data_to=today,
        learnt_from=int(sum(path.conversions + path.nulls for path in paths)),
        came_back=conversions,
        parameters={
            "cause": cause,
            "model": credited.model,
            "window_days": credited.window_days,
            "from": since.isoformat() if since else None,
            "effects": removal_effects(paths) if enough else {},
        },
        note=""
        if enough
        else f"Markov needs {FEWEST_CONVERSIONS} journeys that led to an order; {conversions} are here.",
    )
    session.add(version)
    session.flush()
    return version
