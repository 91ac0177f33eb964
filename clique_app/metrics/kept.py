"""Tables that are worked out of others day by day: what they hold, and whose changes make it stale. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from clique_app.metrics import cohort_segments, order_worth, performance_sql, registry, rollup
from clique_app.metrics.catalog import groups
from clique_app.metrics.catalog.retention import CHANCE_OF_ANOTHER, EXPECTED
from clique_app.metrics.catalog.stock import ORDERED
from clique_app.metrics.catalog.value import BY_FIRST_CREDIT, SHARE, first_credits
from clique_app.metrics.definition import Reading, Total
from clique_app.metrics.packed import EPOCH, MILLION
from clique_app.metrics.rollup import ALL_DAYS, SOME_DAYS
from clique_app.tables.attribution import NO_CAMPAIGN, resting_on
from clique_app.tables.rollups import NO_ORDER_BEFORE, NOT_EXPECTED


@dataclass(frozen=True)
class Kept:
    """A table of tables/rollups.py. made: its rows after store_id in the order of columns, of the days {among}."""

    table: str
    columns: tuple[str, ...]
    made: Callable[[str], str]
    moved_by: frozenset[str]  # sources of changes

    @cached_property
    def definition(self) -> str:
        """Changes with anything that changes its rows."""
        return rollup.digest(self.made(ALL_DAYS))

    def rows(self, *, is_kept: bool, is_stale: bool) -> str:
        """A relation of its rows from :kept_from to :kept_to, whatever has changed: those of :days are worked out
        now."""
        listed = ", ".join(self.columns)
        now = f"select {listed} from ({self.made(SOME_DAYS)}) made"  # noqa: S608
        kept = f"select {listed} from {self.table} where store_id = :store_id and day between :kept_from and :kept_to"  # noqa: S608
        if not is_kept:
            return f"({now})"
        # without the other part its sums are planned by what is known of the table
        return f"({kept} and not day = any(:days) union all {now})" if is_stale else f"({kept})"


# rows that follow each other: their table, whose they are, and which count
_ORDERED = ("shop_order", "customer_id", "not test and customer_id is not null")
_VISITED = ("web_session", "visitor_id", "true")
_NEVER = f"'{NO_ORDER_BEFORE.isoformat()}'::date"
_EPOCH = f"'{EPOCH.isoformat()}'::date"
_CUSTOMERS = "string_agg(int8send(c.customer_id), ''::bytea order by c.customer_id) as customers"


def _whole(of: tuple[str, str, str], among: str) -> str:
    """All rows of those who have one on the days {among}: the row before may be of any day."""
    table, who, where = of
    mine = f"from {table} where store_id = :store_id and {where}"
    return mine if among == ALL_DAYS else f"{mine} and {who} in (select {who} {mine} and day {among})"


def _order_gaps(among: str) -> str:
    def back(former: str) -> str:
        return f"int4send(coalesce({former}, {_NEVER}) - {_EPOCH})"

    def packed(back: int) -> str:
        row = f"int4send(former - {_EPOCH}) || int4send(gaps.orders)"
        return f"coalesce(string_agg({row}, ''::bytea order by former) filter (where back = {back}), ''::bytea)"

    return f"""
    with ordered as materialized (
        select day, customer_id, lag(day) over mine as one, lag(day, 2) over mine as two {_whole(_ORDERED, among)}
        window mine as (partition by customer_id order by processed_at, order_id)
    ),
    gaps as (
        select day, back, coalesce(former, {_NEVER}) as former, count(*)::int as orders
        from ordered cross join lateral (values (1, one), (2, two)) of_former (back, former)
        where day {among} group by 1, 2, 3
    ),
    who as (
        select day, string_agg(int8send(customer_id) || {back("one")} || {back("two")}, ''::bytea
                               order by customer_id, one nulls first, two nulls first) as orders
        from ordered where day {among} group by 1
    )
    select gaps.day, {packed(1)} as one_back, {packed(2)} as two_back, who.orders
    from gaps join who using (day) group by gaps.day, who.orders
    """  # noqa: S608


def _visitor_gaps(among: str) -> str:
    return f"""
    select day, coalesce(former, {_NEVER}) as former, count(*) as sessions
    from (
        select day, lag(day) over (partition by visitor_id order by started_at) as former {_whole(_VISITED, among)}
    ) r
    where day {among} group by 1, 2
    """  # noqa: S608


def _reorders(among: str) -> str:
    return f"""
    select day, coalesce(former, {_NEVER}) as former, count(*) as foretold, sum({CHANCE_OF_ANOTHER}) as chances
    from (
        select store_id, customer_id, day,
               lag(day) over (partition by customer_id order by processed_at, order_id) as former
        {_whole(_ORDERED, among)}
    ) r {groups.buyer("r")} {EXPECTED}
    where day {among} and {CHANCE_OF_ANOTHER} is not null group by 1, 2
    """  # noqa: S608


def _expected(among: str) -> str:
    expected = registry.metric("expected_net_sales")
    assert isinstance(expected, Reading)
    return f"""
    select {expected.day} as day, count({expected.amount}) as known, sum({expected.amount}) as value,
           sum({expected.amount} * {expected.amount}) as squares, max(abs(m.missed)) as missed
    from {expected.source} where r.store_id = :store_id and {expected.day} {among} group by 1
    """  # noqa: S608


def _customer_sales(among: str) -> str:
    sales = registry.metric("net_sales")
    assert isinstance(sales, Total)
    return f"""
    select day, string_agg(int8send(customer_id) || int8send(cast(amount * {MILLION} as bigint)), ''::bytea
                           order by customer_id) as booked
    from (
        select {sales.day} as day, o.customer_id, sum({sales.amount}) as amount
        from {sales.source}
        where r.store_id = :store_id and {sales.day} {among} and ({sales.where}) and o.customer_id is not null
        group by 1, 2
    ) booked group by 1
    """  # noqa: S608


def _variant_units(among: str) -> str:
    return f"""
    select day, string_agg(int8send(variant_id) || int4send(units), ''::bytea order by variant_id) as ordered
    from (
        select day, variant_id, sum(quantity)::int as units from sale_entry
        where store_id = :store_id and day {among} and {ORDERED} and variant_id is not null group by 1, 2
    ) sold group by 1
    """  # noqa: S608


def _won_places(among: str) -> str:
    return f"""
    select first_order_day as day, coalesce({groups.place("c")}, '') as place, {_CUSTOMERS}
    from customer c where c.store_id = :store_id and c.first_order_day {among} group by 1, 2
    """  # noqa: S608


def _won_credits(among: str) -> str:
    return f"""
    select c.first_order_day as day, {BY_FIRST_CREDIT["channel"]} as channel,
           coalesce({BY_FIRST_CREDIT["campaign"]}, {NO_CAMPAIGN}) as campaign_id, {SHARE} as share, {_CUSTOMERS}
    from customer c {first_credits("c")}
    where c.store_id = :store_id and c.first_order_day {among} group by 1, 2, 3, 4
    """  # noqa: S608


def _order_credits(among: str) -> str:
    return f"""
    select o.day, r.channel, coalesce(r.campaign_id, {NO_CAMPAIGN}) as campaign_id,
           {resting_on("r.position")} as known_by, sum(r.amount) as amount, sum(r.orders) as orders
    from shop_order o join credit r on r.store_id = :store_id and r.order_id = o.order_id
    where o.store_id = :store_id and o.day {among} group by 1, 2, 3, 4
    """  # noqa: S608


def _won_expected(among: str) -> str:
    def millionths(amount: str) -> str:
        return f"int8send(coalesce(cast({amount} * {MILLION} as bigint), '{NOT_EXPECTED}'::bigint))"

    row = (
        "int8send(r.customer_id)",
        millionths(CHANCE_OF_ANOTHER),
        millionths("v.value_365"),
        "int8send(coalesce(v.model_id, 0))",
    )
    return f"""
    select r.first_order_day as day, string_agg({" || ".join(row)}, ''::bytea order by r.customer_id) as customers
    from customer r {groups.buyer("r")} {EXPECTED}
    where r.store_id = :store_id and r.first_order_day {among}
      and (v.customer_id is not null or {CHANCE_OF_ANOTHER} is not null) group by 1
    """  # noqa: S608


PERFORMANCE = Kept(
    "performance_day",
    ("day", "cut", "members", *performance_sql.MEASURES),
    performance_sql.made,
    frozenset({
        "sale_entry", "shop_order", "order_place", "credit", "ad_day", "campaign_region_day", "ad_product",
        "store_settings", "ad_account", "campaign",
    }),
)  # fmt: skip
ORDER_GAPS = Kept("order_gap_day", ("day", "one_back", "two_back", "orders"), _order_gaps, frozenset({"order_gap"}))
VISITOR_GAPS = Kept("visitor_gap_day", ("day", "former", "sessions"), _visitor_gaps, frozenset({"visitor_gap"}))
REORDERS = Kept(
    "reorder_day",
    ("day", "former", "foretold", "chances"),
    _reorders,
    frozenset({"order_gap", "customer_won", "customer_value", "profile_prediction"}),
)
EXPECTED_VALUES = Kept(
    "expected_day",
    ("day", "known", "value", "squares", "missed"),
    _expected,
    frozenset({"customer", "customer_value"}),
)
CUSTOMER_SALES = Kept(
    "customer_sales_day", ("day", "booked"), _customer_sales, frozenset({"sale_entry", "order_place"})
)
VARIANT_UNITS = Kept("variant_units_day", ("day", "ordered"), _variant_units, frozenset({"sale_entry"}))
_WORTH_MOVED_BY = frozenset({"order_worth", "shop_order", "store_settings", "order_gap"})
ORDER_WORTH = Kept("order_worth_day", ("day", "orders"), order_worth.by_order, _WORTH_MOVED_BY)
COHORTS = Kept("cohort_day", ("day", "cohorts"), order_worth.by_cohort, _WORTH_MOVED_BY | {"customer_won"})
COHORT_SEGMENTS = Kept(
    "cohort_segment_day",
    ("day", "split", "segment", "customers"),
    cohort_segments.made,
    frozenset({"customer", "shop_order", "order_worth", "credit", "product_title"}),
)
WON_PLACES = Kept("won_place_day", ("day", "place", "customers"), _won_places, frozenset({"customer"}))
WON_CREDITS = Kept(
    "won_credit_day",
    ("day", "channel", "campaign_id", "share", "customers"),
    _won_credits,
    frozenset({"customer", "credit"}),
)
# an order's credits are written together, and one of them is of its own day
ORDER_CREDITS = Kept(
    "order_credit_day",
    ("day", "channel", "campaign_id", "known_by", "amount", "orders"),
    _order_credits,
    frozenset({"credit", "shop_order"}),
)
WON_EXPECTED = Kept(
    "won_expected_day",
    ("day", "customers"),
    _won_expected,
    frozenset({"customer", "customer_value", "profile_prediction"}),
)

# what moves who the best customers are, and how many of them there are
RANKED_BY = CUSTOMER_SALES.moved_by | {"customer"}
KEPT = (
    PERFORMANCE, ORDER_GAPS, VISITOR_GAPS, REORDERS, EXPECTED_VALUES, CUSTOMER_SALES, VARIANT_UNITS, ORDER_WORTH,
    COHORTS, COHORT_SEGMENTS, WON_PLACES, WON_CREDITS, ORDER_CREDITS, WON_EXPECTED,
)  # fmt: skip
