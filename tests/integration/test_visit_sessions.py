"""From a beacon to a session, an order's journey and a figure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from clique_app import clock
from clique_app.attribution import service as attribution
from clique_app.connections import service as connections
from clique_app.connections.pixel_key import key_of
from clique_app.database import store_session
from clique_app.endpoints import collector
from clique_app.endpoints.collector import Collector, Events
from clique_app.metrics import grouping_service, sums_service
from clique_app.metrics import service as metrics
from clique_app.metrics.definition import Period
from clique_app.site import beacon
from clique_app.site.service import build_sessions, stores_waiting
from clique_app.site.sessions import PARTS
from clique_app.tables import METADATA, Order, SaleEntry, Touch
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")
START = datetime(2026, 11, 10, 15, tzinfo=UTC)  # 10:00 in New York
MINUTE = timedelta(minutes=1)
TAGS = {"source": "facebook", "medium": "paid", "campaign": "Winter", "click": "fbclid"}


def told(store_id: int, **changed: Any) -> dict[str, Any]:
    page = {"key": key_of(store_id), "visitor": "ann", "id": "e1", "kind": "page_viewed", "age_ms": 0, "path": "/"}
    return {**page, "consent": "analytics", **changed}


def seen(store_id: int, *events: dict[str, Any]) -> None:
    """Events as the pixel sends them, each with its `at`; stored as the collector does."""
    rows = [beacon.event(store_id, {k: v for k, v in e.items() if k != "at"}, e["at"]) for e in events]
    keep(rows)


def keep(rows: Iterable[beacon.PageEvent]) -> None:
    from clique_app.settings import settings as config

    async def put() -> None:
        events = Events(config().database_url)
        assert all(await asyncio.gather(*(events.put(row) for row in rows)))
        await events.close()

    asyncio.run(put())


def visit(store_id: int, at: datetime, *kinds: str | dict[str, Any], visitor: str = "ann") -> None:
    """One event a minute, of these kinds."""
    stated = [{"kind": kind} if isinstance(kind, str) else kind for kind in kinds]
    events = [
        told(store_id, visitor=visitor, id=f"{at}{n}", at=at + n * MINUTE, **{"kind": "page_viewed", **one})
        for n, one in enumerate(stated)
    ]
    seen(store_id, *events)


def build(store_id: int) -> tuple[int, ...]:
    orders: tuple[int, ...] = ()
    for part in range(PARTS):
        with store_session(store_id) as session:
            built = build_sessions(session, store_id, part)
            assert built is not None
            if built.orders:
                attribution.credit_orders(session, store_id, built.orders)
            orders += built.orders
    return orders


def sessions(store_id: int) -> list[dict[str, Any]]:
    table = METADATA.tables["web_session"]
    query = sa.select(table).order_by(table.c.visitor_id, table.c.started_at)
    with store_session(store_id) as session:
        return [dict(row._mapping) for row in session.connection().execute(query)]


def rows(store_id: int, statement: str) -> list[tuple[Any, ...]]:
    with store_session(store_id) as session:
        return [tuple(row) for row in session.connection().execute(sa.text(statement))]


def place_order(store_id: int, order_id: int, at: datetime, *visits: tuple[datetime, str]) -> None:
    """An order of 50.00 with the visits Shopify knows of."""
    day, none = at.date(), {"landing_path": "/"}
    order = {"name": "#1", "processed_at": at, "day": day, "created_at": at, "updated_at": at, "currency": "USD",
             "presentment_currency": "USD", "total": 50, "stated_total": 50}  # fmt: skip
    sale = {"sale_id": order_id, "kind": "sale", "happened_at": at, "day": day, "quantity": 1, "amount": 50}
    with store_session(store_id) as session:
        mine = {"store_id": store_id, "order_id": order_id}
        session.add(Order.model_validate({**mine, **order}))
        session.add(SaleEntry.model_validate({**mine, **sale}))
        for n, (came_at, channel) in enumerate(visits):
            session.add(
                Touch.model_validate({**mine, "position": n, "occurred_at": came_at, "channel": channel, **none})
            )
        session.flush()
        attribution.credit_orders(session, store_id, [order_id])


# the collector


Answer = tuple[int, dict[str, str]]


async def post(app: Collector, body: bytes, method: str = "POST", address: str = "9.9.9.9") -> Answer:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/collect", "headers": [], "client": (address, 1)}
    await app(scope, receive, send)
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def answers(database_url: str, *requests: tuple[bytes, str]) -> list[Answer]:
    async def ask() -> list[Answer]:
        events = Events(database_url)
        app = Collector(lambda: events)
        found = await asyncio.gather(*(post(app, body, method) for body, method in requests))
        await events.close()
        return list(found)

    return asyncio.run(ask())


def test_an_event_is_stored_once_before_it_is_answered_whoever_asks_from_wherever(database_url: str) -> None:
    store_id = make_store()
    body = json.dumps(told(store_id)).encode()
    found = answers(database_url, (body, "POST"), (body, "POST"), (b"", "OPTIONS"), (b"", "GET"))
    assert [status for status, _ in found] == [204, 204, 204, 405]
    assert all(headers["access-control-allow-origin"] == "*" for _, headers in found)
    assert rows(store_id, "select count(*) from page_event") == [(1,)]
    assert rows(store_id, "select count(*) from visitor_waiting") == [(1,)]


def test_what_is_wrong_is_refused_and_nothing_of_it_stored(database_url: str) -> None:
    store_id = make_store()
    wrong = [
        (told(store_id, key="1-made-up"), 401),
        (told(store_id, consent=""), 403),
        (told(store_id, kind="typed"), 400),
        (told(store_id, path="x" * 9000), 413),
    ]
    found = answers(database_url, (b"{", "POST"), *((json.dumps(body).encode(), "POST") for body, _ in wrong))
    assert [status for status, _ in found] == [400, *(status for _, status in wrong)]
    assert rows(store_id, "select count(*) from page_event") == [(0,)]


def test_of_a_store_that_has_left_nothing_is_kept(database_url: str) -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        connections.uninstall(session, store_id, None)
    assert answers(database_url, (json.dumps(told(store_id)).encode(), "POST"))[0][0] == 204
    assert rows(store_id, "select count(*) from page_event") == [(0,)]


def test_an_address_that_floods_is_told_to_slow_down_and_others_are_not(database_url: str) -> None:
    store_id = make_store()
    body = json.dumps(told(store_id, kind="typed")).encode()  # refused, and counts

    async def flood() -> tuple[list[int], int]:
        app = Collector(lambda: Events(database_url))
        many = [(await post(app, body))[0] for _ in range(600)]
        return many, (await post(app, body, address="8.8.8.8"))[0]

    many, other = asyncio.run(flood())
    assert set(many) == {400, 429}
    assert many[:500] == [400] * 500
    assert other == 400


def test_a_database_that_is_away_gives_503() -> None:
    store_id = make_store()
    found = answers("postgresql://nobody:x@127.0.0.1:1/none", (json.dumps(told(store_id)).encode(), "POST"))
    assert found[0][0] == 503


def test_the_memory_of_addresses_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOST_ADDRESSES", 10)
    rates = collector.Rates(1)
    assert all(rates.allows(str(n), 0.0) for n in range(100))
    assert len(rates._buckets) <= 10


# sessions


def test_a_session_says_what_was_done_in_it() -> None:
    store_id = make_store()
    visit(
        store_id, START,
        {"tags": TAGS, "path": "/products/fig", "referrer": "l.instagram.com"},
        {"kind": "product_viewed", "product": 5, "path": "/products/fig"}, {"kind": "scrolled", "scroll": 75},
        {"kind": "product_added_to_cart", "product": 5}, "email_signup", {"path": "/cart"},
        "checkout_started", {"kind": "checkout_completed", "order": 900},
    )  # fmt: skip
    build(store_id)
    [one] = sessions(store_id)
    assert (one["channel"], one["source"], one["campaign"], one["click_id"]) == ("meta", "facebook", "Winter", "fbclid")
    assert (one["landing_path"], one["landed_on_product"], one["day"]) == ("/products/fig", True, date(2026, 11, 10))
    assert (one["page_views"], one["product_views"], one["engaged_seconds"]) == (2, 1, 420)
    assert (one["deepest_scroll_pct"], one["added_viewed_product"], one["order_id"]) == (75, True, 900)
    assert one["checkout_started"]
    assert one["signed_up"]
    assert not one["bounced"]


def test_the_last_event_decides_nothing_but_its_own_session_and_late_ones_join_what_they_close() -> None:
    store_id = make_store()
    visit(store_id, START, "page_viewed")
    visit(store_id, START + 50 * MINUTE, "page_viewed")
    build(store_id)
    assert [one["bounced"] for one in sessions(store_id)] == [True, True]
    visit(store_id, START + 25 * MINUTE, "cart_viewed")  # arrives late, between the two
    build(store_id)
    [one] = sessions(store_id)
    assert (one["page_views"], one["ended_at"] - one["started_at"]) == (2, 50 * MINUTE)


STEPS = st.lists(
    st.tuples(
        st.sampled_from("ab"),  # visitor
        st.integers(0, 300),  # minutes
        st.sampled_from(["page_viewed", "product_viewed", "product_added_to_cart", "scrolled", "checkout_completed"]),
        st.booleans(),  # with tags
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda step: (step[0], step[1]),
)


@settings(max_examples=15)
@given(STEPS, st.integers(1, 4))
def test_however_events_arrive_sessions_are_those_of_the_definition(
    steps: list[tuple[str, int, str, bool]], pieces: int
) -> None:
    store_id = make_store(f"s{abs(hash((tuple(steps), pieces)))}.myshopify.com")
    for n in range(pieces):
        seen(store_id, *(step_event(store_id, step) for step in steps[n::pieces]))
        build(store_id)
    expected = [
        (
            events[0][1], len(events), sum(k == "page_viewed" for _, _, k, _ in events),
            next(("meta" for _, _, k, tagged in events if tagged and k == "page_viewed"), "direct"),
            sum(min((b[1] - a[1]) * 60, 60) for a, b in pairwise(events)),
        )
        for events in by_definition(steps)
    ]  # fmt: skip
    minutes = "extract(epoch from %s - timestamptz '2026-11-10 15:00Z')::int / 60"
    found = rows(
        store_id,
        f"select {minutes % 's.started_at'}, count(e.*), s.page_views, s.channel, s.engaged_seconds from web_session s"
        " join page_event e on e.visitor_id = s.visitor_id and e.at between s.started_at and s.ended_at"
        " group by s.visitor_id, s.started_at, s.page_views, s.channel, s.engaged_seconds",
    )
    assert sorted(found) == sorted(expected)


def step_event(store_id: int, step: tuple[str, int, str, bool]) -> dict[str, Any]:
    visitor, minute, kind, tagged = step
    more: dict[str, Any] = {"scroll": 50} if kind == "scrolled" else {"tags": TAGS} if tagged else {}
    return told(store_id, visitor=visitor, id=f"{visitor}{minute}", kind=kind, at=START + minute * MINUTE, **more)


def by_definition(steps: list[tuple[str, int, str, bool]]) -> list[list[tuple[str, int, str, bool]]]:
    """Sessions in plain Python."""
    found: list[list[tuple[str, int, str, bool]]] = []
    for step in sorted(steps):
        if found and found[-1][-1][0] == step[0] and step[1] - found[-1][-1][1] <= 30:
            found[-1].append(step)
        else:
            found.append([step])
    return found


def test_parts_of_the_visitors_are_built_beside_each_other() -> None:
    store_id = make_store()
    for name in "abcdefghijkl":
        visit(store_id, START, "page_viewed", visitor=name)

    def build_part(part: int) -> int:
        with store_session(store_id) as session:
            built = build_sessions(session, store_id, part)
        return built.visitors if built else 0

    with ThreadPoolExecutor(PARTS) as threads:
        counts = list(threads.map(build_part, range(PARTS)))
    assert min(counts) > 0
    assert sum(counts) == 12
    assert len({one["visitor_id"] for one in sessions(store_id)}) == 12


def test_only_stores_with_new_events_are_worked_for() -> None:
    from clique_app.database import system_session

    busy, calm = make_store("busy.myshopify.com"), make_store("calm.myshopify.com")
    visit(busy, START, "page_viewed")
    with system_session() as session:
        assert stores_waiting(session) == [busy]
    build(busy)
    with system_session() as session:
        assert stores_waiting(session) == []
    assert sessions(calm) == []


# journeys

BOUGHT = ({"tags": TAGS}, "product_added_to_cart", {"kind": "checkout_completed", "order": 900})


def journey(store_id: int) -> list[tuple[Any, ...]]:
    return rows(store_id, "select position, channel from touch order by occurred_at, position")


def credited(store_id: int) -> list[tuple[Any, ...]]:
    return rows(store_id, "select channel, sum(amount)::int from credit group by 1 order by 1")


def test_a_visit_shopify_does_not_know_of_joins_the_journey_and_takes_the_credit() -> None:
    store_id = make_store()
    visit(store_id, START - timedelta(days=2), {"referrer": "www.google.com"})
    visit(store_id, START, *BOUGHT)
    place_order(store_id, 900, START + 2 * MINUTE)
    assert credited(store_id) == [("unattributed", 50)]
    assert build(store_id) == (900,)
    assert journey(store_id) == [(-1002, "organic"), (-1001, "meta")]
    assert credited(store_id) == [("meta", 50)]
    with store_session(store_id) as session:
        attribution.credit_orders(session, store_id, None)
    assert journey(store_id) == [(-1002, "organic"), (-1001, "meta")], "again, and for all orders, it is the same"
    assert credited(store_id) == [("meta", 50)]


def test_a_visit_shopify_knows_of_is_not_told_twice() -> None:
    store_id = make_store()
    visit(store_id, START - timedelta(days=2), {"referrer": "www.google.com"})
    visit(store_id, START, *BOUGHT)
    build(store_id)
    place_order(store_id, 900, START + 2 * MINUTE, (START - 3 * MINUTE, "email"))
    assert journey(store_id) == [(-1001, "organic"), (0, "email")]
    assert credited(store_id) == [("email", 50)]


def test_an_order_is_nobodys_who_claims_it_from_another_time() -> None:
    store_id = make_store()
    visit(store_id, START, *BOUGHT, visitor="thief")
    place_order(store_id, 900, START + timedelta(hours=5))
    build(store_id)
    assert journey(store_id) == []
    assert credited(store_id) == [("unattributed", 50)]


# figures


def test_figures_are_sums_over_sessions_and_unknown_before_the_first_visit() -> None:
    store_id = make_store()
    day = clock.now() - timedelta(days=2)
    period = Period(day.date() - timedelta(days=1), day.date() + timedelta(days=1))

    def value(key: str) -> Any:
        with store_session(store_id) as session:
            return metrics.figure(session, store_id, key, period)

    assert (value("sessions").value, value("bounce_rate").value) == (None, None)
    assert "web pixel" in value("sessions").reason
    visit(store_id, day, {"tags": TAGS, "path": "/products/fig"}, visitor="a")
    visit(store_id, day, "page_viewed", "page_viewed", {"kind": "product_viewed", "product": 3},
          {"kind": "product_added_to_cart", "product": 4}, {"kind": "scrolled", "scroll": 50}, visitor="b")  # fmt: skip
    visit(store_id, day, "page_viewed", "product_added_to_cart", visitor="c")
    visit(store_id, day + timedelta(hours=20), "page_viewed", "checkout_started", visitor="c")
    build(store_id)
    read_from = Period(day.astimezone(UTC).date() - timedelta(days=1), period.end)
    with store_session(store_id) as session:
        first = session.connection().execute(sa.text("select history_from from sync_cursor")).scalar()
        assert first is not None
        read_from = Period(first, period.end)

    def figure(key: str) -> float | None:
        with store_session(store_id) as session:
            found = metrics.figure(session, store_id, key, read_from)
            return None if found.value is None else round(float(found.value), 4)

    expected = {
        "sessions": 4, "page_views": 5, "new_visitors": 3, "bounce_rate": 0.25, "product_bounce_rate": 1,
        "add_to_cart_rate": 0.5, "view_to_cart_ratio": 0, "product_view_depth": 1.25, "scroll_depth": 0.5,
        "cart_abandonment_rate": 0.5, "session_cvr": 0, "session_to_signup_ratio": None, "wishlist_add_rate": 0,
        "session_duration": 90,
    }  # fmt: skip
    assert {key: figure(key) for key in expected} == expected
    with store_session(store_id) as session:
        sums_service.roll_up(session, store_id)
        assert sums_service.reconcile(session, store_id) == []
    assert {key: figure(key) for key in expected} == expected, "from the sums that are kept"
    with store_session(store_id) as session:
        by_channel = grouping_service.grouped(session, store_id, ["sessions"], read_from, "channel").rows
        assert {row.member: row.figures["sessions"].value for row in by_channel} == {"meta": 1, "direct": 3}
        page = metrics.source_rows(session, store_id, "page_views", read_from)
        assert (page.total, page.count) == (5, 4)


# whose it was


def test_a_redacted_buyers_visits_stay_without_whose_they_were() -> None:
    from clique_app.keeping import privacy, privacy_service

    store_id = make_store()
    visit(store_id, START, {"tags": TAGS, "path": "/products/fig", "referrer": "l.instagram.com"}, *BOUGHT[1:])
    visit(store_id, START - timedelta(days=1), "page_viewed")
    visit(store_id, START, "page_viewed", visitor="ben")
    place_order(store_id, 900, START + 2 * MINUTE)
    build(store_id)
    before = {one["visitor_id"] for one in sessions(store_id)}
    payload = {"customer": {"id": 77, "email": "ann@example.com"}, "orders_to_redact": [900]}
    with store_session(store_id) as session:
        request_id = privacy_service.ask(session, store_id, "customers/redact", payload)
    assert privacy.answer(store_id, request_id) == "answered"
    after = sessions(store_id)
    assert len(after) == 3
    assert len({one["visitor_id"] for one in after}) == 2, "one visitor stays one"
    assert len(before & {one["visitor_id"] for one in after}) == 1, "the other is left alone"
    assert rows(store_id, "select count(distinct visitor_id) from page_event where path <> '/'") == [(0,)]
    assert {one["referrer"] for one in after} == {""}
    visit(store_id, START + 5 * MINUTE, "page_viewed")  # the same browser comes again
    build(store_id)
    assert len({one["visitor_id"] for one in sessions(store_id)}) == 3
