"""Views that follow from the catalogue: every total by day, channel and campaign, and the formulas over them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clique_app.metrics import registry
from clique_app.metrics.definition import Dimension, Formula, Metric, Total
from clique_app.warehouse.functions import rendered
from clique_app.warehouse.known import array
from clique_app.warehouse.view import View

PROFIT = (
    "net_sales", "cost_of_goods", "fulfilment", "payment_fees", "contribution_before_ads", "ad_spend",
    "contribution_profit", "other_marketing", "overhead", "net_profit", "contribution_margin", "mer", "roas",
    "break_even_roas",
)  # fmt: skip
FUNNEL = (
    "sessions", "product_sessions", "cart_sessions", "checkout_sessions", "order_sessions", "bounced_sessions",
    "email_signups", "page_views",
)  # fmt: skip
OF_ORDERS = (
    "net_sales", "gross_sales", "discounts", "refunds", "units", "cost_of_goods", "fulfilment", "payment_fees",
    "contribution_before_ads",
)  # fmt: skip
_BEGIN = "(select min(month) from clique_kept.dates)"
_END = "(select (max(month) + interval '1 month - 1 day')::date from clique_kept.dates)"
_MONTHS = "select store_id, month, month as first_day from clique_kept.dates group by 1, 2"

ADDED_UP = tuple(item for item in registry.METRICS if isinstance(item, Total))
FORMULAS = tuple(
    item for item in registry.METRICS if isinstance(item, Formula) and set(registry.leaves(item)) <= set(ADDED_UP)
)


def _metrics() -> str:
    rows = ", ".join(
        f"({_text(item.key)}, {_text(item.name)}, {_text(item.unit)}, {_text(item.good)}, {_text(item.meaning)}, "
        f"{array(_all(one.needs for one in registry.leaves(item)))}, "
        f"{array(_all(one.sources for one in registry.leaves(item)))}, "
        f"{array(registry.dimensions(item))}, {_text(registry.no_further(item))})"
        for item in registry.METRICS
    )
    return f"""
    select s.store_id, m.metric, m.name, m.unit, m.good, m.meaning,
           clique_kept.is_met(s.store_id, m.needs, m.sources) as known,
           clique_kept.read_from(s.store_id, m.sources) as known_from,
           array(select need from unnest(m.needs) need
                 where not clique_kept.is_met(s.store_id, array[need], array[]::text[])) as lacking,
           m.dimensions, m.no_further
    from store s cross join (
        values {rows}
    ) m (metric, name, unit, good, meaning, needs, sources, dimensions, no_further)
    """


def _metric_days() -> str:
    return " union all ".join(_days_of(total) for total in ADDED_UP)


def _days_of(total: Total) -> str:
    """As metrics/rollup keeps them, of all stores; what every day has is told of whole calendar months."""
    source = total.source.replace(":start", _BEGIN).replace(":end", _END)
    in_history = (
        f" and exists (select from ({_MONTHS}) m where m.store_id = r.store_id "
        f"and m.month = date_trunc('month', {total.day})::date)"
        if source != total.source
        else ""
    )
    return f"""
    select r.store_id, '{total.key}'::text as metric, {total.day} as day,
           coalesce({total.groups.get("channel", "null")}, '') as channel,
           coalesce({total.groups.get("campaign", "null")}, 0)::bigint as campaign_id,
           sum({total.amount})::numeric as amount
    from {source} where {total.day} is not null and ({total.where}){in_history} group by 1, 2, 3, 4, 5
    """


def _wide(items: Sequence[Metric], frame: str, keys: Sequence[str], rows: str) -> str:
    """Metrics as columns beside the keys. frame: every row there is to be; rows: narrow sums by the same keys. A total
    is null where it is not known, on days before its sources were read too; a day without rows is 0."""
    totals = tuple(dict.fromkeys(total for item in items for total in registry.leaves(item)))
    known = ", ".join(
        f"bool_or(known) filter (where metric = '{one.key}') as {one.key}, "
        f"max(known_from) filter (where metric = '{one.key}') as {one.key}_from"
        for one in totals
    )
    sums = ", ".join(f"sum(amount) filter (where metric = '{one.key}') as {one.key}" for one in totals)
    values = ", ".join(
        f"case when k.{one.key} and coalesce(s.first_day >= k.{one.key}_from, true) then coalesce(s.{one.key}, 0) end "
        f"as {one.key}"
        for one in totals
    )
    listed = ", ".join(keys)
    columns = ", ".join(f"{_column(item)} as {item.key}" for item in items)
    # frame and rows are summed together: joined, they were compared each with each of a store
    return f"""
    with k as (select store_id, {known} from clique_kept.metrics group by store_id),
    s as (
      select store_id, {listed}, max(first_day) as first_day, {sums}
      from (select store_id, {listed}, first_day, null::text as metric, null::numeric as amount from ({frame}) frame
            union all select store_id, {listed}, null::date, metric, amount from ({rows}) narrow) together
      group by store_id, {listed} having max(first_day) is not null
    ),
    i as (select s.store_id, {", ".join(f"s.{key}" for key in keys)}, {values} from s join k using (store_id))
    select store_id, {listed}, {columns} from i
    """


def _column(item: Metric) -> str:
    return rendered(item) if isinstance(item, Formula) else f"i.{item.key}"


def _order_amounts() -> str:
    """What each order brought and cost over its whole life, by the totals whose rows are an order's."""
    items = _named(OF_ORDERS)
    totals = dict.fromkeys(total for item in items for total in registry.leaves(item))
    parts = " union all ".join(
        f"select r.store_id, r.order_id, '{one.key}' as metric, sum({one.amount})::numeric as amount "
        f"from {one.source} where ({one.where}) group by 1, 2"
        for one in totals
    )
    frame = "select store_id, order_id, day as first_day from shop_order where not test"
    return _wide(items, frame, ("order_id",), parts)


def _named(keys: Iterable[str]) -> tuple[Metric, ...]:
    return tuple(registry.metric(key) for key in keys)


def _of(dimension: Dimension) -> tuple[Total, ...]:
    return tuple(total for total in ADDED_UP if dimension in total.groups)


def _all(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for group in groups for word in group))


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


_ROWS = "select store_id, day, channel, campaign_id, metric, amount from clique_kept.metric_days"
_BY_MONTH = f"select store_id, date_trunc('month', day)::date as month, metric, amount from ({_ROWS}) by_day"
_DAYS = "select store_id, day, day as first_day from clique_kept.dates"
_CHANNELS = "select distinct store_id, day, channel, day as first_day from clique_kept.metric_days where channel <> ''"
_CAMPAIGNS = (
    "select store_id, day, campaign_id, min(channel) as channel, day as first_day from clique_kept.metric_days "
    "where campaign_id <> 0 group by 1, 2, 3"
)
_BY_CHANNEL = _of("channel")
_BY_CAMPAIGN = _of("campaign")


def _split(totals: tuple[Total, ...]) -> tuple[Metric, ...]:
    """The totals, and the formulas over these alone."""
    return (*totals, *(item for item in FORMULAS if set(registry.leaves(item)) <= set(totals)))


METRICS_VIEW = View(
    "metrics",
    "The catalogue: what each metric means, whether it is known or what is lacking, and by what it is told.",
    _metrics(),
    ("metric",),
)
CATALOGUE_VIEWS = (
    METRICS_VIEW,
    View(
        "metric_days",
        "Every additive metric by day, channel and campaign; the wide views are made of it.",
        _metric_days(),
        ("metric", "day", "channel", "campaign_id"),
    ),
    View("days", "Every additive metric, a column each, by day.", _wide(ADDED_UP, _DAYS, ("day",), _ROWS), ("day",)),
    View(
        "day_ratios",
        "Every formula by day, over that day's totals.",
        _wide(FORMULAS, _DAYS, ("day",), _ROWS),
        ("day",),
    ),
    View(
        "months",
        "Every additive metric and formula by calendar month; the last one may not be over.",
        _wide((*ADDED_UP, *FORMULAS), _MONTHS, ("month",), _BY_MONTH),
        ("month",),
    ),
    View(
        "profit_days",
        "From net sales to net profit, by day.",
        _wide(_named(PROFIT), _DAYS, ("day",), _ROWS),
        ("day",),
    ),
    View(
        "channel_days",
        "What can be told of a channel, by day and channel.",
        _wide(_split(_BY_CHANNEL), _CHANNELS, ("day", "channel"), _ROWS),
        ("day", "channel"),
    ),
    View(
        "campaign_days",
        "What can be told of a campaign, by day and campaign.",
        f"""
        select w.store_id, w.day, w.campaign_id, c.channel, c.name as campaign, {{columns}}
        from ({_wide(_split(_BY_CAMPAIGN), _CAMPAIGNS, ("day", "campaign_id"), _ROWS)}) w
        join campaign c using (store_id, campaign_id)
        """.replace("{columns}", ", ".join(f"w.{item.key}" for item in _split(_BY_CAMPAIGN))),
        ("day", "campaign_id"),
    ),
    View(
        "site_funnel",
        "From a session to an order, by day and channel.",
        _wide(_named(FUNNEL), _CHANNELS, ("day", "channel"), _ROWS),
        ("day", "channel"),
    ),
    View(
        "order_amounts",
        "What each order brought and cost over its whole life (cohort view).",
        _order_amounts(),
        ("order_id",),
    ),
)
