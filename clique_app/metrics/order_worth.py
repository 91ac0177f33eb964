"""What each order brought until now, whenever it was booked, as set-based SQL: a refund counts with its order."""

from __future__ import annotations

from clique_app.metrics import registry
from clique_app.metrics.definition import Total
from clique_app.tables.rollups import NO_ORDER_BEFORE

EVERY = "is not null"
MEASURES = ("net_sales", "cost_of_goods", "fulfilment", "payment_fees")  # keys of totals
COHORT_TOTALS = {f"cohort_{measure}": measure for measure in MEASURES}  # totals by the day the customer was won


def _brought(key: str, orders: str) -> str:
    """What a total of the catalogue brings to its measure, row by row."""
    total = registry.metric(key)
    assert isinstance(total, Total)
    amounts = ", ".join(total.amount if key == measure else "0" for measure in MEASURES)
    return f"""select r.order_id, {amounts} from {total.source}
    where r.store_id = :store_id and ({total.where}) {orders}"""  # noqa: S608  # the catalogue's own SQL


def made(among: str) -> str:
    """The rows of OrderWorth; among: "= any(:days)" or "is not null"."""
    orders = (
        ""
        if among == EVERY
        else f"and r.order_id in (select order_id from shop_order where store_id = :store_id and day {among})"  # noqa: S608
    )
    return f"""
    select o.day, o.order_id, o.customer_id, {", ".join(f"coalesce(w.{one}, 0) as {one}" for one in MEASURES)}
    from shop_order o left join (
        select order_id, {", ".join(f"sum({one}) as {one}" for one in MEASURES)}
        from ({" union all ".join(_brought(key, orders) for key in MEASURES)}) parts (order_id, {", ".join(MEASURES)})
        group by order_id
    ) w using (order_id)
    where o.store_id = :store_id and not o.test and o.day {among}
    """  # noqa: S608


def by_cohort(among: str) -> str:
    """The rows of CohortDay; among as above."""
    customers = (
        ""
        if among == EVERY
        else f"""and customer_id in (
            select customer_id from shop_order where store_id = :store_id and day {among} and not test)"""  # noqa: S608
    )
    return f"""
    select w.day, coalesce(c.first_order_day, '{NO_ORDER_BEFORE.isoformat()}'::date) as won_on, count(*) as orders,
           count(*) filter (where s.is_first) as first_in_month,
           {", ".join(f"sum(w.{one}) as {one}" for one in MEASURES)}
    from ({made(among)}) w
    left join customer c on c.store_id = :store_id and c.customer_id = w.customer_id
    left join (
        select order_id, coalesce(date_trunc('month', lag(day) over mine) < date_trunc('month', day), true) as is_first
        from shop_order where store_id = :store_id and not test and customer_id is not null {customers}
        window mine as (partition by customer_id order by processed_at, order_id)
    ) s on s.order_id = w.order_id
    group by 1, 2
    """  # noqa: S608
