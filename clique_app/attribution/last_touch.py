"""Last touch, as set-based SQL: the same statements credit a million orders and the one that just arrived.

An order's whole net sales go to its last touch within the window before the purchase; its refunds, edits and
cancellations follow to the same touch on their own days (books view, as Shopify reports). Without a touch in the
window the channel that the buyer named in the survey stands in, marked by its position and never for a campaign; else
they go to 'unattributed'. So the credits of a store sum to its net sales on every day.
"""

from __future__ import annotations

# {among} stands for the orders in question. It is written into the statement and not switched by a parameter: only so
# does the planner take the index for a few orders, and a batch costs the same however many orders are here already.
SOME_ORDERS = "= any(:order_ids)"
ALL_ORDERS = "is not null"

FORGET = """
delete from credit
where store_id = :store_id and model = :model and order_id {among}
"""

CREDIT = """
with asked as (
    select order_id, day, processed_at
    from shop_order
    where store_id = :store_id and not test and order_id {among}
),
last_touch as (
    select distinct on (t.order_id)
           t.order_id, t.position, t.channel, t.campaign, t.campaign_platform_id, t.ad_platform_id
    from asked join touch t on t.store_id = :store_id and t.order_id = asked.order_id and t.order_id {among}
    where t.occurred_at <= asked.processed_at
      and t.occurred_at > asked.processed_at - make_interval(days => :window_days)
    order by t.order_id, t.occurred_at desc, t.position desc
),
said as (
    select s.order_id, s.channel
    from asked join survey_response s on s.store_id = :store_id and s.order_id = asked.order_id and s.order_id {among}
    where s.channel <> ''
),
days as (
    select order_id, day, sum(amount) as amount, max(orders) as orders
    from (
        select e.order_id, e.day, e.amount, 0 as orders
        from asked join sale_entry e on e.store_id = :store_id and e.order_id = asked.order_id and e.order_id {among}
        where e.kind = any(:net_sales_kinds)
        union all
        -- an order counts on its own day, whatever was booked and when
        select order_id, day, 0, 1 from asked
    ) parts
    group by order_id, day
)
insert into credit (store_id, model, order_id, day, position, channel, campaign_id, ad_id, amount, orders)
select :store_id, :model, days.order_id, days.day,
       coalesce(l.position, case when s.channel is null then :no_touch else :by_survey end),
       coalesce(l.channel, s.channel, :unattributed), null, null, days.amount, days.orders
from days left join last_touch l using (order_id) left join said s using (order_id)
"""

# Campaigns may be read after the orders they brought, so the link from a credit to its campaign is a step of its own.
# A utm_id that is a known campaign id decides; else a utm_campaign that is the name of exactly one campaign.
LINK = """
with named as (
    select channel, name, min(campaign_id) as campaign_id
    from campaign where store_id = :store_id
    group by channel, name having count(*) = 1
)
update credit
set campaign_id = coalesce(by_id.campaign_id, named.campaign_id), ad_id = by_ad.ad_id
from touch t
left join campaign by_id on by_id.store_id = :store_id and by_id.channel = t.channel
     and by_id.platform_id = t.campaign_platform_id
left join named on named.channel = t.channel and named.name = t.campaign
left join ad by_ad on by_ad.store_id = :store_id and by_ad.channel = t.channel and by_ad.platform_id = t.ad_platform_id
where credit.store_id = :store_id and credit.model = :model and credit.order_id {among} and t.order_id {among}
  and t.store_id = :store_id and t.order_id = credit.order_id and t.position = credit.position
  and (credit.campaign_id, credit.ad_id) is distinct from (coalesce(by_id.campaign_id, named.campaign_id), by_ad.ad_id)
"""
