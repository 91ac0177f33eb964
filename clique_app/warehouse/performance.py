"""Unified performance for analysts: a row for each day, channel, campaign, place and product. Pure.

A function of days, and a view that asks it for the days it is narrowed to.
"""

from __future__ import annotations

from clique_app.metrics import performance_sql, registry
from clique_app.metrics.catalog.stock import DAYS_OF_COVER, STOCK_UNITS, UNITS_A_DAY
from clique_app.metrics.definition import Formula, Leaf, Reading
from clique_app.metrics.performance_service import COLUMNS, MEASURE, NOT_BY_PRODUCT
from clique_app.warehouse.functions import PERIOD, Function, rendered
from clique_app.warehouse.known import array
from clique_app.warehouse.view import View

_ITEMS = tuple(registry.metric(key) for key in COLUMNS)
_LEAVES = tuple(dict.fromkeys(leaf for item in _ITEMS for leaf in registry.leaves(item)))
_AMOUNTS = tuple(dict.fromkeys((*COLUMNS, STOCK_UNITS.key, DAYS_OF_COVER.key)))
_TEXTS = {"day": "date", "channel": "text", "campaign_id": "bigint", "campaign": "text", "geography": "text",
          "product_id": "bigint", "product": "text", "spend_by": "text"}  # fmt: skip
_MEANING = (
    "Spend, sales and stock by day, channel, campaign, place and product: every sum over rows is that of the whole. "
    "Spend of a product is that of the ads that promote it, and of others its share of what their campaign sold."
)


def _known(leaf: Leaf) -> str:
    """Whether it is known of the store, and from which day on."""
    sources = array(leaf.sources)
    return (
        f"clique_kept.is_met(:store_id, {array(leaf.needs)}, {sources}) as {leaf.key}, "
        f"clique_kept.read_from(:store_id, {sources}) as {leaf.key}_from"
    )


def _where_known(leaf: Leaf, value: str) -> str:
    told = f"k.{leaf.key} and coalesce(p.day >= k.{leaf.key}_from, true)"
    told += " and p.product_id is null" if leaf.key in NOT_BY_PRODUCT else ""
    told += " and coalesce(p.day <= k.last_day, true)" if isinstance(leaf, Reading) and leaf.as_of_end else ""
    return f"case when {told} then {value} end as {leaf.key}"


def _of_products(reading: Reading) -> str:
    """A reading at the end of each day, by product."""
    told = f"""
    select {reading.groups["product"]} as product_id, {reading.value} as {reading.key} from {reading.source}
    where r.store_id = :store_id and ({reading.period}) and ({reading.where}) group by 1
    """
    each = told.replace(":start", "d.day").replace(":end", "d.day")
    return f"select d.day, m.* from (select distinct day from made) d cross join lateral ({each}) m"


def _body() -> str:
    stock = (STOCK_UNITS, UNITS_A_DAY)
    known = ", ".join(_known(leaf) for leaf in (*_LEAVES, *stock))
    values = [_where_known(leaf, f"p.{MEASURE.get(leaf.key, leaf.key)}") for leaf in _LEAVES]
    values.append(_where_known(STOCK_UNITS, "s.stock_units"))
    nothing = UNITS_A_DAY.of_nothing
    pace = f"case when p.product_id is not null then coalesce(u.units_a_day, {nothing}) end"
    values.append(_where_known(UNITS_A_DAY, pace))
    shown = ", ".join(
        f"{rendered(item) if isinstance(item, Formula) else f'i.{item.key}'} as {item.key}"
        for item in (*_ITEMS, STOCK_UNITS, DAYS_OF_COVER)
    )
    return f"""
    with k as materialized (select clique_kept.last_day(:store_id) as last_day, {known}),
    made as materialized ({performance_sql.crossed("between :start and :end")}),
    i as (
        select p.day, p.channel, p.campaign_id, p.geography, p.product_id, p.spend, p.spend_by_link, {", ".join(values)}
        from made p cross join k
        left join ({_of_products(STOCK_UNITS)}) s on s.day = p.day and s.product_id = p.product_id
        left join ({_of_products(UNITS_A_DAY)}) u on u.day = p.day and u.product_id = p.product_id
    )
    select i.day, i.channel, i.campaign_id, c.name, i.geography, i.product_id, g.title,
           case when i.product_id is null or i.spend = 0 then '' when i.spend_by_link = i.spend then 'promoted'
                when i.spend_by_link = 0 then 'share' else 'both' end, {shown}
    from i
    left join campaign c on c.store_id = :store_id and c.campaign_id = i.campaign_id
    left join product g on g.store_id = :store_id and g.product_id = i.product_id
    """


_RETURNS = ", ".join(f"{name} {kind}" for name, kind in (*_TEXTS.items(), *((key, "numeric") for key in _AMOUNTS)))
PERFORMANCE = Function("performance", PERIOD, f"table ({_RETURNS})", _body(), _MEANING)
PERFORMANCE_VIEW = View(
    "performance",
    _MEANING,
    f"""
    select o.store_id, each.day, {", ".join(f"p.{name}" for name in (*_TEXTS, *_AMOUNTS) if name != "day")}
    from (select store_id, min(day) as first, max(day) as last from (
              select store_id, min(day) as day from sale_entry group by 1
              union all select store_id, max(day) from sale_entry group by 1
              union all select store_id, min(day) from ad_day group by 1
              union all select store_id, max(day) from ad_day group by 1
          ) ends group by 1) o
    cross join lateral (
        select (o.first + n)::date as day from generate_series(0, o.last - o.first) n
    ) each
    cross join lateral clique.performance(each.day, each.day) p
    """,
)
