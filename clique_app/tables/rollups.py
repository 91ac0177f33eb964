"""Daily sums, and which days have changed since they were summed. All of it can be made anew.

Triggers write MetricChange, so that no code path can forget to.
"""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from clique_app.tables.ads import FILE_ACCOUNT
from clique_app.tables.base import StoreOwned, big, identity, money

NO_ORDER_BEFORE = date(1, 1, 1)
NOT_EXPECTED = -(2**63)
DELIVERED_ON = "({order}.delivered_at at time zone s.time_zone)::date"  # s: the store


class MetricDay(StoreOwned, table=True):
    """What one total sums to on one store day, by one cut: the dimensions it is split by, which members it is of."""

    __tablename__ = "metric_day"

    metric: str = Field(primary_key=True)
    cut: str = Field(primary_key=True)  # of metrics/rollup.py; "": not split
    day: date = Field(primary_key=True)
    members: list[str | None] = Field(sa_column=sa.Column(ARRAY(sa.Text), primary_key=True))  # in the order of the cut
    amount: Decimal = Field(sa_type=sa.Numeric)  # as exact as its rows
    rows: int = big()


class PerformanceDay(StoreOwned, table=True):
    """What was spent and sold on one store day, by one cut. Each cut sums to the same."""

    __tablename__ = "performance_day"

    cut: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    members: list[str | None] = Field(sa_column=sa.Column(ARRAY(sa.Text), primary_key=True))
    spend: Decimal = Field(sa_type=sa.Numeric)
    spend_by_link: Decimal = Field(sa_type=sa.Numeric)  # of it, by what the ads promote; only told by product
    impressions: Decimal = Field(sa_type=sa.Numeric)
    clicks: Decimal = Field(sa_type=sa.Numeric)
    reported_revenue: Decimal = Field(sa_type=sa.Numeric)
    orders: Decimal = Field(sa_type=sa.Numeric)
    units: Decimal = Field(sa_type=sa.Numeric)
    net_sales: Decimal = Field(sa_type=sa.Numeric)
    cost_of_goods: Decimal = Field(sa_type=sa.Numeric)
    fulfilment: Decimal = Field(sa_type=sa.Numeric)
    payment_fees: Decimal = Field(sa_type=sa.Numeric)
    attributed_revenue: Decimal = Field(sa_type=sa.Numeric)


class OrderGapDay(StoreOwned, table=True):
    """How many orders of a day followed a former one of their customer, of which day. From it come the different
    customers of any period: those are its orders whose former one lies before it. And whose order each was, for what is
    asked by what they are, or of two spans of days with others between them."""

    __tablename__ = "order_gap_day"

    day: date = Field(primary_key=True)
    one_back: bytes  # by day of the order before: that, as days since 2000, and how many; both big-endian, of 4 bytes
    two_back: bytes  # the same by the order before that. NO_ORDER_BEFORE stands for none
    # For each order, by customer: their number, of 8 bytes, and the two days as above, of 4. All big-endian.
    orders: bytes


class VisitorGapDay(StoreOwned, table=True):
    """How many sessions of a day followed a former one of their visitor, of which day."""

    __tablename__ = "visitor_gap_day"

    day: date = Field(primary_key=True)
    former: date = Field(primary_key=True)  # NO_ORDER_BEFORE where there is none
    sessions: int


class ReorderDay(StoreOwned, table=True):
    """What is expected of those who ordered on a day, by the day of their order before: how likely they order again."""

    __tablename__ = "reorder_day"

    day: date = Field(primary_key=True)
    former: date = Field(primary_key=True)  # NO_ORDER_BEFORE where there is none
    foretold: int  # orders of customers of whom something is expected
    chances: Decimal = Field(sa_type=sa.Numeric)  # theirs, added


class ExpectedDay(StoreOwned, table=True):
    """What is expected within a year of the customers whose first order was on a day."""

    __tablename__ = "expected_day"

    day: date = Field(primary_key=True)
    known: int  # of how many customers a value is
    value: Decimal | None = Field(default=None, sa_type=sa.Numeric)  # net sales, added
    squares: Decimal | None = Field(default=None, sa_type=sa.Numeric)  # of each, added
    missed: Decimal | None = Field(default=None, sa_type=sa.Numeric)  # by what share their model missed at most


class CustomerSalesDay(StoreOwned, table=True):
    """Net sales that were booked on a day, by customer, in one value: all customers are ranked by what a year of days
    holds, and a million rows take a database ten times as long to hand over."""

    __tablename__ = "customer_sales_day"

    day: date = Field(primary_key=True)
    booked: bytes  # for each customer, by number: that, and millionths of the currency; both big-endian, of 8 bytes


class VariantUnitsDay(StoreOwned, table=True):
    """Units of variants that were ordered on a day, in one value: how fast stock sells is asked for many spans."""

    __tablename__ = "variant_units_day"

    day: date = Field(primary_key=True)
    ordered: bytes  # for each variant, by number: that, of 8 bytes, and how many, of 4; both big-endian


class OrderWorthDay(StoreOwned, table=True):
    """What each order of a day brought until now, whenever it was booked: a refund counts with its order."""

    __tablename__ = "order_worth_day"

    day: date = Field(primary_key=True)  # of the orders
    # For each order, by customer: their number (0: nobody's), of 8 bytes; whether it is their first one in this
    # calendar month, of 4; millionths of net sales, cost of goods, fulfilment and payment fees, of 8. All big-endian.
    orders: bytes


class OrderCreditDay(StoreOwned, table=True):
    """What the orders of a day are credited to, whenever it was booked: the cohort view of credits."""

    __tablename__ = "order_credit_day"

    day: date = Field(primary_key=True)  # of the orders
    channel: str = Field(primary_key=True)
    campaign_id: int = big(primary_key=True)  # NO_CAMPAIGN where there is none
    known_by: str = Field(primary_key=True)  # as CreditDay has it
    amount: Decimal = money()
    orders: Decimal = money()


class WonPlaceDay(StoreOwned, table=True):
    """Who was won on a day, by where they live."""

    __tablename__ = "won_place_day"

    day: date = Field(primary_key=True)
    place: str = Field(primary_key=True)  # as metrics are grouped by it; "": not told
    customers: bytes  # their numbers, big-endian, of 8 bytes


class WonCreditDay(StoreOwned, table=True):
    """Who was won on a day, by what their first order is credited to. Each customer's shares sum to 1."""

    __tablename__ = "won_credit_day"

    day: date = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    campaign_id: int = big(primary_key=True)  # NO_CAMPAIGN where there is none
    share: Decimal = Field(primary_key=True, sa_type=sa.Numeric)
    customers: bytes  # their numbers, big-endian, of 8 bytes


class WonExpectedDay(StoreOwned, table=True):
    """What is expected of each customer who was won on a day."""

    __tablename__ = "won_expected_day"

    day: date = Field(primary_key=True)
    # For each customer: their number; millionths of the chance that they order again, and of what they bring in a year
    # (NOT_EXPECTED: nothing is told); and the number of the model, 0 for none. All big-endian, of 8 bytes.
    customers: bytes


class CohortSegmentDay(StoreOwned, table=True):
    """Who was won on a day, by what their first order was. Each split has each customer once."""

    __tablename__ = "cohort_segment_day"

    day: date = Field(primary_key=True)
    split: str = Field(primary_key=True)  # of metrics/cohort_segments.py
    segment: str = Field(primary_key=True)
    customers: bytes  # their numbers, big-endian, of 8 bytes


class CohortDay(StoreOwned, table=True):
    """What the orders of a day brought until now, by the day on which their customers were won, in one value: at most
    as many rows as days are before it, which a database would take ten times as long to sum."""

    __tablename__ = "cohort_day"

    day: date = Field(primary_key=True)  # of the orders
    # For each day on which customers were won: that (NO_ORDER_BEFORE: of no customer), as days since 2000; orders; and
    # those of them before which their customer had none in this calendar month, each of 4 bytes. Then millionths of net
    # sales, cost of goods, fulfilment and payment fees, each of 8 bytes. All are big-endian.
    cohorts: bytes


class VipStanding(StoreOwned, table=True):
    """The best customers by the end of one day, as the last summing found them. Gone as soon as it is known that they
    may be others."""

    __tablename__ = "vip_standing"

    day: date
    customers: int  # how many they are
    booked: Decimal = Field(sa_type=sa.Numeric)  # net sales of their year
    first: bytes  # the best of them, by rank, as in CustomerSalesDay.booked


class MetricSummed(StoreOwned, table=True):
    """That the days of a total, or of a table here, are kept as this definition sums them."""

    __tablename__ = "metric_summed"

    metric: str = Field(primary_key=True)  # or the table
    definition: str


class MetricChange(SQLModel, table=True):
    """Rows of a table have changed on a day since it was summed. Never merged: who sums a day deletes the changes it
    saw, and one that comes meanwhile stays. Without a foreign key: rows may come before their store in a restore."""

    __tablename__ = "metric_change"

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger)
    change_id: int = identity()
    source: str  # the table, or what of it
    day: date | None = None  # None: on all days


@dataclass(frozen=True)
class Changing:
    """A table that sums rest on, and what of a change to it can move a sum."""

    table: str
    day: str | None  # the column of the day that moves; None: all days
    only: str = "true"  # rows that count
    columns: tuple[str, ...] = ()  # an update that leaves these as they were moves nothing; (): any update may
    named: str = ""  # what is marked, where it is not the table as a whole
    days: str = ""  # where it is not the rows' own day that moves: store and day of others, by the changed ones
    dates: str = ""  # the day of totals, of a row r and its store s, where it is no column
    events: tuple[str, ...] = ("insert", "delete", "update")

    @property
    def source(self) -> str:
        """As MetricChange has it."""
        return self.named or self.table


CHANGING = (
    Changing("sale_entry", "day"),
    Changing("shop_order", "day"),
    Changing("credit", "day"),
    Changing("ad_day", "day"),
    Changing("campaign_region_day", "day"),
    Changing("web_session", "day"),
    Changing("email_day", "day"),
    Changing("email_signup_day", "day"),
    *(Changing(table, "day") for table in ("review", "ugc", "referral", "social_day")),
    Changing(
        "customer", "first_order_day", "first_order_day is not null",
        ("customer_id", "first_order_id", "first_order_day", "country", "region", "email_hmac"),
    ),
    Changing("email_program", None, columns=("kind",)),
    Changing("store_settings", None),
    Changing("ad_account", None, columns=("channel",)),
    Changing("campaign", None, f"account_id = '{FILE_ACCOUNT}'", ("channel", "account_id")),
    Changing(
        "ad_product", None, columns=("ad_id", "product_id"),
        days="select c.store_id, d.day from changed c join ad_day d on d.store_id = c.store_id and d.ad_id = c.ad_id",
    ),
    Changing("ad", None, columns=("ad_id", "ad_group_id"), named="ad_group_of_ad", events=("delete", "update")),
    Changing("variant", None, "tracked", ("variant_id", "tracked"), named="variant_tracked"),
    # refunds of an order count for its place, and for its buyer, on days of their own
    Changing(
        "shop_order", None, columns=("order_id", "country", "region", "customer_id"), named="order_place",
        events=("update",),
        days="""select c.store_id, e.day from changed c
                join sale_entry e on e.store_id = c.store_id and e.order_id = c.order_id""",
    ),
    # a refund moves what its order was worth
    Changing(
        "sale_entry", None, named="order_worth",
        days="""select o.store_id, o.day from (select distinct store_id, order_id from changed) c
                join shop_order o on o.store_id = c.store_id and o.order_id = c.order_id""",
    ),
    # as does the day on which its customer was won; what is expected of whom is known by the address
    Changing(
        "customer", None, "first_order_day is not null", ("customer_id", "first_order_day", "email_hmac"),
        named="customer_won",
        days="""select c.store_id, o.day from changed c
                join shop_order o on o.store_id = c.store_id and o.customer_id = c.customer_id""",
    ),
    # and all that was sold to them: what a first order sold was sold to a new customer
    Changing(
        "customer", None, "first_order_id is not null", ("customer_id", "first_order_id", "first_order_day"),
        named="first_order",
        days="""select c.store_id, e.day from changed c
                join shop_order o on o.store_id = c.store_id and o.customer_id = c.customer_id
                join sale_entry e on e.store_id = o.store_id and e.order_id = o.order_id""",
    ),
    Changing(
        "shop_order", None, "delivered_at is not null", ("delivered_at", "test"), named="delivery",
        days=f"""select r.store_id, {DELIVERED_ON.format(order="r")} from changed r
                 join store s on s.store_id = r.store_id""",  # noqa: S608
        dates=DELIVERED_ON.format(order="r"),
    ),
    # what was sold is called as its product is called now
    Changing(
        "product", None, columns=("product_id", "title"), named="product_title",
        days="""select c.store_id, f.day from changed c
                join order_line l on l.store_id = c.store_id and l.product_id = c.product_id
                join shop_order f on f.store_id = l.store_id and f.order_id = l.order_id""",
    ),
    # what is the order before is another one for each of the customer's later ones
    Changing(
        "shop_order", None, "customer_id is not null",
        ("order_id", "customer_id", "processed_at", "day", "test"), named="order_gap",
        days="""select store_id, day from changed union select c.store_id, o.day from changed c
                join shop_order o on o.store_id = c.store_id and o.customer_id = c.customer_id""",
    ),
    Changing("customer_value", None, columns=("customer_id", "reorder_30", "value_365", "model_id")),
    Changing("profile_prediction", None, columns=("email_hmac", "churn_probability")),
    # what is the session before is another one for each of the visitor's later ones
    Changing(
        "web_session", None, columns=("visitor_id", "started_at", "day"), named="visitor_gap",
        days="""select store_id, day from changed union select c.store_id, n.day from changed c
                join web_session n on n.store_id = c.store_id and n.visitor_id = c.visitor_id
                and n.started_at > c.started_at""",
    ),
    # of a customer's answers to the survey the latest counts
    Changing(
        "survey_response", "day",
        days="""select store_id, day from changed union select c.store_id, n.day from changed c
                join shop_order o on o.store_id = c.store_id and o.order_id = c.order_id
                join shop_order p on p.store_id = o.store_id and p.customer_id = o.customer_id
                join survey_response n on n.store_id = p.store_id and n.order_id = p.order_id""",
    ),
    # whose it is says its order, which may come later
    Changing(
        "shop_order", None, "customer_id is not null", ("order_id", "customer_id"), named="answer_order",
        days="""select n.store_id, n.day from survey_response n
                join changed c on c.store_id = n.store_id and c.order_id = n.order_id
                union select n.store_id, n.day from survey_response n
                join shop_order p on p.store_id = n.store_id and p.order_id = n.order_id
                join changed c on c.store_id = p.store_id and c.customer_id = p.customer_id""",
    ),
)  # fmt: skip


def triggers(*sources: str) -> Iterator[str]:
    """Statements that make every change of these known, however it was made. A migration names those that are there by
    then."""
    for changing in (one for one in CHANGING if one.source in sources):
        for event in changing.events:
            referencing, rows = {
                "insert": ("new table as come", "select * from come"),
                "delete": ("old table as gone", "select * from gone"),
                "update": ("old table as gone new table as come", _moved(changing.columns)),
            }[event]
            name = f"metric_change_{changing.source}_{event}"
            marks = changing.days or f"select store_id, {changing.day or 'null::date'} from changed"  # noqa: S608
            yield f"""
            create function {name}() returns trigger language plpgsql as $$
            begin
              insert into metric_change (store_id, source, day)
              with changed as (select * from ({rows}) moved where {changing.only})
              select distinct store_id, '{changing.source}', day from ({marks}) marked (store_id, day);
              return null;
            end $$
            """  # noqa: S608  # names of our own
            yield (
                f"create trigger {name} after {event} on {changing.table} referencing {referencing} "
                f"for each statement execute function {name}()"
            )


def _moved(columns: tuple[str, ...]) -> str:
    if not columns:
        return "select * from gone union all select * from come"
    listed = ", ".join(("store_id", *columns))
    one, other = f"select {listed} from gone", f"select {listed} from come"  # noqa: S608
    return f"({one} except all {other}) union all ({other} except all {one})"
