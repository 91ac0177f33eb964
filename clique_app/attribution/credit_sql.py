"""Credits as set-based SQL: the same statements credit a million orders and the one that just arrived, by any model.

A model gives every touch within the window before the purchase a weight; touch by touch the weights add up to 1, and a
touch takes what the order's net sales of a day, rounded to the cent, grow by from its beginning to its end. So the
parts are cents and sum exactly. Refunds, edits and cancellations follow to the same touches in the same shares on
their own days. Without a touch the channel the buyer named in the survey stands in; else a campaign that promoted a
product of the order in its region in the week before; else it is 'unattributed'.
"""

from __future__ import annotations

from collections.abc import Sequence

from clique_app.attribution.models import ENDS, HALF_LIFE_DAYS, Model
from clique_app.tables.attribution import BY_PLACE, BY_SURVEY, NO_TOUCH, UNATTRIBUTED

# ruff: noqa: S608  (composed of our own names only)

# {among} stands for the orders in question. It is written into the statement and not switched by a parameter: only so
# does the planner take the index for a few orders, and a batch costs the same however many orders are here already.
BATCH_MEMORY = "128MB"  # of a sort or hash when all of history is credited
PLACE_DAYS = 7  # how long a campaign's spend in a region tells of orders there, its own day among them
SOME_ORDERS = "= any(:order_ids)"
ALL_ORDERS = "is not null"

# where one touch takes everything: the order in which that one comes first
ONE_TOUCH: dict[Model, str] = {
    "last": "occurred_at desc, position desc",
    "last-non-direct": "channel = 'direct', occurred_at desc, position desc",
    "first": "occurred_at, position",
}
# else what a touch weighs against the others of its order; models.shares says the same of one journey
WEIGHTS: dict[Model, str] = {
    "linear": "1",
    "position": f"case when nth in (1, touches) then {ENDS} else {1 - 2 * ENDS} / (touches - 2) end",
    "decay": f"power(2.0, -age_days / {HALF_LIFE_DAYS})",
    "markov": "case when max(effect) over journey > 0 then effect else 1 end / count(*) over same",
    "shapley": "1.0 / count(*) over same",
}

_VISITS = """
asked as {held} (
    select order_id, day, processed_at, country, region
    from shop_order
    where store_id = :store_id and not test and order_id {among}
),
visit as (
    select t.order_id, t.position, t.occurred_at, t.channel, t.campaign, t.campaign_platform_id, t.ad_platform_id,
           a.day, a.processed_at
    from shop_order a join touch t on t.store_id = :store_id and t.order_id = a.order_id and t.order_id {among}
    where a.store_id = :store_id and not a.test and a.order_id {among}
      and t.occurred_at <= a.processed_at
      and t.occurred_at > a.processed_at - make_interval(days => :window_days)
)"""
_COUNTED = """
learnt as (
    select * from unnest(cast(:effects_from as date[]), cast(:effects_until as date[]),
                         cast(:effects_of as text[]), cast(:effects as float[]))
             as e (from_day, until_day, channel, effect)
),
counted as (
    select v.*, date_part('epoch', v.processed_at - v.occurred_at) / 86400 as age_days,
           coalesce(e.effect, 0) as effect,
           row_number() over (partition by order_id order by occurred_at, position) as nth,
           count(*) over (partition by order_id) as touches
    from visit v left join learnt e on e.channel = v.channel and v.day >= e.from_day and v.day < e.until_day
)"""
_TOUCH = "order_id, position, channel, campaign, campaign_platform_id, ad_platform_id"
_ONE = f"""
select * from (
    select distinct on (order_id) {_TOUCH}, '{{model}}' as model, 0::float as begins, 1::float as ends
    from visit order by order_id, {{first}}
) chosen"""
# both sums run the same way: a touch begins at the very number where the one before it ends
_SHARED = f"""
select {_TOUCH}, '{{model}}' as model, coalesce(begins / whole, 0) as begins, ends / whole as ends
from (
    select {_TOUCH}, weight,
           sum(weight) over (step rows between unbounded preceding and 1 preceding) as begins,
           sum(weight) over (step rows between unbounded preceding and current row) as ends,
           sum(weight) over (step rows between unbounded preceding and unbounded following) as whole
    from (
        select {_TOUCH}, nth, ({{weight}})::float as weight from counted
        window journey as (partition by order_id), same as (partition by order_id, channel)
    ) weighed
    window step as (partition by order_id order by nth)
) summed
where weight > 0"""

# campaigns that promoted a product of the order in its region: the last one that did, within a week; by weeks of any
# kind, so that an order meets the days of two of them and not of the whole year
_PLACES = f"""
spent as materialized (
    select campaign_id, channel, country, region, day, store_spend, (day - date '2000-01-01') / {PLACE_DAYS} as week
    from campaign_region_day
    where store_id = :store_id and spend > 0
      and day between (select min(day) from untouched) - {PLACE_DAYS - 1} and (select max(day) from untouched)
),
promoted as materialized (
    select a.campaign_id, p.product_id
    from ad_product p join ad a on a.store_id = :store_id and a.ad_id = p.ad_id where p.store_id = :store_id
    union
    select campaign_id, product_id from ad where store_id = :store_id and product_id is not null
),
wanted as materialized (
    select distinct u.order_id, u.day, u.country, u.region, m.campaign_id,
           (u.day - date '2000-01-01') / {PLACE_DAYS} - further as week
    from untouched u
    join order_line l on l.store_id = :store_id and l.order_id = u.order_id and l.order_id {{among}}
    join promoted m on m.product_id = l.product_id
    cross join generate_series(0, 1) further
    where u.region <> ''
),
matched as materialized (
    select distinct on (w.order_id) w.order_id, s.channel, s.campaign_id
    from wanted w join spent s using (campaign_id, country, region, week)
    where s.day between w.day - {PLACE_DAYS - 1} and w.day
    order by w.order_id, s.day desc, s.store_spend desc nulls last, s.campaign_id
)"""
_RECEIVERS = f"""
untouched as (
    select a.* from asked a
    where not exists (select from credited c where c.order_id = a.order_id and c.model = '{{first_model}}')
),
said as materialized (
    select s.order_id, s.channel
    from survey_response s where s.store_id = :store_id and s.order_id {{among}} and s.channel <> ''
),
{_PLACES},
receiver as (
    select order_id, model, position, channel, campaign, campaign_platform_id, ad_platform_id,
           null::bigint as campaign_id, 'visit' as known_by, begins, ends
    from credited
    union all
    select u.order_id, m.model,
           case when s.channel is not null then {BY_SURVEY} when p.channel is not null then {BY_PLACE}
                else {NO_TOUCH} end,
           coalesce(s.channel, p.channel, '{UNATTRIBUTED}'), null, null, null,
           case when s.channel is null then p.campaign_id end,
           case when s.channel is not null then 'survey' when p.channel is not null then 'place' else '' end, 0, 1
    from untouched u
    left join said s using (order_id)
    left join matched p using (order_id)
    cross join unnest(array[{{models}}]) as m (model)
),
booked as (
    -- an order counts on its own day, whatever was booked and when
    select order_id, day, sum(amount) as amount, max(orders) as orders
    from (
        select order_id, day, amount, 0 as orders
        from sale_entry
        where store_id = :store_id and order_id {{among}} and kind = any(:net_sales_kinds) {{days}}
        union all
        select order_id, day, 0, 1 from asked where true {{days}}
    ) entry
    group by order_id, day
)"""
_NAMED = """
named as (
    select channel, name, min(campaign_id) as campaign_id
    from campaign where store_id = :store_id
    group by channel, name having count(*) = 1
)"""
# Campaigns may be read after the orders they brought, so tying credits to them is a step that is taken again. A utm_id
# that is a known campaign's id decides; else a utm_campaign that is the name of exactly one campaign.
_LINKED = """
left join campaign by_id on by_id.store_id = :store_id and by_id.channel = {of}.channel
     and by_id.platform_id = {of}.campaign_platform_id
left join named on named.channel = {of}.channel and named.name = {of}.campaign"""
_AD = """
left join ad by_ad on by_ad.store_id = :store_id and by_ad.channel = {of}.channel
     and by_ad.platform_id = {of}.ad_platform_id"""


def _part(of: str, places: str) -> str:
    """What a receiver takes of an amount; who ends the journey takes what is finer than the cent."""
    ends = f"case when r.ends = 1 then {of} else round({of} * r.ends::numeric, {places}) end"
    return f"{ends} - case when r.begins = 0 then 0 else round({of} * r.begins::numeric, {places}) end"


def _receivers(models: Sequence[Model], among: str, days: bool) -> str:
    credited = " union all ".join(
        f"({_ONE.format(model=model, first=ONE_TOUCH[model])})"
        if model in ONE_TOUCH
        else f"({_SHARED.format(model=model, weight=WEIGHTS[model])})"
        for model in models
    )
    after = _RECEIVERS.format(
        among=among,
        first_model=models[0],
        models=", ".join(f"'{model}'" for model in models),
        days="and day = any(:days)" if days else "",
    )
    counted = "" if ONE_TOUCH.keys() >= set(models) else f", {_COUNTED}"
    held = "not materialized" if among == ALL_ORDERS else "materialized"  # all orders are better read again
    return f"{_VISITS.format(among=among, held=held)}{counted}, credited as ({credited}), {after}, {_NAMED}"


_COLUMNS = "store_id, order_id, day, position, channel, campaign_id, ad_id, amount, orders"
_FORGET = "delete from credit where store_id = :store_id and order_id {among}"


def _credits(model: Model, among: str) -> str:
    return f"""
    with {_receivers([model], among, days=False)}
    select cast(:store_id as bigint), r.order_id, b.day, r.position, r.channel,
           coalesce(r.campaign_id, by_id.campaign_id, named.campaign_id), by_ad.ad_id,
           {_part("b.amount", ":places")}, {_part("b.orders", "6")}
    from booked b join receiver r using (order_id) {_LINKED.format(of="r")} {_AD.format(of="r")}
    """


def some_orders(model: Model) -> tuple[str, ...]:
    """Write the credits of these orders by a model, in place of those there are."""
    return (
        _FORGET.format(among=SOME_ORDERS),
        f"insert into credit ({_COLUMNS}) {_credits(model, SOME_ORDERS)}",
    )


def all_orders(model: Model) -> tuple[str, ...]:
    """The same of every order. All is read before it is written: several processes read for a new table, only one for
    an insert."""
    return (
        f"set local work_mem = '{BATCH_MEMORY}'",
        "set local enable_hashagg = off",  # a group for each order would not fit in it, and they come in order
        "drop table if exists credit_read",
        f"create temporary table credit_read ({_COLUMNS}) on commit drop as {_credits(model, ALL_ORDERS)}",
        "set local enable_hashagg to default",
        _FORGET.format(among=ALL_ORDERS),
        f"insert into credit ({_COLUMNS}) select * from credit_read",
    )


def by_day(models: Sequence[Model], among: str) -> str:
    """What these orders credit on :days by each model, by channel and campaign, as rows of credit_day."""
    return f"""
    with {_receivers(models, among, days=True)},
    summed as (
        select b.day, r.model, r.channel, r.campaign, r.campaign_platform_id, r.campaign_id, r.known_by,
               sum({_part("b.amount", ":places")}) as amount, sum({_part("b.orders", "6")}) as orders
        from booked b join receiver r using (order_id)
        group by 1, 2, 3, 4, 5, 6, 7
    )
    select s.day, s.model, s.channel, coalesce(s.campaign_id, by_id.campaign_id, named.campaign_id, 0) as campaign_id,
           s.known_by, sum(s.amount) as amount, sum(s.orders) as orders
    from summed s {_LINKED.format(of="s")}
    group by 1, 2, 3, 4, 5
    """


def journey(models: Sequence[Model]) -> str:
    """An order's touches within the window, each with what every model gives it of the order."""
    among = SOME_ORDERS
    return f"""
    with {_receivers(models, among, days=False)}
    select r.position, r.channel, r.known_by, r.model, r.ends - r.begins as share,
           coalesce(r.campaign_id, by_id.campaign_id, named.campaign_id) as campaign_id
    from receiver r {_LINKED.format(of="r")}
    """


LINK = f"""
with {_NAMED}, linked as (
    select t.order_id, t.position, coalesce(by_id.campaign_id, named.campaign_id) as campaign_id, by_ad.ad_id
    from touch t {_LINKED.format(of="t")} {_AD.format(of="t")}
    where t.store_id = :store_id
)
update credit set campaign_id = l.campaign_id, ad_id = l.ad_id
from linked l
where credit.store_id = :store_id and l.order_id = credit.order_id and l.position = credit.position
  and (credit.campaign_id, credit.ad_id) is distinct from (l.campaign_id, l.ad_id)
"""
# orders without a touch whose match by region and product is another one since ads were read
MATCHED_OTHERWISE = f"""
with untouched as (
    select distinct o.order_id, o.day, o.country, o.region
    from credit c join shop_order o on o.store_id = :store_id and o.order_id = c.order_id
    where c.store_id = :store_id and c.position in ({NO_TOUCH}, {BY_PLACE})
),
{_PLACES.format(among=ALL_ORDERS)}
select distinct c.order_id
from credit c left join matched m using (order_id)
where c.store_id = :store_id and c.position in ({NO_TOUCH}, {BY_PLACE})
  and (c.position, c.campaign_id)
      is distinct from (case when m.order_id is null then {NO_TOUCH} else {BY_PLACE} end, m.campaign_id)
"""
