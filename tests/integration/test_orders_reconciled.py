"""A reading of orders is whole when it agrees with Shopify's own counts and totals, and says so only then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from clique_app.connections import service
from clique_app.database import store_session, system_session
from clique_app.integrations.channels import Grant
from clique_app.integrations.shopify import bulk
from clique_app.integrations.shopify.reads import ShopFacts
from clique_app.settings import settings
from clique_app.sync import reading
from clique_app.sync.orders_service import ShopifyOrders, write_orders
from clique_app.sync.source import Kind
from tasks import runs
from tasks.sync import read_journeys
from tests.book import BOOK, SHOP
from tests.contract import shopify_sandbox
from tests.unit.integrations.shopify_records import money, order

pytestmark = pytest.mark.usefixtures("database_env")
ORDERS_OF_BOOK = 13


@pytest.fixture
def shopify(monkeypatch: pytest.MonkeyPatch) -> Iterator[shopify_sandbox.Sandbox]:
    """The hand-written book in a running emulator."""
    monkeypatch.setattr(shopify_sandbox, "SHOP", SHOP)
    monkeypatch.setattr(reading, "PAGED_UP_TO", 0)
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    world = shopify_sandbox.World(seed=3)
    world.create_store(BOOK)
    world.install(SHOP, shopify_sandbox.SCOPES)
    with shopify_sandbox.running(world) as running:
        monkeypatch.setenv("SHOPIFY_BASE_URL", f"http://127.0.0.1:{running.port}/shopify/{{shop}}")
        monkeypatch.setenv("SHOPIFY_API_KEY", shopify_sandbox.KEY)
        monkeypatch.setenv("SHOPIFY_API_SECRET", shopify_sandbox.SECRET)
        settings.cache_clear()
        yield running


@pytest.fixture
def store_id(shopify: shopify_sandbox.Sandbox) -> int:
    with system_session() as session:
        store_id = service.make_store(session, SHOP)
    given = shopify.exchange(subject_token=shopify.session_token(SHOP)).json()
    grant = Grant(given["access_token"], given["refresh_token"], datetime.now(UTC) + timedelta(hours=1))
    with store_session(store_id) as session:
        facts = ShopFacts(SHOP, "The book", "USD", "America/New_York", "US", shopify_sandbox.SCOPES)
        service.install(session, store_id, grant, facts)
    return store_id


def read(store_id: int, kind: Kind = "history") -> runs.Outcome:
    run = runs.Run(ShopifyOrders(), store_id)
    run.begin(kind)
    return run.go()


def rows(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]


LAST_RUN = "select state, message from sync_run order by run_id desc limit 1"


def test_what_agrees_is_whole(store_id: int, database_url: str) -> None:
    assert read(store_id).state == "whole"
    assert rows(database_url, LAST_RUN) == [("whole", "")]
    assert rows(database_url, "select rows, source_count from sync_cursor") == [(ORDERS_OF_BOOK, ORDERS_OF_BOOK)]


@pytest.mark.parametrize(
    ("fault", "match", "words"),
    [
        ("truncated_page", {"path": "bulk", "method": "GET"}, "Shopify's export has"),
        ("bulk_failed", {}, "Shopify stopped its export part-way"),
    ],
)
def test_an_export_that_stays_cut_short_is_incomplete_and_names_the_days_it_lacks(
    store_id: int, shopify: shopify_sandbox.Sandbox, database_url: str, fault: str, match: Any, words: str
) -> None:
    shopify.faults.add({"platform": "shopify", "fault": fault, "times": None, "match": match})
    assert read(store_id).state == "incomplete"
    [(state, message)] = rows(database_url, LAST_RUN)
    [(kept,)] = rows(database_url, "select count(*) from shop_order")
    assert 0 < kept < ORDERS_OF_BOOK
    assert state == "incomplete"
    assert words in message
    assert f"The platform counts {ORDERS_OF_BOOK}, {kept} are here." in message
    by_day = dict(rows(database_url, "select day::text, count(*) from shop_order group by 1"))
    assert by_day.get("2026-03-09", 0) == 0
    assert "9 March 2026 (3)" in message
    assert "2 March 2026" not in message
    assert rows(database_url, "select read_to, fresh_at from sync_cursor") == [(None, None)]


@pytest.mark.parametrize("fault", ["truncated_page", "bulk_failed"])
def test_an_export_cut_short_once_is_made_anew(store_id: int, shopify: shopify_sandbox.Sandbox, fault: str) -> None:
    match = {"path": "bulk", "method": "GET"} if fault == "truncated_page" else {}
    shopify.faults.add({"platform": "shopify", "fault": fault, "times": 2, "match": match})
    assert read(store_id).state == "whole"


@pytest.mark.parametrize("more", [{"lines": 1}, {"roots": 1}])
def test_an_export_that_announces_more_than_it_has_is_incomplete(
    store_id: int, database_url: str, monkeypatch: pytest.MonkeyPatch, more: dict[str, int]
) -> None:
    state = bulk.state

    def announcing(*given: Any) -> bulk.Export:
        export = state(*given)
        return replace(export, **{name: getattr(export, name) + extra for name, extra in more.items()})

    monkeypatch.setattr(bulk, "state", announcing)
    assert read(store_id).state == "incomplete"
    assert "Shopify's export has" in rows(database_url, LAST_RUN)[0][1]


def test_an_order_that_does_not_add_up_to_its_total_is_never_success(store_id: int, database_url: str) -> None:
    with store_session(store_id) as session:
        write_orders(session, store_id, [order(99, originalTotalPriceSet=money("25.0"))])
    assert read(store_id, "catch_up").state == "incomplete"
    [(_, message)] = rows(database_url, LAST_RUN)
    assert "1 order does not add up to Shopify's total: 25.00 is stated, 20.00 is here (#1099)." in message


def place_waiting(shopify: shopify_sandbox.Sandbox, ready_after: timedelta) -> int:
    """An order that came by an ad two hours ago, which Shopify tells so long after it."""
    now = datetime.now(UTC)
    visit = {"at": (now - timedelta(hours=2)).isoformat(), "landing_page": "https://x.com/?utm_source=facebook"}
    ready_at = (now + ready_after).isoformat()
    return shopify.world.place_order(
        SHOP, {"lines": [{"sku": "A1"}], "visits": [visit], "journey_ready_at": ready_at}
    ).order_id


def pass_time(shopify: shopify_sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch, span: timedelta) -> None:
    """At Shopify and here."""
    shopify.world.move_clock(round(span.total_seconds()))
    later = settings().clock_offset_seconds + round(span.total_seconds())
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(later))
    settings.cache_clear()


def test_visits_that_shopify_attributes_later_are_read_and_credited_then(
    store_id: int, shopify: shopify_sandbox.Sandbox, database_url: str
) -> None:
    order_id = place_waiting(shopify, timedelta(hours=3))
    read(store_id)
    of_order = f"from credit where order_id = {order_id}"
    ready = f"select journey_ready from shop_order where order_id = {order_id}"
    read_journeys.fn(store_id)
    assert (rows(database_url, ready), rows(database_url, f"select channel {of_order}")) == (
        [(False,)],
        [("unattributed",)],
    )
    shopify.world.move_clock(4 * 3600)
    read_journeys.fn(store_id)
    assert (rows(database_url, ready), rows(database_url, f"select channel, amount::float {of_order}")) == (
        [(True,)],
        [("meta", 20.0)],
    )


def test_visits_that_shopify_attributes_after_weeks_are_read_within_a_day_and_credited(
    store_id: int, shopify: shopify_sandbox.Sandbox, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = place_waiting(shopify, timedelta(days=12))
    read(store_id, "first_import")
    of_order = f"select channel, amount::float from credit where order_id = {order_id}"
    pass_time(shopify, monkeypatch, timedelta(days=12, minutes=5))
    for _ in range(24):
        read_journeys.fn(store_id)
        pass_time(shopify, monkeypatch, timedelta(hours=1))
    assert rows(database_url, of_order) == [("meta", 20.0)]


def test_the_log_names_an_order_of_which_shopify_never_says_how_its_buyer_came_once(
    store_id: int, shopify: shopify_sandbox.Sandbox, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = place_waiting(shopify, timedelta(days=400))
    read(store_id, "first_import")
    for days, message in (
        (29, ""),
        (2, "Shopify has not said within 30 days how the buyer of 1 order came ({}). Clique does not ask again."),
        (1, ""),
    ):
        pass_time(shopify, monkeypatch, timedelta(days=days))
        assert read(store_id, "catch_up").state == "whole"
        [(name,)] = rows(database_url, f"select name from shop_order where order_id = {order_id}")
        assert rows(database_url, LAST_RUN) == [("whole", message.format(name))]


def test_an_order_brings_its_fees_and_its_way_to_the_buyer(
    store_id: int, shopify: shopify_sandbox.Sandbox, database_url: str
) -> None:
    at = datetime(2026, 10, 1, 12, tzinfo=UTC)
    spec = {"processed_at": at.isoformat(), "lines": [{"sku": "A1"}], "fulfilled_at": at.isoformat()}
    under_way = shopify.world.place_order(SHOP, spec).order_id
    arrived = shopify.world.place_order(SHOP, {**spec, "delivered_at": (at + timedelta(days=3)).isoformat()}).order_id
    cash = shopify.world.place_order(SHOP, {**spec, "source": "pos"}).order_id
    read(store_id)
    found = rows(
        database_url,
        "select order_id, payment_fee::float, fulfilled_at, delivered_at - fulfilled_at, "
        f"fulfilment_location_id is not null from shop_order where order_id in ({under_way}, {arrived}, {cash}) "
        "order by 1",
    )
    assert found == [
        (under_way, 0.88, at, None, True),
        (arrived, 0.88, at, timedelta(days=3), True),
        (cash, None, at, None, True),
    ]


def test_the_deep_history_does_not_hold_up_the_catch_up(store_id: int, database_url: str) -> None:
    assert read(store_id, "first_import").state == "whole"
    with runs.sole_runner(store_id, "shopify_orders", runs.lane("shopify_orders", "history")) as alone:
        assert alone
        deep = runs.Run(ShopifyOrders(), store_id)
        deep.begin("history")
        with runs.sole_runner(store_id, "shopify_orders", runs.lane("shopify_orders", "catch_up")) as also:
            assert also
            assert read(store_id, "catch_up") == runs.Outcome(3, "catch_up", "whole")
        assert deep.go().state == "whole"
    assert rows(database_url, "select kind, state from sync_run order by run_id") == [
        ("first_import", "whole"),
        ("history", "whole"),
        ("catch_up", "whole"),
    ]
