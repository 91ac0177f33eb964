"""Sessions from events, as set-based SQL over the visitors of a temporary table: the same statements build the one that
is going on and those of a whole day.

A session ends with a pause of 30 minutes, so a new event can change only those sessions of its visitor that lie within
30 minutes of it. These are taken out and built again from all their events; nothing else is touched, and doing it twice
gives the same rows. A session belongs to the store day it begins on. It came from where its first page that was reached
from outside was come from (a link with tags, a click id, another site); where there is none, it is direct.
"""

from __future__ import annotations

GAP = "interval '30 minutes'"
PARTS = 2  # of a store's visitors, built beside each other: the database works for each on a core of its own
PAUSE_SECONDS = "60"  # a longer pause between two events counts as this much attention
# what comes along with a page: a visitor who did nothing else bounced
_WITH_THE_PAGE = "('page_viewed', 'product_viewed', 'collection_viewed', 'cart_viewed', 'scrolled')"

WINDOW = """
create temporary table if not exists visit_window (
  visitor int generated always as identity, visitor_id bytea, since timestamptz, until timestamptz
) on commit delete rows
"""

_OF_PART = "store_id = %(store)s and get_byte(visitor_id, 0) %% %(parts)s = %(part)s"
TAKE_WAITING = f"""
with taken as (
  delete from visitor_waiting
  where {_OF_PART} and number <= (
    select max(number) from (
      select number from visitor_waiting where {_OF_PART} order by number limit %(limit)s) next)
  returning visitor_id, at
)
insert into visit_window (visitor_id, since, until)
select visitor_id, min(at) - {GAP}, max(at) + {GAP} from taken group by visitor_id
"""  # noqa: S608

TAKE_OUT = """
with gone as (
  delete from web_session s using visit_window w
  where s.store_id = %(store)s and s.visitor_id = w.visitor_id and s.started_at <= w.until and s.ended_at >= w.since
  returning s.visitor_id, s.started_at, s.ended_at
)
update visit_window w set since = least(w.since, g.since), until = greatest(w.until, g.until)
from (select visitor_id, min(started_at) as since, max(ended_at) as until from gone group by visitor_id) g
where g.visitor_id = w.visitor_id
"""

# Events lie in the order they came in: the days that are asked for, told apart from the visitors, are found by a look
# into that order, where a day's visitors alone would take a pass over all events ever.
SPAN = "select min(since) as since, max(until) as until from visit_window"

# A visitor is a number here, and an event its place among all: cheaper to sort by, and enough to find the first of its
# kind in each visit.
BUILD = f"""
with paused as (
  select w.visitor, e.event_id, e.kind, e.at, e.path, e.product_id, e.order_id, e.scroll_pct, e.channel, e.source,
         e.medium, e.campaign, e.campaign_platform_id, e.ad_platform_id, e.click_id, e.referrer,
         row_number() over (order by w.visitor, e.at, e.event_id) as place,
         e.at - lag(e.at) over (partition by w.visitor order by e.at, e.event_id) as pause
  from visit_window w
  join page_event e on e.store_id = %(store)s and e.visitor_id = w.visitor_id and e.at between w.since and w.until
                   and e.at between %(since)s and %(until)s
),
numbered as (
  select *, count(*) filter (where pause is null or pause > {GAP}) over (order by place) as visit
  from paused
),
visits as (
  select visit, min(visitor) as visitor, min(at) as started_at, max(at) as ended_at,
         min(place) filter (where kind = 'page_viewed') as landed,
         min(place) filter (where channel is not null) as arrived,
         count(*) filter (where kind = 'page_viewed') as page_views,
         count(*) filter (where kind = 'product_viewed') as product_views,
         coalesce(round(sum(least(extract(epoch from pause), {PAUSE_SECONDS})) filter (where pause <= {GAP})), 0)
           as engaged_seconds,
         max(scroll_pct) as deepest_scroll_pct,
         bool_or(kind = 'product_added_to_cart') as added_to_cart,
         coalesce(array_agg(product_id) filter (where kind = 'product_added_to_cart')
                  && array_agg(product_id) filter (where kind = 'product_viewed'), false) as added_viewed_product,
         bool_or(kind = 'product_added_to_wishlist') as wishlisted,
         bool_or(kind in ('checkout_started', 'checkout_completed')) as checkout_started,
         bool_or(kind = 'email_signup') as signed_up,
         count(*) filter (where kind = 'page_viewed') = 1 and bool_and(kind in {_WITH_THE_PAGE}) as bounced,
         max(order_id) as order_id
  from numbered group by visit
)
insert into web_session (
  store_id, visitor_id, started_at, ended_at, day, channel, source, medium, campaign, campaign_platform_id,
  ad_platform_id, click_id, referrer, landing_path, landed_on_product, page_views, product_views, engaged_seconds,
  deepest_scroll_pct, added_to_cart, added_viewed_product, wishlisted, checkout_started, signed_up, bounced, order_id)
select %(store)s, w.visitor_id, v.started_at, v.ended_at, (v.started_at at time zone %(zone)s)::date,
       coalesce(a.channel, 'direct'), coalesce(a.source, ''), coalesce(a.medium, ''), coalesce(a.campaign, ''),
       a.campaign_platform_id, a.ad_platform_id, a.click_id, coalesce(a.referrer, ''), coalesce(l.path, ''),
       coalesce(l.path, '') like '%%/products/%%', v.page_views, v.product_views, v.engaged_seconds,
       v.deepest_scroll_pct, v.added_to_cart, v.added_viewed_product, v.wishlisted, v.checkout_started, v.signed_up,
       v.bounced, v.order_id
from visits v
join visit_window w using (visitor)
left join numbered l on l.place = v.landed
left join numbered a on a.place = v.arrived
"""  # noqa: S608

# What these visitors bought: their journeys may have changed. Locked, as by whoever writes an order and credits it.
ORDERS = """
select order_id from shop_order
where store_id = %(store)s and order_id in (
  select s.order_id from visit_window w
  join web_session s on s.store_id = %(store)s and s.visitor_id = w.visitor_id and s.order_id is not null)
order by order_id for no key update
"""

# how far the pixel has seen, in the form of any other source
SEEN = """
insert into sync_cursor (store_id, source, read_to, history_from, fresh_at, rows, source_count)
select %(store)s, %(source)s, %(now)s, min(day), %(now)s, 0, null from web_session where store_id = %(store)s
having count(*) > 0
on conflict (store_id, source) do update set
  read_to = excluded.read_to, fresh_at = excluded.fresh_at,
  history_from = least(sync_cursor.history_from, excluded.history_from)
"""
