"""Tables that are worked out of others day by day: what they hold, and whose changes make it stale. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from clique_app.metrics import order_worth, performance_sql, registry, rollup
from clique_app.metrics.best_customers import MILLION
from clique_app.metrics.catalog import groups
from clique_app.metrics.catalog.retention import CHANCE_OF_ANOTHER, EXPECTED
from clique_app.metrics.definition import Total
from clique_app.metrics.rollup import ALL_DAYS, SOME_DAYS
from clique_app.tables.rollups import NO_ORDER_BEFORE


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


def _order_gaps(among: str) -> str:
    of_customers = (
        ""
        if among == ALL_DAYS
        else f"""and customer_id in (
            select customer_id from shop_order where store_id = :store_id and day {among} and not test)"""  # noqa: S608
    )
    return f"""
    select day, back, coalesce(former, '{NO_ORDER_BEFORE.isoformat()}'::date) as former, count(*) as orders
    from (
        select day, lag(day) over mine as one, lag(day, 2) over mine as two
        from shop_order where store_id = :store_id and not test and customer_id is not null {of_customers}
        window mine as (partition by customer_id order by processed_at, order_id)
    ) o cross join lateral (values (1::smallint, one), (2::smallint, two)) of_former (back, former)
    where day {among} group by 1, 2, 3
    """  # noqa: S608


def _visitor_gaps(among: str) -> str:
    of_visitors = (
        ""
        if among == ALL_DAYS
        else f"""and visitor_id in (
            select visitor_id from web_session where store_id = :store_id and day {among})"""  # noqa: S608
    )
    return f"""
    select day, coalesce(former, '{NO_ORDER_BEFORE.isoformat()}'::date) as former, count(*) as sessions
    from (
        select day, lag(day) over (partition by visitor_id order by started_at) as former
        from web_session where store_id = :store_id {of_visitors}
    ) r
    where day {among} group by 1, 2
    """  # noqa: S608


def _reorders(among: str) -> str:
    of_customers = (
        ""
        if among == ALL_DAYS
        else f"""and customer_id in (
            select customer_id from shop_order where store_id = :store_id and day {among} and not test)"""  # noqa: S608
    )
    return f"""
    select day, coalesce(former, '{NO_ORDER_BEFORE.isoformat()}'::date) as former, count(*) as foretold,
           sum({CHANCE_OF_ANOTHER}) as chances
    from (
        select store_id, customer_id, day,
               lag(day) over (partition by customer_id order by processed_at, order_id) as former
        from shop_order where store_id = :store_id and not test and customer_id is not null {of_customers}
    ) r {groups.buyer("r")} {EXPECTED}
    where day {among} and {CHANCE_OF_ANOTHER} is not null group by 1, 2
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


PERFORMANCE = Kept(
    "performance_day",
    ("day", "cut", "members", *performance_sql.MEASURES),
    performance_sql.made,
    frozenset({
        "sale_entry", "shop_order", "order_place", "credit", "ad_day", "campaign_region_day", "ad_product",
        "store_settings", "ad_account", "campaign",
    }),
)  # fmt: skip
ORDER_GAPS = Kept("order_gap_day", ("day", "back", "former", "orders"), _order_gaps, frozenset({"order_gap"}))
VISITOR_GAPS = Kept("visitor_gap_day", ("day", "former", "sessions"), _visitor_gaps, frozenset({"visitor_gap"}))
REORDERS = Kept(
    "reorder_day",
    ("day", "former", "foretold", "chances"),
    _reorders,
    frozenset({"order_gap", "customer_won", "customer_value", "profile_prediction"}),
)
CUSTOMER_SALES = Kept(
    "customer_sales_day", ("day", "booked"), _customer_sales, frozenset({"sale_entry", "order_place"})
)
ORDER_WORTH = Kept(
    "order_worth",
    ("day", "order_id", "customer_id", *order_worth.MEASURES),
    order_worth.made,
    frozenset({"order_worth", "shop_order", "store_settings"}),
)
COHORTS = Kept(
    "cohort_day",
    ("day", "won_on", "orders", "first_in_month", *order_worth.MEASURES),
    order_worth.by_cohort,
    frozenset({*ORDER_WORTH.moved_by, "order_gap", "customer_won"}),
)

KEPT = (PERFORMANCE, ORDER_GAPS, VISITOR_GAPS, REORDERS, CUSTOMER_SALES, ORDER_WORTH, COHORTS)
