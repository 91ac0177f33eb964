"""What was in stock on each of many days is what the rows say of that day, however patchily it was noted."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlmodel import Session

from clique_app.database import store_session
from clique_app.metrics import readings_service, registry, sums_service
from clique_app.metrics.definition import Period, Reading
from tests.integration.stores import make_store

FIRST, DAYS, VARIANTS = date(2026, 3, 1), 40, 6
READINGS = tuple(
    item for key in ("stock_units", "inventory_value") if isinstance(item := registry.metric(key), Reading)
)
SPANS = [Period(day := FIRST + timedelta(days=n), day) for n in range(DAYS + 10)]


def _sold_from_stock(session: Session, store_id: int, seed: int) -> None:
    """Variant 1 is not tracked, 2 has no cost before a later day, 3 is priced by default, 4 sells on when it is out."""
    chance, of = random.Random(seed), {"store": store_id}
    run = session.connection().execute
    run(text("update store_settings set default_cost_pct = 33.33 where store_id = :store"), of)
    for n in range(1, VARIANTS + 1):
        numbered = {
            **of,
            "n": n,
            "tracked": n != 1,
            "backorder": n == 4,
            "price": Decimal(chance.randint(1, 9999)) / 100,
        }
        run(
            text(
                "insert into product (store_id, product_id, title, handle, product_type, vendor, status, active,"
                " updated_at) values (:store, :n, 'P', '', '', '', '', true, now())"
            ),
            numbered,
        )
        run(
            text(
                "insert into variant (store_id, variant_id, product_id, inventory_item_id, title, sku, price, tracked,"
                " backorder, active) values (:store, :n, :n, 10 * :n, 'V', '', :price, :tracked, :backorder, true)"
            ),
            numbered,
        )
        since: list[date] = (
            [] if n == 3 else [FIRST + timedelta(days=20)] if n == 2 else [date.min, FIRST + timedelta(days=3 * n)]
        )
        for day in since:
            cost = {**numbered, "day": day, "cost": Decimal(chance.randint(1, 99999)) / 1000}
            run(
                text("insert into unit_cost (store_id, variant_id, valid_from, cost) values (:store, :n, :day, :cost)"),
                cost,
            )
        for location in (1, 2):
            for at in range(DAYS):
                if chance.random() < (0.1 if n == 6 else 0.6):
                    units = {**numbered, "at": location, "day": FIRST + timedelta(days=at)}
                    run(
                        text(
                            "insert into inventory_day (store_id, day, inventory_item_id, location_id, available,"
                            " committed, incoming) values (:store, :day, 10 * :n, :at, :units, 0, 0)"
                        ),
                        {**units, "units": max(-3, chance.randint(-12, 30))},
                    )


def test_stock_of_each_day_is_what_its_rows_say(database_env: None) -> None:
    for seed in range(3):
        store_id = make_store(f"stock-{seed}.myshopify.com")
        with store_session(store_id) as session:
            _sold_from_stock(session, store_id, seed)
            moment = sums_service.now(session, store_id)
            told = readings_service.read(session, store_id, READINGS, SPANS, None, moment)
            for reading in READINGS:
                for span in SPANS:
                    by_product = readings_service.read_by(session, store_id, reading, span, "product", None, moment)
                    parts = [value for value, _ in by_product.values()]
                    whole, _ = told[reading.key, span]
                    assert whole == (sum(filter(None, parts)) if parts else None), (reading.key, span)
            assert told["stock_units", SPANS[-1]] == (None, None)  # nothing was noted for more than a week
