"""What is normal is learnt of a store's own past, kept by week, and drawn behind its lines."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from statistics import median, quantiles
from typing import Any

import pytest
from sqlalchemy import text

from clique_app import clock
from clique_app.components import metric_views
from clique_app.components.open_number import Asked, read_opened
from clique_app.database import store_session
from clique_app.metrics import baselines, baselines_service, overview_service, registry
from clique_app.metrics.definition import Period
from clique_app.tables import Order, Store
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


CUSTOMERS = (12, 9, 14, 10, 13, 8, 15, 11, 9, 14, 10, 12, 13, 8, 15, 11)  # of each whole week, the last one first
TWICE = (3, 4, 2, 5, 1, 3, 4, 2, 5, 3, 1, 4, 2, 5, 3, 2)  # of them ordered twice in it
NEW_PIXEL_WEEKS = 6


def last_monday() -> date:
    """Of the last whole week."""
    return baselines.week_of(clock.today(ZONE)) - timedelta(weeks=1)


def come(store_id: int, weeks: int) -> None:
    """Customers of so many whole weeks, other ones each week."""
    order_ids, customer_ids = count(1), count(1)
    now = clock.now()
    with store_session(store_id) as session:
        session.get_one(Store, store_id).history_from = last_monday() - timedelta(weeks=weeks - 1)
        for ago, (customers, twice) in enumerate(zip(CUSTOMERS[:weeks], TWICE[:weeks], strict=True)):
            monday = last_monday() - timedelta(weeks=ago)
            for n in range(customers):
                customer_id = next(customer_ids)
                for again in range(2 if n < twice else 1):
                    day, number = monday + timedelta(days=(n + 3 * again) % 7), next(order_ids)
                    at = datetime.combine(day, time(17), UTC)
                    order = Order(
                        store_id=store_id, order_id=number, name=f"#{number}", processed_at=at, day=day, created_at=at,
                        updated_at=at, customer_id=customer_id, currency="USD", presentment_currency="USD",
                        total=Decimal(20), stated_total=Decimal(20),
                    )  # fmt: skip
                    session.add(order)
    add_cursor(store_id, fresh_at=now, read_to=now)
    begun = last_monday() - timedelta(weeks=NEW_PIXEL_WEEKS - 1)
    add_cursor(store_id, "web_pixel", fresh_at=now, read_to=now, history_from=begun)


def usual(values: list[Decimal]) -> tuple[Decimal, Decimal]:
    """Of weeks without a trend, the last one first: 8 of 10 such weeks, wider by the one number that was fitted."""
    values = values[:12]
    tenths = quantiles([value - median(values) for value in values], n=10)
    wider = (Decimal(len(values) + 1) / (len(values) - 1)).sqrt()
    return max(median(values) + tenths[0] * wider, Decimal(0)), median(values) + tenths[-1] * wider


def learnt_rows(store_id: int) -> list[Any]:
    with store_session(store_id) as session:
        baselines_service.learn(session, store_id)
        rows = "select (to_jsonb(b) - 'made_at')::text from metric_baseline b order by metric, week"
        return list(session.connection().scalars(text(rows)))


def view_of(store_id: int, key: str, period: Period) -> dict[str, Any]:
    """Its page."""
    query = {"metric": key, "period": "custom", "from": f"{period.start}", "to": f"{period.end}"}
    with store_session(store_id) as session:
        scope = overview_service.scope(session, store_id, query)
        return metric_views.metric_view(session, store_id, scope, metric_views.asked_of(query))


@pytest.mark.parametrize(
    ("key", "weekly"),
    [
        ("customers", [Decimal(customers) for customers in CUSTOMERS]),
        ("repeat_purchase_rate", [Decimal(twice) / of for twice, of in zip(TWICE, CUSTOMERS, strict=True)]),
    ],
)
def test_what_is_read_of_whole_periods_has_the_normal_of_its_weeks(key: str, weekly: list[Decimal]) -> None:
    store_id = make_store()
    come(store_id, len(CUSTOMERS))
    assert learnt_rows(store_id) == learnt_rows(store_id)
    week = Period(last_monday(), last_monday() + timedelta(days=6))
    with store_session(store_id) as session:
        newest = baselines_service.newest(session, store_id, key)
        [tile] = overview_service.tiles(session, store_id, [key], week)
    assert newest is not None
    this_week, weeks, baseline = newest
    assert (this_week, weeks) == (week.start + timedelta(weeks=1), 12)
    assert baseline is not None
    assert baseline.range(this_week + timedelta(days=6)) == pytest.approx(usual(weekly), abs=Decimal("1e-12"))

    low, high = usual(weekly[1:])  # a whole week is judged by those before it
    assert tile.figure.value == weekly[0]
    assert tile.normal == pytest.approx((low, high), abs=Decimal("1e-12"))
    assert tile.standing == "within"
    assert all((day.low, day.high) == (None, None) for day in tile.line), "a week's normal is not a day's"

    shown = Period(week.start - timedelta(weeks=5), week.end)
    page = view_of(store_id, key, shown)
    percent = 100 if registry.metric(key).unit == "percent" else 1
    assert page["chart"]["x"] == [(week.end - timedelta(weeks=n)).isoformat() for n in range(5, -1, -1)]
    drawn = [float(weekly[n] * percent) for n in range(5, -1, -1)]
    assert page["chart"]["series"][0]["y"] == pytest.approx(drawn, abs=1e-4)
    ranges = [usual(weekly[n + 1 :]) for n in range(5, -1, -1)]
    assert page["chart"]["band"]["low"] == pytest.approx([float(low * percent) for low, _ in ranges])
    assert page["chart"]["band"]["high"] == pytest.approx([float(high * percent) for _, high in ranges])
    outside = sum(not low <= value <= high for value, (low, high) in zip(weekly[5::-1], ranges, strict=True))
    assert ("of 6 weeks" if outside else "in every week") in page["chart_title"]
    normal = dict(page["normal"])
    assert normal["Learnt from"].startswith("12 weeks, ")
    assert normal["Trend"] == "None to tell from chance"


def test_too_few_whole_weeks_are_no_normal_and_a_week_that_is_unknown_is_none() -> None:
    young, old = make_store("young.myshopify.com"), make_store("old.myshopify.com")
    come(young, 3)
    come(old, len(CUSTOMERS))
    learnt_rows(young)
    learnt_rows(old)
    week = Period(last_monday(), last_monday() + timedelta(days=6))
    this_week = week.start + timedelta(weeks=1)
    with store_session(young) as session:
        assert baselines_service.newest(session, young, "customers") == (this_week, 3, None)
        assert overview_service.tiles(session, young, ["customers"], week)[0].normal is None
    page = view_of(young, "customers", week)
    assert "band" not in page["chart"]
    [[_, told]] = page["normal"]
    assert told.startswith("Not enough weeks: 4 are needed, 3 are known. Not before ")
    with store_session(old) as session:
        seen = baselines_service.newest(session, old, "visitors")
        untold = baselines_service.newest(session, old, "loyalty_participation_rate")
    assert seen is not None
    assert seen[:2] == (this_week, NEW_PIXEL_WEEKS)
    assert untold == (this_week, 0, None)


@pytest.mark.parametrize("key", ["marginal_roas", "reorder_probability", "ltv_predicted", "payback_days"])
def test_what_is_told_as_of_now_has_no_normal_and_says_why(key: str) -> None:
    store_id = make_store()
    come(store_id, len(CUSTOMERS))
    learnt_rows(store_id)
    why = registry.no_past(registry.metric(key))
    week = Period(last_monday(), last_monday() + timedelta(days=6))
    with store_session(store_id) as session:
        assert baselines_service.newest(session, store_id, key) is None
        scope = overview_service.scope(session, store_id, {})
        opened = read_opened(session, store_id, scope, Asked(key=key, start=f"{week.start}", end=f"{week.end}"), 0)
    assert why.endswith(".")
    assert view_of(store_id, key, week)["normal"] == [["Normal range", f"None. {why}"]]
    assert opened.normal == f"None. {why}"
