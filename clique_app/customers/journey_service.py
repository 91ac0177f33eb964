"""One customer from the first touch to what they say of the store, and what is expected next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlmodel import Session

from clique_app.errors import NotFound
from clique_app.tables import Customer, CustomerValue, Store
from clique_app.tables.orders import NET_SALES_KINDS

MOST_STEPS = 200


@dataclass(frozen=True)
class Step:
    """A visit, an order, money given back or a word for the store, in the order of time."""

    at: datetime  # of what is told by the day alone: its noon
    kind: str  # visit | order | delivery | refund | survey | review | ugc | loyalty
    order: str  # the first order it led to, or the one it is about
    channel: str = ""
    detail: str = ""  # the campaign of a visit, the goods of an order, the network of a picture
    amount: Decimal | None = None  # net sales; below 0 where money goes back
    score: int | None = None  # how likely they recommend the store (0 to 10), the stars of a review (1 to 5)


@dataclass(frozen=True)
class Journey:
    """All that is known of a customer's way: the first step, and the latest ones where there are many."""

    customer_id: int
    country: str
    region: str
    orders: int
    net_sales: Decimal
    steps: tuple[Step, ...]
    left_out: int  # steps between the first one and the next
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
),
words as (
    select told.* from customer c, lateral (
        select told_on, kind, detail, score from (
            select day, 'review', source, rating, customer_hmac from review where store_id = :store_id and not withdrawn
            union all
            select day, 'ugc', network, null, customer_hmac from ugc where store_id = :store_id and not withdrawn
            union all
            select day, 'loyalty', source, null, customer_hmac from loyalty_member
            where store_id = :store_id and not withdrawn
        ) each (told_on, kind, detail, score, customer_hmac) where customer_hmac = c.email_hmac
    ) told
    where c.store_id = :store_id and c.customer_id = :customer_id
),
steps as (
    -- a visit that led to several orders is one
    select t.occurred_at as at, 'visit' as kind, (array_agg(m.name order by m.processed_at))[1] as name, t.channel,
           t.campaign, cast(null as numeric) as amount, cast(null as int) as score
    from touch t join mine m using (order_id) where t.store_id = :store_id group by t.occurred_at, t.channel, t.campaign
    union all
    select m.processed_at, 'order', m.name, '', coalesce((
        select string_agg(l.quantity || ' × ' || l.title, ', ' order by l.line_id) from order_line l
        where l.store_id = :store_id and l.order_id = m.order_id), ''), coalesce(p.amount, 0), null
    from mine m left join money p on p.order_id = m.order_id and not p.back
    union all
    select m.delivered_at, 'delivery', m.name, '', '', null, null from mine m where m.delivered_at is not null
    union all
    select p.at, 'refund', m.name, '', case when m.cancelled_at is null then '' else 'cancelled' end, p.amount, null
    from mine m join money p on p.order_id = m.order_id and p.back
    union all
    select s.answered_at, 'survey', m.name, s.channel, s.heard, null, s.nps
    from survey_response s join mine m using (order_id) where s.store_id = :store_id
    union all
    select (told_on + time '12:00') at time zone :time_zone, kind, '', '', detail, null, score from words
)
select at, kind, name, channel, campaign, amount, score, steps - {MOST_STEPS} as left_out
from (
    select *, row_number() over (order by at, kind) as nth, count(*) over () as steps from steps
) numbered
where nth = 1 or nth > steps - {MOST_STEPS - 1}
order by nth
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
    asked = {
        "store_id": store_id,
        "customer_id": customer_id,
        "net_sales_kinds": list(NET_SALES_KINDS),
        "time_zone": session.get_one(Store, store_id).time_zone,
    }
    steps = session.connection().execute(text(STEPS), asked).all()
    orders, net_sales = session.connection().execute(text(SUMS), asked).one()
    return Journey(
        customer_id,
        customer.country,
        customer.region,
        orders,
        net_sales,
        tuple(Step(*row[:-1]) for row in steps),
        max(0, steps[0].left_out) if steps else 0,
        session.get(CustomerValue, (store_id, customer_id)),
    )
