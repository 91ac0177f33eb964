"""Orders and who is credited with them, the latest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlmodel import Session

from clique_app.metrics.definition import Period
from clique_app.tables.attribution import BY_PLACE, BY_SURVEY, NO_TOUCH, resting_on

# ruff: noqa: S608  (composed of our own names only)

_ORDERS = f"""
select o.order_id, o.name, o.processed_at,
       (select coalesce(sum(c.amount), 0) from credit c where c.store_id = :store_id and c.order_id = o.order_id),
       (select array_agg(distinct c.channel order by c.channel) from credit c
        where c.store_id = :store_id and c.order_id = o.order_id),
       (select {resting_on(f"min(c.position) filter (where c.position in ({NO_TOUCH}, {BY_SURVEY}, {BY_PLACE}))")}
        from credit c where c.store_id = :store_id and c.order_id = o.order_id),
       (select count(*) from touch t where t.store_id = :store_id and t.order_id = o.order_id)
from (
  select store_id, order_id, name, processed_at, day from shop_order o
  where o.store_id = :store_id and o.day between :start and :end and not o.test {{among}}
  order by o.day desc, o.processed_at desc, o.order_id desc  -- by day first, as the index has it: then few are sorted
  limit :limit offset :offset
) o
order by o.day desc, o.processed_at desc, o.order_id desc
"""
_OF_CHANNEL = """and exists (
  select from credit c where c.store_id = :store_id and c.order_id = o.order_id and c.channel = :channel)"""


@dataclass(frozen=True)
class CreditedOrder:
    """An order as credited until now, refunds taken off."""

    order_id: int
    name: str
    at: datetime
    net_sales: Decimal
    channels: tuple[str, ...]
    known_by: str  # visit | survey | place | '' (by nothing)
    touches: int  # known visits before it, within the window or not


def latest(
    session: Session, store_id: int, period: Period, channel: str = "", *, limit: int = 25, offset: int = 0
) -> list[CreditedOrder]:
    """Orders placed in the period, all or those that a channel has a part in."""
    asked = {
        "store_id": store_id, "start": period.start, "end": period.end, "channel": channel, "limit": limit,
        "offset": offset,
    }  # fmt: skip
    found = session.connection().execute(text(_ORDERS.format(among=_OF_CHANNEL if channel else "")), asked)
    return [
        CreditedOrder(order_id, name, at, amount, tuple(channels or ()), known_by, touches)
        for order_id, name, at, amount, channels, known_by, touches in found
    ]
