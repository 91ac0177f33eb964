"""One customer from the first touch to the last order, and what is expected next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlmodel import Session

from clique_app.errors import NotFound
from clique_app.tables import Customer, CustomerValue
from clique_app.tables.orders import NET_SALES_KINDS

MOST_STEPS = 200


@dataclass(frozen=True)
class Step:
    """A visit, an order or money given back, in the order of time."""

    at: datetime
    kind: str  # visit | order | delivery | refund
    order: str  # the order it led to, or is about
    channel: str = ""
    detail: str = ""  # the campaign of a visit, the goods of an order
    amount: Decimal | None = None  # net sales; below 0 where money goes back


@dataclass(frozen=True)
class Journey:
    """All that is known of a customer's way; the latest steps where there are more than are kept."""

    customer_id: int
    country: str
    region: str
    orders: int
    net_sales: Decimal
    steps: tuple[Step, ...]
    expected: CustomerValue | None


STEPS = f"""
with mine as (
    select order_id, name, processed_at, delivered_at, cancelled_at from shop_order
    where store_id = :store_id and customer_id = :customer_id and not test
),
money as (
    select e.order_id, e.kind in ('refund', 'cancellation') as back, sum(e.amount) as amount,
           min(e.happened_at) as at
    from sale_entry e join mine using (order_id)
    where e.store_id = :store_id and e.kind = any(:net_sales_kinds) group by 1, 2
)
select * from (
    select t.occurred_at as at, 'visit' as kind, m.name, t.channel, t.campaign, cast(null as numeric) as amount
    from touch t join mine m using (order_id) where t.store_id = :store_id
    union all
    select m.processed_at, 'order', m.name, '', coalesce((
        select string_agg(l.quantity || ' × ' || l.title, ', ' order by l.line_id) from order_line l
        where l.store_id = :store_id and l.order_id = m.order_id), ''), coalesce(p.amount, 0)
    from mine m left join money p on p.order_id = m.order_id and not p.back
    union all
    select m.delivered_at, 'delivery', m.name, '', '', null from mine m where m.delivered_at is not null
    union all
    select p.at, 'refund', m.name, '', case when m.cancelled_at is null then '' else 'cancelled' end, p.amount
    from mine m join money p on p.order_id = m.order_id and p.back
) steps order by at desc, kind desc limit {MOST_STEPS}
"""  # noqa: S608  # our own text

SUMS = """
select count(distinct o.order_id), coalesce(sum(e.amount), 0)
from shop_order o
left join sale_entry e on e.store_id = o.store_id and e.order_id = o.order_id and e.kind = any(:net_sales_kinds)
where o.store_id = :store_id and o.customer_id = :customer_id and not o.test
"""


def journey(session: Session, store_id: int, customer_id: int) -> Journey:
    """NotFound where the store has no such customer."""
    customer = session.get(Customer, (store_id, customer_id))
    if customer is None:
        raise NotFound("This store has no such customer any more.")
    asked = {"store_id": store_id, "customer_id": customer_id, "net_sales_kinds": list(NET_SALES_KINDS)}
    steps = session.connection().execute(text(STEPS), asked).all()
    orders, net_sales = session.connection().execute(text(SUMS), asked).one()
    return Journey(
        customer_id,
        customer.country,
        customer.region,
        orders,
        net_sales,
        tuple(Step(*row) for row in reversed(steps)),
        session.get(CustomerValue, (store_id, customer_id)),
    )
