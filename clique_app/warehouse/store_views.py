"""Views of orders, products, places, customers, ads, e-mail and stock. SQL over all stores. Pure."""

from __future__ import annotations

from clique_app.customers.cohorts import LTV_DAYS
from clique_app.metrics import registry
from clique_app.metrics.catalog.stock import DAYS_OF_COVER, STOCK_UNITS, UNITS_A_DAY
from clique_app.metrics.definition import Reading, Total
from clique_app.tables.attribution import MOST_CREDITED, UNATTRIBUTED
from clique_app.tables.orders import NET_SALES_KINDS
from clique_app.warehouse.functions import rendered
from clique_app.warehouse.view import View

_KINDS = ", ".join(f"'{kind}'" for kind in NET_SALES_KINDS)
_COST = registry.metric("cost_of_goods")
assert isinstance(_COST, Total)
_LAST_DAY = "select store_id, max(day) as day from clique_kept.dates group by 1"


def _of_variants(reading: Reading, variant: str) -> str:
    """A reading of the catalogue by variant, at the end of each store's last day."""
    told = f"""
    select last.store_id, m.variant_id, m.{reading.key}
    from last cross join lateral (
        select {variant} as variant_id, {reading.value} as {reading.key} from {reading.source}
        where r.store_id = last.store_id and ({reading.period}) and ({reading.where}) group by 1
    ) m
    """
    return told.replace(":start", "last.day").replace(":end", "last.day")


DATES = View(
    "dates",
    "Every day from the first that anything is known of to the last.",
    """
    with span as (
        select store_id, min(day) as first, max(day) as last from (
            select store_id, min(day) as day from shop_order group by 1
            union all select store_id, max(day) from shop_order group by 1
            union all select store_id, min(day) from ad_day group by 1
            union all select store_id, max(day) from ad_day group by 1
            union all select store_id, min(day) from web_session group by 1
            union all select store_id, max(day) from web_session group by 1
        ) ends group by 1
    )
    select store_id, day::date as day, date_trunc('week', day)::date as week, date_trunc('month', day)::date as month,
           date_trunc('quarter', day)::date as quarter, extract(year from day)::int as year,
           extract(isodow from day)::int as weekday
    from span cross join generate_series(first, last, interval '1 day') day
    """,
    ("day",),
)

STORE_VIEWS = (
    View(
        "orders",
        "Orders: when, by whom, from where, by which channel most, and what they came to.",
        f"""
        select o.store_id, o.order_id, o.name, o.processed_at, o.day, o.customer_id,
               o.order_id = c.first_order_id as is_first, c.first_order_day, o.country, o.region,
               coalesce(k.channel, '{UNATTRIBUTED}') as channel, k.campaign_id, o.total, a.net_sales, a.gross_sales,
               a.discounts, a.refunds, a.units, a.cost_of_goods, a.contribution_before_ads,
               o.cancelled_at is not null as cancelled, o.delivered_at
        from shop_order o
        join clique_kept.order_amounts a using (store_id, order_id)
        left join customer c using (store_id, customer_id)
        left join lateral (
          select r.channel, r.campaign_id from credit r
          where r.store_id = o.store_id and r.order_id = o.order_id and r.day = o.day and r.orders > 0
          order by {MOST_CREDITED} limit 1
        ) k on true
        where not o.test
        """,
        ("order_id",),
    ),
    View(
        "product_days",
        "What each product sold and cost, by day in the books.",
        f"""
        select r.store_id, r.day, coalesce(r.product_id, 0) as product_id, coalesce(max(p.title), '') as product,
               coalesce(max(p.product_type), '') as product_type, coalesce(max(p.vendor), '') as vendor,
               count(distinct r.order_id) filter (where r.kind = 'sale') as orders,
               coalesce(sum(r.quantity) filter (where r.kind in ('sale', 'edit', 'refund', 'cancellation')), 0)
               as units,
               coalesce(sum(r.amount) filter (where r.kind = 'sale'), 0) as gross_sales,
               coalesce(-sum(r.amount) filter (where r.kind = 'discount'), 0) as discounts,
               coalesce(-sum(r.amount) filter (where r.kind in ('refund', 'cancellation')), 0) as refunds,
               coalesce(sum(r.amount) filter (where r.kind in ({_KINDS})), 0) as net_sales,
               case when bool_and(k.known) then coalesce(sum({_COST.amount}) filter (where {_COST.where}), 0) end
               as cost_of_goods
        from sale_entry r join store_settings s using (store_id)
        join clique_kept.metrics k on k.store_id = r.store_id and k.metric = '{_COST.key}'
        left join product p on p.store_id = r.store_id and p.product_id = r.product_id
        group by r.store_id, r.day, coalesce(r.product_id, 0)
        """,
        ("day", "product_id"),
    ),
    View(
        "geography_days",
        "Orders by day and the place they were sent to, with what they came to since.",
        """
        select store_id, day, country, region, count(*) as orders, count(*) filter (where is_first) as new_customers,
               sum(units) as units, sum(net_sales) as net_sales, sum(contribution_before_ads) as contribution_before_ads
        from clique_kept.orders group by store_id, day, country, region
        """,
        ("day", "country", "region"),
    ),
    View(
        "region_ad_days",
        "Ads by day, campaign and the place they were shown in; another view of the same spend.",
        """
        select r.store_id, r.day, r.campaign_id, r.country, r.region, r.channel, c.name as campaign, r.currency,
               r.spend, r.rate, r.store_spend, r.impressions, r.clicks
        from campaign_region_day r join campaign c using (store_id, campaign_id)
        """,
        ("day", "campaign_id", "country", "region"),
    ),
    View(
        "credit_days",
        "Net sales and orders given to channels and campaigns by the store's model, by day; they sum to net sales.",
        """
        select r.store_id, r.day, r.channel, coalesce(r.campaign_id, 0) as campaign_id,
               coalesce(max(c.name), '') as campaign, sum(r.amount) as net_sales, sum(r.orders) as orders
        from credit r left join campaign c using (store_id, campaign_id)
        group by r.store_id, r.day, r.channel, coalesce(r.campaign_id, 0)
        """,
        ("day", "channel", "campaign_id"),
    ),
    View(
        "customers",
        "Customers by Shopify's number: their orders, what they brought, and what is expected of them.",
        """
        with brought as (
            select store_id, customer_id, count(*) as orders, max(day) as last_order_day, sum(net_sales) as net_sales,
                   sum(contribution_before_ads) as contribution_before_ads
            from clique_kept.orders where customer_id is not null group by 1, 2
        ),
        gaps as (
            select store_id, customer_id, percentile_cont(0.5) within group (order by gap) as median_gap_days
            from (
                select store_id, customer_id, day - lag(day) over (
                    partition by store_id, customer_id order by processed_at, order_id) as gap
                from clique_kept.orders where customer_id is not null
            ) gap group by 1, 2
        )
        select c.store_id, c.customer_id, c.country, c.region, c.first_order_day,
               date_trunc('month', c.first_order_day)::date as cohort, b.last_order_day,
               coalesce(b.orders, 0) as orders,
               coalesce(b.net_sales, 0) as net_sales, b.contribution_before_ads, g.median_gap_days,
               o.channel as first_channel, v.p_alive, v.purchases_365, v.value_365, v.reorder_30, v.next_order_on,
               p.expected_clv as klaviyo_expected_clv, p.currency as klaviyo_currency,
               p.churn_probability as klaviyo_churn_probability,
               p.next_order_day as klaviyo_next_order_day
        from customer c
        left join brought b using (store_id, customer_id)
        left join gaps g using (store_id, customer_id)
        left join clique_kept.orders o on o.store_id = c.store_id and o.order_id = c.first_order_id
        left join customer_value v on v.store_id = c.store_id and v.customer_id = c.customer_id
        left join profile_prediction p on p.store_id = c.store_id and p.email_hmac = c.email_hmac
        """,
        ("customer_id",),
    ),
    View(
        "cohorts",
        "Customers by the month of their first order, and what they did in each month since (cohort view).",
        """
        with sizes as (
            select store_id, cohort, count(*) as customers from clique_kept.customers where cohort is not null
            group by 1, 2
        ),
        done as (
            select o.store_id, c.cohort, (extract(year from age(date_trunc('month', o.day), c.cohort)) * 12
                   + extract(month from age(date_trunc('month', o.day), c.cohort)))::int as months_since,
                   count(distinct o.customer_id) as buyers, count(*) as orders, sum(o.net_sales) as net_sales,
                   sum(o.contribution_before_ads) as contribution_before_ads
            from clique_kept.orders o join clique_kept.customers c using (store_id, customer_id)
            where c.cohort is not null group by 1, 2, 3
        )
        select d.store_id, d.cohort, d.months_since, s.customers, d.buyers, d.orders, d.net_sales,
               d.contribution_before_ads
        from done d join sizes s using (store_id, cohort)
        """,
        ("cohort", "months_since"),
    ),
    View(
        "ltv",
        "Net sales per customer within so many days of the first order, of those alone who have been here as long.",
        f"""
        with old as (
            select c.store_id, c.cohort, d.days, c.customer_id, c.first_order_day, l.day - c.first_order_day >= d.days
                   as is_old
            from clique_kept.customers c join ({_LAST_DAY}) l using (store_id)
            cross join unnest(array[{", ".join(map(str, LTV_DAYS))}]) d (days)
            where c.cohort is not null
        ),
        spent as (
            select c.store_id, c.cohort, c.days, sum(o.net_sales) as net_sales,
                   sum(o.contribution_before_ads) as contribution_before_ads
            from old c join clique_kept.orders o using (store_id, customer_id)
            where c.is_old and o.day - c.first_order_day <= c.days group by 1, 2, 3
        ),
        sizes as (
            select store_id, cohort, days, count(*) as customers, count(*) filter (where is_old) as old_enough
            from old group by 1, 2, 3
        )
        select z.store_id, z.cohort, z.days, z.customers, z.old_enough,
               s.net_sales / nullif(z.old_enough, 0) as ltv_net_sales,
               s.contribution_before_ads / nullif(z.old_enough, 0) as ltv
        from sizes z left join spent s using (store_id, cohort, days)
        """,
        ("cohort", "days"),
    ),
    View(
        "customer_journey",
        "A customer's way from the first touch to advocacy, a step a row in the order of time.",
        """
        with steps as (
            select o.store_id, o.customer_id, t.occurred_at as at, 'touch' as kind, o.order_id, t.channel,
                   t.campaign as detail, null::numeric as amount, t.position as part
            from touch t join clique_kept.orders o using (store_id, order_id)
            union all
            select store_id, customer_id, processed_at, 'order', order_id, channel, name, gross_sales - discounts, 0
            from clique_kept.orders
            union all
            select store_id, customer_id, delivered_at, 'delivery', order_id, '', name, null, 0
            from clique_kept.orders where delivered_at is not null
            union all
            select o.store_id, o.customer_id, e.happened_at, 'refund', o.order_id, '', o.name, sum(e.amount), 0
            from sale_entry e join clique_kept.orders o using (store_id, order_id)
            where e.kind in ('refund', 'cancellation') group by 1, 2, 3, 5, o.name
            union all
            select o.store_id, o.customer_id, a.answered_at, 'survey', o.order_id, a.channel, a.heard, a.nps, 0
            from survey_response a join clique_kept.orders o using (store_id, order_id)
            union all
            select c.store_id, c.customer_id, (w.day + time '12:00') at time zone z.time_zone, w.kind, null, '',
                   w.detail, w.rating, row_number() over (partition by w.store_id order by w.kind, w.record_id)
            from (
                select store_id, customer_hmac, record_id, day, 'review' as kind, source as detail, rating
                from review where not withdrawn
                union all
                select store_id, customer_hmac, record_id, day, 'ugc', network, null from ugc where not withdrawn
                union all
                select store_id, customer_hmac, record_id, day, 'loyalty', source, null
                from loyalty_member where not withdrawn
            ) w
            join customer c on c.store_id = w.store_id and c.email_hmac = w.customer_hmac
            join store z on z.store_id = w.store_id
        )
        select store_id, customer_id, row_number() over (
                 partition by store_id, customer_id order by at, kind, order_id, part)::int as step,
               at, kind, order_id, channel, detail, amount
        from steps where customer_id is not null
        """,
        ("customer_id", "step"),
    ),
    View(
        "email_days",
        "What became of e-mails, by the day they were sent, and campaign or flow.",
        """
        select r.store_id, r.day, r.program_id, p.name as program, p.sort, p.kind, sum(r.recipients) as recipients,
               sum(r.delivered) as delivered, sum(r.unique_opens) as opens, sum(r.unique_clicks) as clicks,
               sum(r.unsubscribes) as unsubscribes, sum(r.reported_orders) as reported_orders,
               max(r.currency) as currency, sum(r.reported_revenue) as reported_revenue
        from email_day r join email_program p using (store_id, program_id)
        group by r.store_id, r.day, r.program_id, p.name, p.sort, p.kind
        """,
        ("day", "program_id"),
    ),
    View(
        "stock",
        "What is in stock now, and how many days the stock of the last day lasts, as the catalogue has it.",
        f"""
        with last as ({_LAST_DAY}),
        here as (
            select store_id, inventory_item_id, sum(available) as available, sum(committed) as committed,
                   sum(incoming) as incoming
            from inventory_level group by 1, 2
        ),
        i as (
            select v.store_id, v.variant_id, s.stock_units,
                   case when k.known then coalesce(u.units_a_day, {UNITS_A_DAY.of_nothing}) end as units_a_day
            from variant v
            join clique_kept.metrics k on k.store_id = v.store_id and k.metric = '{DAYS_OF_COVER.key}'
            left join ({_of_variants(STOCK_UNITS, "v.variant_id")}) s
            on s.store_id = v.store_id and s.variant_id = v.variant_id and k.known
            left join ({_of_variants(UNITS_A_DAY, "r.variant_id")}) u
            on u.store_id = v.store_id and u.variant_id = v.variant_id
        )
        select v.store_id, v.variant_id, v.product_id, p.title as product, v.title as variant, v.sku, v.price,
               h.available, h.committed, h.incoming, i.stock_units, i.units_a_day,
               {rendered(DAYS_OF_COVER)} as days_of_cover
        from variant v
        join product p using (store_id, product_id)
        join i using (store_id, variant_id)
        left join here h using (store_id, inventory_item_id)
        where v.active and v.tracked
        """,
        ("variant_id",),
    ),
    View(
        "stock_days",
        "Stock at the end of each day, by variant.",
        """
        select d.store_id, d.day, v.variant_id, v.product_id, sum(d.available) as available
        from inventory_day d join variant v using (store_id, inventory_item_id) group by 1, 2, 3, 4
        """,
        ("day", "variant_id"),
    ),
)

LIVE_VIEWS = (
    View(
        "model_credits",
        "What every model of attribution gives to a channel and campaign on a day.",
        "select store_id, day, model, channel, campaign_id, known_by, amount, orders from credit_day",
    ),
    View(
        "order_lines",
        "The lines of orders.",
        """
        select l.store_id, l.order_id, l.line_id, l.product_id, l.variant_id, l.title, l.sku, l.quantity,
               l.current_quantity, l.unit_price
        from order_line l join shop_order o using (store_id, order_id) where not o.test
        """,
    ),
    View(
        "products",
        "Products and how they are sorted.",
        "select store_id, product_id, title, handle, product_type, vendor, status, active from product",
    ),
    View(
        "campaigns",
        "Campaigns of all channels.",
        """
        select store_id, campaign_id, channel, platform_id, name, objective, status, daily_budget, currency
        from campaign
        """,
    ),
    View(
        "ad_days",
        "What each ad did on each of its platform's days. Reach adds up over neither days nor ads.",
        """
        select d.store_id, d.day, d.channel, d.campaign_id, c.name as campaign, g.ad_group_id, g.name as ad_group,
               d.ad_id, a.name as ad, d.currency, d.spend, d.rate, d.store_spend, d.impressions, d.clicks,
               d.link_clicks, d.landing_page_views, d.add_to_carts, d.checkouts, d.video_views, d.reported_conversions,
               d.reported_revenue, d.store_revenue, nullif(d.reach, 0) as reach,
               d.impressions::numeric / nullif(d.reach, 0) as frequency
        from ad_day d
        join ad a using (store_id, ad_id)
        join ad_group g on g.store_id = a.store_id and g.ad_group_id = a.ad_group_id
        join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id
        """,
    ),
    View(
        "restatements",
        "Credits of a day that was over and came out otherwise since, by model and channel, with the cause.",
        """
        select store_id, made_at, cause, day, model, channel, before, after, after - before as change
        from credit_restatement
        """,
    ),
    View(
        "restated_ad_days",
        "Ad days that a platform has restated: each former value, when it was replaced, and what is known now.",
        """
        select f.store_id, f.day, d.channel, d.campaign_id, c.name as campaign, f.ad_id, a.name as ad, d.currency,
               f.replaced_at, f.spend as former_spend, d.spend, f.reported_revenue as former_reported_revenue,
               d.reported_revenue, d.read_at
        from ad_day_former f
        join ad_day d using (store_id, day, ad_id)
        join ad a using (store_id, ad_id)
        join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id
        """,
    ),
    View(
        "touches",
        "Visits that came before an order.",
        "select store_id, order_id, position, occurred_at, channel, source, medium, campaign, click_id from touch",
    ),
    View(
        "sessions",
        "Visits to the online store; visitor is a hash.",
        """
        select store_id, encode(visitor_id, 'hex') as visitor, started_at, ended_at, day, channel, source, medium,
               campaign, landed_on_product, page_views, product_views, engaged_seconds, deepest_scroll_pct,
               added_to_cart, checkout_started, signed_up, bounced, order_id
        from web_session
        """,
    ),
    View(
        "ledger",
        "The dated bookings that all sales figures add up.",
        """
        select e.store_id, e.sale_id, e.kind, e.order_id, e.line_id, e.product_id, e.variant_id, e.happened_at, e.day,
               e.quantity, e.amount, e.unit_cost
        from sale_entry e
        """,
    ),
)
