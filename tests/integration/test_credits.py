"""Credits plus unattributed equal net sales on every day, whatever the journeys, refunds and order of arrival."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from clique_app import clock
from clique_app.attribution import days_service, overview_service, service
from clique_app.attribution.models import MODELS, Model, shares
from clique_app.database import store_session, system_session
from clique_app.tables import Campaign, Credit, Order, SaleEntry, Store, StoreSettings, Touch
from clique_app.tables.attribution import UNATTRIBUTED
from clique_app.tables.orders import NET_SALES_KINDS

ZONE = "America/New_York"
NOON = datetime(2026, 10, 1, 16, tzinfo=UTC)

touches = st.lists(
    st.tuples(st.integers(-72, 24 * 12), st.sampled_from(["meta", "google", "email", "direct"])), max_size=4
)  # (hours before the order, channel); negative came after it
entries = st.lists(
    st.tuples(
        st.sampled_from(["sale", "discount", "refund", "edit", "cancellation", "shipping", "tax", "gift_card"]),
        st.integers(0, 6),
        st.integers(-5000, 20000),
    ),
    max_size=5,
)  # (kind, days after the order, cents)
orders = st.lists(st.tuples(st.integers(0, 9), touches, entries, st.booleans()), min_size=1, max_size=6)


@pytest.fixture
def store_id(database_env: None) -> int:
    with system_session() as session:
        store = Store(shop_domain="credits.myshopify.com", time_zone=ZONE, installed_at=NOON)
        session.add(store)
        session.flush()
        store_id = store.store_id
    with store_session(store_id) as session:
        session.add(StoreSettings(store_id=store_id))
    return store_id


def add_order(session: Session, store_id: int, order_id: int, at: datetime, *, test: bool = False) -> None:
    day = clock.day_of(at, ZONE)
    session.add(
        Order(
            store_id=store_id,
            order_id=order_id,
            name=f"#{order_id}",
            processed_at=at,
            day=day,
            created_at=at,
            updated_at=at,
            currency="USD",
            presentment_currency="USD",
            total=Decimal(0),
            stated_total=Decimal(0),
            test=test,
        )
    )
    session.flush()


def add_entry(
    session: Session, store_id: int, sale_id: int, order_id: int, kind: str, day: date, amount: Decimal
) -> None:
    session.add(
        SaleEntry(
            store_id=store_id, sale_id=sale_id, kind=kind, order_id=order_id, happened_at=NOON, day=day, amount=amount
        )
    )


def add_touch(session: Session, store_id: int, order_id: int, position: int, at: datetime, channel: str) -> None:
    session.add(Touch(store_id=store_id, order_id=order_id, position=position, occurred_at=at, channel=channel))


BY_DAY = """
select day, sum(booked), sum(credited) from (
    select day, amount as booked, 0 as credited from sale_entry
    where kind in ('sale', 'discount', 'refund', 'edit', 'cancellation')
    union all
    select day, 0, amount from credit
) both_sides group by day
"""


BY_MODEL = """
select model, day, sum(credited) - sum(booked) from (
    select model, day, amount as booked, 0 as credited from sale_entry cross join unnest(cast(:models as text[])) model
    where kind in ('sale', 'discount', 'refund', 'edit', 'cancellation')
    union all
    select model, day, 0, amount from credit_day
) both_sides group by 1, 2 having sum(credited) <> sum(booked)
"""


OF_CHANNELS = """
select model, day, channel, known_by, sum(amount) as amount, sum(orders) as orders from credit_day group by 1, 2, 3, 4
except select model, day, channel, known_by, amount, orders from credit_channel_day
"""


def all_days(session: Session, store_id: int) -> None:
    while days_service.credit_days(session, store_id, orders_at_once=4):
        pass


@settings(max_examples=15)
@given(orders, st.sampled_from(MODELS))
def test_credits_and_unattributed_sum_to_net_sales_on_every_day(store_id: int, world: list, model: Model) -> None:
    with store_session(store_id) as session:
        session.get_one(StoreSettings, store_id).attribution_model = model
        session.connection().execute(text("delete from shop_order"))
        sale_id = 0
        for order_id, (day, journey, booked, _) in enumerate(world, start=1):
            at = NOON + timedelta(days=day)
            add_order(session, store_id, order_id, at)
            for position, (hours, channel) in enumerate(journey):
                add_touch(session, store_id, order_id, position, at - timedelta(hours=hours), channel)
            for kind, later, cents in booked:
                sale_id += 1
                on = clock.day_of(at + timedelta(days=later), ZONE)
                add_entry(session, store_id, sale_id, order_id, kind, on, Decimal(cents) / 100)
        session.flush()
        connection = session.connection()
        service.credit_orders(session, store_id, [order_id for order_id, row in enumerate(world, 1) if row[3]])
        service.credit_orders(session, store_id, None)
        for day, booked, credited in connection.execute(text(BY_DAY)):
            assert booked == credited, day
        assert connection.scalar(text("select sum(orders) from credit")) == len(world)
        once = connection.execute(text("select * from credit order by order_id, day, position")).all()
        assert all(row.amount == round(row.amount, 2) for row in once)
        service.credit_orders(session, store_id, [1])
        assert connection.execute(text("select * from credit order by order_id, day, position")).all() == once
        all_days(session, store_id)
        assert not connection.execute(text(BY_MODEL), {"models": list(MODELS)}).all()
        assert not connection.execute(text(OF_CHANNELS)).all()
        whole = "select (select sum(orders) from credit_day) - (select sum(orders) from credit_channel_day)"
        assert connection.scalar(text(whole)) == 0
        orders_of = "select distinct sum(orders) from credit_day group by model"
        assert connection.execute(text(orders_of)).scalars().all() == [len(world)]
        for order_id, (_, journey, booked, _) in enumerate(world, start=1):
            assert_shares(session, store_id, order_id, journey, booked, model)


def assert_shares(session: Session, store_id: int, order_id: int, journey: list, booked: list, model: Model) -> None:
    """The statements share an order as the models do one journey, to the cent."""
    counted = sorted(((hours, -at, channel) for at, (hours, channel) in enumerate(journey) if 0 <= hours < 168))[::-1]
    told = overview_service.order_journey(session, store_id, order_id)
    inside = [touch for touch in told.touches if touch.in_window and touch.known_by == "visit"]
    assert [touch.channel for touch in inside] == [channel for *_, channel in counted]
    if not counted:
        return
    ages = [hours / 24 for hours, *_ in counted]
    for one in MODELS:
        given = shares(one, [channel for *_, channel in counted], ages=ages)
        assert [float(touch.shares[one]) for touch in inside] == pytest.approx(given, abs=1e-5), one
    net = sum((Decimal(cents) / 100 for kind, _, cents in booked if kind in NET_SALES_KINDS), Decimal(0))
    found = session.connection().execute(
        text("select position, sum(amount) from credit where order_id = :order group by 1"), {"order": order_id}
    )
    credited = dict(tuple(row) for row in found)
    for touch in inside:
        part = credited.get(touch.position, Decimal(0))
        assert abs(part - net * touch.shares[model]) < Decimal("0.06"), touch  # a cent for each of five days


def test_the_last_touch_inside_the_window_takes_the_whole_order_and_its_refund(store_id: int) -> None:
    with store_session(store_id) as session:
        campaign = Campaign(
            store_id=store_id,
            channel="meta",
            platform_id="120",
            account_id="1",
            name="Gift sets",
            status="active",
            currency="USD",
            read_at=NOON,
        )
        session.add(campaign)
        add_order(session, store_id, 1, NOON)
        add_touch(session, store_id, 1, 0, NOON - timedelta(days=8), "google")
        session.add(
            Touch(
                store_id=store_id,
                order_id=1,
                position=1,
                occurred_at=NOON - timedelta(days=2),
                channel="meta",
                campaign="Gift sets",
            )
        )
        add_touch(session, store_id, 1, 2, NOON + timedelta(hours=1), "email")
        add_entry(session, store_id, 1, 1, "sale", date(2026, 10, 1), Decimal("80.00"))
        add_entry(session, store_id, 2, 1, "refund", date(2026, 10, 9), Decimal("-30.00"))
        session.flush()
        service.credit_orders(session, store_id, [1])
        rows = {day: session.get(Credit, (store_id, 1, day, 1)) for day in (date(2026, 10, 1), date(2026, 10, 9))}
        assert [(row.channel, row.campaign_id, row.amount, row.orders) for row in rows.values() if row] == [
            ("meta", campaign.campaign_id, Decimal(80), 1),
            ("meta", campaign.campaign_id, Decimal(-30), 0),
        ]


def test_a_campaign_read_after_its_orders_is_linked_when_it_comes(store_id: int) -> None:
    with store_session(store_id) as session:
        add_order(session, store_id, 1, NOON)
        session.add(
            Touch(
                store_id=store_id,
                order_id=1,
                position=0,
                occurred_at=NOON - timedelta(days=1),
                channel="meta",
                campaign_platform_id="120",
            )
        )
        session.flush()
        service.credit_orders(session, store_id, [1])
        assert session.connection().execute(text("select campaign_id from credit")).scalar() is None
        campaign = Campaign(
            store_id=store_id,
            channel="meta",
            platform_id="120",
            account_id="1",
            name="Renamed since",
            status="active",
            currency="USD",
            read_at=NOON,
        )
        session.add(campaign)
        session.flush()
        service.link_campaigns(session, store_id)
        assert session.connection().execute(text("select campaign_id from credit")).scalar() == campaign.campaign_id


def test_test_orders_are_credited_nowhere_and_an_order_without_touch_is_unattributed(store_id: int) -> None:
    with store_session(store_id) as session:
        add_order(session, store_id, 1, NOON, test=True)
        add_order(session, store_id, 2, NOON)
        service.credit_orders(session, store_id, None)
        found = session.connection().execute(text("select order_id, channel, orders, amount from credit")).all()
        assert [tuple(row) for row in found] == [(2, UNATTRIBUTED, 1, 0)]
