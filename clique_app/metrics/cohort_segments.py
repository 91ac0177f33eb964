"""What customers are grouped by beside the month they were won in: by what their first order was, as set-based SQL."""

from __future__ import annotations

WITHOUT_CHANNEL = "unattributed"

# of each row of firsts f: its segment
SEGMENTS: dict[str, str] = {
    "channel": f"""
        select f.day, f.customer_id, coalesce(k.channel, '{WITHOUT_CHANNEL}') from firsts f
        left join credit k on k.store_id = :store_id and k.order_id = f.order_id and k.day = f.day and k.orders > 0
          and (k.orders = 1 or not exists (
            select from credit c where c.store_id = k.store_id and c.order_id = k.order_id and c.day = k.day
            and (c.orders, c.position) > (k.orders, k.position)))""",  # noqa: S608  # our own text
    "product": """
        select distinct on (f.customer_id) f.day, f.customer_id,
               coalesce(nullif(coalesce(p.title, l.title), ''), 'unknown')
        from firsts f
        left join order_line l on l.store_id = :store_id and l.order_id = f.order_id
        left join product p on p.store_id = :store_id and p.product_id = l.product_id
        order by f.customer_id, l.unit_price * l.quantity desc, l.line_id""",
    "discount": """
        select f.day, f.customer_id, case when taken.order_id is null then 'full price' else 'with a discount' end
        from firsts f
        left join (
          select distinct order_id from sale_entry
          where store_id = :store_id and kind = 'discount' and amount <> 0
            and order_id in (select order_id from firsts)
        ) taken on taken.order_id = f.order_id""",
    "region": """
        select day, customer_id,
               coalesce(nullif(concat_ws(', ', nullif(country, ''), nullif(region, '')), ''), 'unknown')
        from firsts""",
}  # fmt: skip


def made(among: str) -> str:
    """The rows of CohortSegmentDay of the days {among}."""
    each = " union all ".join(f"select '{by}', told.* from ({segment}) told" for by, segment in SEGMENTS.items())  # noqa: S608
    return f"""
    with firsts as materialized (
        select c.customer_id, f.day, f.order_id, f.country, f.region
        from customer c
        join shop_order f on f.store_id = c.store_id and f.order_id = c.first_order_id and f.day = c.first_order_day
        where c.store_id = :store_id and c.first_order_day {among}
    )
    select day, split, segment, string_agg(int8send(customer_id), ''::bytea order by customer_id) as customers
    from ({each}) segments (split, day, customer_id, segment) group by 1, 2, 3
    """  # noqa: S608  # our own text
