"""The inbox drained: whatever the order, repetition and failures of deliveries, the same rows."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from clique_app.database import system_session
from clique_app.endpoints.webhooks import _object
from clique_app.errors import AccessExpired, NotFound, RateLimited, Rejected, Unavailable
from clique_app.sync.source import Access, Written
from clique_app.tables import InboxEvent
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")
NUMBERS = itertools.count(1)
SHOP = "one.myshopify.com"


class Shop:
    """Customers as the platform has them now, with the faults a test wants. Stands for fetch and write by id."""

    def __init__(self) -> None:
        self.postal_codes: dict[int, str] = {}
        self.fetched: list[list[int]] = []
        self.fault: Callable[[list[int]], None] = lambda ids: None

    def fetch(self, access: Access, kind: str, ids: list[int]) -> list[dict[str, Any]]:
        self.fetched.append(ids)
        self.fault(ids)
        return [{"id": i, "code": self.postal_codes[i]} for i in ids if i in self.postal_codes]

    def write(
        self, session: Any, store_id: int, kind: str, ids: list[int], records: list[dict[str, Any]], deleted: list[int]
    ) -> Written:
        for record in records:
            session.connection().exec_driver_sql(
                "insert into customer (store_id, customer_id, country, region, postal_code)"
                " values (%(store)s, %(id)s, '', '', %(code)s)"
                " on conflict (store_id, customer_id) do update set postal_code = excluded.postal_code",
                {"store": store_id, **record},
            )
        return Written(len(records), len(records))


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    from clique_app.sync import objects_service

    shop = Shop()
    monkeypatch.setattr(objects_service, "fetch", shop.fetch)
    monkeypatch.setattr(objects_service, "write", shop.write)
    return shop


def arrives(topic: str, body: Any, *, shop_domain: str = SHOP, seconds_ago: float = 0, triggered: float = 0) -> str:
    from datetime import timedelta

    from clique_app import clock

    delivery_id = f"d{next(NUMBERS)}"
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind, object_id = _object(topic, "", payload)  # as the endpoint does
    with system_session() as session:
        session.add(
            InboxEvent(
                source="shopify",
                delivery_id=delivery_id,
                topic=topic,
                shop_domain=shop_domain,
                triggered_at=clock.now() - timedelta(seconds=triggered),
                received_at=clock.now() - timedelta(seconds=seconds_ago),
                kind=kind,
                object_id=object_id,
                payload=b"" if kind else payload,
            )
        )
    return delivery_id


def drain(shop_domain: str = SHOP) -> None:
    from tasks.webhooks import drain_inbox

    drain_inbox.fn(shop_domain)


def sweep() -> None:
    """What the sweeper finds, worked off."""
    from clique_app.sync import inbox_service
    from tasks.webhooks import LYING_AFTER

    with system_session() as session:
        behind = inbox_service.stores_behind(session, LYING_AFTER)
    for shop_domain in behind:
        drain(shop_domain)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again without a pause."""
    from datetime import timedelta

    from clique_app.sync import inbox_service

    monkeypatch.setattr(inbox_service, "AGAIN_AFTER", timedelta(0))


@pytest.fixture(autouse=True)
def rested(database_env: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No store waits for a limit that an earlier test met, and a drain goes on to the end however slow the machine."""
    from tasks import webhooks

    monkeypatch.setattr(webhooks, "HELD_SECONDS", 600.0)
    webhooks._resting_until.clear()


def query(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]


CUSTOMERS = "select customer_id, postal_code from customer order by 1"
STATES = "select state, attempts, error from inbox_event order by number"


def test_hints_of_one_object_are_one_fetch(shop: Shop, database_url: str) -> None:
    make_store()
    shop.postal_codes = {1: "a", 2: "b"}
    for customer in (1, 2, 1, 1):
        arrives("customers/update", {"id": customer})
    drain()
    assert shop.fetched == [[1, 2]]
    assert query(database_url, CUSTOMERS) == [(1, "a"), (2, "b")]
    assert {row[0] for row in query(database_url, STATES)} == {"done"}


def test_many_deliveries_of_an_object_are_one_fetch_and_one_that_came_during_it_is_another(
    shop: Shop, database_url: str
) -> None:
    make_store()
    shop.postal_codes = {1: "a", 2: "b"}

    def look(ids: list[int]) -> None:
        arrives("customers/update", {"id": 1})  # after the fetch began: it needs one of its own

    shop.fault = look
    for _ in range(500):
        arrives("customers/update", {"id": 1})
    from tasks.webhooks import drain as one_step

    assert one_step(SHOP).state == "worked"
    assert query(database_url, "select state, count(*) from inbox_event group by 1 order by 1") == [
        ("done", 500),
        ("new", 1),
    ]
    shop.fault = lambda ids: None
    drain()
    assert shop.fetched == [[1], [1]]
    assert query(database_url, "select count(*) from inbox_event where state <> 'done'") == [(0,)]


def test_what_is_not_here_yet_is_read_before_what_has_changed(shop: Shop, database_url: str) -> None:
    make_store()
    shop.postal_codes = {i: "a" for i in range(1, 200)}
    for customer in range(1, 121):
        arrives("customers/update", {"id": customer})
    drain()
    shop.fetched.clear()
    for customer in range(1, 121):
        arrives("customers/update", {"id": customer})
    arrives("customers/update", {"id": 150})
    drain()
    assert shop.fetched[0] == [150]
    assert [len(ids) for ids in shop.fetched] == [1, 50, 50, 20]


def test_a_used_up_limit_holds_up_what_has_changed_and_not_what_is_new(
    shop: Shop, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks import webhooks

    sent: list[int] = []
    monkeypatch.setattr(webhooks.drain_inbox, "send_with_options", lambda args, delay: sent.append(delay))
    make_store()
    shop.postal_codes = {i: "a" for i in range(1, 200)}
    arrives("customers/update", {"id": 1})
    drain()

    def limited(ids: list[int]) -> None:
        if 1 in ids:
            raise RateLimited("Shopify's limit for this store is used up.", retry_after=1.5)

    shop.fault = limited
    for _ in range(3):
        arrives("customers/update", {"id": 1})
        drain()
    assert len(shop.fetched) == 2, "it is asked once, then waits"
    assert sent == [1501]
    arrives("customers/update", {"id": 2})
    drain()
    assert shop.fetched[-1] == [2]
    assert query(database_url, "select count(*) from inbox_event where state = 'new' and attempts = 0") == [(1,)]


def test_nothing_of_the_payload_is_kept_once_it_was_used(shop: Shop, database_url: str) -> None:
    make_store()
    arrives("customers/update", {"id": 1, "email": "a@example.com"})
    arrives("app/scopes_update", {"current": ["read_orders"], "email": "a@example.com"})
    drain()
    assert query(database_url, "select payload from inbox_event") == [(b"",), (b"",)]


def test_duplicates_and_any_order_give_the_same_rows(shop: Shop, database_url: str) -> None:
    make_store()
    final = {1: "z", 2: "y", 3: "x"}
    for order in itertools.permutations((1, 2, 3)):
        for step, customer in enumerate((*order, *order)):
            shop.postal_codes = {**final} if step > 2 else {i: f"{step}" for i in (1, 2, 3)}
            arrives("customers/update", {"id": customer})
            drain()
        assert dict(query(database_url, CUSTOMERS)) == final


@pytest.mark.usefixtures("at_once")
def test_a_platform_that_is_away_is_waited_for_and_counts_against_nothing(shop: Shop, database_url: str) -> None:
    make_store()
    shop.postal_codes = {1: "a"}

    def away(ids: list[int]) -> None:
        raise Unavailable("Shopify did not answer.")

    shop.fault = away
    arrives("customers/update", {"id": 1}, seconds_ago=60)
    from tasks.webhooks import drain as one_step

    for _ in range(12):
        assert one_step(SHOP).state == "worked"
    assert query(database_url, STATES) == [("new", 0, "Shopify did not answer.")]
    shop.fault = lambda ids: None
    sweep()
    assert query(database_url, STATES) == [("done", 0, "")]
    assert query(database_url, CUSTOMERS) == [(1, "a")]


@pytest.mark.usefixtures("at_once")
def test_one_bad_object_does_not_hold_up_the_others_and_is_dead_after_ten_attempts(
    shop: Shop, database_url: str
) -> None:
    make_store()
    shop.postal_codes = {1: "a", 2: "b", 3: "c"}

    def bad(ids: list[int]) -> None:
        if 2 in ids:
            raise Rejected("Shopify refused the request.")

    shop.fault = bad
    for customer in (1, 2, 3):
        arrives("customers/update", {"id": customer}, seconds_ago=60 - customer)
    drain()
    assert query(database_url, CUSTOMERS) == [(1, "a"), (3, "c")]
    assert [row[:2] for row in query(database_url, STATES)] == [("done", 1), ("dead", 10), ("done", 1)]


def test_what_failed_is_tried_again_after_a_pause_that_grows(shop: Shop, database_url: str) -> None:
    make_store()

    def bad(ids: list[int]) -> None:
        raise Rejected("Shopify refused the request.")

    shop.fault = bad
    arrives("customers/update", {"id": 1}, seconds_ago=60)
    for _ in range(3):
        drain()
        sweep()
    assert len(shop.fetched) == 1
    pause = "select attempts, extract(epoch from retry_at - now())::int between {} and {} from inbox_event"
    assert query(database_url, pause.format(7, 10)) == [(1, True)]
    with psycopg.connect(database_url) as connection:
        connection.execute("update inbox_event set retry_at = now()")
    drain()
    assert query(database_url, pause.format(17, 20)) == [(2, True)]
    arrives("customers/update", {"id": 1})
    drain()
    assert len(shop.fetched) == 2, "a new delivery does not shorten the pause"
    assert query(database_url, "select state, attempts from inbox_event order by number") == [("new", 2), ("done", 0)]


@pytest.mark.usefixtures("at_once")
def test_what_was_given_up_is_shown_and_waits_again_when_it_is_replayed(shop: Shop, database_url: str) -> None:
    from clique_app.sync import inbox_service
    from tasks import webhooks

    make_store()
    make_store("two.myshopify.com")
    shop.postal_codes = {1: "a", 2: "b"}

    def bad(ids: list[int]) -> None:
        raise Rejected("Shopify refused the request.")

    shop.fault = bad
    for domain in (SHOP, "two.myshopify.com"):
        for customer in (1, 2):
            arrives("customers/update", {"id": customer}, shop_domain=domain)
        drain(domain)
    with system_session() as session:
        dead = inbox_service.dead_letters(session, SHOP)
        assert [(one.kind, one.object_id, one.error) for one in dead] == [
            ("customer", 2, "Shopify refused the request."),
            ("customer", 1, "Shopify refused the request."),
        ]
        assert inbox_service.standing(session).dead == 4
    shop.fault = lambda ids: None
    assert webhooks.replay(SHOP, dead[0].number) == 1
    with pytest.raises(NotFound):
        webhooks.replay(SHOP, dead[0].number)
    drain()
    assert query(database_url, CUSTOMERS) == [(2, "b")]
    with pytest.raises(NotFound):
        webhooks.replay("two.myshopify.com", dead[1].number)
    assert webhooks.replay() == 3
    drain()
    drain("two.myshopify.com")
    with system_session() as session:
        assert inbox_service.standing(session) == inbox_service.Inbox(0, None, 0)


@pytest.mark.usefixtures("at_once")
def test_a_body_that_is_no_object_ends_as_dead_and_harms_no_other(shop: Shop, database_url: str) -> None:
    make_store()
    shop.postal_codes = {1: "a"}
    for body in (b"not json", b"[]", b'{"id": "x"}', b"\xff\xfe"):
        arrives("customers/update", body, seconds_ago=60)
    arrives("customers/update", {"id": 1}, seconds_ago=50)
    drain()
    assert [row[0] for row in query(database_url, STATES)] == ["dead"] * 4 + ["done"]
    assert query(database_url, CUSTOMERS) == [(1, "a")]


def test_lost_access_is_marked_and_left_to_the_catch_up(
    shop: Shop, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clique_app.integrations.shopify import oauth

    def ended(*_: Any) -> None:
        raise AccessExpired("Open Clique in Shopify admin to reconnect.")

    make_store()
    monkeypatch.setattr(oauth, "refresh", ended)
    shop.fault = ended
    arrives("customers/update", {"id": 1})
    drain()
    [(state, _, note)] = query(database_url, STATES)
    assert state == "done"
    assert "catch-up" in note
    assert query(database_url, "select state from connection") == [("expired",)]


def test_deliveries_of_unknown_stores_and_topics_are_done_with_a_reason(shop: Shop, database_url: str) -> None:
    make_store()
    arrives("customers/update", {"id": 1}, shop_domain="other.myshopify.com", seconds_ago=2)
    arrives("themes/publish", {"id": 1}, seconds_ago=1)
    drain()
    drain("other.myshopify.com")
    assert query(database_url, STATES) == [
        ("done", 0, "Not one of our stores."),
        ("done", 0, "Clique does not use this topic."),
    ]


def test_an_uninstall_is_followed_and_a_late_one_is_not(shop: Shop, database_url: str) -> None:
    make_store()
    arrives("app/uninstalled", {"id": 1}, triggered=3600)
    drain()
    assert query(database_url, "select state from connection") == [("connected",)]
    arrives("app/uninstalled", {"id": 1}, triggered=-1)
    drain()
    assert query(database_url, "select state, access_token from connection") == [("revoked", None)]
    make_store()
    arrives("app/uninstalled", {"id": 1}, triggered=5)
    drain()
    assert query(database_url, "select state from connection") == [("connected",)]


def test_changed_scopes_renew_the_token_at_its_next_use(shop: Shop, database_url: str) -> None:
    make_store()
    arrives("app/scopes_update", {"previous": [], "current": ["read_orders", "read_all_orders"]})
    drain()
    assert query(database_url, "select scopes, expires_at <= now() from connection") == [
        ("read_all_orders read_orders", True)
    ]


def test_more_scopes_act_at_once_and_fewer_ask_for_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import install

    store_id, asked = make_store(), []
    monkeypatch.setattr(install, "catch_up", asked.append)
    arrives("app/scopes_update", {"current": ["read_orders"]})
    drain()
    assert asked == []
    arrives("app/scopes_update", {"previous": ["read_orders"], "current": ["read_orders", "read_all_orders"]})
    drain()
    assert asked == [store_id]


def test_a_privacy_topic_becomes_a_request_that_a_worker_answers(shop: Shop, database_url: str) -> None:
    make_store()
    arrives("customers/redact", {"customer": {"id": 5, "email": "a@example.com"}, "orders_to_redact": [1]})
    drain()
    assert query(database_url, "select kind, state, asked ->> 'customer_id' from privacy_request") == [
        ("customer_redact", "asked", "5")
    ]
    assert query(database_url, "select state, payload from inbox_event") == [("done", b"")]


def test_two_drains_at_once_share_the_work(shop: Shop, database_url: str) -> None:
    import threading

    make_store()
    shop.postal_codes = {i: str(i) for i in range(1, 601)}
    for customer in range(1, 601):
        arrives("customers/update", {"id": customer})
    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(i for ids in shop.fetched for i in ids) == list(range(1, 601))
    assert len(query(database_url, CUSTOMERS)) == 600
    assert {row[0] for row in query(database_url, STATES)} == {"done"}


def test_thousands_of_deliveries_are_looked_over_in_one_pass(database_url: str) -> None:
    """On tables without statistics a join of the deliveries with themselves took minutes."""
    from clique_app.sync import inbox_service

    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into inbox_event (source, delivery_id, topic, shop_domain, kind, object_id, received_at, payload,"
            " state, attempts, error) select 'shopify', g::text, 'orders/updated', %s, 'order', 1 + g %% 5000, now(),"
            " '', 'new', 0, '' from generate_series(1, 20000) g",
            [SHOP],
        )
    with system_session() as session:
        session.connection().exec_driver_sql("set local statement_timeout = '10s'")
        found = inbox_service.waiting(session, SHOP)
    assert len(found) == 5000
    assert [one.number for one in found] == sorted(one.number for one in found)
    assert query(database_url, "select state, count(*) from inbox_event group by 1 order by 1") == [
        ("done", 15_000),
        ("new", 5_000),
    ]
