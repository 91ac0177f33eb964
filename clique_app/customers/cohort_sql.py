"""Set-based SQL over customers by the day of their first order. An order is worth all its entries, whenever booked:
a refund counts on its order's day (cohort view)."""

from __future__ import annotations

from decimal import Decimal

from clique_app.customers.cohorts import LTV_DAYS
from clique_app.metrics import expression, order_worth, registry
from clique_app.metrics.definition import Formula

WITHOUT_CHANNEL = "unattributed"

# how customers are grouped beside the month: by what their first order f was. Each is (join, expression).
SEGMENTS: dict[str, tuple[str, str]] = {
    "": ("", "''"),
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


def _contribution() -> str:
    """Contribution before ads of an order, as its formula has it: a sum of what is kept of each."""
    formula = registry.metric("contribution_before_ads")
    assert isinstance(formula, Formula)
    keys = [total.key for total in registry.leaves(formula)]
    if set(keys) != set(order_worth.MEASURES):
        raise ValueError(f"Of an order {', '.join(order_worth.MEASURES)} are kept, and not {', '.join(keys)}.")
    inputs = expression.inputs(formula.expression)
    weights = {
        key: expression.evaluate(formula.expression, {one: Decimal(one == key) for one in inputs}) for key in keys
    }
    return " + ".join(f"{weight} * {key}" for key, weight in weights.items())


CONTRIBUTION = _contribution()
# {worth}: rows of OrderWorth
BOOK = f"""
book as (
    select customer_id, order_id, day, net_sales as sales, {CONTRIBUTION} as contribution
    from {{worth}} worth
)"""  # noqa: S608  # our own text


def _each(sql: str) -> str:
    """An array of one of these for each span of LTV."""
    return f"array[{', '.join(sql.format(n=n, days=days) for n, days in enumerate(LTV_DAYS, 1))}]::numeric[]"


def _within(of: str) -> str:
    return _each(f"{of} filter (where b.day - f.day <= {{days}} and :end - f.day >= {{days}})")


# {join} and {segment} of SEGMENTS; those whose first order was from :since to :until
FIRSTS = """
firsts as materialized (
    select c.customer_id, c.first_order_day as day, date_trunc('month', c.first_order_day)::date as month,
           {segment} as segment
    from customer c join shop_order f on f.store_id = c.store_id and f.order_id = c.first_order_id
    {join}
    where c.store_id = :store_id and c.first_order_day between :since and :until
)"""

# By month of the first order, segment and months since: who ordered, what they brought, and what of it came within so
# many days, of those who have been here as long. Orders without a customer have no month. Rows without an age are of
# all the month's customers: how many, and who of them have been here so many days.
CELLS = f"""
ordered as (
    select f.month, f.segment, b.customer_id, date_trunc('month', b.day) as at, count(*) as orders,
           sum(b.sales) as sales, sum(b.contribution) as contribution,
           {_within("sum(b.sales)")} as sales_within, {_within("sum(b.contribution)")} as contribution_within
    from book b left join firsts f using (customer_id)
    group by 1, 2, 3, 4
)
select month, segment,
       (extract(year from at) - extract(year from month)) * 12 + extract(month from at) - extract(month from month),
       count(customer_id), sum(orders), sum(sales), sum(contribution),
       {_each("sum(coalesce(sales_within[{n}], 0))")}, {_each("sum(coalesce(contribution_within[{n}], 0))")}
from ordered group by 1, 2, 3
union all
select month, segment, null, count(*), null, null, null, {_each("count(*) filter (where :end - day >= {days})")}, null
from firsts group by 1, 2
"""  # noqa: S608
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
