"""Privacy requests from the sandbox's Shopify to the last table, file and queue: what is searched is everything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from psycopg import sql
from sqlmodel import select

from clique_app import clock
from clique_app.attribution import service as attribution
from clique_app.connections import service
from clique_app.database import store_session, system_session
from clique_app.endpoints.webhooks import _object
from clique_app.errors import NotFound, Refused
from clique_app.imports import service as imports
from clique_app.imports.service import OPERATOR
from clique_app.keeping import archive, overview_service, privacy, privacy_service, redactions
from clique_app.keeping.cleanup import clean_up
from clique_app.keeping.personal_data import HELD, Person
from clique_app.metrics import best_customers, periods, registry, sums_service
from clique_app.metrics import overview_service as metrics
from clique_app.settings import settings
from clique_app.sync.source import Access
from clique_app.tables import Customer, CustomerValue, InboxEvent, Member, PrivacyRequest, SyncRun, VipStanding
from tasks.warehouse import refresh_now
from tests.book import BOOK, FIRST_DAY, LAST_DAY, SHOP
from tests.contract import shopify_sandbox
from tests.import_files import order, orders_csv
from tests.integration.stores import make_store
from tests.integration.test_shopify_sync import run as read_all

pytestmark = pytest.mark.usefixtures("database_env")
PHONE = "+1 207 555 0134"
OWNER = 7
SALES = {(entry.table, column) for entry in HELD for column in ("order_id", "first_order_id") if column in entry.kept}


@pytest.fixture
def shopify(monkeypatch: pytest.MonkeyPatch) -> Iterator[shopify_sandbox.Sandbox]:
    """The hand-written book in a running emulator that posts its webhooks to nobody but this test."""
    monkeypatch.setattr(shopify_sandbox, "SHOP", SHOP)
    world = shopify_sandbox.World(seed=3)
    world.create_store(BOOK)
    world.install(SHOP, shopify_sandbox.SCOPES)
    with shopify_sandbox.running(world) as running:
        monkeypatch.setenv("SHOPIFY_BASE_URL", f"http://127.0.0.1:{running.port}/shopify/{{shop}}")
        settings.cache_clear()
        yield running


@pytest.fixture
def store_id(shopify: shopify_sandbox.Sandbox) -> int:
    """The store with all that Shopify has, credited, and its owner."""
    token = shopify.exchange(subject_token=shopify.session_token(SHOP)).json()["access_token"]
    made, now = make_store(SHOP), clock.now()
    read_all(Access(made, SHOP, "America/New_York", "USD", token))
    with store_session(made) as session:
        attribution.credit_orders(session, made, None)
        session.add(Member(store_id=made, user_id=OWNER, role="owner", first_seen_at=now, last_seen_at=now))
        session.add(Member(store_id=made, user_id=8, role="marketer", first_seen_at=now, last_seen_at=now))
    return made


@pytest.fixture
def person(store_id: int, shopify: shopify_sandbox.Sandbox) -> Person:
    """The buyer with the most orders."""
    world = shopify.world.store(SHOP)
    buyer = max(world.customers.values(), key=lambda customer: customer.number_of_orders)
    assert buyer.email
    with store_session(store_id) as session:
        asked = {"customer_id": buyer.customer_id, "email": buyer.email, "phone": PHONE, "orders": []}
        return privacy_service.person_of(session, store_id, PrivacyRequest(store_id=store_id, kind="", asked=asked))  # pyright: ignore


def delivered(shopify: shopify_sandbox.Sandbox, topic: str) -> dict[str, Any]:
    """The body of the latest webhook of a topic, once it has come."""

    def found() -> dict[str, Any] | None:
        bodies = [json.loads(body) for headers, body in shopify.received if headers["x-shopify-topic"] == topic]
        return bodies[-1] if bodies else None

    return shopify.eventually(found)


def arrives(topic: str, body: dict[str, Any], delivery_id: str, *, days_ago: float = 0, **changed: Any) -> None:
    """As the endpoint takes it; a dead letter with its body, as an earlier version kept it."""
    payload = json.dumps(body).encode()
    kind, object_id = _object(topic, "", payload) if not changed else ("", None)
    with system_session() as session:
        session.add(
            InboxEvent(
                source="shopify",
                delivery_id=delivery_id,
                topic=topic,
                shop_domain=SHOP,
                received_at=clock.now() - timedelta(days=days_ago),
                kind=kind,
                object_id=object_id,
                payload=b"" if kind else payload,
                **changed,
            )
        )


def drain() -> None:
    from tasks.webhooks import drain_inbox

    drain_inbox.fn(SHOP)


def answer_all(store_id: int) -> list[str]:
    from tasks.keeping import answer_privacy_request

    with store_session(store_id) as session:
        waiting = privacy_service.open_requests(session, store_id)
    for request_id in waiting:
        answer_privacy_request.fn(store_id, request_id)
    with store_session(store_id) as session:
        return [session.get_one(PrivacyRequest, (store_id, request_id)).state for request_id in waiting]


def in_tables(database_url: str, pattern: str) -> set[tuple[str, str]]:
    """Every column of every table that holds a match, bytes read in every way they could hold one."""
    found: set[tuple[str, str]] = set()
    with psycopg.connect(database_url) as connection:
        columns = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns join information_schema.tables"
            " using (table_schema, table_name) where table_schema = 'public' and table_type = 'BASE TABLE'"
        ).fetchall()
        assert len(columns) > 200
        for table, column, kind in columns:
            ways = (
                [f"encode({{}}, '{way}')" for way in ("escape", "hex", "base64")] if kind == "bytea" else ["{}::text"]
            )
            for way in ways:
                text = sql.SQL(way).format(sql.Identifier(column))  # pyright: ignore
                query = sql.SQL("select 1 from {} where {} ~ %s limit 1").format(sql.Identifier(table), text)
                if connection.execute(query, [pattern]).fetchone():
                    found.add((table, column))
    return found


def in_views(database_url: str, pattern: str) -> set[str]:
    """Every filled view of the analysts, whole rows."""
    with psycopg.connect(database_url) as connection:
        views = connection.execute("select schemaname, matviewname from pg_matviews where ispopulated").fetchall()
        assert len(views) > 20
        query = sql.SQL("select 1 from {} held where held::text ~ %s limit 1")
        return {
            view for schema, view in views
            if connection.execute(query.format(sql.Identifier(schema, view)), [pattern]).fetchone()
        }  # fmt: skip


def names_of(person: Person) -> str:
    """Also as a number of eight bytes."""
    return f"{person.names}|{person.customer_id.to_bytes(8, 'big').hex()}"


def in_redis(person: Person) -> int:
    found = 0
    with redis.Redis.from_url(settings().redis_url) as client:
        for key in client.scan_iter():
            kind: Any = client.type(key)
            value: Any = {
                b"string": lambda key: client.get(key),
                b"hash": lambda key: client.hgetall(key),
                b"list": lambda key: client.lrange(key, 0, -1),
                b"set": lambda key: client.smembers(key),
                b"zset": lambda key: client.zrange(key, 0, -1),
            }[kind](key)
            found += person.is_in(repr((key, value)))
    return found


def in_archive(person: Person) -> int:
    import polars as pl

    files = [path for path in Path(settings().archive_dir).rglob("*") if path.is_file()]
    assert {path.name for path in files if path.suffix != ".parquet"} <= {redactions.FILE}
    return sum(
        person.is_in(str(pl.read_parquet(path).rows()) if path.suffix == ".parquet" else path.read_text())
        for path in files
    )


def figures(store_id: int) -> dict[str, Any]:
    with store_session(store_id) as session:
        keys = [metric.key for metric in registry.METRICS]
        tiles = metrics.tiles(session, store_id, keys, periods.between(FIRST_DAY, LAST_DAY))
        return {tile.metric.key: tile.figure.value for tile in tiles}


def leave_traces(store_id: int, person: Person) -> None:
    """Everywhere a person could be named, also where nothing should ever name one."""
    with store_session(store_id) as session:
        session.add(Customer(store_id=store_id, customer_id=-5, email_hmac=person.email_hmac))
        session.flush()
        assert sums_service.roll_up(session, store_id) > 0
        of_them = best_customers.packed([(person.customer_id, Decimal(9))])
        session.merge(
            VipStanding(store_id=store_id, day=date(2026, 1, 1), customers=1, booked=Decimal(9), first=of_them)
        )
    leave_files(store_id, person)
    from tasks.keeping import answer_privacy_request
    from tasks.sync import run_source

    body = {"id": person.orders[0], "customer": {"id": person.customer_id, "email": person.email}}
    arrives("orders/updated", body, "dead", days_ago=1, state="dead", error=f"Customer {person.customer_id}")
    arrives("orders/updated", body, "older", days_ago=40, state="dead", error=f"Nobody is {person.email}")
    arrives("customers/update", {"id": person.customer_id}, "waits")
    now = clock.now()
    with store_session(store_id) as session:
        for days in (400, 399, 1):
            session.add(
                SyncRun(
                    store_id=store_id,
                    source="shopify_customers",
                    kind="catch_up",
                    state="failed",
                    started_at=now - timedelta(days=days),
                    heartbeat_at=now,
                    message=f"Shopify said: gid://shopify/Customer/{person.customer_id} {person.phone}",
                )
            )
    counts = clean_up(store_id)
    assert counts is not None
    assert counts["sync_run"]["archived"] == 2
    assert counts["inbox_event"]["archived"] == 1
    answer_privacy_request.send(store_id, person.customer_id)
    run_source.send_with_options(args=(store_id, person.email, "manual"), delay=3_600_000)
    dead = run_source.message(store_id, f"gid://shopify/Customer/{person.customer_id}", "manual")
    with redis.Redis.from_url(settings().redis_url) as client:
        client.hset("dramatiq:sync.XQ.msgs", dead.message_id, dead.encode().decode())
        client.zadd("dramatiq:sync.XQ", {dead.message_id: dead.message_timestamp})
        client.set("a-tab_state", b"\x80\x04pickled" + str(person.customer_id).encode() + b"\x94")
        client.rpush("some-list", f"{person.phone}", "another")


def leave_files(store_id: int, person: Person) -> None:
    """An imported one, named after the person, and one that waits, of which a column was shifted."""
    from tasks.imports import import_now

    theirs = f"Customer ID,First Name,Email,Total Orders\n{person.customer_id},Ann,{person.email},2\n"
    for name in (f"About {person.email}.csv", f"mine_{person.email}.csv"):
        with store_session(store_id) as session:
            file_id = imports.receive(session, store_id, OPERATOR, name, theirs.encode())
            imports.begin(session, store_id, file_id, OPERATOR)
        import_now(store_id, file_id)
    shifted = orders_csv(order("#1", ("Mug", "M1", 1, "10.00"), Taxes=person.email))
    with store_session(store_id) as session:
        imports.receive(session, store_id, OPERATOR, f"Orders of {person.customer_id}.csv", shifted.encode())


def test_after_customers_redact_nothing_anywhere_names_the_customer(
    store_id: int,
    person: Person,
    shopify: shopify_sandbox.Sandbox,
    database_url: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    other = next(c for c in shopify.world.store(SHOP).customers if c != person.customer_id)
    with store_session(store_id) as session:
        session.add(
            CustomerValue(
                store_id=store_id, customer_id=person.customer_id, as_of=date(2026, 1, 1), model_id=1, frequency=1,
                recency=9, age=9, p_alive=Decimal(1), purchases_90=Decimal(1), purchases_365=Decimal(1),
                reorder_30=Decimal(1),
            )
        )  # fmt: skip
    before = figures(store_id)
    leave_traces(store_id, person)
    assert len(person.orders) > 1
    refresh_now()
    assert {"orders", "customers", "customer_journey"} <= in_views(database_url, names_of(person))
    traces = in_tables(database_url, names_of(person))
    assert {("customer", "customer_id"), ("customer", "email_hmac"), ("shop_order", "customer_id")} <= traces
    assert {("inbox_event", "payload"), ("inbox_event", "object_id"), ("sync_run", "message")} <= traces
    assert {("customer_sales_day", "booked"), ("order_worth_day", "orders")} <= traces
    assert ("cohort_segment_day", "customers") in traces
    assert {("order_gap_day", "orders"), ("vip_standing", "first")} <= traces
    assert {
        ("won_place_day", "customers"),
        ("won_credit_day", "customers"),
        ("won_expected_day", "customers"),
    } <= traces
    assert {("imported_file", "name"), ("imported_file", "preview")} <= traces
    assert in_redis(person) >= 5
    assert in_archive(person) == 2

    shopify.world.request_customer_data(SHOP, person.customer_id)
    arrives("customers/data_request", delivered(shopify, "customers/data_request"), "asks")
    drain()
    assert answer_all(store_id) == ["answered"]
    shopify.world.redact_customer(SHOP, person.customer_id)
    body = delivered(shopify, "customers/redact")
    assert sorted(body["orders_to_redact"]) == list(person.orders)
    body["customer"]["phone"] = PHONE
    arrives("customers/redact", body, "forgets")
    drain()
    arrives("customers/update", {"id": person.customer_id, "email": person.email.upper()}, "late")
    assert answer_all(store_id) == ["answered"]

    nobody = Person(person.customer_id, person.email, person.phone, person.email_hmac)
    assert in_tables(database_url, names_of(nobody)) == set()
    assert in_tables(database_url, names_of(person)) <= SALES
    assert in_views(database_url, names_of(nobody)) == set()
    assert in_redis(person) == 0
    assert in_archive(person) == 0
    told = capfd.readouterr()
    assert not nobody.is_in(told.out + told.err)
    assert figures(store_id) == before
    assert ("customer", "customer_id") in in_tables(database_url, Person(other).names)

    with store_session(store_id) as session:
        assert [(file.name, file.state) for file in imports.past(session, store_id)] == [
            ("orders.csv", "failed"), ("customers.csv", "imported"), ("customers.csv", "imported")
        ]  # fmt: skip
        evidence = overview_service.read(session, store_id).requests[0]
        request = session.get_one(PrivacyRequest, (store_id, evidence.request_id))
        assert (evidence.kind, evidence.state, evidence.answered_at is not None) == (
            "customer_redact",
            "answered",
            True,
        )
        assert request.counts["customer"] == 1  # the one a file named first has become the same
        assert request.counts["shop_order"] == len(person.orders)
        assert request.counts["archive"] == 3
        assert request.counts["queue"] >= 5
        assert request.counts["inbox_event"] == 3  # given up, worked off, and come late


def test_a_redaction_may_come_twice_and_reading_shopify_again_brings_nobody_back(
    store_id: int, person: Person, shopify: shopify_sandbox.Sandbox, database_url: str
) -> None:
    shopify.world.redact_customer(SHOP, person.customer_id)
    for n in range(2):
        arrives("customers/redact", delivered(shopify, "customers/redact"), f"forgets-{n}")
        drain()
        assert answer_all(store_id) == ["answered"]
    token = shopify.exchange(subject_token=shopify.session_token(SHOP)).json()["access_token"]
    read_all(Access(store_id, SHOP, "America/New_York", "USD", token))
    nobody = Person(person.customer_id, person.email, person.phone, person.email_hmac)
    assert in_tables(database_url, names_of(nobody)) == set()


def test_a_data_request_gives_the_owner_all_that_is_held(
    store_id: int, person: Person, shopify: shopify_sandbox.Sandbox
) -> None:
    number = shopify.world.request_customer_data(SHOP, person.customer_id)
    body = delivered(shopify, "customers/data_request")
    arrives("orders/updated", {"id": person.orders[0]}, "dead", state="dead")
    for n in range(2):
        arrives("customers/data_request", body, f"asks-{n}")
        drain()
    assert answer_all(store_id) == ["answered"], "the same request twice is one"
    with store_session(store_id) as session:
        [asked] = overview_service.read(session, store_id).requests
        assert (asked.reference, asked.has_report) == (str(number), True)
        report = privacy_service.report_of(session, store_id, asked.request_id, OWNER)
    held = report["held"]
    assert report["customer_id"] == person.customer_id
    assert [row["customer_id"] for row in held["customer"]] == [person.customer_id]
    assert {row["order_id"] for row in held["shop_order"]} == set(person.orders)
    assert {"order_line", "sale_entry", "credit", "inbox_event"} <= set(held)
    assert not {"customer_sales_day", "order_gap_day", "vip_standing"} & set(held), "they are everybody's"
    assert {row["order_id"] for table in ("order_line", "sale_entry", "credit") for row in held[table]} == set(
        person.orders
    )
    for user_id in (8, 99):
        with pytest.raises(Refused), store_session(store_id) as session:
            privacy_service.report_of(session, store_id, asked.request_id, user_id)
    with pytest.raises(NotFound), store_session(store_id) as session:
        privacy_service.report_of(session, store_id, asked.request_id + 1, OWNER)


def test_a_person_unknown_here_is_answered_too(store_id: int) -> None:
    arrives("customers/data_request", {"customer": {"id": 5}, "orders_requested": []}, "asks")
    arrives("customers/redact", {"customer": {"id": 6, "email": None}, "orders_to_redact": [1]}, "forgets")
    drain()
    assert answer_all(store_id) == ["answered", "answered"]


def test_a_request_that_names_nobody_is_a_dead_letter_and_changes_nothing(store_id: int, database_url: str) -> None:
    before = figures(store_id)
    arrives("customers/redact", {"customer": {"id": "5"}}, "forgets")
    drain()
    assert answer_all(store_id) == []
    with system_session() as session:
        event = session.exec(select(InboxEvent)).one()
        assert (event.state, event.error) == ("new", "The request names no customer.")
    assert figures(store_id) == before


def test_48_hours_after_an_uninstall_the_store_is_gone_but_for_the_evidence(
    store_id: int, person: Person, shopify: shopify_sandbox.Sandbox, database_url: str
) -> None:
    other = make_store("other.myshopify.com")
    leave_traces(store_id, person)
    shopify.world.uninstall(SHOP)
    shopify.world.move_clock(47 * 3600)
    assert not [h for h, _ in shopify.received if h["x-shopify-topic"] == "shop/redact"]
    shopify.world.move_clock(3600)
    body = delivered(shopify, "shop/redact")

    arrives("shop/redact", body, "too-early")
    drain()
    assert answer_all(store_id) == ["refused"], "an installed store is not erased"
    with store_session(store_id) as session:
        service.uninstall(session, store_id, None)
    arrives("shop/redact", body, "erases")
    drain()
    assert answer_all(store_id) == ["answered"]

    with psycopg.connect(database_url) as connection:
        owned = connection.execute(
            "select table_name from information_schema.columns where table_schema = 'public'"
            " and column_name = 'store_id'"
        ).fetchall()
        left = {}
        for (table,) in owned:
            query = sql.SQL("select count(*) from {} where store_id = %s").format(sql.Identifier(table))
            left[table] = connection.execute(query, [store_id]).fetchone()[0]  # pyright: ignore
    assert {table: count for table, count in left.items() if count} == {
        "store": 1, "privacy_request": 2, "audit_entry": 1
    }  # fmt: skip
    assert in_tables(database_url, names_of(person)) == set()
    assert {table for table, _ in in_tables(database_url, SHOP.replace(".", r"\."))} == {"store"}
    assert not archive.folder(SHOP).exists()
    with redis.Redis.from_url(settings().redis_url) as client:
        assert not client.hlen("dramatiq:sync.msgs")
    assert in_tables(database_url, r"^other\.myshopify\.com$") == {("store", "shop_domain")}
    with store_session(other) as session:
        assert service.standing(session, other, 0) is not None
    assert make_store(SHOP) == store_id, "a reinstall finds its number again"


def test_what_no_message_reached_is_answered_by_the_sweep(store_id: int, person: Person) -> None:
    from tasks.keeping import answer_open_requests, answer_privacy_request

    with store_session(store_id) as session:
        request_id = privacy_service.ask(
            session, store_id, "customers/redact", {"customer": {"id": person.customer_id}}
        )
    sent: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(answer_privacy_request), "send", lambda self, *args: sent.append(args))
        answer_open_requests.fn()
    assert sent == [(store_id, request_id)]
    assert privacy.answer(store_id, request_id) == "answered"
    assert privacy.answer(store_id, request_id) == "answered", "once more changes nothing"


def test_the_page_shows_the_evidence_and_saves_the_report_for_the_owner(
    store_id: int, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clique_app.components.session import PageState
    from clique_app.pages.settings_privacy import PrivacyState

    asked = {"customer": {"id": person.customer_id}, "data_request": {"id": 991}}
    with store_session(store_id) as session:
        request_id = privacy_service.ask(session, store_id, "customers/data_request", asked)
    monkeypatch.setattr(PageState, "is_authed", lambda self: True)
    state: Any = PrivacyState(_reflex_internal_init=True)  # pyright: ignore[reportCallIssue]
    state._store_id, state._user_id = store_id, OWNER
    call = lambda name, *args: asyncio.run(getattr(PrivacyState, name).fn(state, *args))  # noqa: E731

    call("load")
    assert [cell.text for cell in state.requests[0].cells][1:] == [
        "A customer asks what is held", "Within 15 minutes", "", ""
    ]  # fmt: skip
    assert state.cleaned == "The weekly cleanup has not run yet."
    assert privacy.answer(store_id, request_id) == "answered"
    assert clean_up(store_id) is not None
    call("load")
    cells = state.requests[0].cells
    assert (cells[1].sub, cells[4].text, cells[4].opens) == ("Shopify's number 991", "Save", str(request_id))
    assert " rows in " in cells[3].text
    assert state.cleaned.startswith("Last cleanup ")
    saved = str(call("download", str(request_id)))
    assert f"data-request-{request_id}.json" in saved
    assert "data:" in saved
    for wrong in ("", "-1", "x", "²", "9" * 30, "1e3", str(request_id + 1)):
        with pytest.raises(NotFound):
            call("download", wrong)
    state._user_id = 8
    with pytest.raises(Refused):
        call("download", str(request_id))
