"""A store of any size for the attribution benchmark, made in its tables: orders over 400 days with 1 to 4 lines, a
fifth with a discount and a twelfth with a refund, journeys of 0 to 8 touches, 200,000 days of ads by region. Ids rise
with time, as Shopify's do."""

from __future__ import annotations

import psycopg

STORE = 1
DAYS, REGIONS, CAMPAIGNS, PRODUCTS = 400, 50, 80, 200
FIRST_DAY = "date '2025-10-01'"
IDS_A_DAY = 10_000_000
OF_THESE = f"order_id % {IDS_A_DAY} between %(first)s and %(last)s"

BASE = f"""
insert into store (store_id, shop_domain, name, currency, time_zone, country, installed_at, history_complete)
overriding system value values ({STORE}, 'size.myshopify.com', 'Size', 'USD', 'UTC', 'US', now(), true);
insert into campaign (store_id, campaign_id, channel, platform_id, account_id, name, objective, status,
                      effective_status, currency, read_at)
overriding system value
select {STORE}, c, (array['meta', 'google', 'tiktok', 'pinterest'])[c % 4 + 1], 'c' || c, '1', 'Campaign ' || c, '',
       'active', '', 'USD', now() from generate_series(1, {CAMPAIGNS}) c;
insert into ad_group (store_id, ad_group_id, channel, platform_id, campaign_id, name, status, effective_status,
                      currency, targeting, read_at)
overriding system value
select {STORE}, campaign_id, channel, 'g' || campaign_id, campaign_id, name, 'active', '', 'USD', '', now()
from campaign;
insert into ad (store_id, ad_id, channel, platform_id, ad_group_id, campaign_id, name, status, effective_status,
                link_path, product_id, read_at)
overriding system value
select {STORE}, campaign_id, channel, 'a' || campaign_id, campaign_id, campaign_id, name, 'active', '', '',
       campaign_id * 2 % {PRODUCTS}, now() from campaign;
insert into campaign_region_day (store_id, day, campaign_id, country, region, channel, currency, spend, impressions,
    clicks, link_clicks, landing_page_views, add_to_carts, checkouts, video_views, reported_conversions,
    reported_revenue, read_at)
select {STORE}, {FIRST_DAY} + d, c.campaign_id, 'US', 'Region ' || r, c.channel, 'USD', 1 + (d + r) % 40, 900, 20, 18,
       15, 3, 2, 0, 1, 50, now()
from generate_series(0, {DAYS - 1}) d cross join generate_series(0, {REGIONS - 1}) r cross join campaign c
where (d + r + c.campaign_id) % 20 = 0;
"""

ORDERS = f"""
set local session_replication_role = replica;
select setseed(0.5);
insert into shop_order (store_id, order_id, name, processed_at, day, created_at, updated_at, test, source_name,
    currency, presentment_currency, total, stated_total, financial_status, fulfillment_status, country, region,
    postal_code, journey_ready)
select {STORE}, day * {IDS_A_DAY} + n, '#' || n, at, at::date, at, at, false, 'web', 'USD', 'USD', 50, 50, 'paid', '',
       'US', 'Region ' || n % {REGIONS}, '', true
from (
    select n, day, {FIRST_DAY}::timestamptz + day * interval '1 day' + random() * interval '86399 seconds' as at
    from generate_series(%(first)s::bigint, %(last)s) n, lateral (select n * 37 % {DAYS} as day) its
) made order by day, n;
insert into order_line (store_id, line_id, order_id, product_id, variant_id, title, sku, quantity, current_quantity,
    unit_price, gift_card)
select {STORE}, order_id * 4 + l, order_id, (order_id * 31 + l * 17) % {PRODUCTS}, 1, 'Candle', 'C-1', 1, 1, 25, false
from shop_order, generate_series(0, (order_id * 7 % 4)::int) l where {OF_THESE} order by order_id;
insert into sale_entry (store_id, sale_id, kind, order_id, line_id, happened_at, day, quantity, amount)
select {STORE}, l.line_id * 2, 'sale', o.order_id, l.line_id, o.processed_at, o.day, 1, 19.99 + o.order_id % 60
from shop_order o join order_line l using (store_id, order_id)
where {OF_THESE}
union all
select {STORE}, order_id * 8, 'discount', order_id, null, processed_at, day, 0, -3.25
from shop_order where {OF_THESE} and order_id % 5 = 0
union all
select {STORE}, order_id * 8 + 1, 'refund', order_id, null, processed_at + interval '9 days', day + 9, -1, -15.5
from shop_order where {OF_THESE} and order_id % 12 = 0;
insert into touch (store_id, order_id, position, occurred_at, channel, source, medium, campaign, campaign_platform_id,
    ad_platform_id, landing_path)
select {STORE}, o.order_id, t, o.processed_at - interval '1 hour' - (7 - t) * (random() * interval '40 hours'),
       channel, channel, 'cpc', 'Campaign ' || c, case when c % 2 = 0 then 'c' || c end,
       case when c % 4 = 0 then 'a' || c end, '/'
from shop_order o, generate_series(0, (o.order_id * 5 % 9)::int - 1) t,
     lateral (select (o.order_id + t * 3) % {CAMPAIGNS} + 1 as c) named,
     lateral (select (array['meta', 'google', 'tiktok', 'pinterest', 'email', 'direct', 'organic'])
                     [case when c % 5 < 3 then c % 4 + 1 else c % 7 + 1 end] as channel) by
where {OF_THESE} order by o.order_id, t;
"""


def make(connection: psycopg.Connection) -> None:
    """The store, its campaigns and their days."""
    connection.execute(BASE)  # pyright: ignore
    settings = "insert into store_settings (store_id, {0}) select {1}, {2}"
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns where table_name = 'store_settings'"
        " and is_nullable = 'NO' and column_name <> 'store_id'"
    ).fetchall()
    given = {"attribution_window_days": "7", "attribution_model": "'last'"}
    values = [given.get(name, "'false'" if kind == "boolean" else "'1'") for name, kind in rows]
    names = ", ".join(name for name, _ in rows)
    connection.execute(settings.format(names, STORE, ", ".join(values)))  # pyright: ignore
    connection.commit()


def grow(connection: psycopg.Connection, first: int, last: int) -> None:
    """Orders first to last, with all that belongs to them."""
    for statement in ORDERS.split(";\n"):
        if statement.strip():
            text = statement.replace("%(first)s", str(first)).replace("%(last)s", str(last))
            connection.execute(text)  # pyright: ignore
    connection.commit()
    connection.autocommit = True
    for table in ("shop_order", "order_line", "sale_entry", "touch", "campaign_region_day", "credit"):
        connection.execute(f"vacuum analyze {table}")  # pyright: ignore
    connection.autocommit = False
