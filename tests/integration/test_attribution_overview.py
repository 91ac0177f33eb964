"""What stands in for a visit, what learns, what is restated, and what the Attribution page is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from clique_app import clock
from clique_app.attribution import days_service, overview_service, service, versions_service
from clique_app.attribution.models import MODELS, shares
from clique_app.components.attribution_views import journey_view
from clique_app.database import store_session, system_session
from clique_app.metrics import sums_service
from clique_app.metrics.definition import Period
from clique_app.metrics.overview_service import scope as scope_of
from clique_app.tables import (
    Ad,
    AdGroup,
    Campaign,
    CampaignRegionDay,
    ExchangeRate,
    OrderLine,
    StoreSettings,
    Touch,
    WebSession,
)
from clique_app.tables.attribution import BY_PLACE, NO_TOUCH
from tasks import analysis
from tests.integration.stores import make_store
from tests.integration.test_credits import add_entry, add_order, add_touch

ZONE = "America/New_York"
CANDLE, SOAP, GIFTS, SCENTS = 501, 502, 71, 72
CHANNELS = ("meta", "google", "email")


@pytest.fixture
def noon(database_env: None) -> datetime:
    return datetime.combine(clock.today(ZONE), time(17), UTC) - timedelta(days=20)


@pytest.fixture
def session(noon: datetime) -> Iterator[Session]:
    """A store with two campaigns that promote a candle, forty orders by three channels, and twenty days of ads."""
    store_id = make_store()
    with store_session(store_id) as session:
        for campaign_id, name in ((GIFTS, "Gifts"), (SCENTS, "Scents")):
            shared: dict[str, Any] = {"store_id": store_id, "channel": "meta", "status": "active", "read_at": noon}
            add(session, Campaign(
                **shared, campaign_id=campaign_id, platform_id=str(campaign_id), account_id="1", name=name,
                currency="USD",
            ))  # fmt: skip
            add(session, AdGroup(
                **shared, ad_group_id=campaign_id, platform_id="g" + name, campaign_id=campaign_id, name=name,
                currency="USD",
            ))  # fmt: skip
            add(session, Ad(
                **shared, ad_id=campaign_id, platform_id="a" + name, campaign_id=campaign_id,
                ad_group_id=campaign_id, name=name, product_id=CANDLE,
            ))  # fmt: skip
        for number in range(1, 41):
            at = noon + timedelta(days=number % 18, minutes=number)
            add_order(session, store_id, number, at)
            for position in range(number % 4):
                channel = CHANNELS[(number + position) % 3]
                add_touch(session, store_id, number, position, at - timedelta(days=3 - position), channel)
            add_entry(session, store_id, number, number, "sale", clock.day_of(at, ZONE), Decimal(number * 7) / 3)
        session.flush()
        yield session


def add(session: Session, row: Any) -> None:
    session.add(row)
    session.flush()


def store_of(session: Session) -> int:
    return int(session.connection().scalar(text("select store_id from store_settings")) or 0)


def buys(session: Session, number: int, at: datetime, region: str, product: int) -> None:
    store_id = store_of(session)
    add_order(session, store_id, number, at)
    session.connection().execute(
        text("update shop_order set country = 'US', region = :region where order_id = :number"),
        {"region": region, "number": number},
    )
    add(session, OrderLine(
        store_id=store_id, line_id=number, order_id=number, product_id=product, quantity=1, current_quantity=1,
        unit_price=Decimal(10),
    ))  # fmt: skip
    add_entry(session, store_id, number, number, "sale", clock.day_of(at, ZONE), Decimal(10))
    session.flush()


def shown(session: Session, campaign_id: int, day: date, region: str, spend: int, currency: str = "USD") -> None:
    add(session, CampaignRegionDay(
        store_id=store_of(session), day=day, campaign_id=campaign_id, country="US", region=region, channel="meta",
        currency=currency, spend=Decimal(spend), read_at=clock.now(),
    ))  # fmt: skip


def credited(session: Session, number: int) -> tuple[int, str, int | None]:
    asked = text("select position, channel, campaign_id from credit where order_id = :number")
    row = session.connection().execute(asked, {"number": number}).one()
    return row.position, row.channel, row.campaign_id


def test_of_campaigns_on_one_day_the_one_that_spent_more_stands_in_whatever_it_is_billed_in(
    session: Session, noon: datetime
) -> None:
    today = clock.day_of(noon, ZONE)
    with system_session() as rates:
        for currency, per_euro in (("USD", "1.1"), ("JPY", "165")):
            rates.add(ExchangeRate(
                currency=currency, day=today, per_euro=Decimal(per_euro), source="ecb", read_at=clock.now(),
            ))  # fmt: skip
    for region, yen, currency in (("Maine", 700, "JPY"), ("Ohio", 800, "JPY"), ("Utah", 1, "VND")):
        shown(session, GIFTS, today, region, 5)
        shown(session, SCENTS, today, region, yen, currency)  # 150 yen are a dollar, of the dong nothing is known
    for number, region in ((101, "Maine"), (102, "Ohio"), (103, "Utah")):
        buys(session, number, noon, region, CANDLE)
    service.credit_orders(session, store_of(session), [101, 102, 103])
    assert [credited(session, number)[2] for number in (101, 102, 103)] == [GIFTS, SCENTS, GIFTS]


def test_without_a_visit_the_last_campaign_for_the_product_in_the_region_within_a_week_stands_in(
    session: Session, noon: datetime
) -> None:
    store_id, today = store_of(session), clock.day_of(noon, ZONE)
    shown(session, GIFTS, today - timedelta(days=2), "Maine", 5)
    shown(session, SCENTS, today - timedelta(days=6), "Maine", 50)
    shown(session, SCENTS, today - timedelta(days=7), "Ohio", 50)
    buys(session, 101, noon, "Maine", CANDLE)
    buys(session, 102, noon + timedelta(days=5), "Maine", CANDLE)  # seven days after the one, thirteen after the other
    buys(session, 103, noon, "Maine", SOAP)
    buys(session, 104, noon, "Ohio", CANDLE)
    numbers = (101, 102, 103, 104)
    service.credit_orders(session, store_id, numbers)
    nobody = (NO_TOUCH, "unattributed", None)
    assert [credited(session, number) for number in numbers] == [(BY_PLACE, "meta", GIFTS), nobody, nobody, nobody]
    shown(session, SCENTS, today, "Ohio", 1)  # read later
    service.link_campaigns(session, store_id)
    assert credited(session, 104) == (BY_PLACE, "meta", SCENTS)
    connection = session.connection()
    connection.execute(text("delete from campaign_region_day where campaign_id = :id"), {"id": SCENTS})
    service.link_campaigns(session, store_id)
    assert [credited(session, number) for number in numbers] == [(BY_PLACE, "meta", GIFTS), nobody, nobody, nobody]
    add_touch(session, store_id, 101, 0, noon - timedelta(hours=1), "email")
    session.flush()
    service.credit_orders(session, store_id, [101], "journeys")
    assert credited(session, 101) == (0, "email", None)


def credit_all(session: Session) -> None:
    service.credit_orders(session, store_of(session), None, "settings")
    credit_days(session)


def credit_days(session: Session) -> None:
    while days_service.credit_days(session, store_of(session)):
        pass


def period(noon: datetime) -> Period:
    first = clock.day_of(noon, ZONE)
    return Period(first, first + timedelta(days=19))


def test_the_overview_sums_to_net_sales_by_every_model_and_shows_their_spread(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    service.credit_orders(session, store_id, None)
    before = overview_service.by_channel(session, store_id, period(noon))
    assert before.days_left == 18
    assert {row.low for row in before.rows} == {None}
    credit_days(session)
    found = overview_service.by_channel(session, store_id, period(noon))
    assert [(row.channel, row.amount) for row in found.rows] == [(row.channel, row.amount) for row in before.rows]
    assert (found.model, found.window_days, found.days_left) == ("last", 7, 0)
    assert found.differences == dict.fromkeys(MODELS, Decimal(0))
    assert found.whole == sum(row.amount for row in found.rows) + found.unattributed.amount  # pyright: ignore
    assert sum(row.orders for row in found.rows) + found.unattributed.orders == 40  # pyright: ignore
    email = next(row for row in found.rows if row.channel == "email")
    assert (email.low, email.high) == (min(email.by_model.values()), max(email.by_model.values()))
    assert email.low < email.amount <= email.high  # pyright: ignore
    assert email.interval is not None
    assert email.interval.low < email.amount < email.interval.high
    assert (email.spend, email.claimed, email.roas, email.unsure_share) == (None, None, None, 0)
    meta = next(row for row in found.rows if row.channel == "meta")
    campaigns = overview_service.by_campaign(session, store_id, period(noon), "meta")
    assert sum(row.amount for row in campaigns.rows) == meta.amount
    for model in MODELS:
        assert sum(row.by_model[model] for row in campaigns.rows) == meta.by_model[model]
    service.credit_orders(session, store_id, [3])  # one day changed: worked out while the page waits
    again = overview_service.by_channel(session, store_id, period(noon))
    assert (again.rows, again.days_left) == (found.rows, 0)


def test_an_orders_journey_tells_what_each_model_gives_each_touch(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    add(session, Touch(
        store_id=store_id, order_id=3, position=9, occurred_at=noon - timedelta(days=30), channel="organic"
    ))  # fmt: skip
    credit_all(session)
    told = overview_service.order_journey(session, store_id, 3)
    assert [(touch.channel, touch.in_window) for touch in told.touches] == [
        ("organic", False), ("meta", True), ("google", True), ("email", True),
    ]  # fmt: skip
    given = [float(touch.shares["decay"]) for touch in told.touches[1:]]
    assert given == pytest.approx(shares("decay", ["meta", "google", "email"], ages=[3.0, 2.0, 1.0]), abs=1e-5)
    nothing = overview_service.order_journey(session, store_id, 4).touches
    assert [(touch.channel, touch.at, touch.shares["linear"]) for touch in nothing] == [("unattributed", None, 1)]


def test_what_moves_on_days_that_are_over_is_restated_with_its_cause(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    service.credit_orders(session, store_id, None, "import")
    credit_days(session)
    assert overview_service.restatements(session, store_id) == []
    day = clock.day_of(noon + timedelta(days=4), ZONE)
    add_touch(session, store_id, 4, 0, noon + timedelta(days=3), "meta")
    session.flush()
    service.credit_orders(session, store_id, [4], "journeys")
    credit_days(session)
    found = overview_service.restatements(session, store_id, model="linear")
    moved = {row.channel: row.after - row.before for row in found}
    assert moved == {"meta": Decimal("9.333333"), "unattributed": Decimal("-9.333333")}
    assert {(row.day, row.cause) for row in found} == {(day, "visits became known later")}
    assert overview_service.restatements(session, store_id, Period(day, day), model="last", limit=1)[0].day == day
    for channel in ("meta", "unattributed"):  # a channel's own, however many of others are newer
        [first] = overview_service.restatements(session, store_id, channel=channel, limit=1)
        assert first.channel == channel
    service.credit_orders(session, store_id, [4], "journeys")
    credit_days(session)
    assert len(overview_service.restatements(session, store_id, model="linear")) == 2  # nothing moved: nothing restated


def test_a_change_of_the_model_is_a_version_and_credits_all_of_history(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    first = versions_service.learn(session, store_id)
    effects = first.parameters["effects"]
    assert set(effects) == set(CHANNELS)
    assert (first.parameters["cause"], first.parameters["from"]) == ("first", None)
    credit_all(session)
    settings = session.get_one(StoreSettings, store_id)
    settings.attribution_model = "markov"
    assert days_service.credit_as_wanted(session, store_id)
    credit_days(session)
    journey = [CHANNELS[(3 + position) % 3] for position in range(3)]
    told = overview_service.order_journey(session, store_id, 3)
    given = shares("markov", journey, removal=effects)
    assert [float(touch.shares["markov"]) for touch in told.touches] == pytest.approx(given, abs=1e-5)
    found = overview_service.by_channel(session, store_id, period(noon))
    assert (found.model, found.differences) == ("markov", dict.fromkeys(MODELS, Decimal(0)))
    later = versions_service.learn(session, store_id)
    tomorrow = clock.today(ZONE) + timedelta(days=1)
    assert later.parameters["from"] == tomorrow.isoformat()
    assert [version.state for version in versions_service.in_force(session, store_id)] == ["current", "former"]
    before = versions_service.effects(session, store_id)
    assert set(before["effects_from"]) == {date.min, tomorrow}


def by_model(session: Session, model: str) -> dict[tuple[date, str], Decimal]:
    rows = session.connection().execute(
        text("select day, channel, sum(amount) from credit_channel_day where model = :model group by 1, 2"),
        {"model": model},
    )
    return {(day, channel): amount for day, channel, amount in rows}


def by_rows(session: Session) -> dict[tuple[date, str], Decimal]:
    rows = session.connection().execute(text("select day, channel, sum(amount) from credit group by 1, 2"))
    return {(day, channel): amount for day, channel, amount in rows}


def test_a_change_of_the_model_and_the_window_is_restated_day_by_day(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    service.credit_orders(session, store_id, None, "import")
    credit_days(session)
    versions_service.learn(session, store_id)
    credit_days(session)
    told = by_rows(session)
    settings = session.get_one(StoreSettings, store_id)
    settings.attribution_model, settings.attribution_window_days = "first", 2
    session.flush()
    assert days_service.credit_as_wanted(session, store_id)
    assert not days_service.credit_as_wanted(session, store_id)  # once is enough
    credit_days(session)
    found = overview_service.restatements(session, store_id, model="first", limit=1000)
    assert {row.cause for row in found} == {"the model or window was changed"}
    now = by_rows(session)
    assert now != told
    moved = {key: Decimal(0) for key in {*told, *now}}
    for row in found:
        key = row.day, row.channel
        moved[key] = moved.get(key, Decimal(0)) + row.after - row.before
    # what a figure was is what it is now less what was restated since
    assert {key: now.get(key, 0) - change for key, change in moved.items()} == {
        key: told.get(key, Decimal(0)) for key in moved
    }
    first, second = (overview_service.restatements(session, store_id, limit=3, offset=offset) for offset in (0, 3))
    assert first + second == overview_service.restatements(session, store_id, limit=6)


def test_until_history_is_credited_anew_pages_and_rows_tell_the_model_it_was_credited_by(
    session: Session, noon: datetime
) -> None:
    store_id = store_of(session)
    service.credit_orders(session, store_id, None, "import")
    versions_service.learn(session, store_id)
    credit_days(session)
    session.get_one(StoreSettings, store_id).attribution_model = "first"  # and nobody has come to do it yet
    session.flush()
    add_touch(session, store_id, 5, 7, noon + timedelta(days=5, minutes=1), "google")
    session.flush()
    service.credit_orders(session, store_id, [5])
    credit_days(session)
    found = overview_service.by_channel(session, store_id, period(noon))
    rows: dict[str, Decimal] = {}
    for (_, channel), amount in by_rows(session).items():
        rows[channel] = rows.get(channel, Decimal(0)) + amount
    assert found.model == "last"
    assert {row.channel: row.amount for row in found.rows} == {k: v for k, v in rows.items() if k != "unattributed"}
    versions_service.learn(session, store_id)  # what is learnt meanwhile changes no model either
    assert overview_service.by_channel(session, store_id, period(noon)).model == "last"
    assert days_service.credit_as_wanted(session, store_id)
    credit_days(session)
    assert by_rows(session) == by_model(session, "first")


def test_on_the_day_markov_learns_rows_and_days_stay_the_same(session: Session, noon: datetime) -> None:
    store_id, today = store_of(session), clock.today(ZONE)
    session.get_one(StoreSettings, store_id).attribution_model = "markov"
    session.flush()
    versions_service.learn(session, store_id)

    def order(number: int, at: datetime, *channels: str) -> None:
        add_order(session, store_id, number, at)
        for position, channel in enumerate(channels):
            add_touch(session, store_id, number, position, at - timedelta(hours=9 - position), channel)
        add_entry(session, store_id, number, number, "sale", clock.day_of(at, ZONE), Decimal(100))
        session.flush()

    order(501, clock.now(), "meta", "email")
    service.credit_orders(session, store_id, None, "import")
    credit_days(session)
    for number in range(601, 661):
        order(number, noon, "email")
    service.credit_orders(session, store_id, list(range(601, 661)))
    versions_service.learn(session, store_id)
    effects = versions_service.effects(session, store_id)["effects"]
    assert len(set(effects)) > len(CHANNELS)  # it has learnt otherwise
    order(502, clock.now(), "meta")
    service.credit_orders(session, store_id, [502])
    credit_days(session)
    assert by_rows(session) == by_model(session, "markov")
    assert {channel for day, channel in by_rows(session) if day == today} == {"meta", "email"}


def test_a_late_order_of_a_day_without_any_is_restated(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    service.credit_orders(session, store_id, None, "import")
    credit_days(session)
    late, early = noon + timedelta(days=18, hours=1), noon - timedelta(days=3)
    for number, at in ((701, late), (702, early)):
        add_order(session, store_id, number, at)
        add_entry(session, store_id, number, number, "sale", clock.day_of(at, ZONE), Decimal(70))
    session.flush()
    service.credit_orders(session, store_id, [701, 702])
    credit_days(session)
    found = overview_service.restatements(session, store_id, model="last")
    # of days before the first that was told nothing was told
    assert [(row.day, row.before, row.after) for row in found] == [(clock.day_of(late, ZONE), 0, 70)]


def test_by_the_orders_day_a_refund_counts_with_its_order(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    first = clock.day_of(noon, ZONE)
    add_entry(session, store_id, 900, 5, "refund", first + timedelta(days=19), Decimal(-3))
    session.flush()
    credit_all(session)
    early = Period(first, first + timedelta(days=9))
    booked = overview_service.by_channel(session, store_id, early)
    found = overview_service.by_channel(session, store_id, early, cohort=True)
    assert found.whole == booked.whole - 3
    assert found.differences == {"last": 0}
    assert found.whole == sum(row.amount for row in found.rows) + found.unattributed.amount  # pyright: ignore
    assert sum(row.orders for row in found.rows) == sum(row.orders for row in booked.rows)
    assert all(not row.by_model and row.low is None for row in found.rows)
    for row in found.rows:
        campaigns = overview_service.by_campaign(session, store_id, early, row.channel, cohort=True)
        assert campaigns.whole == row.amount


def test_what_is_kept_by_the_orders_day_follows_every_change(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    whole = Period(clock.day_of(noon, ZONE), clock.day_of(noon, ZONE) + timedelta(days=39))

    def told() -> list[tuple[str, Decimal, Decimal]]:
        found = overview_service.by_channel(session, store_id, whole, cohort=True)
        assert found.differences == {"last": 0}
        return [(row.channel, row.amount, row.orders) for row in (*found.rows, found.unattributed) if row]

    def by_campaign() -> dict[int | None, Decimal]:
        found = overview_service.by_campaign(session, store_id, whole, "meta", cohort=True)
        return {row.campaign_id: row.amount for row in found.rows if row.amount}

    def rows() -> dict[str, Decimal]:
        asked = text(
            "select r.channel, sum(r.amount) from credit r join shop_order o using (store_id, order_id)"
            " where r.store_id = :store_id and o.day between :start and :end group by 1"
        )
        spoken = {"store_id": store_id, "start": whole.start, "end": whole.end}
        return {channel: amount for channel, amount in session.connection().execute(asked, spoken)}

    def same_now_and_summed() -> None:
        now = told()
        assert {channel: amount for channel, amount, _ in now if amount} == {k: v for k, v in rows().items() if v}
        campaigns = by_campaign()
        sums_service.roll_up(session, store_id)
        assert (told(), by_campaign()) == (now, campaigns)

    credit_all(session)
    same_now_and_summed()
    add_entry(session, store_id, 900, 5, "refund", whole.start + timedelta(days=30), Decimal(-3))
    session.flush()
    service.credit_orders(session, store_id, [5])
    same_now_and_summed()
    add_touch(session, store_id, 5, 7, noon + timedelta(days=5), "tiktok")
    session.flush()
    service.credit_orders(session, store_id, [5], "journeys")
    same_now_and_summed()
    session.connection().execute(text("update shop_order set day = day + 1 where order_id = 5"))
    same_now_and_summed()
    session.connection().execute(text("update shop_order set test = true where order_id = 6"))
    service.credit_orders(session, store_id, [6])
    same_now_and_summed()


def test_an_orders_panel_tells_visits_before_the_window_and_after_the_order_apart(
    session: Session, noon: datetime
) -> None:
    store_id = store_of(session)
    scope = scope_of(session, store_id, {})
    facts = {}
    at = noon + timedelta(days=4, minutes=4)  # of order 4, which has no visit
    for offset in (None, timedelta(hours=2), timedelta(days=-9), timedelta(days=-1)):
        if offset is not None:
            add_touch(session, store_id, 4, len(facts), at + offset, "meta")
            session.flush()
        credit_all(session)
        view = journey_view(overview_service.order_journey(session, store_id, 4), scope)
        facts[offset] = dict(view["journey_facts"])["Visits"]
    assert list(facts.values()) == [
        "None is known",
        "0 counted, 1 after the order",
        "0 counted, 1 earlier than that, 1 after the order",
        "1 counted, 1 earlier than that, 1 after the order",
    ]
    about = [row.cells[0].sub.rpartition(" · ")[2] for row in view["journey_touches"]]  # pyright: ignore
    assert (about[0], about[2]) == ("before the window", "after the order")


def test_the_pixels_visits_count_as_long_as_the_window_is(session: Session, noon: datetime) -> None:
    store_id = store_of(session)
    settings = session.get_one(StoreSettings, store_id)
    settings.attribution_model, settings.attribution_window_days = "first", 60

    def visit(at: datetime, channel: str, order_id: int | None = None) -> None:
        add(session, WebSession(
            store_id=store_id, visitor_id=b"a" * 16, started_at=at, ended_at=at + timedelta(minutes=5),
            day=clock.day_of(at, ZONE), channel=channel, page_views=1, product_views=0, engaged_seconds=5,
            order_id=order_id,
        ))  # fmt: skip

    at = noon + timedelta(days=4, minutes=4)
    visit(at - timedelta(days=40), "meta")
    visit(at - timedelta(minutes=2), "direct", 4)
    service.credit_orders(session, store_id, [4])
    assert credited(session, 4)[1] == "meta"
    settings.attribution_window_days = 30
    session.flush()
    service.credit_orders(session, store_id, [4])
    assert credited(session, 4)[1] == "direct"


def test_a_change_of_settings_that_was_lost_on_its_way_is_found(
    database_env: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id, sent = make_store(), []
    monkeypatch.setattr(analysis.credit_all_orders, "send", sent.append)
    with store_session(store_id) as session:
        versions_service.learn(session, store_id)
    analysis.refresh_recommendations(store_id)
    assert sent == []
    with store_session(store_id) as session:
        session.get_one(StoreSettings, store_id).attribution_window_days = 30
    analysis.refresh_recommendations(store_id)
    assert sent == [store_id]
    with store_session(store_id) as session:
        assert days_service.credit_as_wanted(session, store_id)
    analysis.refresh_recommendations(store_id)
    assert sent == [store_id]
