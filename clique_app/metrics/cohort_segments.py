"""What customers are grouped by beside the month they were won in: by what their first order was, as set-based SQL."""

from __future__ import annotations

from clique_app.metrics.catalog.groups import place
from clique_app.tables.attribution import MOST_CREDITED, UNATTRIBUTED

# of each row of firsts f: its segment
SEGMENTS: dict[str, str] = {
    # each customer is of one channel, so that who of them came back can be told
    "channel": f"""
        select f.day, f.customer_id, coalesce((
          select k.channel from credit k
          where k.store_id = f.store_id and k.order_id = f.first_order_id and k.day = f.day and k.orders > 0
          order by {MOST_CREDITED} limit 1
        ), '{UNATTRIBUTED}') from firsts f""",  # noqa: S608
    "product": """
        select distinct on (f.customer_id) f.day, f.customer_id,
               coalesce(nullif(coalesce(p.title, l.title), ''), 'unknown')
        from firsts f
        left join order_line l on l.store_id = f.store_id and l.order_id = f.first_order_id
        left join product p on p.store_id = l.store_id and p.product_id = l.product_id
        order by f.customer_id, l.unit_price * l.quantity desc, l.line_id""",
    "discount": """
        select f.day, f.customer_id, case when taken.order_id is null then 'full price' else 'with a discount' end
        from firsts f
        left join (
          select distinct order_id from sale_entry
          where store_id = :store_id and kind = 'discount' and amount <> 0
            and order_id in (select first_order_id from firsts)
        ) taken on taken.order_id = f.first_order_id""",
    "region": f"select f.day, f.customer_id, coalesce({place('f')}, 'unknown') from firsts f",  # noqa: S608
}


def made(among: str) -> str:
    """The rows of CohortSegmentDay of the days {among}."""
    each = " union all ".join(f"select '{by}', told.* from ({segment}) told" for by, segment in SEGMENTS.items())  # noqa: S608
    return f"""
    with firsts as materialized (
        select c.store_id, c.customer_id, c.first_order_day as day, c.first_order_id, o.country, o.region
        from customer c
        join shop_order o on o.store_id = c.store_id and o.order_id = c.first_order_id and o.day = c.first_order_day
        where c.store_id = :store_id and c.first_order_day {among}
    )
    select day, split, segment, string_agg(int8send(customer_id), ''::bytea order by customer_id) as customers
    from ({each}) segments (split, day, customer_id, segment) group by 1, 2, 3
    """  # noqa: S608  # our own text
