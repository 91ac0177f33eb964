"""What was spent and sold on each day by channel, campaign, place and product, as set-based SQL. Every cut sums to the
same: what is not known of one stands under no member.

An order is the channel's and campaign's that is credited with most of it, all its entries with it; without lines of its
own its fee, its fulfilment and itself are its dearest product's. Spend of ads that promote products is split among
these equally, the rest by what the campaign sold on the day, else its channel, else the store; to the cent, by largest
remainder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from clique_app.metrics import registry, rollup
from clique_app.metrics.catalog.groups import place
from clique_app.metrics.definition import Total
from clique_app.metrics.rollup import Cut
from clique_app.tables.attribution import UNATTRIBUTED
from clique_app.tables.orders import NET_SALES_KINDS

OF_ADS = ("spend", "spend_by_link", "impressions", "clicks", "reported_revenue")
OF_ORDERS = ("orders", "units", "net_sales", "cost_of_goods", "fulfilment", "payment_fees", "attributed_revenue")
MEASURES = (*OF_ADS, *OF_ORDERS)

By = Literal["day", "channel", "campaign", "geography", "product"]
CUTS: Mapping[By, Cut] = {
    "day": (),
    "channel": ("channel",),
    "campaign": ("channel", "campaign"),
    "geography": ("geography",),
    "product": ("product",),
}
_ALL_CUTS = tuple(CUTS.values())
_AD_CUTS = tuple(cut for cut in _ALL_CUTS if set(cut) <= {"channel", "campaign"})

_PLACE = place("placed")
_BY_ORDER = ("orders", "fulfilment", "payment_fees")  # the others are told by the ledger


def _sold(key: str, among: str) -> str:
    """What a total of the catalogue brings to its measure: of which order, product and day."""
    total = registry.metric(key)
    assert isinstance(total, Total)
    product = "true, null::bigint" if key in _BY_ORDER else "false, r.product_id"
    amounts = ", ".join(total.amount if key == measure else "0" for measure in OF_ORDERS[:-1])
    return f"""select r.order_id, {product}, {total.day}, {amounts} from {total.source}
    where r.store_id = :store_id and {total.day} {among} and {total.where}"""  # noqa: S608


_NO_ADS, _NO_ORDERS = (", ".join(f"0 as {measure}" for measure in group) for group in (OF_ADS, OF_ORDERS))
_SUMS = ", ".join(f"sum({measure}) as {measure}" for measure in MEASURES)


def made(among: str) -> str:
    """The rows of PerformanceDay; among: "= any(:days)" or "is not null"."""
    sums = ", ".join(f"sum({measure}) as {measure}" for measure in OF_ORDERS)
    ads = ", ".join(f"sum({measure}) as {measure}" for measure in OF_ADS)
    return f"""
    with {_read(among)},
    parts as (
        select {rollup.in_cuts(_ALL_CUTS)}, {_NO_ADS}, {sums} from sold group by {rollup.grouping_sets(_ALL_CUTS)}
        union all
        select {rollup.in_cuts(_AD_CUTS)}, {ads}, {_NO_ORDERS} from delivered group by {rollup.grouping_sets(_AD_CUTS)}
        union all
        select 'product', day, array[product_id::text], amount, case when by_link then amount else 0 end, 0, 0, 0,
               {_NO_ORDERS}
        from shared
        union all
        select 'product', day, array[null::text], 0, 0, impressions, clicks, reported_revenue, {_NO_ORDERS}
        from delivered
        union all
        select 'geography', day, array[geography], {", ".join(OF_ADS)}, {_NO_ORDERS} from seen
    )
    select day, cut, members, {_SUMS} from parts group by day, cut, members
    """  # noqa: S608  # the catalogue's own SQL


def crossed(among: str) -> str:
    """The same of each day, channel, campaign, place and product together. What a campaign spent on a product is its
    places' in the shares of its spend there: platforms tell of the two apart, never of both."""
    return f"""
    with {_read(among)},
    shares as (
        select * from shared join (
            select day, channel, campaign_id, sum(spend) as whole from delivered group by 1, 2, 3 having sum(spend) <> 0
        ) spent using (day, channel, campaign_id)
    ),
    parts as (
        select day, channel, campaign, geography, product, {_NO_ADS}, {", ".join(OF_ORDERS)} from sold
        union all
        select day, channel, campaign_id::text, geography, product_id::text,
               coalesce(amount * seen.spend / whole, seen.spend),
               case when by_link then amount * seen.spend / whole else 0 end, 0, 0, 0, {_NO_ORDERS}
        from seen left join shares using (day, channel, campaign_id) where seen.spend <> 0
        union all
        select day, channel, campaign_id::text, geography, null, 0, 0, impressions, clicks, reported_revenue,
               {_NO_ORDERS}
        from seen where (impressions, clicks, reported_revenue) <> (0, 0, 0)
    )
    select day, channel, campaign::bigint as campaign_id, geography, product::bigint as product_id, {_SUMS}
    from parts group by 1, 2, 3, 4, 5
    """  # noqa: S608  # the catalogue's own SQL


def _read(among: str) -> str:
    """What was sold, which ads were delivered, and what became of their spend by product and by place."""
    paid = registry.metric("attributed_revenue")
    assert isinstance(paid, Total)
    parts = " union all ".join(_sold(key, among) for key in OF_ORDERS[:-1])
    kinds = ", ".join(f"'{kind}'" for kind in NET_SALES_KINDS)
    return f"""touched as not materialized (
        select r.order_id, r.channel, r.campaign_id, ({paid.where}) as is_paid from credit r
        where r.store_id = :store_id and r.orders > 0 and (r.orders = 1 or not exists (
            select from credit b where b.store_id = :store_id and b.order_id = r.order_id
            and (b.orders, b.position) > (r.orders, r.position)))
    ),
    told (order_id, by_order, product, day, {", ".join(OF_ORDERS[:-1])}) as ({parts}),
    sold as (
        select told.day, coalesce(t.channel, '{UNATTRIBUTED}') as channel, t.campaign_id::text as campaign,
               {_PLACE} as geography, coalesce(told.product, main.product_id)::text as product,
               {", ".join(f"told.{measure}" for measure in OF_ORDERS[:-1])},
               case when t.is_paid then told.net_sales else 0 end as attributed_revenue
        from told left join touched t using (order_id)
        left join shop_order placed on placed.store_id = :store_id and placed.order_id = told.order_id
        left join lateral (
            select l.product_id from order_line l
            where told.by_order and l.store_id = :store_id and l.order_id = told.order_id
            order by l.unit_price * l.quantity desc, l.line_id limit 1
        ) main on true
    ),
    delivered as (
        select r.day, r.ad_id, r.channel, r.campaign_id::text as campaign, r.campaign_id,
               coalesce(r.store_spend, 0) as spend, r.impressions, r.clicks,
               coalesce(r.store_revenue, 0) as reported_revenue, 0 as spend_by_link
        from ad_day r where r.store_id = :store_id and r.day {among}
    ),
    {_by_product(among, kinds)}"""  # noqa: S608  # the catalogue's own SQL


def _by_product(among: str, kinds: str) -> str:
    """Spend by campaign and product (shared), and ads' figures by campaign and place (seen): what platforms do not
    place has no place."""
    return f"""
    weights as (
        select t.channel, t.campaign_id, e.product_id, e.day, sum(e.amount) as weight
        from sale_entry e join touched t on t.order_id = e.order_id
        where e.store_id = :store_id and e.day {among} and e.kind in ({kinds}) and e.product_id is not null
        group by 1, 2, 3, 4 having sum(e.amount) > 0
    ),
    linked as (
        select d.day, d.channel, d.campaign_id, d.ad_id, d.spend, p.product_id, 1 as weight
        from delivered d join ad_product p on p.store_id = :store_id and p.ad_id = d.ad_id where d.spend <> 0
    ),
    rest as (
        select d.day, d.channel, d.campaign_id, sum(d.spend) as spend from delivered d
        where not exists (select from ad_product p where p.store_id = :store_id and p.ad_id = d.ad_id)
        group by 1, 2, 3 having sum(d.spend) <> 0
    ),
    known as (
        select rest.*, case when c.day is not null then 2 when h.day is not null then 1 else 0 end as level
        from rest left join (select distinct day, channel, campaign_id from weights) c using (day, channel, campaign_id)
        left join (select distinct day, channel from weights) h using (day, channel)
    ),
    spread as (
        select day, channel, campaign_id, spend, product_id, weight
        from known join weights using (day, channel, campaign_id) where level = 2
        union all
        select day, channel, k.campaign_id, spend, product_id, sum(weight)
        from known k join weights using (day, channel) where level = 1 group by 1, 2, 3, 4, 5
        union all
        select day, k.channel, k.campaign_id, spend, product_id, sum(weight)
        from known k left join weights using (day) where level = 0 group by 1, 2, 3, 4, 5
    ),
    asked as (
        select true as by_link, day, channel, campaign_id, ad_id as number, spend, product_id, weight from linked
        union all
        select false, day, channel, campaign_id, campaign_id, spend, product_id, coalesce(weight, 1) from spread
    ),
    whole as (
        select *, spend * weight / sum(weight) over one as exact,
               trunc(spend * weight / sum(weight) over one, 2) as cents
        from asked window one as (partition by by_link, day, channel, number)
    ),
    ranked as (
        select *, spend - sum(cents) over one as left_over,
               row_number() over (
                   partition by by_link, day, channel, number order by exact - cents desc, product_id) as place
        from whole window one as (partition by by_link, day, channel, number)
    ),
    shared as (
        select day, channel, campaign_id, product_id, by_link, trim_scale(sum(
            cents + case when place <= floor(left_over * 100) then 0.01 else 0 end
            + case when place = 1 then left_over - floor(left_over * 100) / 100 else 0 end)) as amount
        from ranked group by 1, 2, 3, 4, 5
    ),
    placed_ads as (
        select placed.day, placed.channel, placed.campaign_id, {_PLACE} as geography,
               coalesce(placed.store_spend, 0) as spend, placed.impressions, placed.clicks,
               coalesce(placed.store_revenue, 0) as reported_revenue
        from campaign_region_day placed where placed.store_id = :store_id and placed.day {among}
    ),
    seen as (
        select day, channel, campaign_id, geography, sum(spend) as spend, 0 as spend_by_link,
               sum(impressions) as impressions, sum(clicks) as clicks, sum(reported_revenue) as reported_revenue
        from (
            select * from placed_ads
            union all
            select day, channel, campaign_id, null, spend, impressions, clicks, reported_revenue from delivered
            union all
            select day, channel, campaign_id, null, -spend, -impressions, -clicks, -reported_revenue from placed_ads
        ) ads group by 1, 2, 3, 4
    )"""  # noqa: S608
