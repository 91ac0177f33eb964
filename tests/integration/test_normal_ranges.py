"""What is normal is learnt of a store's own past, kept by week, and drawn behind its lines."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from clique_app import clock
from clique_app.database import store_session
from clique_app.metrics import baselines, baselines_service, overview_service
from clique_app.metrics.definition import Period
from clique_app.tables import Store
from tests.integration.stores import make_store
from tests.integration.test_overview import add_cursor

pytestmark = pytest.mark.usefixtures("database_env")
ZONE = "America/New_York"


def sell(store_id: int, days_back: int) -> None:
    """An order a day up to yesterday: 100 on Mondays, 50 on other days."""
    today = clock.today(ZONE)
    with store_session(store_id) as session:
        first = today - timedelta(days=days_back)
        session.get_one(Store, store_id).history_from = first
        session.connection().execute(
            text(
                "insert into sale_entry (store_id, sale_id, order_id, kind, happened_at, day, amount, quantity)"
                " select :store_id, n, n, 'sale', :first + n * interval '1 day', :first + n,"
                " case when extract(isodow from :first + n) = 1 then 100 else 50 end, 1"
                " from generate_series(0, :last) n"
            ),
            {"store_id": store_id, "first": first, "last": days_back - 1},
        )
    now = clock.now()
    add_cursor(store_id, fresh_at=now, read_to=now)


def test_a_line_has_the_band_of_its_weekdays_once_it_was_learnt_and_another_store_has_none() -> None:
    north, south = make_store("north.myshopify.com"), make_store("south.myshopify.com")
    sell(north, 120)
    today = clock.today(ZONE)
    week = Period(today - timedelta(days=7), today - timedelta(days=1))
    with store_session(north) as session:
        before = overview_service.tiles(session, north, ["net_sales"], week)[0]
        learnt = baselines_service.learn(session, north)
        again = baselines_service.learn(session, north)
    assert all(day.low is None for day in before.line)
    assert learnt == again > 0
    with store_session(north) as session:
        tile = overview_service.tiles(session, north, ["net_sales"], week)[0]
        whole = baselines_service.newest(session, north, "net_sales")
    with store_session(south) as session:
        assert baselines_service.newest(session, south, "net_sales") is None
    assert tile.normal == (Decimal(400), Decimal(400))
    assert tile.standing == "within"
    for day in tile.line:
        expected = Decimal(100) if day.day.weekday() == 0 else Decimal(50)
        assert (day.low, day.high) == (expected, expected)
    assert whole is not None
    assert (whole[0], whole[1]) == (baselines.week_of(today), 84)


def test_a_short_history_says_how_many_days_it_has() -> None:
    store_id = make_store()
    sell(store_id, 20)
    with store_session(store_id) as session:
        baselines_service.learn(session, store_id)
        found = baselines_service.newest(session, store_id, "net_sales")
    assert found is not None
    week, days, baseline = found
    assert baseline is None
    assert days == 20 - (clock.today(ZONE) - week).days < baselines.LEAST_DAYS
