"""The facts behind recommendations, as set-based SQL.

A budget's home is the campaign, or the ad group where it sits there; credits that name a campaign but no ad belong
to the campaign's own budget only."""

from __future__ import annotations

from clique_app.tables.attribution import BY_PLACE

# ruff: noqa: S608  (composed of constants only)
_HOMES = """
homes as (
    select c.channel, c.account_id, 'campaign' as level, c.platform_id, c.campaign_id,
           null::bigint as ad_group_id, c.name, c.daily_budget, c.currency
    from campaign c
    where c.store_id = :store_id and c.status = 'active' and c.daily_budget > 0
    union all
    select g.channel, c.account_id, 'ad_group', g.platform_id, g.campaign_id, g.ad_group_id, c.name || ', ' || g.name,
           g.daily_budget, g.currency
    from ad_group g join campaign c on c.store_id = g.store_id and c.campaign_id = g.campaign_id
    where g.store_id = :store_id and g.status = 'active' and c.status = 'active' and c.daily_budget is null
      and g.daily_budget > 0
),
home_ads as (
    select h.channel, h.level, h.platform_id, a.ad_id, a.product_id
    from homes h join ad a on a.store_id = :store_id and a.campaign_id = h.campaign_id
         and (h.ad_group_id is null or a.ad_group_id = h.ad_group_id)
)"""

COUNTED = f"with {_HOMES} select count(*) from homes where currency = :currency"

BUDGETS = f"""
with {_HOMES},
spent as (
    select a.channel, a.level, a.platform_id,
           sum(d.store_spend) as month,
           sum(d.store_spend) filter (where d.day >= :week_start) as week,
           sum(d.store_spend) filter (where d.day >= :week_start and a.product_id is not null) as linked_week,
           sum(d.store_revenue) as reported
    from home_ads a
    join ad_day d on d.store_id = :store_id and d.ad_id = a.ad_id
    where d.day between :month_start and :yesterday
    group by 1, 2, 3
),
by_order as (
    select h.channel, h.level, h.platform_id, k.order_id,
           sum(k.amount) as amount, sum(k.amount) filter (where k.day >= :week_start) as week, sum(k.orders) as orders
    from homes h
    join credit k on k.store_id = :store_id and k.campaign_id = h.campaign_id
    left join ad a on a.store_id = k.store_id and a.ad_id = k.ad_id
    where k.day between :month_start and :yesterday and k.position <> {BY_PLACE}  -- no budget moves on a guess
      and (h.ad_group_id is null or a.ad_group_id = h.ad_group_id)
    group by 1, 2, 3, 4
),
credited as (
    select channel, level, platform_id, sum(amount) as month, sum(week) as week, sum(orders) as orders,
           sum(amount * amount) as squares
    from by_order group by 1, 2, 3
)
select h.channel, h.account_id, h.level, h.platform_id, h.campaign_id, h.name, h.daily_budget, h.currency,
       coalesce(s.month, 0) as spend_month, coalesce(s.week, 0) as spend_week,
       coalesce(s.reported, 0) as reported_month,
       coalesce(k.month, 0) as credited_month, coalesce(k.week, 0) as credited_week,
       round(coalesce(k.orders, 0))::int as credited_orders_month, coalesce(k.squares, 0) as credited_squares_month,
       coalesce(s.linked_week, 0) as linked_spend_week
from homes h
left join spent s using (channel, level, platform_id)
left join credited k using (channel, level, platform_id)
where h.currency = :currency
order by h.channel, h.level, h.platform_id
"""

# Stock levels are noted on days when they were seen to change; between two notes the earlier one holds. A day without
# any note counts as in stock, except after the last sale of a product that is out now.
PROMOTED = f"""
with {_HOMES},
promoted as (select distinct product_id from home_ads where product_id is not null),
items as (
    select v.product_id, v.inventory_item_id, v.tracked and not v.backorder as limited
    from variant v join promoted using (product_id)
    where v.store_id = :store_id and v.active
),
stock as (
    select i.product_id,
           bool_and(i.limited) and count(l.inventory_item_id) > 0 as limited,
           coalesce(sum(greatest(l.available, 0)), 0)::int as sellable
    from items i
    left join (
        select level.inventory_item_id, level.available
        from inventory_level level
        join location on location.store_id = level.store_id and location.location_id = level.location_id
             and location.active
        where level.store_id = :store_id
    ) l using (inventory_item_id)
    group by 1
),
noted as (
    select i.product_id, d.day, d.available,
           coalesce(lead(d.day) over (partition by d.inventory_item_id, d.location_id order by d.day), :today + 1)
               as until
    from inventory_day d join items i using (inventory_item_id)
    where d.store_id = :store_id and d.day between :velocity_start and :today
),
stock_days as (
    select n.product_id, g.day::date as day, sum(greatest(n.available, 0)) as available
    from noted n, generate_series(n.day, n.until - 1, interval '1 day') as g(day)
    group by 1, 2
),
sold as (
    select product_id, day, sum(quantity) as units
    from sale_entry join promoted using (product_id)
    where store_id = :store_id and kind = 'sale' and quantity > 0 and day between :velocity_start and :today
    group by 1, 2
),
span as (
    select s.product_id, s.limited, s.sellable, min(sold.day) as first_sold, max(sold.day) as last_sold,
           case when s.limited and s.sellable = 0 then
               (select max(x.day) + 1 from stock_days x where x.product_id = s.product_id and x.available > 0)
           end as out_since
    from stock s left join sold using (product_id)
    group by 1, 2, 3
),
in_stock as (
    select span.product_id, g.day::date as day,
           row_number() over (partition by span.product_id order by g.day desc) as back
    from span cross join generate_series(span.first_sold, :yesterday, interval '1 day') as g(day)
    left join stock_days x on x.product_id = span.product_id and x.day = g.day::date
    where coalesce(x.available, 1) > 0
      and not (span.limited and span.sellable = 0 and g.day::date > span.last_sold)
),
pace as (
    select i.product_id, round(coalesce(sum(sold.units), 0) / count(*), 4) as per_day
    from in_stock i left join sold using (product_id, day)
    where i.back <= 30
    group by 1
),
ads as (
    select a.*, greatest(coalesce(span.out_since, span.last_sold + 1, :week_start), :week_start) as out_from
    from home_ads a join span using (product_id)
),
spent as (
    select a.channel, a.level, a.platform_id, a.product_id,
           sum(d.store_spend) filter (where d.day between :week_start and :yesterday) as week,
           sum(d.store_spend) filter (where d.day >= :yesterday) as recent,
           sum(d.store_spend) filter (where d.day >= a.out_from) as out
    from ads a
    join ad_day d on d.store_id = :store_id and d.ad_id = a.ad_id and d.day between :week_start and :today
    group by 1, 2, 3, 4
),
credited as (
    select a.channel, a.level, a.platform_id, a.product_id, sum(k.amount) as out
    from ads a join credit k on k.store_id = :store_id and k.ad_id = a.ad_id
    where k.day between a.out_from and :today
    group by 1, 2, 3, 4
)
select spent.channel, spent.level, spent.platform_id, span.product_id, product.title, span.limited, span.sellable,
       pace.per_day, span.out_since, span.last_sold,
       coalesce(spent.week, 0) as spend_week, coalesce(spent.recent, 0) as spend_recent,
       coalesce(spent.out, 0) as spend_out, coalesce(credited.out, 0) as credited_out
from spent
left join credited using (channel, level, platform_id, product_id)
left join pace using (product_id)
join span using (product_id)
join product on product.store_id = :store_id and product.product_id = span.product_id
order by spent.week desc nulls last, span.product_id
"""
