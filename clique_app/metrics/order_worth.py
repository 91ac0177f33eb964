"""What each order brought until now, whenever it was booked, as set-based SQL: a refund counts with its order."""

from __future__ import annotations

from clique_app.metrics import registry
from clique_app.metrics.definition import Total

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
    every = among == "is not null"
    orders = (
        ""
        if every
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
