-- A store of %(orders)s orders over %(days)s days. Chance is seeded, so that two runs make the same store.
insert into store (shop_domain, name, currency, time_zone, country, installed_at, history_from, history_complete,
                     launched_at)
  values ('big.myshopify.com', 'Big store', 'USD', 'UTC', 'US', '2025-01-01Z', %(first_day)s, true, '2025-01-01Z');
insert into store_settings (store_id, attribution_window_days, attribution_model, engagement_product, engagement_minute,
    engagement_cart, engagement_signup, engagement_open, engagement_click, payment_fee_pct, payment_fee_fixed,
    fulfilment_per_order, overhead_per_month, other_marketing_per_month, kill_switch, max_step_pct, max_day_pct,
    max_account_daily_budget, min_daily_budget, cooldown_hours, max_data_age_hours, keep_deliveries_days,
    keep_sync_log_days, keep_restatements_days, keep_page_events_days, keep_reports_days, keep_archive_days)
  values (1, 7, 'last', 20, 20, 40, 20, 20, 80, 2.9, 0.3, 6.5, 20000, 5000, false, 20, 30, 5000, 5, 24, 3, 14, 180, 400, 400, 90, 1095);
insert into member (store_id, user_id, role, first_seen_at, last_seen_at) values (1, 77001, 'owner', %(end)s, %(end)s);
insert into sync_cursor (store_id, source, read_to, history_from, fresh_at, rows, source_count)
  select 1, source, %(end)s, null, %(end)s, %(orders)s, %(orders)s
  from unnest(array['shopify_orders', 'shopify_products', 'shopify_inventory', 'meta_ads', 'google_ads',
                    'tiktok_ads', 'pinterest_ads', 'klaviyo_email', 'web_pixel']) source;
insert into product (store_id, product_id, title, handle, product_type, vendor, status, active, updated_at)
  select 1, p, 'Product ' || p, 'product-' || p, 'Type ' || p %% 12, 'Vendor', 'ACTIVE', true, %(end)s
  from generate_series(1, 500) p;
insert into variant (store_id, variant_id, product_id, inventory_item_id, title, sku, price, tracked, backorder, active)
  select 1, v, (v + 1) / 2, v, 'Variant ' || v, 'SKU-' || v, 10 + (v + 1) / 2 * 37 %% 90, true, false, true
  from generate_series(1, 1000) v;
insert into unit_cost (store_id, variant_id, valid_from, cost) select 1, variant_id, '2000-01-01', round(price * .4, 2) from variant;
insert into location (store_id, location_id, name, country, region, active)
  values (1, 1, 'East', 'US', 'NJ', true), (1, 2, 'West', 'US', 'NV', true);
insert into inventory_level (store_id, inventory_item_id, location_id, available, committed, incoming, updated_at)
  select 1, v, l, (random() * 400)::int, 0, 0, %(end)s from generate_series(1, 1000) v, generate_series(1, 2) l;
insert into inventory_day (store_id, day, inventory_item_id, location_id, available, committed, incoming)
  select 1, %(last_day)s - d, inventory_item_id, location_id, available, 0, 0
  from inventory_level, generate_series(0, least(%(days)s, 90)) d;
insert into ad_account (store_id, channel, account_id, name, currency, time_zone, chosen_at)
  select 1, channel, '1', channel, 'USD', 'UTC', %(end)s
  from unnest(array['meta', 'google', 'tiktok', 'pinterest']) channel;
insert into campaign (store_id, campaign_id, channel, platform_id, account_id, name, objective, status,
                        effective_status, daily_budget, currency, read_at)
  overriding system value
  select 1, c, (array['meta', 'google', 'tiktok', 'pinterest'])[1 + c %% 4], c::text, '1', 'Campaign ' || c, '',
         'active', 'ACTIVE', 200, 'USD', %(end)s from generate_series(1, 40) c;
insert into ad_group (store_id, ad_group_id, channel, platform_id, campaign_id, name, status, effective_status,
                        currency, targeting, read_at)
  overriding system value
  select 1, g, channel, g::text, campaign_id, 'Ad group ' || g, 'active', 'ACTIVE', 'USD', '', %(end)s
  from generate_series(1, 160) g join campaign on campaign_id = 1 + g %% 40;
insert into ad (store_id, ad_id, channel, platform_id, ad_group_id, campaign_id, name, status, effective_status,
                  link_path, read_at)
  overriding system value
  select 1, a, channel, a::text, ad_group_id, campaign_id, 'Ad ' || a, 'active', 'ACTIVE', '', %(end)s
  from generate_series(1, greatest(40, %(orders)s / 2000)) a join ad_group on ad_group_id = 1 + a %% 160;
insert into ad_product (store_id, ad_id, product_id, found_by, read_at)
  select 1, ad_id, 1 + (ad_id * 7 + n * 131) %% 500, 'link', %(end)s
  from ad, generate_series(0, 2) n where ad_id %% 10 < 7 and n <= ad_id %% 3;
insert into ad_day (store_id, day, ad_id, channel, campaign_id, currency, spend, impressions, clicks, link_clicks,
    landing_page_views, add_to_carts, checkouts, video_views, reported_conversions, reported_revenue, read_at, reach,
    rate)
  select 1, %(last_day)s - d, ad_id, channel, campaign_id, 'USD', round((10 + random() * 90)::numeric, 2),
         2000 + (random() * 3000)::int, 40 + (random() * 60)::int, 40, 30, 8, 4, 0, 3,
         round((random() * 400)::numeric, 2), %(end)s, 1500, 1
  from ad, generate_series(0, %(days)s - 1) d;
insert into campaign_region_day (store_id, day, campaign_id, country, region, channel, currency, spend, impressions,
    clicks, link_clicks, landing_page_views, add_to_carts, checkouts, video_views, reported_conversions,
    reported_revenue, read_at, rate)
  select 1, day, campaign_id, 'US', (array['CA', 'TX', 'NY', 'FL', 'IL', 'WA', 'CO', 'GA'])[1 + n], channel, 'USD',
         round(sum(spend) / 8, 2), sum(impressions) / 8, sum(clicks) / 8, 0, 0, 0, 0, 0, 0, 0, %(end)s, 1
  from ad_day, generate_series(0, 7) n group by day, campaign_id, channel, n;
create temporary table placed as
  select n as order_id, 1 + floor(n * .6 * power(random(), .25))::bigint as customer_id,
         timestamptz '2000-01-01Z' as processed_at, random() < .3 as discounted, random() < .6 as shipped,
         (array['CA', 'TX', 'NY', 'FL', 'IL', 'WA', 'CO', 'GA'])[1 + floor(random() * 8)::int] as region
  from generate_series(1, %(orders)s) n;
update placed set processed_at = %(first_day)s::timestamptz + (order_id - 1) * (%(days)s * interval '1 day' / %(orders)s);
insert into order_line (store_id, line_id, order_id, product_id, variant_id, title, sku, quantity, current_quantity,
                          unit_price, gift_card)
  select 1, order_id * 10 + k, order_id, (v + 1) / 2, v, 'Product ' || (v + 1) / 2, 'SKU-' || v, q, q,
         10 + (v + 1) / 2 * 37 %% 90, false
  from (select order_id, k, 1 + floor(power(random(), 2) * 1000)::int as v, case when random() < .8 then 1 else 2 end as q
        from placed, generate_series(1, 4) k where k = 1 or random() < .4) made;
insert into sale_entry (store_id, sale_id, kind, order_id, line_id, product_id, variant_id, happened_at, day,
                          quantity, amount, unit_cost)
  select 1, l.line_id * 10, 'sale', order_id, l.line_id, l.product_id, l.variant_id, processed_at,
         processed_at::date, l.quantity, l.quantity * l.unit_price, round(l.unit_price * .4, 2)
  from order_line l join placed using (order_id)
  union all
  select 1, l.line_id * 10 + 1, 'discount', order_id, l.line_id, l.product_id, l.variant_id, processed_at,
         processed_at::date, 0, -round(l.quantity * l.unit_price * .1, 2), null
  from order_line l join placed using (order_id) where discounted
  union all
  select 1, order_id * 100 + 2, 'shipping', order_id, null, null, null, processed_at, processed_at::date, 0, 5, null
  from placed where shipped
  union all
  select 1, l.line_id * 10 + 3, 'refund', order_id, l.line_id, l.product_id, l.variant_id, later, later::date,
         -l.quantity, -round(l.quantity * l.unit_price * case when discounted then .9 else 1 end, 2),
         round(l.unit_price * .4, 2)
  from (select l.*, p.discounted, p.processed_at + (3 + random() * 27) * interval '1 day' as later
        from order_line l join placed p using (order_id) where random() < .06) l where later < %(end)s;
insert into shop_order (store_id, order_id, name, processed_at, day, created_at, updated_at, test, customer_id,
    source_name, currency, presentment_currency, total, stated_total, financial_status, fulfillment_status,
    fulfilled_at, delivered_at, country, region, postal_code, journey_ready)
  select 1, order_id, '#' || order_id, processed_at, processed_at::date, processed_at, processed_at, false, customer_id,
         'web', 'USD', 'USD', charged, charged, 'PAID', 'FULFILLED', processed_at + interval '1 day',
         case when processed_at < %(end)s - interval '5 days' then processed_at + interval '4 days' end,
         'US', region, '', true
  from placed join (
    select order_id, sum(amount) as charged from sale_entry where kind in ('sale', 'discount', 'shipping') group by 1
  ) t using (order_id);
insert into customer (store_id, customer_id, email_hmac, country, region, postal_code, first_order_id, first_order_at,
                        first_order_day)
  select distinct on (customer_id) 1, customer_id, decode(md5(customer_id::text), 'hex'), 'US', region, '',
         order_id, processed_at, processed_at::date
  from placed order by placed.customer_id, placed.processed_at, placed.order_id;
insert into touch (store_id, order_id, position, occurred_at, channel, source, medium, campaign,
                     campaign_platform_id, ad_platform_id, landing_path)
  select 1, order_id, k, processed_at - (5 - k) * random() * interval '4 days', coalesce(c.channel, free), '', '', '',
         c.campaign_id::text, a.ad_id::text, '/'
  from (select order_id, processed_at, k, case when random() < .6 then 1 + floor(random() * ads)::int end as ad,
               (array['email', 'organic', 'direct', 'referral'])[1 + floor(random() * 4)::int] as free
        from placed, generate_series(0, 4) k, (select count(*) as ads from ad) n where random() < .35) t
  left join ad a on a.ad_id = t.ad left join campaign c using (campaign_id);
insert into web_session (store_id, visitor_id, started_at, ended_at, day, channel, source, medium, campaign,
    referrer, landing_path, landed_on_product, page_views, product_views, engaged_seconds, deepest_scroll_pct,
    added_to_cart, added_viewed_product, wishlisted, checkout_started, signed_up, bounced, order_id)
  select 1, decode(md5('v' || floor(n * .6 * power(random(), .25))::text), 'hex'), at, at + interval '4 minutes',
         at::date, (array['meta', 'google', 'email', 'organic', 'direct', 'referral'])[1 + floor(random() * 6)::int],
         '', '', '', '', '/', random() < .3, 1 + floor(random() * 8)::int, floor(random() * 4)::int,
         floor(random() * 300)::int, case when random() < .5 then floor(random() * 100)::int end, random() < .08,
         random() < .06, false, random() < .05, random() < .02, random() < .4, null
  from (select n, %(first_day)s::timestamptz + (n - 1) * (%(days)s * interval '1 day' / %(orders)s) as at
        from generate_series(1, %(orders)s) n) t;
insert into email_account (store_id, channel, account_id, name, currency, time_zone, read_at)
  values (1, 'klaviyo', 'Big', 'Big store', 'USD', 'UTC', %(end)s);
insert into email_program (store_id, program_id, channel, account_id, sort, platform_id, name, status, trigger, kind, kind_set, read_at)
  overriding system value
  select 1, p, 'klaviyo', 'Big', 'flow', p::text, 'Flow ' || p, 'live', '',
         (array['welcome', 'win_back', 'post_purchase', 'other'])[1 + p %% 4], false, %(end)s
  from generate_series(1, 20) p;
insert into email_day (store_id, day, program_id, message_id, currency, recipients, delivered, unique_opens,
                         unique_clicks, unsubscribes, reported_orders, reported_revenue, read_at)
  select 1, %(last_day)s - d, program_id, 'm', 'USD', 500, 490, 200, 20, 2, 5, 250, %(end)s
  from email_program, generate_series(0, %(days)s - 1) d;
insert into survey_response (store_id, subject, order_id, day, answered_at, changed_at, nps, heard, channel)
  select 1, order_id::text, order_id, processed_at::date, processed_at, processed_at, floor(random() * 11)::int,
         'Instagram', 'meta' from placed where random() < .03;
insert into review (store_id, record_id, source, day, told_at, withdrawn, rating, product_id)
  select 1, order_id, 'file', processed_at::date, processed_at, false, 5, 1 + order_id %% 500
  from placed where random() < .03;
insert into model_version (store_id, kind, state, made_at, data_from, data_to, learnt_from, came_back, parameters,
                             intervals, score, note)
  values (1, 'repeat_purchase', 'current', %(end)s, %(first_day)s, %(last_day)s, 1000, 500, '{}', '{}', '{}', '');
insert into customer_value (store_id, customer_id, as_of, model_id, frequency, recency, age, p_alive, purchases_90,
                              purchases_365, value_90, value_365, reorder_30, next_order_on)
  select 1, customer_id, %(last_day)s, m.model_id, 0, 0, 0, .5, .5, 1, 30, round((random() * 300)::numeric, 2), .2, null
  from customer, model_version m;
