"""Cohorts that sum to net sales, and the models of repeat purchase in a store: CDNOW's, and small ones by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from clique_app import clock
from clique_app.attribution import service as attribution
from clique_app.customers import cohorts, journey_service, service, training, value_service
from clique_app.customers.grid import Cohort, merged
from clique_app.database import store_session
from clique_app.errors import NotFound
from clique_app.lab import orders as lab_orders
from clique_app.lab.table import opened
from clique_app.metrics import grouping_service
from clique_app.metrics import service as metrics
from clique_app.metrics.cohort_segments import SEGMENTS
from clique_app.metrics.definition import Period
from clique_app.settings import settings
from clique_app.sync import staging_service
from clique_app.tables import (
    Customer,
    CustomerValue,
    LoyaltyMember,
    ModelVersion,
    Review,
    Store,
    StoreSettings,
    SurveyResponse,
    SyncCursor,
    Touch,
    Ugc,
)
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")

SAMPLE = Path(__file__).parents[1] / "data" / "cdnow_sample.csv.gz"
ZONE = ZoneInfo("America/New_York")
Row = tuple[int | None, date, Decimal]  # customer, day, net sales; the order's id is its place in the list

BOOK = """
insert into shop_order (store_id, order_id, name, processed_at, day, created_at, updated_at, test, customer_id,
    source_name, currency, presentment_currency, total, stated_total, financial_status, fulfillment_status, country,
    region, postal_code, journey_ready)
select :store, order_id, '#' || order_id, at, day, at, at, false, customer_id, '', 'USD', 'USD', amount, amount, '', '',
       'US', case when customer_id % 2 = 0 then 'ME' else '' end, '', true
from told;
insert into order_line (store_id, line_id, order_id, title, sku, quantity, current_quantity, unit_price, gift_card)
select :store, order_id, order_id, case when order_id % 3 = 0 then 'Amber' else 'Birch' end, '', 1, 1, amount, false
from told;
insert into sale_entry (store_id, sale_id, kind, order_id, line_id, happened_at, day, quantity, amount)
select :store, order_id, 'sale', order_id, order_id, at, day, 1, amount from told;
insert into customer (store_id, customer_id, country, region, postal_code, first_order_id, first_order_at,
    first_order_day)
select distinct on (customer_id) :store, customer_id, 'US', '', '', order_id, at, day
from told where customer_id is not null order by customer_id, at, order_id
"""


def make_book(rows: Iterable[Row]) -> int:
    """A store with these orders, all that there ever were, at 40 % cost of goods."""
    store_id = make_store()
    told = [
        (number, customer, datetime.combine(day, time(12), ZONE).isoformat(), day, amount)
        for number, (customer, day, amount) in enumerate(rows, start=1)
    ]
    with store_session(store_id) as session:
        columns = ("order_id bigint", "customer_id bigint", "at timestamptz", "day date", "amount numeric")
        staging_service.stage(session, "told", columns, told)
        for statement in BOOK.split(";"):
            session.connection().execute(text(statement), {"store": store_id})
        session.get_one(Store, store_id).history_complete = True
        session.get_one(StoreSettings, store_id).default_cost_pct = Decimal(40)
    with psycopg.connect(settings().database_url, autocommit=True) as connection:
        connection.execute("analyze")  # as autovacuum would have by the time anybody asks
    with store_session(store_id) as session:
        attribution.credit_orders(session, store_id, None)
    return store_id


def add_entry(session: Session, store_id: int, order_id: int, kind: str, day: date, amount: str) -> None:
    session.connection().execute(
        text(
            "insert into sale_entry (store_id, sale_id, kind, order_id, happened_at, day, quantity, amount)"
            " values (:store, :sale, :kind, :order, :day, :day, 0, :amount)"
        ),
        {"store": store_id, "sale": 10**6 + order_id, "kind": kind, "order": order_id, "day": day, "amount": amount},
    )


def by_month(rows: Iterable[Cohort]) -> dict[date, Any]:
    """What all segments of a month tell together."""
    of_months: dict[date, list[Cohort]] = defaultdict(list)
    for row in rows:
        of_months[row.month].append(row)
    told = {month: merged(several, month, "") for month, several in of_months.items()}
    return {
        month: (
            row.customers,
            row.cells,
            [
                (one.days, one.customers, one.left_out, one.customers and round((one.sales or 0) * one.customers, 6))
                for one in row.ltv
            ],
        )
        for month, row in told.items()
    }


def test_cdnow_in_a_store_is_cdnow_in_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    purchases = lab_orders.read(opened(SAMPLE))
    told = cohorts.summary(purchases)
    store_id = make_book((int(one.customer), one.day, one.amount) for one in purchases)
    period = Period(date(1997, 1, 1), date(1998, 6, 30))
    with store_session(store_id) as session:
        net_sales = metrics.figure(session, store_id, "net_sales", period).value
        assert net_sales == told.revenue
        unsplit = service.cohorts(session, store_id)
        for by in SEGMENTS:
            found = service.cohorts(session, store_id, by)
            assert found.sales == net_sales, by
            assert found.without_customer == 0
            assert sum(row.customers for row in found.rows) == told.customers
            for place, (days, ltv) in enumerate(told.ltv.items()):
                grown = [row.ltv[place] for row in found.rows]
                assert ltv is not None
                assert {one.days for one in grown} == {days}
                whole = sum((one.sales or Decimal(0)) * one.customers for one in grown)
                assert whole / sum(one.customers for one in grown) == pytest.approx(ltv)
            assert all(row.segment for row in found.rows)
            assert by_month(found.rows) == by_month(unsplit.rows)
        kept = service.retention(session, store_id, period)
        assert kept["repeat_purchase_rate"].value == told.repeat_rate
        assert kept["days_between_purchases"].value == told.median_gap_days
        assert kept["ltv_net_sales"].value == told.revenue / told.customers
        best = service.vips(session, store_id, limit=5)
        assert (best.customers, len(best.rows)) == (235, 5)
        assert [one.trailing for one in best.rows] == sorted((one.trailing for one in best.rows), reverse=True)

        first = value_service.retrain(session, store_id)
        assert (first.state, first.learnt_from, first.note) == ("current", 2357, "")
        assert first.score["came"] == len({(p.customer, p.day) for p in purchases if p.day > date(1998, 4, 1)})
        assert first.score["expected"] == pytest.approx(first.score["came"], rel=0.3)
        again = value_service.retrain(session, store_id)
        session.refresh(first)
        assert (first.state, again.state) == ("former", "current")
        assert again.parameters == pytest.approx(first.parameters)
        values = session.exec(select(CustomerValue)).all()
        assert len(values) == 2357
        assert {value.model_id for value in values} == {again.model_id}
        assert all(0 <= value.reorder_30 <= value.p_alive <= 1 for value in values)
        assert all(0 < value.purchases_90 < value.purchases_365 for value in values if value.p_alive > 0.01)
        assert all(value.as_of == period.end for value in values)
        likely = [value for value in values if value.next_order_on]
        assert all(value.next_order_on > period.end and value.p_alive > 0.5 for value in likely)  # pyright: ignore
        assert service.vips(session, store_id, limit=1).rows[0].value_365 is not None

        monkeypatch.setattr(training, "WORSE", -1.0)  # now the same counts as worse
        refused = value_service.retrain(session, store_id)
        assert refused.state == "refused"
        assert "worse than the former" in refused.note
        assert service.models(session, store_id) == (refused, again)
        assert {value.model_id for value in session.exec(select(CustomerValue))} == {again.model_id}
    with store_session(make_store("other.myshopify.com")) as session:
        assert session.exec(select(CustomerValue)).all() == []


def test_few_customers_are_not_enough_and_it_is_said() -> None:
    store_id = make_book([(1, date(2026, 1, 1), Decimal(5)), (1, date(2026, 2, 1), Decimal(5))])
    with store_session(store_id) as session:
        version = value_service.retrain(session, store_id)
        assert version.state == "refused"
        assert version.note == "Not enough data: 1 customers bought again, 200 are needed."
        session.get_one(Store, store_id).history_complete = False
        session.flush()
        assert "All orders ever must be read" in value_service.retrain(session, store_id).note
        assert session.exec(select(CustomerValue)).all() == []
        assert len(session.exec(select(ModelVersion)).all()) == 2


def test_cohorts_by_hand() -> None:
    """Ann comes back, her first order is refunded in part in March; Bob comes once; one order names nobody."""
    store_id = make_book(
        [
            (1, date(2025, 1, 10), Decimal(100)),
            (1, date(2025, 2, 9), Decimal(50)),
            (2, date(2025, 2, 20), Decimal(80)),
            (None, date(2025, 2, 21), Decimal(30)),
            (1, date(2025, 4, 1), Decimal(20)),
        ]
    )
    with store_session(store_id) as session:
        add_entry(session, store_id, 1, "refund", date(2025, 3, 3), "-40")
        add_entry(session, store_id, 3, "discount", date(2025, 2, 20), "-8")
        found = service.cohorts(session, store_id)
        ann, bob = found.rows
        assert found.end == date(2025, 4, 1)
        assert found.without_customer == 30
        assert [(cell.age, cell.orders, cell.sales, cell.whole) for cell in ann.cells] == [
            (0, 1, 60, True),
            (1, 1, 50, True),
            (2, 0, 0, True),
            (3, 1, 20, False),
        ]
        # 60 less 40 of goods, 6.50 of fulfilment and 2.9 % + 0.30 of 100
        assert ann.cells[0].contribution == Decimal("60") - 40 - Decimal("6.50") - Decimal("3.20")
        assert [(one.days, one.customers, one.left_out, one.sales) for one in ann.ltv[:3]] == [
            (30, 1, 0, 110),
            (60, 1, 0, 110),
            (90, 0, 1, None),
        ]
        assert [(one.customers, one.sales) for one in bob.ltv[:2]] == [(1, 72), (0, None)]
        whole = Period(date(2025, 1, 1), date(2025, 4, 1))
        assert found.sales == metrics.figure(session, store_id, "net_sales", whole).value == 232
        contribution = sum(cell.contribution for row in found.rows for cell in row.cells)
        guest = 30 - 12 - Decimal("6.50") - Decimal("1.17")
        assert contribution + guest == metrics.figure(session, store_id, "contribution_before_ads", whole).value
        segments = {row.segment for row in service.cohorts(session, store_id, "discount").rows}
        assert segments == {"with a discount", "full price"}
        by_region = service.cohorts(session, store_id, "region")
        assert by_region.without_customer == 30
        assert [(row.segment, [cell.sales for cell in row.cells]) for row in by_region.rows] == [
            (segment, [cell.sales for cell in of.cells])
            for segment, of in zip(("US", "US, ME"), (ann, bob), strict=True)
        ]
        assert {row.segment for row in service.cohorts(session, store_id, "product").rows} == {"Birch", "Amber"}

        march = service.retention(session, store_id, Period(date(2025, 3, 1), date(2025, 3, 31)))
        assert march["repeat_purchase_rate"].value is None
        assert march["repeat_purchase_rate"].reason.startswith("Customers is 0 in this period")
        assert march["active_customer_rate"].value == 1
        assert march["churn_rate"].value == 0
        spring = Period(date(2025, 4, 15), date(2025, 6, 15))
        assert service.retention(session, store_id, spring)["churn_rate"].reason.startswith(
            "Orders are read until 1 Apr"
        )
        june = datetime(2025, 6, 16, 12, tzinfo=ZONE)
        session.add(SyncCursor(store_id=store_id, source="shopify_orders", read_to=june, fresh_at=june))
        session.flush()
        later = service.retention(session, store_id, spring)
        assert later["churn_rate"].value == Decimal("0.5")  # Bob's last order is older than 90 days, Ann's is not
        february = service.retention(session, store_id, Period(date(2025, 2, 1), date(2025, 2, 28)))
        assert february["ltv_net_sales"].value == 72
        paid = service.payback_of(session, store_id, whole)
        assert paid.days is None
        assert paid.reason == "No ad account is connected yet."
        assert len(paid.curve) == 82  # days 0 to 81: from Ann's first order to the last day


def test_who_was_won_by_two_channels_is_half_of_each_ones_worth_and_of_its_customers() -> None:
    store_id = make_book([(1, date(2025, 1, 10), Decimal(100)), (2, date(2025, 1, 12), Decimal(40))])
    at = datetime(2025, 1, 9, 12, tzinfo=ZONE)
    with store_session(store_id) as session:
        session.get_one(StoreSettings, store_id).attribution_model = "linear"
        for order, position, channel in ((1, 0, "email"), (1, 1, "meta"), (2, 0, "email")):
            session.add(
                Touch(store_id=store_id, order_id=order, position=position, occurred_at=at, channel=channel, source="")
            )
        session.flush()
        attribution.credit_orders(session, store_id, None)
        january = Period(date(2025, 1, 1), date(2025, 1, 31))
        keys = ["ltv_net_sales", "cohort_net_sales", "new_customers"]
        grouped = grouping_service.grouped(session, store_id, keys, january, "channel")
        assert {one.member: tuple(one.figures[key].value for key in keys) for one in grouped.rows} == {
            "meta": (100, 50, Decimal("0.5")),
            "email": (60, 90, Decimal("1.5")),
        }
        assert [grouped.whole[key].value for key in keys] == [70, 140, 2]
        # but each customer is of one cohort: of touches that are credited alike, the later one's
        by_channel = service.cohorts(session, store_id, "channel").rows
        assert {row.segment: row.customers for row in by_channel} == {"meta": 1, "email": 1}


def test_a_store_without_orders_has_no_cohorts() -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        assert service.cohorts(session, store_id).rows == ()
        assert service.vips(session, store_id).rows == ()
        today = clock.today("America/New_York")
        assert service.retention(session, store_id, Period(today, today))["churn_rate"].value is None
        assert value_service.retrain(session, store_id).state == "refused"


def test_a_customers_way_is_told_from_the_first_visit_to_the_refund() -> None:
    store_id = make_book([(7, date(2025, 1, 10), Decimal(100)), (7, date(2025, 2, 9), Decimal(50))])
    with store_session(store_id) as session:
        session.add(
            Touch(
                store_id=store_id,
                order_id=1,
                position=0,
                occurred_at=datetime(2025, 1, 8, 12, tzinfo=ZONE),
                channel="meta",
                campaign="Winter",
            )
        )
        add_entry(session, store_id, 2, "refund", date(2025, 2, 20), "-50")
        session.flush()
        told = journey_service.journey(session, store_id, 7)
        assert [(step.kind, step.order, step.channel or step.detail, step.amount) for step in told.steps] == [
            ("visit", "#1", "meta", None),
            ("order", "#1", "1 × Birch", 100),
            ("order", "#2", "1 × Birch", 50),
            ("refund", "#2", "", -50),
        ]
        assert (told.orders, told.net_sales, told.expected) == (2, 100, None)
        with pytest.raises(NotFound):
            journey_service.journey(session, store_id, 8)


def test_a_customers_way_ends_with_what_they_say_of_the_store() -> None:
    store_id = make_book([(7, date(2025, 1, 10), Decimal(100)), (7, date(2025, 1, 15), Decimal(50))])
    mine, day = b"k" * 32, date(2025, 1, 20)
    at = datetime(2025, 1, 18, 9, tzinfo=ZONE)
    with store_session(store_id) as session:
        session.get_one(Customer, (store_id, 7)).email_hmac = mine
        session.add(
            SurveyResponse(
                store_id=store_id, subject="1", order_id=1, day=at.date(), answered_at=at, changed_at=at, nps=10,
                heard="TikTok", channel="tiktok",
            )
        )  # fmt: skip
        told: dict[str, Any] = {"store_id": store_id, "source": "own", "told_at": at, "customer_hmac": mine}
        session.add(Review(**told, record_id=1, day=day, rating=5))
        session.add(Review(**told, record_id=2, day=day, rating=1, withdrawn=True))
        session.add(Ugc(**told, record_id=3, day=day + timedelta(days=1), network="instagram"))
        session.add(LoyaltyMember(**told, record_id=4, day=day + timedelta(days=2)))
        session.add(Review(**{**told, "customer_hmac": b"x" * 32}, record_id=5, day=day, rating=2))
        seen = datetime(2025, 1, 8, 12, tzinfo=ZONE)
        for order_id in (1, 2):  # one visit before both orders
            session.add(Touch(store_id=store_id, order_id=order_id, position=0, occurred_at=seen, channel="meta"))
        session.flush()
        steps = journey_service.journey(session, store_id, 7).steps
    assert [(step.kind, step.order, step.detail, step.score) for step in steps if step.kind != "order"] == [
        ("visit", "#1", "", None),
        ("survey", "#1", "TikTok", 10),
        ("review", "", "own", 5),
        ("ugc", "", "instagram", None),
        ("loyalty", "", "own", None),
    ]
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_a_long_way_keeps_its_first_step_and_says_what_is_left_out() -> None:
    most = journey_service.MOST_STEPS
    store_id = make_book([(7, date(2023, 1, 1) + timedelta(days=3 * n), Decimal(10)) for n in range(most + 50)])
    with store_session(store_id) as session:
        seen = datetime(2022, 12, 30, 12, tzinfo=ZONE)
        session.add(Touch(store_id=store_id, order_id=1, position=0, occurred_at=seen, channel="meta"))
        session.flush()
        told = journey_service.journey(session, store_id, 7)
    assert (told.orders, len(told.steps), told.left_out) == (most + 50, most, 51)
    assert (told.steps[0].kind, told.steps[1].order, told.steps[-1].order) == ("visit", "#52", f"#{most + 50}")
