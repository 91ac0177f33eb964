"""Set-based SQL over customers by the day of their first order. An order is worth all its entries, whenever booked:
a refund counts on its order's day (cohort view)."""

from __future__ import annotations

from decimal import Decimal

from clique_app.metrics import expression, registry
from clique_app.metrics.definition import Formula

MONEY = ("net_sales", "contribution_before_ads")
WITHOUT_CHANNEL = "unattributed"

# how customers are grouped beside the month: by what their first order f was. Each is (join, expression).
SEGMENTS: dict[str, tuple[str, str]] = {
    "": ("", "''"),
    "channel": (
        """left join lateral (
             select c.channel from credit c
             where c.store_id = f.store_id and c.order_id = f.order_id and c.day = f.day and c.orders > 0
             order by c.orders desc, c.position desc limit 1
           ) k on true""",
        f"coalesce(k.channel, '{WITHOUT_CHANNEL}')",
    ),
    "product": (
        """left join lateral (
             select coalesce(p.title, l.title) as title from order_line l
             left join product p on p.store_id = l.store_id and p.product_id = l.product_id
             where l.store_id = f.store_id and l.order_id = f.order_id
             order by l.unit_price * l.quantity desc, l.line_id limit 1
           ) main on true""",
        "coalesce(nullif(main.title, ''), 'unknown')",
    ),
    "discount": (
        """left join lateral (
             select true as found from sale_entry d where d.store_id = f.store_id and d.order_id = f.order_id
             and d.kind = 'discount' and d.amount <> 0 limit 1
           ) taken on true""",
        "case when taken.found then 'with a discount' else 'full price' end",
    ),
    "region": ("", "coalesce(nullif(concat_ws(', ', nullif(f.country, ''), nullif(f.region, '')), ''), 'unknown')"),
}


def _worth() -> str:
    """What each order brought: net sales, and contribution before ads as its formula has it (it is a sum)."""
    parts = []
    keys = [registry.metric(key) for key in MONEY]
    for total in dict.fromkeys(total for item in keys for total in registry.leaves(item)):
        weights = []
        for item in keys:
            if isinstance(item, Formula):
                inputs = expression.inputs(item.expression)
                unit = {key: Decimal(key == total.key) for key in inputs}
                weights.append(expression.evaluate(item.expression, unit))
            else:
                weights.append(Decimal(item is total))
        amounts = ", ".join(f"{weight} * ({total.amount})" if weight else "0" for weight in weights)
        where = f"r.store_id = :store_id and ({total.where})"
        parts.append(f"select r.order_id, {amounts} from {total.source} where {where}")  # noqa: S608  # our own
    return " union all ".join(parts)


BOOK = f"""
worth as materialized (
    select order_id, sum(sales) as sales, sum(contribution) as contribution
    from ({_worth()}) parts (order_id, sales, contribution) group by order_id
),
book as materialized (
    select o.customer_id, o.order_id, o.day, coalesce(w.sales, 0) as sales,
           coalesce(w.contribution, 0) as contribution
    from shop_order o left join worth w using (order_id)
    where o.store_id = :store_id and not o.test and o.day <= :end
)"""  # noqa: S608  # our own text

# {join} and {segment} of SEGMENTS; those whose first order was from :start to :until
FIRSTS = """
firsts as materialized (
    select c.customer_id, c.first_order_day as day, date_trunc('month', c.first_order_day)::date as month,
           {segment} as segment
    from customer c join shop_order f on f.store_id = c.store_id and f.order_id = c.first_order_id
    {join}
    where c.store_id = :store_id and c.first_order_day between :start and :until
)"""

# by month of the first order, segment and months since; orders without a customer have no month
CELLS = """
select f.month, f.segment,
       (extract(year from b.day) - extract(year from f.month)) * 12
       + extract(month from b.day) - extract(month from f.month) as age,
       count(distinct b.customer_id), count(*), sum(b.sales), sum(b.contribution)
from book b left join firsts f using (customer_id)
group by 1, 2, 3 order by 1, 2, 3
"""
# by month, segment and each of :days: customers, those who have been here as long, and what these brought until then
LTV = """
select * from (
    select f.month, f.segment, d.days, count(*) as customers, count(*) filter (where :end - f.day >= d.days) as old
    from firsts f cross join unnest(cast(:days as int[])) as d (days) group by 1, 2, 3
) sizes left join (
    select f.month, f.segment, d.days, sum(b.sales) as sales, sum(b.contribution) as contribution
    from firsts f join book b using (customer_id)
    join unnest(cast(:days as int[])) as d (days) on b.day - f.day <= d.days and :end - f.day >= d.days
    group by 1, 2, 3
) spent using (month, segment, days)
order by month, segment, days
"""
# the best :part of all customers by net sales since :since
VIPS = """
spent as (
    select customer_id, coalesce(sum(sales) filter (where day >= :since), 0) as last_year, sum(sales) as to_date,
           count(*) as orders, max(day) as last_order_day
    from book where customer_id is not null group by 1
),
ranked as (
    select *, row_number() over (order by last_year desc, customer_id) as place, count(*) over () as customers
    from spent
),
best as (
    select * from ranked where place <= greatest(1, floor(customers * :part)) and last_year > 0
)
select (select count(*) from best), (select sum(last_year) from best),
       b.customer_id, c.first_order_day, b.last_order_day, b.orders, b.last_year, b.to_date,
       v.p_alive, v.value_365, v.next_order_on
from best b
left join customer c on c.store_id = :store_id and c.customer_id = b.customer_id
left join customer_value v on v.store_id = :store_id and v.customer_id = b.customer_id
order by b.place limit :limit
"""
