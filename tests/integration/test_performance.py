"""Performance sums to the same by whatever it is told, and to the catalogue's totals; spend finds its products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session

from clique_app.attribution import service as attribution
from clique_app.database import store_session, system_session
from clique_app.errors import InvalidInput
from clique_app.metrics import kept_service, readings_service, registry, service, sums_service
from clique_app.metrics.definition import Period, Reading
from clique_app.metrics.gaps import CUSTOMERS
from clique_app.metrics.performance_service import Performance, performance
from clique_app.metrics.performance_sql import By
from clique_app.tables import (
    Ad,
    AdGroup,
    Campaign,
    InventoryDay,
    Location,
    Order,
    Product,
    SaleEntry,
    Store,
    StoreSettings,
    SyncCursor,
    Touch,
    Variant,
)
from tests.integration.analysts import logged_in

NOON = datetime(2026, 10, 1, 16, tzinfo=UTC)
FIRST = NOON.date()
WHOLE = Period(FIRST, FIRST + timedelta(days=20))
TOTALS = (
    "ad_spend",
    "orders",
    "units",
    "net_sales",
    "cost_of_goods",
    "fulfilment",
    "payment_fees",
    "attributed_revenue",
)
BY = ("day", "channel", "campaign", "geography", "product")


@pytest.fixture
def store_id(database_env: None) -> int:
    with system_session() as system:
        store = Store(
            shop_domain="performance.myshopify.com", time_zone="UTC", installed_at=NOON, history_complete=True,
            history_from=FIRST,
        )  # fmt: skip
        system.add(store)
        system.flush()
        store_id = store.store_id
    with store_session(store_id) as session:
        session.add(StoreSettings(store_id=store_id, default_cost_pct=Decimal(40)))
        for source in ("shopify_orders", "meta_ads"):
            session.add(SyncCursor(store_id=store_id, source=source, read_to=NOON, fresh_at=NOON))
        session.flush()
        _ads(session, store_id)
        # customer, product, place, campaign, days later: the first campaign's ad promotes products 1 and 2, the
        # second's none
        for number, (customer, product, region, campaign, day) in enumerate(
            [
                (1, 1, "ME", "1", 0),
                (2, 2, "TX", "2", 0),
                (1, 3, "ME", "2", 0),
                (3, 2, "", None, 1),
                (1, 1, "ME", "1", 9),
            ]
        ):
            _order(session, store_id, number + 1, customer, product, region, campaign, NOON + timedelta(days=day))
        attribution.credit_orders(session, store_id, None)
    return store_id


@pytest.fixture
def session(store_id: int) -> Iterator[Session]:
    with store_session(store_id) as session:
        session.info["store_id"] = store_id
        yield session


def _ads(session: Session, store_id: int) -> None:
    same = {"store_id": store_id, "channel": "meta", "read_at": NOON}
    session.connection().execute(
        text(
            "insert into ad_account (store_id, channel, account_id, name, currency, time_zone, chosen_at)"
            " values (:store, 'meta', '1', '', 'USD', 'UTC', :now)"
        ),
        {"store": store_id, "now": NOON},
    )
    for number in (1, 2):
        of = {**same, "platform_id": str(number), "name": "", "status": "active"}
        for row in (
            Campaign(**of, campaign_id=number, account_id="1", currency="USD"),
            AdGroup(**of, ad_group_id=number, campaign_id=number, currency="USD"),
            Ad(**of, ad_id=number, ad_group_id=number, campaign_id=number),
        ):
            session.add(row)
            session.flush()
    run = session.connection()
    for product in (1, 2):
        run.execute(
            text("insert into ad_product values (:store, 1, :product, 'link', :now)"),
            {"store": store_id, "product": product, "now": NOON},
        )
    for ad, spend in ((1, "10.01"), (2, "20.005")):
        run.execute(
            text(
                "insert into ad_day (store_id, day, ad_id, channel, campaign_id, currency, spend, impressions, clicks,"
                " link_clicks, landing_page_views, add_to_carts, checkouts, video_views, reported_conversions,"
                " reported_revenue, read_at, reach) values (:store, :day, :ad, 'meta', :ad, 'USD', :spend, 100, 5, 0,"
                " 0, 0, 0, 0, 0, 7, :now, 0)"
            ),
            {"store": store_id, "day": FIRST, "ad": ad, "spend": Decimal(spend), "now": NOON},
        )
    run.execute(
        text(
            "insert into campaign_region_day (store_id, day, campaign_id, country, region, channel, currency, spend,"
            " impressions, clicks, link_clicks, landing_page_views, add_to_carts, checkouts, video_views,"
            " reported_conversions, reported_revenue, read_at) values (:store, :day, 1, 'US', 'ME', 'meta', 'USD', 6,"
            " 60, 3, 0, 0, 0, 0, 0, 0, 0, :now)"
        ),
        {"store": store_id, "day": FIRST, "now": NOON},
    )


def _order(
    session: Session, store_id: int, number: int, customer: int, product: int, region: str, campaign: str | None,
    at: datetime,
) -> None:  # fmt: skip
    total = Decimal(10 * product)
    rows: list[Order | SaleEntry | Touch] = [
        Order(
            store_id=store_id, order_id=number, name=f"#{number}", processed_at=at + timedelta(minutes=number),
            day=at.date(), created_at=at, updated_at=at, currency="USD", presentment_currency="USD", total=total,
            stated_total=total, customer_id=customer, country="US" if region else "", region=region,
        ),
        SaleEntry(
            store_id=store_id, sale_id=number, kind="sale", order_id=number, product_id=product, happened_at=at,
            day=at.date(), amount=total, quantity=1, unit_cost=Decimal(3),
        ),
        SaleEntry(
            store_id=store_id, sale_id=number, kind="refund", order_id=number, product_id=product,
            happened_at=at + timedelta(days=3), day=at.date() + timedelta(days=3), amount=-total / 2, quantity=0,
        ),
    ]  # fmt: skip
    if campaign:
        rows.append(
            Touch(
                store_id=store_id, order_id=number, position=0, occurred_at=at, channel="meta",
                campaign_platform_id=campaign,
            )
        )  # fmt: skip
    for row in rows:
        session.add(row)
        session.flush()


def _sum(rows: list[Performance], key: str) -> Decimal:
    return sum((row.figures[key].value or Decimal(0) for row in rows), Decimal(0))


def _holds(session: Session, store_id: int) -> None:
    """Every way of telling gives the catalogue's totals."""
    for by in BY:
        rows = performance(session, store_id, WHOLE, by)
        for key in TOTALS:
            assert _sum(rows, key) == service.figure(session, store_id, key, WHOLE).value, (by, key)


def test_every_way_of_telling_sums_to_the_totals_whenever_it_was_made(session: Session) -> None:
    store_id = session.info["store_id"]
    _holds(session, store_id)
    sums_service.roll_up(session, store_id)
    _holds(session, store_id)
    for change in (
        "update shop_order set region = 'VT' where order_id = 1",
        "update ad_day set spend = 33.333 where ad_id = 2",
        "delete from ad_product where product_id = 2",
        "update store_settings set fulfilment_per_order = 1",
        "delete from shop_order where order_id = 2",
    ):
        session.connection().execute(text(change))
        _holds(session, store_id)
    places = {row.member: row for row in performance(session, store_id, WHOLE, "geography")}
    assert places["US, VT"].figures["net_sales"].value == 5  # the refund, on a day of its own, has moved with its order
    sums_service.roll_up(session, store_id)
    assert sums_service.reconcile(session, store_id) == []


def test_spend_is_what_ads_promote_and_else_what_their_campaign_sold(session: Session) -> None:
    store_id = session.info["store_id"]
    rows = {row.member: row for row in performance(session, store_id, WHOLE, "product")}
    assert _sum(list(rows.values()), "ad_spend") == Decimal("30.015")
    # 10.01 in halves; 20.005 by what the second campaign sold: 20 of product 2 and 30 of product 3
    assert rows[1].figures["ad_spend"].value in (Decimal("5.00"), Decimal("5.01"))
    assert abs((rows[2].figures["ad_spend"].value or 0) - Decimal("13.005")) <= Decimal("0.01")
    assert abs((rows[3].figures["ad_spend"].value or 0) - Decimal("12.003")) <= Decimal("0.01")
    assert (rows[1].basis, rows[2].basis, rows[3].basis) == ("promoted", "both", "share")
    assert rows[1].figures["impressions"].value is None
    assert rows[None].figures["impressions"].value == 200


def test_places_that_platforms_do_not_tell_stand_apart(session: Session) -> None:
    rows = {row.member: row for row in performance(session, session.info["store_id"], WHOLE, "geography")}
    assert rows["US, ME"].figures["ad_spend"].value == 6
    assert rows[None].figures["ad_spend"].value == Decimal("24.015")


def test_what_it_cannot_be_told_by_is_refused(session: Session) -> None:
    with pytest.raises(InvalidInput):
        performance(session, session.info["store_id"], WHOLE, "weather")  # pyright: ignore[reportArgumentType]


@pytest.fixture
def analyst(store_id: int) -> Iterator[psycopg.Connection]:
    with logged_in(store_id) as connection:
        yield connection


COUNTED = (*TOTALS, "impressions", "clicks", "reported_revenue", "contribution_profit")
OF_MEMBER: dict[By, str] = {
    "day": "day", "channel": "channel", "campaign": "campaign_id", "geography": "geography", "product": "product_id",
}  # fmt: skip


@pytest.mark.parametrize("by", BY)
def test_analysts_rows_sum_to_what_is_told_by_each_of_their_columns(
    session: Session, analyst: psycopg.Connection, by: By
) -> None:
    mine = {row.member: row.figures for row in performance(session, session.info["store_id"], WHOLE, by)}
    sums = ", ".join(f"sum({key})" for key in COUNTED)
    for rows in ("clique.performance(%s, %s)", "clique.performance where day between %s and %s"):
        asked = f"select {OF_MEMBER[by]}, {sums} from {rows} group by 1"
        theirs = {member: told for member, *told in analyst.execute(asked, (WHOLE.start, WHOLE.end))}  # pyright: ignore[reportArgumentType]
        members = {member for member, of in mine.items() if any(of[key].value for key in COUNTED)}
        assert members <= theirs.keys() <= mine.keys()
        for member, told in theirs.items():
            for key, value in zip(COUNTED, told, strict=True):
                assert abs((value or 0) - (mine[member][key].value or 0)) < Decimal("1e-9"), (rows, member, key)


def test_a_row_of_analysts_is_one_campaign_place_and_product_of_a_day(analyst: psycopg.Connection) -> None:
    query = (
        "select campaign_id, geography, product_id, spend_by, ad_spend, net_sales, roas, impressions"
        " from clique.performance(%s, %s) order by 1, 2, 3"
    )
    told = {row[:3]: row[3:] for row in analyst.execute(query, (FIRST, FIRST))}
    # 10.01 of the first campaign in halves, of which 6 were seen in Maine
    [promoted] = [row for row in told if row == (1, "US, ME", 1)]
    basis, spend, net_sales, roas, impressions = told[promoted]
    assert basis == "promoted"
    assert abs(spend - 6 * Decimal("5.005") / Decimal("10.01")) < Decimal("0.01")
    assert (net_sales, impressions) == (10, None)
    assert abs(roas - net_sales / spend) < Decimal("1e-9")
    assert told[2, None, 3][0] == "share"
    assert told[1, "US, ME", None][-1] == 60
    assert told[1, None, None][-1] == 40
    assert analyst.execute("select count(*) from clique.performance(%s, %s)", (None, FIRST)).fetchone() == (0,)


def test_days_that_are_not_read_are_unknown_to_analysts_too(store_id: int, analyst: psycopg.Connection) -> None:
    with store_session(store_id) as session:
        session.get_one(SyncCursor, (store_id, "meta_ads")).history_from = FIRST + timedelta(days=1)
    query = "select count(ad_spend), count(roas), sum(net_sales) from clique.performance(%s, %s) where day = %s"
    assert analyst.execute(query, (FIRST, WHOLE.end, FIRST)).fetchone() == (0, 0, Decimal(60))


def test_stock_stands_beside_its_product_as_the_page_has_it(store_id: int, analyst: psycopg.Connection) -> None:
    with store_session(store_id) as session:
        of: dict[str, Any] = {"store_id": store_id}
        session.add(SyncCursor(source="shopify_inventory", read_to=NOON, fresh_at=NOON, **of))
        session.add(Location(location_id=1, name="Hudson", **of))
        session.add(Product(product_id=1, title="Candle", handle="candle", updated_at=NOON, **of))
        session.flush()
        session.add(Variant(variant_id=11, product_id=1, inventory_item_id=7, title="", price=Decimal(10), **of))
        session.add(InventoryDay(day=FIRST, inventory_item_id=7, location_id=1, available=15, **of))
        session.connection().execute(text("update sale_entry set variant_id = 11 where product_id = 1"))
    with store_session(store_id) as session:
        for days in (Period(FIRST, FIRST), Period(FIRST + timedelta(days=3), FIRST + timedelta(days=3))):
            page = {row.member: row.figures for row in performance(session, store_id, days, "product")}
            query = (
                "select distinct product_id, product, stock_units, days_of_cover from clique.performance(%s, %s)"
                " where product_id is not null"
            )
            rows = {product: rest for product, *rest in analyst.execute(query, (days.start, days.end))}
            assert rows[1][:2] == ["Candle", 15]
            assert page[1]["stock_units"].value == 15
            cover = page[1]["days_of_cover"].value
            assert cover
            assert abs(rows[1][2] - cover) < Decimal("1e-9")
            assert {tuple(rest[1:]) for product, rest in rows.items() if product != 1} <= {(None, None)}


@pytest.mark.parametrize(("start", "end"), [(0, 20), (1, 9), (9, 9), (10, 20), (2, 95), (7, 99)])
def test_customers_by_how_orders_follow_each_other_are_those_of_the_rows(
    session: Session, start: int, end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id, period = session.info["store_id"], Period(FIRST + timedelta(start), FIRST + timedelta(end))
    readings = [item for item in map(registry.metric, CUSTOMERS) if isinstance(item, Reading)]

    def read() -> dict[str, Decimal | None]:
        found = readings_service.read(session, store_id, readings, [period], None)
        return {reading.key: found[reading.key, period][0] for reading in readings}

    sums_service.roll_up(session, store_id)
    session.connection().execute(text("delete from shop_order where order_id = 3"))
    session.connection().execute(text("update shop_order set customer_id = 2 where order_id = 4"))
    told = read()
    monkeypatch.setattr(kept_service, "_TOLD_OF_SPANS", ())
    assert told == read()


@pytest.mark.parametrize("by", BY)
def test_days_whose_ads_are_not_read_are_unknown_as_in_the_catalogue(session: Session, by: By) -> None:
    store_id, read_from = session.info["store_id"], FIRST + timedelta(days=1)
    session.get_one(SyncCursor, (store_id, "meta_ads")).history_from = read_from
    session.flush()
    told = performance(session, store_id, WHOLE, by)
    days = Period(FIRST, FIRST) if by == "day" else WHOLE
    first = told[0] if by != "day" else next(row for row in told if row.member == FIRST)
    asked = ("ad_spend", "roas", "contribution_profit", "net_sales", "attributed_revenue")
    own = service.figures(session, store_id, asked, days)
    for key in asked:
        assert (first.figures[key].value is None) == (own[key].value is None), key
        assert first.figures[key].reason == own[key].reason
    assert own["ad_spend"].reason == "Read from 2 Oct 2026 on; days before it are not here yet."
    assert first.figures["net_sales"].value
    if by == "day":
        assert all(row.figures["ad_spend"].value is not None for row in told if row.member >= read_from)
    else:
        assert all(row.figures["ad_spend"].value is None for row in told)
