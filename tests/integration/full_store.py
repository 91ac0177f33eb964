"""A small store with something of everything that metrics rest on, made straight in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import redis
from sqlmodel import Session, SQLModel

from clique_app import clock, database
from clique_app.attribution import service as attribution
from clique_app.database import store_session
from clique_app.metrics.definition import Period
from clique_app.roles import APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE
from clique_app.settings import settings
from clique_app.tables import (
    METADATA,
    Ad,
    AdDay,
    AdDayFormer,
    AdGroup,
    Campaign,
    CampaignRegionDay,
    CreditRestatement,
    Customer,
    CustomerValue,
    EmailDay,
    EmailProgram,
    EmailSignupDay,
    InventoryDay,
    InventoryLevel,
    Location,
    LoyaltyMember,
    ModelVersion,
    Order,
    OrderLine,
    Product,
    ProfilePrediction,
    Referral,
    Review,
    SaleEntry,
    SocialDay,
    Store,
    StoreSettings,
    SurveyResponse,
    SyncCursor,
    Touch,
    Ugc,
    UnitCost,
    Variant,
    WebSession,
)
from tests.conftest import TEST_SETTINGS, Servers
from tests.integration.stores import make_store, use_ad_account

ZONE = "America/New_York"
START = datetime(2026, 6, 20, 16, tzinfo=UTC)
DAYS, ORDERS, BUYERS = 90, 60, 17
WHOLE = Period(date(2026, 6, 20), date(2026, 9, 17))


@contextmanager
def own_database(url: str, servers: Servers) -> Iterator[None]:
    """The app's settings with this database, and an empty Redis, for all tests of a module."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**TEST_SETTINGS, "DATABASE_URL": url, "REDIS_URL": servers.redis_url}.items():
            patched.setenv(name, value)
        settings.cache_clear()
        with redis.Redis.from_url(servers.redis_url) as client:
            client.flushdb()
        yield
        for role in (APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE, None):
            database._engine(url, role).dispose()
        settings.cache_clear()


def make_full_store(shop_domain: str, scale: int) -> int:
    """Its amounts are so many times those of scale 1, and so are its customers' and orders' numbers."""
    store_id = make_store(shop_domain)
    with store_session(store_id) as session:
        store, terms = session.get_one(Store, store_id), session.get_one(StoreSettings, store_id)
        store.history_complete, store.history_from = True, WHOLE.start
        terms.default_cost_pct, terms.overhead_per_month = Decimal(40), Decimal(900)
        terms.other_marketing_per_month = Decimal(310)
        parts = (_goods, _sales, _ads, _email, _visits, _voice, _expected)
        rows = [row for make in parts for row in make(scale)]
        for table in METADATA.sorted_tables:
            for row in (one for one in rows if one.__table__ is table):
                row.store_id = store_id
                session.add(row)
            session.flush()
        use_ad_account(session, store_id)
        _read(session, store_id)
        session.flush()
        attribution.credit_orders(session, store_id, None)
    return store_id


def _day(at: datetime) -> date:
    return clock.day_of(at, ZONE)


def _at(number: int, count: int = ORDERS) -> datetime:
    return START + timedelta(hours=number * DAYS * 24 / count)


def _row(table: type[SQLModel], **values: Any) -> Any:
    return table.model_validate({"store_id": 0, **values})


def _goods(scale: int) -> list[Any]:
    rows: list[Any] = [_row(Location, location_id=scale, name="Hudson", country="US", region="NY")]
    for n in (1, 2, 3):
        rows += [
            _row(
                Product,
                product_id=n,
                title=f"Candle {n}",
                handle=f"candle-{n}",
                product_type="Candle",
                updated_at=START,
            ),
            _row(Variant, variant_id=n, product_id=n, inventory_item_id=n, title="", price=Decimal(10 * n)),
            _row(InventoryLevel, inventory_item_id=n, location_id=scale, available=30 * n * scale, updated_at=START),
        ]
        rows += [
            _row(
                InventoryDay, day=WHOLE.start + timedelta(days=day), inventory_item_id=n, location_id=scale,
                available=max(0, 40 * n - day),
            )
            for day in range(DAYS)
        ]  # fmt: skip
    return [*rows, _row(UnitCost, variant_id=1, valid_from=date(2026, 1, 1), cost=Decimal("3.5"))]


def _sales(scale: int) -> list[Any]:
    rows: list[Any] = []
    for n in range(ORDERS):
        rows += _order(n, scale)
    for buyer in range(1, BUYERS):
        first = next(n for n in range(ORDERS) if n % BUYERS == buyer)
        rows.append(
            _row(
                Customer, customer_id=buyer * scale, country="US", region="ME" if buyer % 2 else "NY",
                email_hmac=bytes([scale, buyer]), first_order_id=(first + 1) * scale, first_order_at=_at(first),
                first_order_day=_day(_at(first)),
            )
        )  # fmt: skip
    return rows


def _order(n: int, scale: int) -> list[Any]:
    """Orders of the buyer 0 have no customer; every seventh is sent back, every fifth is discounted."""
    at, order_id, amount = _at(n), (n + 1) * scale, Decimal(scale * (20 + n % 13)) + Decimal("0.17")
    buyer, product, day = n % BUYERS * scale or None, n % 3 + 1, _day(_at(n))
    money = {"order_id": order_id, "line_id": order_id, "product_id": product, "variant_id": product}
    rows: list[Any] = [
        _row(
            Order, order_id=order_id, name=f"#{order_id}", processed_at=at, day=day, created_at=at, updated_at=at,
            customer_id=buyer, currency="USD", presentment_currency="USD", total=amount + 5, stated_total=amount + 5,
            financial_status="PAID", country="US", region="ME" if n % 2 else "NY", journey_ready=True,
            fulfilled_at=at, delivered_at=at + timedelta(days=3) if n % 4 else None,
        ),
        _row(OrderLine, line_id=order_id, order_id=order_id, product_id=product, variant_id=product,
             title=f"Candle {product}", quantity=2, current_quantity=2, unit_price=amount / 2),
        _row(SaleEntry, sale_id=order_id, kind="sale", happened_at=at, day=day, quantity=2, amount=amount,
             unit_cost=Decimal("3.5") if product == 1 else None, **money),
        _row(SaleEntry, sale_id=order_id, kind="shipping", order_id=order_id, happened_at=at, day=day,
             amount=Decimal(5)),
    ]  # fmt: skip
    if n % 5 == 0:
        rows.append(
            _row(SaleEntry, sale_id=order_id, kind="discount", happened_at=at, day=day, amount=-amount / 10, **money)
        )
    if n % 7 == 0:
        back = at + timedelta(days=4)
        rows.append(
            _row(SaleEntry, sale_id=10_000 * scale + order_id, kind="refund", happened_at=back, day=_day(back),
                 quantity=-1, amount=-amount / 2, unit_cost=Decimal("3.5") if product == 1 else None, **money)
        )  # fmt: skip
    channel = ("meta", "email", "organic", "meta", "")[n % 5]
    if channel:
        rows.append(
            _row(Touch, order_id=order_id, position=0, occurred_at=at - timedelta(hours=20), channel=channel,
                 campaign="spring", campaign_platform_id=f"c{n % 2}" if channel == "meta" else None)
        )  # fmt: skip
    return rows


def _ads(scale: int) -> list[Any]:
    rows: list[Any] = []
    for n in (0, 1):
        at = 100 * scale + n
        same: dict[str, Any] = {"channel": "meta", "status": "active", "read_at": START}
        rows += [
            _row(
                Campaign,
                campaign_id=at,
                platform_id=f"c{n}",
                account_id="1",
                name=f"Campaign {n}",
                currency="USD",
                **same,
            ),
            _row(AdGroup, ad_group_id=at, platform_id=f"g{n}", campaign_id=at, name="Group", currency="USD", **same),
            _row(
                Ad, ad_id=at, platform_id=f"a{n}", ad_group_id=at, campaign_id=at, name="Ad", product_id=n + 1, **same
            ),
        ]
        for day in range(DAYS):
            facts: dict[str, Any] = {
                "day": WHOLE.start + timedelta(days=day), "channel": "meta", "currency": "USD", "read_at": START,
                "spend": Decimal(scale * (3 + day % 4)) + Decimal("0.000123"), "impressions": 200 * scale + day,
                "clicks": 9 + day % 5, "reported_conversions": Decimal(day % 2),
                "reported_revenue": Decimal(25 * (day % 2)),
            }  # fmt: skip
            rows.append(_row(AdDay, ad_id=at, campaign_id=at, reach=100 * scale if n else 0, **facts))
            rows.append(_row(CampaignRegionDay, campaign_id=at, country="US", region="NY", **facts))
        rows.append(
            _row(AdDayFormer, day=WHOLE.start, ad_id=at, replaced_at=START, spend=Decimal(scale * 8), impressions=1,
                 clicks=1, reported_conversions=Decimal(2), reported_revenue=Decimal(50))
        )  # fmt: skip
    rows.append(
        _row(CreditRestatement, made_at=START, cause="journeys", day=WHOLE.start, model="last", channel="meta",
             before=Decimal(scale), after=Decimal(scale * 3))
    )  # fmt: skip
    return rows


def _email(scale: int) -> list[Any]:
    rows: list[Any] = []
    for n, kind in enumerate(("welcome", "win_back", "post_purchase")):
        at = 100 * scale + n
        rows.append(
            _row(EmailProgram, program_id=at, channel="klaviyo", account_id="k", sort="flow",
                 platform_id=f"f{n}", name=kind, status="live", kind=kind, read_at=START)
        )  # fmt: skip
        rows += [
            _row(EmailDay, day=WHOLE.start + timedelta(days=day), program_id=at, message_id="m", currency="USD",
                 recipients=50 * scale, delivered=48 * scale, unique_opens=20 + day % 7, unique_clicks=3 + day % 3,
                 read_at=START)
            for day in range(0, DAYS, 3)
        ]  # fmt: skip
    return [
        *rows,
        *(
            _row(EmailSignupDay, channel="klaviyo", account_id="k", day=WHOLE.start + timedelta(days=day),
                 list_name="News", signups=scale + day % 3, read_at=START)
            for day in range(0, DAYS, 2)
        ),
    ]  # fmt: skip


def _visits(scale: int) -> list[Any]:
    rows: list[Any] = []
    for n in range(150):
        at = _at(n, 150)
        rows.append(
            _row(
                WebSession, visitor_id=bytes([scale, n % 40]), started_at=at, ended_at=at + timedelta(minutes=5),
                day=_day(at), channel=("meta", "direct", "email")[n % 3], landing_path="/",
                landed_on_product=n % 2 == 0,
                page_views=1 + n % 4, product_views=n % 3, engaged_seconds=30 + n % 50, deepest_scroll_pct=n % 100,
                added_to_cart=n % 4 == 0, added_viewed_product=n % 8 == 0, wishlisted=n % 11 == 0,
                checkout_started=n % 8 == 0, signed_up=n % 9 == 0, bounced=n % 4 == 1,
                order_id=(n // 3 + 1) * scale if n % 12 == 0 else None,
            )
        )  # fmt: skip
    return rows


def _voice(scale: int) -> list[Any]:
    rows: list[Any] = []
    for n in range(40):
        at = _at(n, 40)
        told: dict[str, Any] = {"record_id": 1000 * scale + n, "source": "file", "day": _day(at), "told_at": at}
        rows.append(
            _row(SurveyResponse, subject=str((n + 1) * scale), order_id=(n + 1) * scale, day=_day(at), answered_at=at,
                 changed_at=at, nps=n % 11, heard="A friend", channel="referral" if n % 5 == 4 else "")
        )  # fmt: skip
        rows.append(
            _row(Review, rating=1 + n % 5, product_id=n % 3 + 1, customer_hmac=bytes([scale, n % 16 + 1]), **told)
        )
        rows.append(_row(Ugc, network="instagram", **told))
        rows.append(_row(Referral, visitors=10 + n % 3, ordered=n % 4, **told))
        rows.append(
            _row(SocialDay, network="instagram", account="a", impressions=500 + n, engagements=20 + n % 9, **told)
        )
        if n < 9:
            rows.append(_row(LoyaltyMember, customer_hmac=bytes([scale, n + 1]), **told))
    return rows


def _expected(scale: int) -> list[Any]:
    rows: list[Any] = [
        _row(ModelVersion, model_id=scale, kind="repeat_purchase", state="current", made_at=START,
             data_from=WHOLE.start, data_to=WHOLE.end)
    ]  # fmt: skip
    for buyer in range(1, BUYERS):
        rows.append(
            _row(
                CustomerValue, customer_id=buyer * scale, as_of=WHOLE.end, model_id=scale, frequency=2, recency=40,
                age=80,
                p_alive=Decimal("0.5"), purchases_90=Decimal(1), purchases_365=Decimal("2.5"), value_90=Decimal(20),
                value_365=Decimal(50 + buyer), reorder_30=Decimal("0.125") * (buyer % 4),
                next_order_on=WHOLE.end + timedelta(days=buyer),
            )
        )  # fmt: skip
        if buyer % 2:
            rows.append(
                _row(ProfilePrediction, email_hmac=bytes([scale, buyer]), currency="USD", expected_clv=Decimal(70),
                     churn_probability=Decimal("0.25"), next_order_day=WHOLE.end + timedelta(days=9), read_at=START)
            )  # fmt: skip
    return rows


def _read(session: Session, store_id: int) -> None:
    for source, history_from in (
        ("shopify_orders", None), ("shopify_products", None), ("shopify_inventory", None),
        ("meta_ads", WHOLE.start + timedelta(days=10)), ("klaviyo_email", None), ("web_pixel", None),
    ):  # fmt: skip
        session.add(
            SyncCursor(
                store_id=store_id, source=source, read_to=_at(ORDERS), fresh_at=_at(ORDERS), history_from=history_from,
                rows=1, source_count=1,
            )
        )  # fmt: skip
