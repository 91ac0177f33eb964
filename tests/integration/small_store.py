"""A small store with a bit of everything in its tables, made by chance from a seed, over a change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, SQLModel

from clique_app import tables
from clique_app.attribution import service as attribution
from clique_app.database import store_session
from clique_app.tables.site import PIXEL
from tests.integration.stores import make_store, use_ad_account

ZONE = ZoneInfo("America/New_York")
FIRST, LAST = date(2025, 12, 20), date(2026, 3, 20)  # clocks go forward on 8 March
CHANNELS = ("meta", "google", "email", "direct")


def make(seed: int, shop: str = "small.myshopify.com") -> int:
    """The store's id."""
    store_id = make_store(shop)
    chance = Random(seed)
    with store_session(store_id) as session:
        _settings(session, store_id)
        for part in (_catalog, _ads, _orders, _visits, _emails, _voices, _expected):
            part(session, store_id, chance)
            session.flush()
        attribution.credit_orders(session, store_id, None)
    return store_id


def _at(day: date, chance: Random) -> datetime:
    return datetime.combine(day, time(chance.randrange(24), chance.randrange(60), chance.randrange(60)), ZONE)


def _day(chance: Random) -> date:
    return FIRST + timedelta(days=chance.randrange((LAST - FIRST).days + 1))


def _add(session: Session, model: type[SQLModel], store_id: int, **values: Any) -> None:
    session.add(model(store_id=store_id, **values))


def _settings(session: Session, store_id: int) -> None:
    store = session.get_one(tables.Store, store_id)
    store.history_complete, store.history_from = True, FIRST
    settings = session.get_one(tables.StoreSettings, store_id)
    settings.default_cost_pct, settings.overhead_per_month = Decimal(40), Decimal(310)
    settings.other_marketing_per_month = Decimal(62)
    settings.fulfilment_by_place = {"US-me": "4.25", "CA": "9.50"}
    fresh = datetime(2026, 3, 21, 12, tzinfo=UTC)
    for source in ("shopify_orders", "shopify_products", "shopify_inventory", "meta_ads", "klaviyo_email", PIXEL):
        _add(session, tables.SyncCursor, store_id, source=source, fresh_at=fresh, read_to=fresh)


def _catalog(session: Session, store_id: int, chance: Random) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    _add(session, tables.Location, store_id, location_id=1, name="Hudson")
    for n in range(3):
        _add(session, tables.Product, store_id, product_id=10 + n, title=f"Candle {n}", handle=f"c{n}", updated_at=now)
    session.flush()
    for n in range(3):
        _add(
            session, tables.Variant, store_id, variant_id=20 + n, product_id=10 + n, inventory_item_id=30 + n,
            title="", price=Decimal(20 + 10 * n),
        )  # fmt: skip
    session.flush()
    for variant, day, cost in ((20, date(2025, 1, 1), "8"), (20, date(2026, 2, 10), "9"), (21, date(2025, 1, 1), "12")):
        _add(session, tables.UnitCost, store_id, variant_id=variant, valid_from=day, cost=Decimal(cost))
    for n in range((LAST - FIRST).days + 1):
        for item in range(30, 33):
            _add(
                session, tables.InventoryDay, store_id, day=FIRST + timedelta(days=n), inventory_item_id=item,
                location_id=1, available=max(0, chance.randrange(-4, 20)),
            )  # fmt: skip


def _ads(session: Session, store_id: int, chance: Random) -> None:
    use_ad_account(session, store_id)
    now = datetime(2026, 3, 21, tzinfo=UTC)
    for n, channel in ((1, "meta"), (2, "meta"), (3, "google")):
        same = {"channel": channel, "platform_id": str(n), "name": f"C{n}", "status": "active", "read_at": now}
        _add(session, tables.Campaign, store_id, campaign_id=n, account_id="1", currency="USD", **same)
        session.flush()
        _add(session, tables.AdGroup, store_id, ad_group_id=n, campaign_id=n, currency="USD", **same)
        session.flush()
        product = 10 + n if n < 3 else None
        _add(session, tables.Ad, store_id, ad_id=n, ad_group_id=n, campaign_id=n, product_id=product, **same)
        session.flush()
        for day in range((LAST - FIRST).days + 1):
            shown = chance.randrange(0, 400)
            _add(
                session, tables.AdDay, store_id, day=FIRST + timedelta(days=day), ad_id=n, campaign_id=n,
                channel=channel, currency="USD", spend=Decimal(chance.randrange(0, 900)) / 100, impressions=shown,
                clicks=shown // 20, reported_revenue=Decimal(chance.randrange(0, 3000)) / 100,
                reported_conversions=Decimal(chance.randrange(0, 3)), read_at=now,
            )  # fmt: skip


def _orders(session: Session, store_id: int, chance: Random) -> None:
    told = sorted(_at(_day(chance), chance) for _ in range(70))
    firsts: dict[int, tuple[int, datetime]] = {}
    sale = 0
    for number, at in enumerate(told, start=1):
        customer = chance.choice([None, *range(1, 26)])
        product, units = chance.randrange(3), chance.randrange(1, 4)
        price, day = Decimal(20 + 10 * product), at.astimezone(ZONE).date()
        test = number % 17 == 0
        if customer and not test:
            firsts.setdefault(customer, (number, at))
        _add(
            session, tables.Order, store_id, order_id=number, name=f"#{number}", processed_at=at, day=day,
            created_at=at, updated_at=at, test=test, customer_id=customer, currency="USD", presentment_currency="USD",
            total=price * units, stated_total=price * units, country="US", region=chance.choice(("ME", "NY", "")),
            payment_fee=chance.choice((None, Decimal("1.11"))),
            delivered_at=chance.choice((None, at + timedelta(days=3))),
            source_name=chance.choice(("web", "subscription_contract")), selling_plan=number % 7 == 0,
        )  # fmt: skip
        _add(
            session, tables.OrderLine, store_id, line_id=number, order_id=number, product_id=10 + product,
            variant_id=20 + product, title="", quantity=units, current_quantity=units, unit_price=price,
        )  # fmt: skip
        cost = (Decimal(8), Decimal(12), None)[product]
        booked = [("sale", at, units, price * units)]
        if number % 4 == 0:
            booked.append(("discount", at, 0, Decimal("-2.50")))
        if number % 5 == 0:
            booked.append(("refund", at + timedelta(days=chance.randrange(30)), -1, -price))
        if not test:
            for kind, when, quantity, amount in booked:
                sale += 1
                _add(
                    session, tables.SaleEntry, store_id, sale_id=sale, kind=kind, order_id=number, line_id=number,
                    product_id=10 + product, variant_id=20 + product, happened_at=when,
                    day=when.astimezone(ZONE).date(), quantity=quantity, amount=amount,
                    unit_cost=cost if quantity else None,
                )  # fmt: skip
        for position in range(chance.randrange(3)):
            n = chance.randrange(1, 4)
            _add(
                session, tables.Touch, store_id, order_id=number, position=position, channel=chance.choice(CHANNELS),
                occurred_at=at - timedelta(days=9 - 4 * position), campaign=f"C{n}", campaign_platform_id=str(n),
                ad_platform_id=str(n),
            )  # fmt: skip
    for customer, (number, at) in firsts.items():
        _add(
            session, tables.Customer, store_id, customer_id=customer, country="US",
            region=chance.choice(("ME", "NY")), email_hmac=bytes([customer]), first_order_id=number,
            first_order_at=at, first_order_day=at.astimezone(ZONE).date(),
        )  # fmt: skip


def _visits(session: Session, store_id: int, chance: Random) -> None:
    for at in sorted({_at(_day(chance), chance) for _ in range(150)}):
        product, added = chance.random() < 0.6, chance.random() < 0.3
        _add(
            session, tables.WebSession, store_id, visitor_id=bytes([chance.randrange(60)]), started_at=at,
            ended_at=at + timedelta(minutes=3), day=at.astimezone(ZONE).date(), channel=chance.choice(CHANNELS),
            page_views=chance.randrange(1, 9), product_views=int(product), engaged_seconds=chance.randrange(300),
            deepest_scroll_pct=chance.choice((None, 40, 90)), added_to_cart=added,
            added_viewed_product=product and added, wishlisted=chance.random() < 0.1,
            checkout_started=added and chance.random() < 0.5, signed_up=chance.random() < 0.1,
            bounced=chance.random() < 0.3, landed_on_product=chance.random() < 0.4,
            landing_path=("/", "/products/c0", "")[at.minute % 3],
            order_id=chance.choice((None, None, 1)),
        )  # fmt: skip


def _emails(session: Session, store_id: int, chance: Random) -> None:
    now = datetime(2026, 3, 21, tzinfo=UTC)
    for n, kind in enumerate(("campaign", "win_back", "post_purchase"), start=1):
        _add(
            session, tables.EmailProgram, store_id, program_id=n, channel="klaviyo", account_id="a", sort="flow",
            platform_id=str(n), name=kind, status="live", kind=kind, read_at=now,
        )  # fmt: skip
        session.flush()
        for day in {_day(chance) for _ in range(25)}:
            sent = chance.randrange(10, 90)
            _add(
                session, tables.EmailDay, store_id, day=day, program_id=n, message_id="m", currency="USD",
                recipients=sent, delivered=sent, unique_opens=sent // 2, unique_clicks=sent // 9, read_at=now,
            )  # fmt: skip
    for day in {_day(chance) for _ in range(20)}:
        of = {"channel": "klaviyo", "account_id": "a", "list_name": "News", "signups": 3}
        _add(session, tables.EmailSignupDay, store_id, day=day, read_at=now, **of)


def _voices(session: Session, store_id: int, chance: Random) -> None:
    now = datetime(2026, 3, 21, tzinfo=UTC)
    for number in range(1, 60):
        at = _at(_day(chance), chance)
        _add(
            session, tables.SurveyResponse, store_id, subject=str(number), order_id=number, answered_at=at,
            changed_at=at, day=at.astimezone(ZONE).date(), nps=chance.randrange(11),
        )  # fmt: skip
    for number in range(1, 20):
        told = {"record_id": number, "source": "own", "told_at": now, "withdrawn": number % 6 == 0}
        _add(session, tables.Review, store_id, day=_day(chance), rating=4, product_id=10 + number % 3, **told)
        _add(session, tables.Ugc, store_id, day=_day(chance), **told)
        _add(session, tables.Referral, store_id, day=_day(chance), visitors=5, ordered=number % 3, **told)
        _add(session, tables.LoyaltyMember, store_id, day=_day(chance), customer_hmac=bytes([number]), **told)
        social = {"network": "instagram", "account": "a", "impressions": 100 + number, "engagements": number}
        _add(session, tables.SocialDay, store_id, day=_day(chance), **social, **told)


def _expected(session: Session, store_id: int, chance: Random) -> None:
    model = tables.ModelVersion(
        store_id=store_id, kind="repeat_purchase", state="current", made_at=datetime(2026, 3, 21, tzinfo=UTC),
        score={"expected": 80.0, "came": 88.0},
    )  # fmt: skip
    session.add(model)
    session.flush()
    for customer in range(1, 24):
        some = Decimal(chance.randrange(1, 100)) / 100
        _add(
            session, tables.CustomerValue, store_id, customer_id=customer, as_of=LAST, model_id=model.model_id,
            frequency=1, recency=1, age=2, p_alive=some, purchases_90=some, purchases_365=some * 2, value_90=some * 30,
            value_365=some * 90, reorder_30=some / 2,
        )  # fmt: skip
        _add(
            session, tables.OrderForecast, store_id, customer_id=customer, made_on=FIRST + timedelta(days=customer),
            expected_on=_day(chance) + timedelta(days=20),
        )  # fmt: skip
        if customer % 3 == 0:
            _add(
                session, tables.ProfilePrediction, store_id, email_hmac=bytes([customer]), currency="USD",
                churn_probability=some, read_at=datetime(2026, 3, 21, tzinfo=UTC),
            )  # fmt: skip
