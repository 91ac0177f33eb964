"""What each order brought until now, whenever it was booked, as set-based SQL: a refund counts with its order."""

from __future__ import annotations

from collections.abc import Mapping

from clique_app.metrics import registry
from clique_app.metrics.definition import Total
from clique_app.metrics.packed import EPOCH, MILLION
from clique_app.metrics.rollup import ALL_DAYS
from clique_app.tables.rollups import NO_ORDER_BEFORE

MEASURES = ("net_sales", "cost_of_goods", "fulfilment", "payment_fees")  # keys of totals
NOBODY = 0  # stands for the customer of an order that names none
# totals by the day the customer was won; the shares of those who won a customer are one together
COHORT_TOTALS = {f"{given}cohort_{measure}": measure for given in ("", "credited_") for measure in MEASURES}


# what is told of an order itself: its type, and SQL over shop_order o
_FIRST_IN_MONTH = (
    "int",
    """case when o.customer_id is not null and not exists (
        select from shop_order p
        where p.store_id = o.store_id and p.customer_id = o.customer_id and not p.test
          and p.day between date_trunc('month', o.day)::date and o.day
          and (p.processed_at, p.order_id) < (o.processed_at, o.order_id)
    ) then 1 else 0 end""",
)
_OF_ORDER = {
    "day": ("date", "o.day"),
    "customer_id": ("bigint", f"coalesce(o.customer_id, {NOBODY})"),
    "first_in_month": _FIRST_IN_MONTH,
}
_OF_COHORT = {
    "day": ("date", "o.day"),
    "won_on": (
        "date",
        f"""coalesce((
            select c.first_order_day from customer c where c.store_id = o.store_id and c.customer_id = o.customer_id
        ), '{NO_ORDER_BEFORE.isoformat()}'::date)""",  # noqa: S608  # our own text
    ),
    "first_in_month": _FIRST_IN_MONTH,
}


def _orders(among: str, told: Mapping[str, tuple[str, str]]) -> str:
    """Each order of the days {among} with what is told of it and what it brought. The rows of all are grouped once: a
    join of the two would be planned by how many orders a day has, which nobody knows while they are imported."""
    of_days = f"r.order_id in (select order_id from shop_order where store_id = :store_id and day {among})"  # noqa: S608
    nothing = ", ".join(f"null::{kind}" for kind, _ in told.values())

    def brought(key: str) -> str:
        total = registry.metric(key)
        assert isinstance(total, Total)
        amounts = ", ".join(total.amount if key == measure else "0" for measure in MEASURES)
        return f"""select r.order_id, {nothing}, {amounts} from {total.source}
        where r.store_id = :store_id and ({total.where}) {"" if among == ALL_DAYS else f"and {of_days}"}"""  # noqa: S608

    return f"""
    select order_id, {", ".join(f"max({one}) as {one}" for one in told)},
           {", ".join(f"sum({one}) as {one}" for one in MEASURES)}
    from (
        select o.order_id, {", ".join(sql for _, sql in told.values())}, {", ".join("0" for _ in MEASURES)}
        from shop_order o where o.store_id = :store_id and not o.test and o.day {among}
        union all {" union all ".join(brought(key) for key in MEASURES)}
    ) parts (order_id, {", ".join((*told, *MEASURES))})
    group by order_id having max(day) is not null
    """  # noqa: S608


def by_order(among: str) -> str:
    """The rows of OrderWorthDay; among: ALL_DAYS or SOME_DAYS."""
    row = " || ".join(("int8send(customer_id)", "int4send(first_in_month)", *_amounts("{}")))
    return f"""
    select day, string_agg({row}, ''::bytea order by customer_id, order_id) as orders
    from ({_orders(among, _OF_ORDER)}) told group by day
    """  # noqa: S608


def by_cohort(among: str) -> str:
    """The rows of CohortDay; among as above."""
    counts = (f"won_on - '{EPOCH.isoformat()}'::date", "count(*)::int", "sum(first_in_month)::int")
    row = " || ".join((*(f"int4send({one})" for one in counts), *_amounts("sum({})")))
    return f"""
    select day, string_agg(cohort, ''::bytea order by won_on) as cohorts
    from (select day, won_on, {row} as cohort from ({_orders(among, _OF_COHORT)}) told group by day, won_on) packed
    group by day
    """  # noqa: S608


def _amounts(of: str) -> list[str]:
    return [f"int8send(cast({of.format(one)} * {MILLION} as bigint))" for one in MEASURES]
