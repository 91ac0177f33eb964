"""What the page Voice of customers shows beside the figures: how buyers heard of the store, answers, who tells what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from clique_app.advocacy.records import KINDS
from clique_app.tables.attribution import BY_SURVEY

LATEST = 20

# answers, and beside them what is credited to those orders of which nothing else is known; the position is written into
# it: only so does the planner know the index of such credits
_HEARD = f"""
with asked as not materialized (
  select order_id, heard, channel from survey_response where store_id = :store and day between :start and :end
)
select heard, channel, sum(answers)::int as answers, sum(orders)::int as orders, sum(amount) as amount
from (
  select heard, channel, count(*) as answers, 0 as orders, 0 as amount from asked group by 1, 2
  union all
  select heard, a.channel, 0, sum(c.orders), sum(c.amount)
  from credit c join asked a using (order_id)
  where c.store_id = :store and c.position = {BY_SURVEY} group by 1, 2
) told
group by 1, 2 order by 3 desc, 1
"""  # noqa: S608  # a number of our own
# chosen before they are joined, in the order of an index
_LATEST = """
select s.answered_at, coalesce(o.name, ''), s.nps, s.heard
from (
  select * from survey_response where store_id = :store and day between :start and :end
  order by day desc, answered_at desc, subject limit :latest
) s
left join shop_order o on o.store_id = s.store_id and o.order_id = s.order_id
order by s.answered_at desc, s.subject
"""
_TOLD = " union all ".join(
    f"select '{kind.key}', source, count(*) filter (where not withdrawn), max(told_at)"  # noqa: S608  # our own names
    f" from {kind.table} where store_id = :store group by source"
    for kind in KINDS
)


@dataclass(frozen=True)
class Heard:
    """How somebody heard of the store. orders, amount: credited to it, as nothing else is known of them."""

    answer: str
    channel: str
    answers: int
    orders: int
    amount: Decimal


@dataclass(frozen=True)
class Answered:
    """One answer. order: its name, where the order is here."""

    at: datetime
    order: str
    nps: int
    heard: str


@dataclass(frozen=True)
class TellsOf:
    """Who tells of which kind of record."""

    kind: str
    source: str
    count: int
    told_at: datetime


def heard(session: Session, store_id: int, start: date, end: date) -> list[Heard]:
    """How the buyers who answered in a period heard of the store, the most first."""
    return [Heard(*row) for row in session.execute(sa.text(_HEARD), {"store": store_id, "start": start, "end": end})]


def latest(session: Session, store_id: int, start: date, end: date) -> list[Answered]:
    """The latest answers of a period."""
    asked = {"store": store_id, "start": start, "end": end, "latest": LATEST}
    return [Answered(*row) for row in session.execute(sa.text(_LATEST), asked)]


def told(session: Session, store_id: int) -> list[TellsOf]:
    """All that was ever told, by kind and by who tells it."""
    return [TellsOf(*row) for row in session.execute(sa.text(f"{_TOLD} order by 1, 2"), {"store": store_id})]
