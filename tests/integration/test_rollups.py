"""A figure is the same whether its days were summed ahead or not, whatever has changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from clique_app import clock
from clique_app.attribution import service as attribution
from clique_app.customers import service as customers
from clique_app.database import store_session, system_session
from clique_app.metrics import kept_service, members_service, order_worth, readings_service, service, sums_service
from clique_app.metrics.buyers import BY_BUYER
from clique_app.metrics.catalog.retention import CUSTOMERS_TO_DATE, VIP_NET_SALES, VIP_YEAR_DAYS
from clique_app.metrics.catalog.stock import INVENTORY_VALUE, STOCK_UNITS, UNITS_A_DAY
from clique_app.metrics.catalog.value import CREDITED_EXPECTED, EXPECTED_NET_SALES, PAYBACK
from clique_app.metrics.cohort_segments import SEGMENTS
from clique_app.metrics.definition import Dimension, Filters, Formula, Period, Reading, Total
from clique_app.metrics.gaps import CUSTOMERS, EXPECTED, RETURNS, VISITORS
from clique_app.metrics.registry import METRICS
from clique_app.tables import (
    DERIVED_TABLES,
    Ad,
    AdGroup,
    Campaign,
    Order,
    OrderLine,
    SaleEntry,
    Store,
    StoreSettings,
    SyncCursor,
    Touch,
)
from clique_app.tables.site import PIXEL

ZONE = "America/New_York"
NOON = datetime(2026, 10, 1, 16, tzinfo=UTC)
WHOLE = Period(date(2026, 9, 1), date(2026, 11, 30))
TOTALS = tuple(item for item in METRICS if isinstance(item, Total))
TOLD_BY_DAY = tuple(total for total in TOTALS if total.key in {*order_worth.COHORT_TOTALS, *RETURNS})
LEAVES = tuple(item for item in METRICS if not isinstance(item, Formula))
_TOLD_BY: dict[Dimension, set[str]] = {
    "geography": {*BY_BUYER, *EXPECTED, *order_worth.COHORT_TOTALS, EXPECTED_NET_SALES.key},
    "cohort": {*BY_BUYER, *EXPECTED, *order_worth.COHORT_TOTALS, EXPECTED_NET_SALES.key},
    "new_returning": {*BY_BUYER, *EXPECTED},
    "channel": {*order_worth.COHORT_TOTALS, CREDITED_EXPECTED.key},
    "campaign": {*order_worth.COHORT_TOTALS, CREDITED_EXPECTED.key},
}
BY_MEMBER: dict[Dimension, list[Total | Reading]] = {
    by: [leaf for leaf in LEAVES if leaf.key in keys and by in leaf.groups] for by, keys in _TOLD_BY.items()
}
VISITS_SEEN = NOON + timedelta(days=18)
OF_SPANS = (CUSTOMERS_TO_DATE, VIP_NET_SALES, EXPECTED_NET_SALES, CREDITED_EXPECTED, UNITS_A_DAY, STOCK_UNITS,
            INVENTORY_VALUE)  # fmt: skip
FROM_KEPT = tuple(
    item
    for item in METRICS
    if isinstance(item, Reading)
    and item.key in {*CUSTOMERS, *VISITORS, *EXPECTED, *PAYBACK, *(one.key for one in OF_SPANS)}
)
RANKED = Period(WHOLE.end - timedelta(days=VIP_YEAR_DAYS), WHOLE.end)
SPANS = (WHOLE, Period(date(2026, 10, 3), date(2026, 10, 5)), RANKED)
SPLIT: tuple[Dimension, ...] = ("geography", "new_returning", "cohort", "product", "ad_group", "ad")
BY_CHANNEL = tuple(total for total in TOTALS if "channel" in total.groups and "campaign" in total.groups)

orders = st.tuples(
    st.just("order"), st.integers(1, 6), st.integers(0, 5), st.integers(-900, 9000), st.sampled_from(["meta", "email"])
)
spends = st.tuples(st.just("spend"), st.integers(1, 2), st.integers(0, 5), st.integers(0, 900), st.just(""))
others = st.tuples(
    st.sampled_from(["fee", "delete", "account", "buyer", "answer", "redact", "review", "refund", "visit", "expect",
                     "churn", "place", "home", "title", "discount", "touch", "stock", "track", "regroup", "forget_ad",
                     "roll_up"]),
    st.integers(1, 6), st.integers(0, 5), st.integers(0, 9), st.just(""),
)  # fmt: skip
Step = tuple[str, int, int, int, str]
NEXT_MONTH = 5  # the day of orders that are placed then
SUMMED: Step = ("roll_up", 1, 0, 0, "")
OF_ONE_BUYER: list[Step] = [("order", 1, 0, 900, "meta"), ("order", 4, 1, 900, "email")]
WON: list[Step] = [("order", 1, 0, 900, "meta"), ("buyer", 1, 0, 2, ""), ("title", 1, 0, 1, ""), SUMMED]
WON_LATER: list[Step] = [("order", 1, NEXT_MONTH, 900, "meta"), ("order", 4, 1, 90, "email"), ("buyer", 1, 0, 2, "")]
ANSWERED: list[Step] = [("answer", 1, 2, 9, ""), ("answer", 4, 3, 2, "")]

SPEND = """
insert into ad_day (
  store_id, day, ad_id, channel, campaign_id, currency, spend, impressions, clicks, link_clicks, landing_page_views,
  add_to_carts, checkouts, video_views, reported_conversions, reported_revenue, read_at, reach
) select store_id, :day, ad_id, 'meta', ad_id, 'USD', :amount, 1, 1, 1, 1, 1, 1, 1, 1, 1, :day, 1
from ad where store_id = :store and ad_id = :number
on conflict (store_id, day, ad_id) do update set spend = excluded.spend
"""

ANSWER = """
insert into survey_response (store_id, subject, order_id, day, answered_at, changed_at, nps, heard, channel)
values (:store, :subject, :number, :day, :at, :at, :amount, '', '')
on conflict (store_id, subject) do update set day = excluded.day, answered_at = excluded.answered_at, nps = excluded.nps
"""

REVIEW = """
insert into review (store_id, record_id, source, day, told_at, withdrawn, rating)
values (:store, :number, 'file', :day, :at, :amount > 6, 5)
on conflict (store_id, record_id) do update set day = excluded.day, withdrawn = excluded.withdrawn
"""


# of an order that is here
REFUND = """
insert into sale_entry (store_id, sale_id, kind, order_id, happened_at, day, quantity, amount)
select store_id, order_id, 'refund', order_id, :at, :day, -1, -:amount from shop_order
where store_id = :store and order_id = :number
on conflict (store_id, order_id, sale_id, kind) do update set day = excluded.day, amount = excluded.amount
"""

VISIT = """
insert into web_session (store_id, visitor_id, started_at, ended_at, day, channel, page_views, product_views,
                         engaged_seconds, source, medium, campaign, referrer, landing_path, landed_on_product,
                         added_to_cart, added_viewed_product, wishlisted, checkout_started, signed_up, bounced)
values (:store, int8send(:amount % 3), :at, :at, :day, 'meta', 1, 0, 0, '', '', '', '', '/', false, false, false,
        false, false, false, true)
on conflict (store_id, visitor_id, started_at) do nothing
"""

# whoever has ordered is here as a customer
EXPECT = """
with here as (
  insert into customer (store_id, customer_id, country, region, postal_code, first_order_day)
  values (:store, :number % 3 + 1, '', '', '', :day) on conflict do nothing
)
insert into customer_value (store_id, customer_id, as_of, model_id, frequency, recency, age, p_alive, purchases_90,
                            purchases_365, reorder_30, value_365)
values (:store, :number % 3 + 1, :day, 1, 0, 0, 0, 0, 0, 0, 0.1 * :amount, nullif(:amount, 0) * 7)
on conflict (store_id, customer_id) do update set reorder_30 = excluded.reorder_30, value_365 = excluded.value_365
"""

CHURN = """
insert into profile_prediction (store_id, email_hmac, currency, churn_probability, read_at)
values (:store, int8send(:number % 3 + 1), 'USD', 0.1 * :amount, :at)
on conflict (store_id, email_hmac) do update set churn_probability = excluded.churn_probability
"""

TITLE = """
insert into product (store_id, product_id, title, handle, product_type, vendor, status, active, updated_at)
values (:store, :number % 2, :amount % 3, '', '', '', '', true, :at)
on conflict (store_id, product_id) do update set title = excluded.title
"""
TOUCH = """
insert into touch (store_id, order_id, position, occurred_at, channel, source, medium, campaign, landing_path)
select o.store_id, o.order_id, (select count(*) from touch t where t.store_id = :store and t.order_id = :number),
       o.processed_at, :channel, '', '', '', ''
from shop_order o where o.store_id = :store and o.order_id = :number
"""
DISCOUNT = REFUND.replace("'refund'", "'discount'").replace("-1, -:amount", "0, -:amount")

STOCK = """
insert into inventory_day (store_id, day, inventory_item_id, location_id, available, committed, incoming)
values (:store, :day, :number % 3, 1, :amount % 2, 0, 0)
on conflict (store_id, day, inventory_item_id, location_id) do update set available = excluded.available
"""
TRACK = "update variant set tracked = :amount % 2 = 0 where store_id = :store and variant_id = :number % 3"
REGROUP = "update ad set ad_group_id = :amount % 2 + 1 where store_id = :store and ad_id = :number % 2 + 1"
FORGET_AD = "delete from ad where store_id = :store and ad_id = :number % 2 + 1"
# of products of their own: what orders sold may have no name
VARIANTS = """
with sold as (
  insert into product (store_id, product_id, title, handle, product_type, vendor, status, active, updated_at)
  values (:store, 9, '', '', '', '', '', true, now()) returning store_id, product_id
)
insert into variant (store_id, variant_id, product_id, inventory_item_id, title, sku, price, tracked, backorder, active)
select store_id, number, product_id, number, '', '', 1, number < 2, false, true from sold, generate_series(0, 2) number
"""

PLACE = "update shop_order set region = cast(:amount as text) where store_id = :store and order_id = :number"
HOME = """
update customer
set region = case when :amount > 6 then cast(:amount as text) else region end,
    email_hmac = case when :amount > 6 then email_hmac else int8send(:amount % 4) end
where store_id = :store and customer_id = :number % 3 + 1
"""
WRITTEN = {
    "refund": REFUND, "discount": DISCOUNT, "place": PLACE, "title": TITLE, "expect": EXPECT, "churn": CHURN,
    "review": REVIEW, "stock": STOCK, "home": HOME, "track": TRACK,
    "regroup": REGROUP, "forget_ad": FORGET_AD,
}  # fmt: skip


@pytest.fixture
def store_id(database_env: None) -> int:
    with system_session() as session:
        store = Store(shop_domain="rollups.myshopify.com", time_zone=ZONE, installed_at=NOON)
        session.add(store)
        session.flush()
        store_id = store.store_id
    with store_session(store_id) as session:
        session.add(StoreSettings(store_id=store_id, attribution_model="linear"))
        session.add(SyncCursor(store_id=store_id, source=PIXEL, fresh_at=VISITS_SEEN))
    return store_id


def do(session: Session, store_id: int, step: Step) -> None:
    what, number, day, amount, channel = step
    at, run = NOON + timedelta(days=day), session.connection()
    of = {"store": store_id, "number": number, "amount": amount}
    match what:
        case "order":
            run.execute(text("delete from shop_order where store_id = :store and order_id = :number"), of)
            at += timedelta(days=30) if day == NEXT_MONTH else timedelta()
            add_order(session, store_id, number, at, Decimal(amount) / 100, channel)
            attribution.credit_orders(session, store_id, [number])
        case "spend":
            run.execute(
                text(SPEND),
                {**of, "day": clock.day_of(at, ZONE)},
            )
        case "fee":
            run.execute(text("update store_settings set payment_fee_pct = :amount where store_id = :store"), of)
        case "delete":
            run.execute(text("delete from shop_order where store_id = :store and order_id = :number"), of)
        case "account":
            run.execute(
                text(
                    "insert into ad_account (store_id, channel, account_id, name, currency, time_zone, chosen_at)"
                    " values (:store, 'meta', '1', '', 'USD', 'UTC', now()) on conflict do nothing"
                    if amount % 2
                    else "delete from ad_account where store_id = :store"
                ),
                of,
            )
        case "buyer":
            run.execute(
                text(
                    "insert into customer (store_id, customer_id, email_hmac, country, region, postal_code,"
                    " first_order_id, first_order_day) values (:store, :amount, int8send(:amount), '', '', '', :number,"
                    " coalesce((select day from shop_order where store_id = :store and order_id = :number), :day))"
                    " on conflict (store_id, customer_id) do update set first_order_id = excluded.first_order_id,"
                    " first_order_day = excluded.first_order_day"
                ),
                {**of, "day": clock.day_of(at, ZONE)},
            )
        case "answer":  # of an order that is here, or comes later
            run.execute(text(ANSWER), {**of, "day": clock.day_of(at, ZONE), "at": at, "subject": str(number)})
        case "visit":  # some come again within a week, some later, some too late to be judged
            at += timedelta(days=3 * day)
            run.execute(text(VISIT), {**of, "day": clock.day_of(at, ZONE), "at": at})
        case "touch":  # another one, later than those before
            run.execute(text(TOUCH), {**of, "at": at, "channel": ("meta", "email")[day % 2]})
            attribution.credit_orders(session, store_id, [number])
        case "redact":
            run.execute(text("update shop_order set customer_id = null where order_id = :number"), of)
        case "roll_up":
            sums_service.roll_up(session, store_id)
            kept_service.rank(session, store_id, WHOLE.end)
        case _:
            run.execute(text(WRITTEN[what]), {**of, "day": clock.day_of(at, ZONE), "at": at})


def add_order(session: Session, store_id: int, number: int, at: datetime, amount: Decimal, channel: str) -> None:
    day = clock.day_of(at, ZONE)
    order = Order(
        store_id=store_id, order_id=number, name="#", processed_at=at, day=day, created_at=at, updated_at=at,
        currency="USD", presentment_currency="USD", total=amount, stated_total=amount, customer_id=number % 3 + 1,
    )  # fmt: skip
    sale = SaleEntry(
        store_id=store_id, sale_id=number, kind="sale", order_id=number, happened_at=at, day=day, amount=amount,
        quantity=1, unit_cost=Decimal(1), variant_id=number % 3,
    )  # fmt: skip
    line = OrderLine(
        store_id=store_id, line_id=number, order_id=number, product_id=number % 2, title="as sold", unit_price=amount,
        quantity=1, current_quantity=1,
    )  # fmt: skip
    touch = Touch(store_id=store_id, order_id=number, position=0, occurred_at=at, channel=channel,
                  ad_platform_id=str(number % 2 + 1))  # fmt: skip
    for row in (order, sale, line, touch):
        session.add(row)
        session.flush()
        session.expunge(row)


def add_ads(session: Session, store_id: int) -> None:
    for number in (1, 2):
        same = {"store_id": store_id, "channel": "meta", "platform_id": str(number), "name": "", "read_at": NOON}
        for row in (
            Campaign(**same, campaign_id=number, account_id="1", status="active", currency="USD"),
            AdGroup(**same, ad_group_id=number, campaign_id=number, status="active", currency="USD"),
            Ad(**same, ad_id=number, ad_group_id=number, campaign_id=number, status="active"),
        ):
            session.merge(row)
        session.flush()


def from_rows(
    session: Session, store_id: int, total: Total, by: str, filters: Filters | None, also_by: str = ""
) -> dict[object, Decimal]:
    """The sums in plain SQL, without anything that was kept."""
    members, groups = (f"{by}, {also_by}", "1, 2") if also_by else (by, "1")
    nothing_kept = sums_service.Moment(sums_service.changes(session, store_id), {})
    leaf, values = sums_service.as_now(store_id, total, WHOLE, nothing_kept)
    statement = f"select {members}, {leaf.value} {sums_service.rows_of(leaf, filters)} group by {groups}"
    rows = session.connection().execute(text(statement), sums_service.values_of(store_id, WHOLE, filters) | values)
    return {tuple(at) if also_by else at[0]: Decimal(amount) for *at, amount in rows if amount}


@settings(max_examples=12)
@given(st.lists(st.one_of(orders, spends, others), min_size=1, max_size=12))
@example([*OF_ONE_BUYER, *ANSWERED, SUMMED, ("redact", 4, 0, 0, "")])  # the answer before counts again
@example([*ANSWERED, SUMMED, *OF_ONE_BUYER])  # it is told late whose answers these are
@example([*OF_ONE_BUYER, *ANSWERED, SUMMED, ("answer", 1, 5, 7, "")])  # another answer is the latest
@example([*OF_ONE_BUYER, ("buyer", 1, 0, 2, ""), ("refund", 4, 3, 100, ""), SUMMED, ("buyer", 4, 1, 2, "")])  # first
@example([*OF_ONE_BUYER, ("refund", 4, 3, 100, ""), SUMMED, ("place", 4, 0, 7, "")])  # a refund is of another place
@example([*WON_LATER, SUMMED, ("order", 1, 0, 900, "meta"), ("buyer", 1, 0, 2, "")])  # won in another month
@example([*WON, ("title", 1, 0, 2, "")])  # what was sold first is called otherwise
@example([*WON, ("touch", 1, 1, 0, "")])  # the first order is credited otherwise
@example([*WON, ("home", 1, 0, 7, "")])  # the customer has moved
@example([*WON, ("expect", 1, 0, 5, ""), ("churn", 1, 0, 4, ""), SUMMED, ("home", 1, 0, 3, "")])  # with another address
@example([*WON, ("expect", 1, 0, 5, ""), ("touch", 1, 1, 0, ""), SUMMED, ("churn", 1, 0, 4, "")])  # two channels
@example(
    [("order", 4, 0, 9, "meta"), ("buyer", 1, 0, 0, ""), ("redact", 4, 0, 0, "")]
)  # of nobody, whatever numbers are
@example([*OF_ONE_BUYER, ("buyer", 1, 0, 2, ""), SUMMED, ("order", 1, 5, 90, "meta")])  # orders in another order
@example([*WON, ("discount", 1, 3, 100, "")])  # it was sold for less
@example([*OF_ONE_BUYER, SUMMED, ("stock", 1, 1, 0, ""), ("order", 1, 1, 900, "meta")])  # sold, then out of stock
@example([*OF_ONE_BUYER, SUMMED, ("track", 1, 0, 1, "")])  # its stock is tracked no more
@example([*OF_ONE_BUYER, SUMMED, ("regroup", 1, 0, 2, "")])  # the ad credited is another group's
@example([*OF_ONE_BUYER, SUMMED, ("forget_ad", 1, 0, 0, ""), ("spend", 2, 0, 90, "")])  # of no group that is known
@example([("visit", 1, 0, 3, ""), SUMMED, ("visit", 1, 1, 3, ""), ("visit", 1, 3, 3, ""), ("visit", 1, 4, 0, "")])
def test_sums_are_those_of_the_rows_whenever_they_were_made(store_id: int, steps: list[Step]) -> None:
    with store_session(store_id) as session:
        for table in ("shop_order", "inventory_day", "variant", "product", "customer", "campaign", "ad_account",
                      "survey_response", "review", "web_session", "customer_value", "profile_prediction",
                      *DERIVED_TABLES):  # fmt: skip
            session.connection().execute(text(f"delete from {table}"))
        add_ads(session, store_id)
        session.connection().execute(text(VARIANTS), {"store": store_id})
        for step in steps:
            do(session, store_id, step)
        one: Filters = {"channel": "meta", "campaign": 1}
        by_day = sums_service.sums(session, store_id, TOTALS, WHOLE, "day")
        narrowed = sums_service.sums(session, store_id, BY_CHANNEL, WHOLE, "day", one)
        by_channel = sums_service.sums(session, store_id, BY_CHANNEL, WHOLE, "channel")
        by_both = sums_service.by_day_and(session, store_id, BY_CHANNEL, WHOLE, "channel")
        for by in SPLIT:
            grouped = [total for total in TOTALS if by in total.groups]
            split = sums_service.sums(session, store_id, grouped, WHOLE, by)
            for total in grouped:
                of_rows = from_rows(session, store_id, total, total.groups[by], None)
                assert nonzero(split[total.key]) == of_rows, (total.key, by)
        for total in TOTALS:
            assert nonzero(by_day[total.key]) == from_rows(session, store_id, total, total.day, None), total.key
        for total in BY_CHANNEL:
            assert nonzero(narrowed[total.key]) == from_rows(session, store_id, total, total.day, one), total.key
            channel = total.groups["channel"]
            assert nonzero(by_channel[total.key]) == from_rows(session, store_id, total, channel, None), total.key
            paired = from_rows(session, store_id, total, total.day, None, channel)
            assert nonzero(by_both[total.key]) == paired, total.key
        told = kept_service.by_day(session, store_id, TOTALS, WHOLE, sums_service.now(session, store_id))
        assert told.keys() == {total.key for total in TOLD_BY_DAY}
        for total in TOLD_BY_DAY:
            assert nonzero(told[total.key]) == from_rows(session, store_id, total, total.day, None), total.key
        check_members(session, store_id)
        for reading in FROM_KEPT:
            raw = replace(reading, key="of the rows")
            [told, of_rows] = [readings_service.read(session, store_id, [one], SPANS, None) for one in (reading, raw)]
            assert list(told.values()) == list(of_rows.values()), reading.key
            assert {key for key, _ in told} == {reading.key}
        ranked = kept_service.vips(session, store_id, WHOLE.end, 3)
        cohorts = {by: customers.cohorts(session, store_id, by) for by in ("", *SEGMENTS)}
        assert sums_service.roll_up(session, store_id) >= 0
        assert kept_service.vips(session, store_id, WHOLE.end, 3) == ranked
        kept_service.rank(session, store_id, WHOLE.end)
        assert kept_service.vips(session, store_id, WHOLE.end, 3) == ranked
        assert not sums_service.reconcile(session, store_id)
        assert {by: customers.cohorts(session, store_id, by) for by in cohorts} == cohorts
        session.connection().execute(text("delete from metric_summed"))  # so that nothing kept is used
        assert {by: customers.cohorts(session, store_id, by) for by in cohorts} == cohorts


def check_members(session: Session, store_id: int) -> None:
    """What is told of customers by a dimension is what their rows tell."""
    for by, leaves in BY_MEMBER.items():
        now = sums_service.now(session, store_id)
        told = members_service.by_member(session, store_id, LEAVES, WHOLE, by, now)
        assert told.keys() == {leaf.key for leaf in leaves}
        for leaf in leaves:
            if isinstance(leaf, Total):
                rows = from_rows(session, store_id, leaf, leaf.groups[by], None)
                assert nonzero({at: value for at, (value, _) in told[leaf.key].items()}) == rows, (leaf.key, by)
            else:
                read = readings_service.read_by(session, store_id, leaf, WHOLE, by, None)
                assert told[leaf.key].keys() == read.keys(), (leaf.key, by)
                for member, (value, margin) in read.items():
                    assert told[leaf.key][member] == pytest.approx((value, margin), abs=Decimal("1e-9")), (leaf.key, by)


def nonzero(sums: object) -> dict[object, Decimal]:
    assert isinstance(sums, dict)
    return {at: amount for at, amount in sums.items() if amount}


def test_a_change_committed_while_days_are_summed_is_not_forgotten(store_id: int) -> None:
    day = clock.day_of(NOON, ZONE)
    with store_session(store_id) as session:
        add_order(session, store_id, 1, NOON, Decimal(10), "meta")
    with store_session(store_id) as writer:
        add_order(writer, store_id, 2, NOON, Decimal(5), "meta")
        with store_session(store_id) as summing:
            sums_service.roll_up(summing, store_id)
    with store_session(store_id) as session:
        assert service.figure(session, store_id, "gross_sales", Period(day, day)).inputs == ()
        sums = sums_service.sums(session, store_id, TOTALS, Period(day, day), "day")
        assert sums["gross_sales"] == {day: Decimal(15)}
        left = session.connection().execute(text("select count(*) from metric_change")).scalar_one()
        assert left > 0


def test_a_definition_that_changed_is_summed_from_the_rows_until_it_is_summed_again(store_id: int) -> None:
    day = Period(clock.day_of(NOON, ZONE), clock.day_of(NOON, ZONE))
    with store_session(store_id) as session:
        add_order(session, store_id, 1, NOON, Decimal(10), "meta")
        sums_service.roll_up(session, store_id)
        session.connection().execute(text("update metric_day set amount = 99 where metric = 'gross_sales'"))
        gross = next(total for total in TOTALS if total.key == "gross_sales")
        assert sums_service.sums(session, store_id, [gross], day, "day")["gross_sales"][day.start] == 99
        session.connection().execute(text("update metric_summed set definition = 'of the last release'"))
        assert sums_service.sums(session, store_id, [gross], day, "day")["gross_sales"][day.start] == 10
        sums_service.roll_up(session, store_id)
        assert sums_service.sums(session, store_id, [gross], day, "day")["gross_sales"][day.start] == 10


def test_a_kept_sum_that_is_wrong_is_found_and_made_anew(store_id: int) -> None:
    with store_session(store_id) as session:
        add_order(session, store_id, 1, NOON, Decimal(10), "meta")
        sums_service.roll_up(session, store_id)
        session.connection().execute(text("update metric_day set amount = 99 where metric = 'gross_sales'"))
        assert sums_service.reconcile(session, store_id) == ["gross_sales"]
        assert sums_service.reconcile(session, store_id) == []
