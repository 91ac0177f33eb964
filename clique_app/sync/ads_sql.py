"""The statements that keep an ad channel's structure and days. Rows come as one JSON document a page."""

from __future__ import annotations

import sqlalchemy as sa

CAMPAIGNS = sa.text("""
insert into campaign (store_id, channel, platform_id, account_id, name, objective, status, effective_status,
                      daily_budget, currency, read_at)
select :store, :channel, r.platform_id, :account, r.name, r.objective, r.status, r.effective_status, r.daily_budget,
       r.currency, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (platform_id text, name text, objective text, status text,
     effective_status text, daily_budget numeric, currency text)
on conflict (store_id, channel, platform_id) do update set
    account_id = excluded.account_id, name = excluded.name, objective = excluded.objective, status = excluded.status,
    effective_status = excluded.effective_status, daily_budget = excluded.daily_budget, currency = excluded.currency,
    read_at = excluded.read_at
""")

AD_GROUPS = sa.text("""
insert into ad_group (store_id, channel, platform_id, campaign_id, name, status, effective_status, daily_budget,
                      currency, targeting, read_at)
select :store, :channel, r.platform_id, c.campaign_id, r.name, r.status, r.effective_status, r.daily_budget, r.currency,
       r.targeting, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (platform_id text, campaign text, name text, status text,
     effective_status text, daily_budget numeric, currency text, targeting text)
join campaign c on c.store_id = :store and c.channel = :channel and c.platform_id = r.campaign
on conflict (store_id, channel, platform_id) do update set
    campaign_id = excluded.campaign_id, name = excluded.name, status = excluded.status,
    effective_status = excluded.effective_status, daily_budget = excluded.daily_budget, currency = excluded.currency,
    targeting = excluded.targeting, read_at = excluded.read_at
""")

# a handle is some product's for ever only while it is active: an archived namesake must not take the ad
ADS = sa.text("""
insert into ad (store_id, channel, platform_id, ad_group_id, campaign_id, name, status, effective_status, link_path,
                creative_id, product_id, read_at)
select :store, :channel, r.platform_id, g.ad_group_id, g.campaign_id, r.name, r.status, r.effective_status, r.link_path,
       (select c.creative_id from creative c
        where c.store_id = :store and c.channel = :channel and c.platform_id = r.creative),
       (select p.product_id from product p where p.store_id = :store and p.handle = r.handle and r.handle <> ''
        order by p.active desc, p.product_id desc limit 1),
       :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (platform_id text, ad_group text, name text, status text,
     effective_status text, creative text, link_path text, handle text)
join ad_group g on g.store_id = :store and g.channel = :channel and g.platform_id = r.ad_group
on conflict (store_id, channel, platform_id) do update set
    ad_group_id = excluded.ad_group_id, campaign_id = excluded.campaign_id, name = excluded.name,
    status = excluded.status, effective_status = excluded.effective_status, link_path = excluded.link_path,
    creative_id = excluded.creative_id, product_id = excluded.product_id, read_at = excluded.read_at
""")

CREATIVES = sa.text("""
insert into creative (store_id, channel, platform_id, account_id, name, title, body, link_url, thumbnail_url,
                      product_set, read_at)
select :store, :channel, r.platform_id, :account, r.name, r.title, r.body, r.link_url, r.thumbnail_url, r.product_set,
       :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (platform_id text, name text, title text, body text, link_url text,
     thumbnail_url text, product_set text)
on conflict (store_id, channel, platform_id) do update set
    account_id = excluded.account_id, name = excluded.name, title = excluded.title, body = excluded.body,
    link_url = excluded.link_url, thumbnail_url = excluded.thumbnail_url, product_set = excluded.product_set,
    read_at = excluded.read_at
""")

# an ad's own link says more than the set it also belongs to
AD_PRODUCTS = sa.text("""
insert into ad_product (store_id, ad_id, product_id, found_by, read_at)
select distinct on (a.ad_id, p.product_id) :store, a.ad_id, p.product_id, r.found_by, cast(:read_at as timestamptz)
from jsonb_to_recordset(cast(:rows as jsonb)) as r (ad text, handle text, product bigint, found_by text)
join ad a on a.store_id = :store and a.channel = :channel and a.platform_id = r.ad
join lateral (
    select p.product_id from product p
    where p.store_id = :store and (p.product_id = r.product or p.handle = r.handle and r.handle <> '')
    order by p.product_id = r.product desc nulls last, p.active desc, p.product_id desc limit 1
) p on true
on conflict (store_id, ad_id, product_id) do update set
    found_by = case when ad_product.read_at = excluded.read_at then ad_product.found_by else excluded.found_by end,
    read_at = excluded.read_at
""")

# product sets are long and change slowly: they are read with the daily and the large readings only
NOT_PROMOTED = sa.text("""
delete from ad_product t
using ad a join campaign c on c.store_id = a.store_id and c.campaign_id = a.campaign_id
where t.store_id = :store and t.read_at < :read_at and (t.found_by <> 'product_set' or :sets_read)
  and a.store_id = :store and a.ad_id = t.ad_id and a.channel = :channel and c.account_id = :account
""")

# what an account no longer lists is archived or deleted; its history stays
NOT_LISTED = tuple(
    sa.text(f"""
    update {table} t set status = 'archived', effective_status = 'not_listed'
    from campaign c
    where t.store_id = :store and t.channel = :channel and t.read_at < :read_at and t.status <> 'archived'
      and c.store_id = :store and c.campaign_id = t.campaign_id and c.account_id = :account
    """)  # noqa: S608  # our own table names
    for table in ("campaign", "ad_group", "ad")
)

# one object as it stands now; which table it is in is not known
STANDING = tuple(
    sa.text(f"""
    update {table} set name = :name, status = :status, effective_status = :effective_status, read_at = :read_at
    where store_id = :store and channel = :channel and platform_id = :platform_id
    """)  # noqa: S608  # our own table names
    for table in ("campaign", "ad_group", "ad")
)

# days may name objects that the lists leave out
CAMPAIGNS_OF_DAYS = sa.text("""
insert into campaign (store_id, channel, platform_id, account_id, name, objective, status, effective_status, currency,
                      read_at)
select distinct on (r.campaign_id) :store, :channel, r.campaign_id, :account, r.campaign_name, '', 'archived',
       'not_listed', r.currency, cast(:read_at as timestamptz)
from jsonb_to_recordset(cast(:rows as jsonb)) as r (campaign_id text, campaign_name text, currency text)
on conflict (store_id, channel, platform_id) do nothing
""")

AD_GROUPS_OF_DAYS = sa.text("""
insert into ad_group (store_id, channel, platform_id, campaign_id, name, status, effective_status, currency, targeting,
                      read_at)
select distinct on (r.adset_id) :store, :channel, r.adset_id, c.campaign_id, r.adset_name, 'archived', 'not_listed',
       r.currency, '', cast(:read_at as timestamptz)
from jsonb_to_recordset(cast(:rows as jsonb)) as r (adset_id text, adset_name text, campaign_id text, currency text)
join campaign c on c.store_id = :store and c.channel = :channel and c.platform_id = r.campaign_id
on conflict (store_id, channel, platform_id) do nothing
""")

ADS_OF_DAYS = sa.text("""
insert into ad (store_id, channel, platform_id, ad_group_id, campaign_id, name, status, effective_status, link_path,
                read_at)
select distinct on (r.ad_id) :store, :channel, r.ad_id, g.ad_group_id, g.campaign_id, r.ad_name, 'archived',
       'not_listed', '', cast(:read_at as timestamptz)
from jsonb_to_recordset(cast(:rows as jsonb)) as r (ad_id text, ad_name text, adset_id text)
join ad_group g on g.store_id = :store and g.channel = :channel and g.platform_id = r.adset_id
on conflict (store_id, channel, platform_id) do nothing
""")

# a day that was not over when it was read is not restated, it is just going on
_FORMER = """
insert into ad_day_former (store_id, day, ad_id, replaced_at, spend, impressions, clicks, reported_conversions,
                           reported_revenue)
select d.store_id, d.day, d.ad_id, :read_at, d.spend, d.impressions, d.clicks, d.reported_conversions,
       d.reported_revenue
from ad_day d
join ad a on a.store_id = d.store_id and a.ad_id = d.ad_id
{new}
where d.store_id = :store and d.channel = :channel and cast(d.read_at at time zone :time_zone as date) > d.day
  and {changed}
on conflict do nothing
"""

AD_DAYS_FORMER = sa.text(
    _FORMER.format(
        new="""
join jsonb_to_recordset(cast(:rows as jsonb)) as r (ad_id text, day date, spend numeric, impressions int, clicks int,
     reported_conversions numeric, reported_revenue numeric)
  on a.platform_id = r.ad_id and d.day = r.day""",
        changed="""(d.spend, d.impressions, d.clicks, d.reported_conversions, d.reported_revenue)
      is distinct from (r.spend, r.impressions, r.clicks, r.reported_conversions, r.reported_revenue)""",
    )
)

AD_DAYS = sa.text("""
insert into ad_day (store_id, day, ad_id, channel, campaign_id, currency, spend, impressions, clicks, link_clicks,
                    landing_page_views, add_to_carts, checkouts, video_views, reported_conversions, reported_revenue,
                    reach, read_at)
select :store, r.day, a.ad_id, :channel, a.campaign_id, r.currency, r.spend, r.impressions, r.clicks, r.link_clicks,
       r.landing_page_views, r.add_to_carts, r.checkouts, r.video_views, r.reported_conversions, r.reported_revenue,
       r.reach, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (ad_id text, day date, currency text, spend numeric, impressions int,
     clicks int, link_clicks int, landing_page_views int, add_to_carts int, checkouts int, video_views int,
     reported_conversions numeric, reported_revenue numeric, reach int)
join ad a on a.store_id = :store and a.channel = :channel and a.platform_id = r.ad_id
on conflict (store_id, day, ad_id) do update set
    campaign_id = excluded.campaign_id, currency = excluded.currency, spend = excluded.spend,
    impressions = excluded.impressions, clicks = excluded.clicks, link_clicks = excluded.link_clicks,
    landing_page_views = excluded.landing_page_views, add_to_carts = excluded.add_to_carts,
    checkouts = excluded.checkouts, video_views = excluded.video_views,
    reported_conversions = excluded.reported_conversions, reported_revenue = excluded.reported_revenue,
    reach = excluded.reach, read_at = excluded.read_at
""")

# of an answer that is not whole, no day that is over takes the place of one that is here
REGION_DAYS = sa.text("""
insert into campaign_region_day (store_id, day, campaign_id, country, region, channel, currency, spend, impressions,
                                 clicks, link_clicks, landing_page_views, add_to_carts, checkouts, video_views,
                                 reported_conversions, reported_revenue, read_at)
select :store, r.day, c.campaign_id, r.country, r.region, :channel, r.currency, r.spend, r.impressions, r.clicks,
       r.link_clicks, 0, 0, 0, 0, 0, 0, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (campaign_id text, day date, country text, region text,
     currency text, spend numeric, impressions int, clicks int, link_clicks int)
join campaign c on c.store_id = :store and c.channel = :channel and c.platform_id = r.campaign_id
where :whole or r.day > :last_over or not exists (
    select from campaign_region_day d where d.store_id = :store and d.day = r.day and d.campaign_id = c.campaign_id)
on conflict (store_id, day, campaign_id, country, region) do update set
    currency = excluded.currency, spend = excluded.spend, impressions = excluded.impressions, clicks = excluded.clicks,
    link_clicks = excluded.link_clicks, read_at = excluded.read_at
""")

SEARCH_DAYS = sa.text("""
insert into search_day (store_id, day, ad_group_id, kind, match, text, channel, campaign_id, currency, spend,
                        impressions, clicks, reported_conversions, reported_revenue, read_at)
select :store, r.day, g.ad_group_id, r.kind, r.match, r.text, :channel, g.campaign_id, r.currency, r.spend,
       r.impressions, r.clicks, r.reported_conversions, r.reported_revenue, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (ad_group text, day date, kind text, match text, text text,
     currency text, spend numeric, impressions int, clicks int, reported_conversions numeric, reported_revenue numeric)
join ad_group g on g.store_id = :store and g.channel = :channel and g.platform_id = r.ad_group
on conflict (store_id, day, ad_group_id, kind, match, text) do update set
    campaign_id = excluded.campaign_id, currency = excluded.currency, spend = excluded.spend,
    impressions = excluded.impressions, clicks = excluded.clicks,
    reported_conversions = excluded.reported_conversions, reported_revenue = excluded.reported_revenue,
    read_at = excluded.read_at
""")

# what one reading brought of an account's days: its rows, impressions and spend
_AS_READ = """
select count(*), coalesce(sum(d.impressions), 0), coalesce(sum(d.spend), 0)
from {table} d
join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id
where d.store_id = :store and d.channel = :channel and c.account_id = :account and d.day between :first and :last_over
  and d.read_at = :read_at
"""
AD_DAYS_AS_READ = sa.text(_AS_READ.format(table="ad_day"))
REGION_DAYS_AS_READ = sa.text(_AS_READ.format(table="campaign_region_day"))

# what a restatement no longer names has become zero
_GONE = """d.day between :first and :last_over and d.read_at < :read_at
  and exists (select from campaign c where c.store_id = :store and c.campaign_id = d.campaign_id
              and c.account_id = :account)
  and (d.spend <> 0 or d.impressions <> 0 or d.clicks <> 0"""

GONE_AD_DAYS_FORMER = sa.text(
    _FORMER.format(new="", changed=f"{_GONE} or d.reported_conversions <> 0 or d.reported_revenue <> 0)")
)

GONE_AD_DAYS = sa.text(f"""
update ad_day d set spend = 0, impressions = 0, clicks = 0, link_clicks = 0, landing_page_views = 0, add_to_carts = 0,
    checkouts = 0, video_views = 0, reported_conversions = 0, reported_revenue = 0, reach = 0, read_at = :read_at
where d.store_id = :store and d.channel = :channel and {_GONE}
  or d.reported_conversions <> 0 or d.reported_revenue <> 0)
""")  # noqa: S608  # no values in it

GONE_REGION_DAYS = sa.text(f"""
update campaign_region_day d set spend = 0, impressions = 0, clicks = 0, link_clicks = 0, read_at = :read_at
where d.store_id = :store and d.channel = :channel and {_GONE})
""")  # noqa: S608  # no values in it

GONE_SEARCH_DAYS = sa.text("""
delete from search_day d
using campaign c
where d.store_id = :store and d.day between :first and :last_over and d.channel = :channel and d.read_at < :read_at
  and c.store_id = :store and c.campaign_id = d.campaign_id and c.account_id = :account
""")

# the days of an account that are over and here, as one unbroken span: days apart from it do not count before those
# between are here too, and are read again with them
READ_DAYS = sa.text("""
update ad_account set read_from = least(read_from, :first), read_to = greatest(read_to, :last_over)
where store_id = :store and channel = :channel and account_id = :account and :first <= :last_over
  and (read_to is null or :first <= read_to + 1 and :last_over >= read_from - 1)
""")

IMPRESSIONS = sa.text("""
select coalesce(sum(d.impressions), 0)
from ad_day d
join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id
where d.store_id = :store and d.channel = :channel and c.account_id = :account and d.day between :first and :last
""")
