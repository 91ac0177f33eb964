"""The visits before an order as the web pixel saw them, where Shopify's own journey of the order lacks them.

Shopify's touches stand at positions from 0 up, the pixel's at -1001 (the last before the order) and down. So the two
cannot collide, an order that is written anew replaces Shopify's and this statement the pixel's, and of two touches at
the same moment Shopify's counts as the later one. A session is a double where Shopify has a visit during it or within
30 minutes of it. Whose order it was says the browser that placed it; because anybody can send that, it counts only
where the order was placed during the session that claims it. Visits count for 30 days, as
Shopify's do, or as long as the store's window is.
"""

from __future__ import annotations

FORGET = """
delete from touch t using web_session s
where s.store_id = :store_id and s.order_id {among} and t.store_id = :store_id and t.order_id = s.order_id
  and t.position <= -1000 and t.order_id {among}
"""

ADD = """
insert into touch (store_id, order_id, position, occurred_at, channel, source, medium, campaign, campaign_platform_id,
                   ad_platform_id, click_id, landing_path)
select :store_id, o.order_id, -1000 - row_number() over (partition by o.order_id order by s.started_at desc),
       s.started_at, s.channel, s.source, s.medium, s.campaign, s.campaign_platform_id, s.ad_platform_id, s.click_id,
       s.landing_path
from (
  select distinct on (b.order_id) b.order_id, b.visitor_id, o.processed_at
  from web_session b
  join shop_order o on o.store_id = :store_id and o.order_id = b.order_id and o.order_id {among}
  where b.store_id = :store_id and b.order_id {among}
    and o.processed_at between b.started_at - interval '5 minutes' and b.ended_at + interval '30 minutes'
  order by b.order_id, b.started_at
) o
join web_session s on s.store_id = :store_id and s.visitor_id = o.visitor_id
  and s.started_at <= o.processed_at
  and s.started_at > o.processed_at - make_interval(days => greatest(30, :window_days))
where not exists (
  select from touch t
  where t.store_id = :store_id and t.order_id = o.order_id and t.position >= 0
    and t.occurred_at between s.started_at - interval '30 minutes' and s.ended_at + interval '30 minutes')
"""
