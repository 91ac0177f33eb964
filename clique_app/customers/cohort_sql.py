"""Set-based SQL over customers by the day of their first order. An order is worth all its entries, whenever booked:
a refund counts on its order's day (cohort view)."""

from __future__ import annotations

from clique_app.customers.cohorts import LTV_DAYS
from clique_app.metrics.catalog.costs import CONTRIBUTION_BEFORE_ADS
from clique_app.metrics.catalog.sales import NET_SALES

WITHOUT_CHANNEL = "unattributed"

# how customers are grouped beside the month: by what their first order f was. Each is (join, expression).
SEGMENTS: dict[str, tuple[str, str]] = {
    "channel": (
        """left join credit k on k.store_id = f.store_id and k.order_id = f.order_id and k.day = f.day and k.orders > 0
           and (k.orders = 1 or not exists (
             select from credit c where c.store_id = k.store_id and c.order_id = k.order_id and c.day = k.day
             and (c.orders, c.position) > (k.orders, k.position)))""",
        f"coalesce(k.channel, '{WITHOUT_CHANNEL}')",
    ),
    "product": (
        """left join (
             select distinct on (l.order_id) l.order_id, coalesce(p.title, l.title) as title from order_line l
             left join product p on p.store_id = l.store_id and p.product_id = l.product_id
             where l.store_id = :store_id
             order by l.order_id, l.unit_price * l.quantity desc, l.line_id
           ) main on main.order_id = f.order_id""",
        "coalesce(nullif(main.title, ''), 'unknown')",
    ),
    "discount": (
        """left join (
             select distinct order_id, true as found from sale_entry
             where store_id = :store_id and kind = 'discount' and amount <> 0
           ) taken on taken.order_id = f.order_id""",
        "case when taken.found then 'with a discount' else 'full price' end",
    ),
    "region": ("", "coalesce(nullif(concat_ws(', ', nullif(f.country, ''), nullif(f.region, '')), ''), 'unknown')"),
}


def _each(sql: str) -> str:
    """An array of one of these for each span of LTV."""
    return f"array[{', '.join(sql.format(days=days) for days in LTV_DAYS)}]::numeric[]"


def _bucket(of: str, *, above: bool) -> str:
    """How many of the spans are over after so many days; above: how many are behind."""
    return f"width_bucket({of}, array[{', '.join(str(days + above) for days in LTV_DAYS)}])"


def _within(of: str) -> str:
    spans = (
        f"coalesce(sum({of}) filter (where beyond <= {place} and reached > {place}), 0)"
        for place in range(len(LTV_DAYS))
    )
    return f"array[{', '.join(spans)}]::numeric[]"


_MONTH = "date_trunc('month', {day})::date"

# From {worth}, rows of OrderWorth, by month of the first order, segment and months since: who ordered, what they
# brought, and what of it came within so many days, of those who have been here as long. Orders without a customer have
# no month. Rows without an age are of all the month's customers: how many, and who of them have been here so many days.
CELLS = f"""
with book as not materialized (select * from {{worth}} worth),
firsts as materialized (
    select c.customer_id, c.first_order_day as day, {_MONTH.format(day="c.first_order_day")} as month,
           {{segment}} as segment
    from customer c join shop_order f on f.store_id = c.store_id and f.order_id = c.first_order_id
    {{join}}
    where c.store_id = :store_id and c.first_order_day <= :until
),
daily as (
    select f.day as won, f.month, f.segment, b.day, count(*) as orders, sum(b.net_sales) as sales,
           sum({CONTRIBUTION_BEFORE_ADS.expression}) as contribution
    from book b left join firsts f using (customer_id) group by 1, 2, 3, 4
),
seen as (
    select month, segment, at, count(*) as customers
    from (select customer_id, {_MONTH.format(day="day")} as at from book group by 1, 2) s
    join firsts using (customer_id) group by 1, 2, 3
),
aged as (
    select month, segment, {_MONTH.format(day="day")} as at, {_bucket("day - won", above=True)} as beyond,
           {_bucket(":until - won", above=False)} as reached, sum(orders) as orders, sum(sales) as sales,
           sum(contribution) as contribution
    from daily group by 1, 2, 3, 4, 5
),
monthly as (
    select month, segment, at, sum(orders) as orders, sum(sales) as sales, sum(contribution) as contribution,
           {_within("sales")} as sales_within, {_within("contribution")} as contribution_within
    from aged group by 1, 2, 3
)
select month, segment,
       (extract(year from at) - extract(year from month)) * 12 + extract(month from at) - extract(month from month),
       s.customers, orders, sales, contribution, sales_within, contribution_within
from monthly left join seen s using (month, segment, at)
union all
select month, segment, null, count(*), null, null, null, {_each("count(*) filter (where :until - day >= {days})")}, null
from firsts group by 1, 2
"""  # noqa: S608
# what is known of :customers until a day
TOLD_OF = f"""
select o.customer_id, min(c.first_order_day), max(o.day), count(*),
       coalesce(sum((
           select sum({NET_SALES.amount}) from sale_entry r
           where r.store_id = o.store_id and r.order_id = o.order_id and r.day <= :until and {NET_SALES.where}
       )), 0),
       min(v.p_alive), min(v.value_365), min(v.next_order_on)
from shop_order o
left join customer c on c.store_id = o.store_id and c.customer_id = o.customer_id
left join customer_value v on v.store_id = o.store_id and v.customer_id = o.customer_id
where o.store_id = :store_id and o.customer_id = any(:customers) and not o.test and o.day <= :until
group by o.customer_id
"""  # noqa: S608
