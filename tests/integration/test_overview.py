"""How sources, set-up and webhooks stand, each store by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from clique_app import clock
from clique_app.database import store_session, system_session
from clique_app.sync import overview_service, setup_service
from clique_app.tables import AuditEntry, Connection, InboxEvent, Store, SyncCursor, SyncRun
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")


def add_run(store_id: int, source: str = "shopify_orders", **changed: Any) -> int:
    now = clock.now()
    values = {"kind": "catch_up", "state": "whole", "started_at": now, "heartbeat_at": now, "finished_at": now}
    with store_session(store_id) as session:
        run = SyncRun(store_id=store_id, source=source, **{**values, **changed})
        session.add(run)
        session.flush()
        return run.run_id


def add_cursor(store_id: int, source: str = "shopify_orders", **changed: Any) -> None:
    with store_session(store_id) as session:
        session.merge(SyncCursor(store_id=store_id, source=source, **{"fresh_at": clock.now(), **changed}))


def connect_meta(store_id: int, state: str = "connected") -> None:
    with store_session(store_id) as session:
        session.add(Connection(store_id=store_id, channel="meta", state=state, access_token=None, refresh_token=None))


def standing(store_id: int, source: str = "shopify_orders") -> overview_service.Standing:
    with store_session(store_id) as session:
        return next(one for one in overview_service.standings(session, store_id) if one.source == source)


def test_a_source_of_a_channel_that_is_not_connected_says_so() -> None:
    store_id = make_store()
    assert standing(store_id, "meta_ads").state == "not_connected"
    connect_meta(store_id, "choosing_account")
    assert standing(store_id, "meta_ads").state == "not_connected"
    assert standing(store_id).state == "waiting"


def test_a_whole_reading_is_up_to_date_until_it_is_old() -> None:
    store_id = make_store()
    add_run(store_id)
    add_cursor(store_id)
    assert standing(store_id).state == "up_to_date"
    add_cursor(store_id, fresh_at=clock.now() - timedelta(hours=4))
    assert standing(store_id).state == "stale"


def test_a_failed_history_is_not_hidden_by_a_whole_catch_up() -> None:
    store_id = make_store()
    add_cursor(store_id)
    add_run(store_id, kind="history", state="failed", message="Shopify has frozen this store.")
    add_run(store_id, kind="catch_up")
    found = standing(store_id)
    assert (found.state, found.mend, found.problem) == ("failed", "history", "Shopify has frozen this store.")


def test_a_reading_under_way_shows_its_share_of_rows_or_what_the_source_says() -> None:
    store_id = make_store()
    add_run(store_id, kind="first_import", state="running", finished_at=None, expected=200, read=50)
    found = standing(store_id)
    assert found.state == "importing"
    assert found.current is not None
    assert found.current.share == 0.25
    connect_meta(store_id)
    position = {"to": "2026-09-30", "share": 0.34}
    add_run(store_id, "meta_ads", kind="first_import", state="running", finished_at=None, read=900, position=position)
    current = standing(store_id, "meta_ads").current
    assert current is not None
    assert current.share == 0.34


def test_the_log_pages_and_filters_and_shows_the_own_store_only() -> None:
    north, south = make_store("north.myshopify.com"), make_store("south.myshopify.com")
    for n in range(25):
        add_run(north, read=n + 2, written=n, skipped=2, skipped_why={"unchanged": 2})
    add_run(north, "shopify_customers")
    add_run(south)
    with store_session(north) as session:
        first = overview_service.log(session, north, source="shopify_orders")
        last = overview_service.log(session, north, source="shopify_orders", offset=20)
        beyond = overview_service.log(session, north, offset=10_000)
        stolen = overview_service.log(session, south)
    assert (first.count, len(first.readings), len(last.readings)) == (25, 20, 5)
    assert [one.read for one in first.readings[:2]] == [26, 25]
    assert all(one.read == one.written + one.skipped for one in first.readings)
    assert beyond.count == 26
    assert beyond.readings
    assert stolen.count == 0


def test_webhooks_are_counted_for_the_own_store_only() -> None:
    north, south = make_store("north.myshopify.com"), make_store("south.myshopify.com")
    now = clock.now()
    with system_session() as session:
        for n, (shop, state) in enumerate([("north", "done"), ("north", "dead"), ("south", "new")]):
            done_at = now + timedelta(seconds=3) if state == "done" else None
            session.add(
                InboxEvent(
                    source="shopify", delivery_id=str(n), topic="orders/create", shop_domain=f"{shop}.myshopify.com",
                    received_at=now, payload=b"", state=state, done_at=done_at, error="ValueError",
                )
            )  # fmt: skip
    with system_session() as session:
        mine, theirs = overview_service.webhooks(session, north), overview_service.webhooks(session, south)
    assert (mine.received, mine.dead, mine.waiting, mine.lag_seconds) == (2, 1, 0, 3.0)
    assert (theirs.received, theirs.dead, theirs.waiting) == (1, 0, 1)


def test_the_steps_follow_what_is_read_and_launch_is_said_once() -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        before = setup_service.setup(session, store_id)
    assert (before.store, before.ads, before.launch, before.done) == ("running", "next", "later", 0)
    connect_meta(store_id)
    for source in ("shopify_products", "shopify_inventory", "shopify_orders", "shopify_customers", "meta_ads"):
        add_run(store_id, source, kind="first_import")
        add_cursor(store_id, source)
    for _ in range(2):
        with store_session(store_id) as session:
            setup_service.launch(session, store_id, 7)
    with store_session(store_id) as session:
        after = setup_service.setup(session, store_id)
        entries = len(session.exec(select(AuditEntry).where(AuditEntry.what == "launched")).all())
        launched = session.get_one(Store, store_id).launched_at
    assert (after.store, after.ads, after.launch, after.done) == ("done", "done", "done", 3)
    assert launched is not None
    assert entries == 1
