"""What tests of analysts' SQL share: a store that goes on selling, asking, and comparing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from sqlmodel import SQLModel

from clique_app.attribution import service as attribution
from clique_app.database import owner_session, store_session
from clique_app.tables import AdDay, InventoryDay, Order, OrderLine, Product, SaleEntry, Variant
from clique_app.warehouse import logins_service

LATER = datetime(2026, 12, 3, 17, tzinfo=UTC)


@contextmanager
def logged_in(store_id: int) -> Iterator[psycopg.Connection]:
    """A connection by the store's own login, which is taken away afterwards."""
    with owner_session() as session:
        login = logins_service.give(session, store_id)
    with psycopg.connect(login.url, autocommit=True) as connection:
        yield connection
    with owner_session() as session:
        logins_service.take_away(session, store_id)


def sell_later(store_id: int) -> None:
    """Eleven weeks on, so that customers are old enough for LTV at 90 days: two customers buy again, a variant that
    Shopify does not track and one beside another of its product; both days had ads, and a stock-out came before."""
    with store_session(store_id) as session:

        def add(table: type[SQLModel], **values: Any) -> None:
            session.add(table.model_validate({"store_id": store_id, **values}))
            session.flush()

        add(Product, product_id=4, title="Candle 4", handle="candle-4", updated_at=LATER)
        for variant, product, tracked in ((4, 4, False), (5, 1, True)):
            same: dict[str, Any] = {"inventory_item_id": variant, "title": "", "price": Decimal(10)}
            add(Variant, variant_id=variant, product_id=product, tracked=tracked, **same)
        for ago in range(40):
            for item in (1, 5):
                left = 0 if item == 1 and 5 <= ago < 15 else 60
                day = LATER.date() - timedelta(days=ago)
                add(InventoryDay, day=day, inventory_item_id=item, location_id=2, available=left)
        for number, (buyer, product, variant, units) in enumerate(((2, 4, 4, 3), (4, 1, 5, 7), (4, 1, 1, 20))):
            at, order_id = LATER - timedelta(days=number), 9000 + number
            day, same = at.date(), {"product_id": product, "variant_id": variant, "quantity": units}
            of_order: dict[str, Any] = {"order_id": order_id, "line_id": order_id, **same}
            add(Order, order_id=order_id, name=f"#{order_id}", processed_at=at, day=day, created_at=at, updated_at=at,
                customer_id=buyer, currency="USD", presentment_currency="USD", total=Decimal(10 * units),
                stated_total=Decimal(10 * units), country="US", region="ME", financial_status="PAID")  # fmt: skip
            add(OrderLine, title="", current_quantity=units, unit_price=Decimal(10), **of_order)
            add(SaleEntry, sale_id=order_id, kind="sale", happened_at=at, day=day, amount=Decimal(10 * units),
                **of_order)  # fmt: skip
            add(AdDay, ad_id=200, campaign_id=200, day=day, channel="meta", currency="USD", read_at=LATER,
                spend=Decimal("7.5"), impressions=100, clicks=9)  # fmt: skip
        attribution.credit_orders(session, store_id, None)


def close(one: Decimal | None, other: Decimal | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= Decimal("1e-9") * max(1, abs(other))


def asked(connection: psycopg.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
