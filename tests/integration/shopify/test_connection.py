"""The life of a store's access: renewed once, restored after a crash, granted anew by code, and short of a scope."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clique_app import clock
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.integrations.shopify.scopes import NEEDS, REQUIRED_SCOPES, missing
from clique_app.integrations.shopify.subscriptions import TOPICS
from clique_app.sandbox.shopify.oauth import signature_of
from tests.contract.shopify_sandbox import SECRET, SHOP
from tests.integration.shopify_shop import SCOPES, SOURCES, Shop
from tests.kit.plain_http import PLAIN_HTTP

ASK = (
    "import os, sys, threading\n"
    "from clique_app.connections.access import access\n"
    "def ask(): os.write(1, access(int(sys.argv[1]), 'shopify').token.encode() + b'\\n')\n"
    "threads = [threading.Thread(target=ask) for _ in range(3)]\n"
    "[t.start() for t in threads]; [t.join() for t in threads]\n"
)


def sent(shop: Shop) -> list[str]:
    """The topics of what the store has sent."""
    return [headers["x-shopify-topic"] for headers, _ in shop.sandbox.received]


def end_token(shop: Shop) -> None:
    from clique_app.tables import Connection

    with store_session(shop.store_id) as session:
        session.get_one(Connection, (shop.store_id, "shopify")).expires_at = clock.now()


def test_processes_that_renew_at_once_do_it_once_though_shopify_ends_the_old_token(shop: Shop) -> None:
    shop.open()
    end_token(shop)
    shop.fault("refresh_token_once", None)
    command = [sys.executable, "-c", ASK, str(shop.store_id)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd()) for _ in range(2)]
    tokens = [line.decode() for process in processes for line in process.communicate()[0].split()]
    assert len(tokens) == 6
    assert set(tokens) == {access(shop.store_id, "shopify").token}
    assert shop.query("select state from connection") == [("connected",)]


def test_a_crash_between_shopifys_answer_and_our_commit_does_not_lose_the_store(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clique_app.connections import service

    shop.open()
    end_token(shop)

    def die(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(service, "keep_grant", die)
        with pytest.raises(MemoryError):
            access(shop.store_id, "shopify")
    assert access(shop.store_id, "shopify").token.startswith("shpat_")


def test_a_renewal_in_trouble_keeps_the_access_for_the_next_try(shop: Shop) -> None:
    from clique_app.errors import RateLimited, Unavailable

    shop.open()
    for fault in ("http_429", "5xx", "timeout", "truncated_page"):
        end_token(shop)
        shop.fault(fault, 4, path="access_token")
        with pytest.raises((RateLimited, Unavailable)):
            access(shop.store_id, "shopify")
        shop.sandbox.faults.clear()
        assert shop.query("select state from connection") == [("connected",)]
        assert access(shop.store_id, "shopify").token.startswith("shpat_")


def test_the_right_to_write_implies_the_right_to_read() -> None:
    assert missing(REQUIRED_SCOPES) == ()
    assert missing(SCOPES) == ()
    assert missing(()) == NEEDS
    assert [need.scope for need in missing(s for s in SCOPES if s != "read_inventory")] == ["read_inventory"]


def test_a_scope_that_is_withheld_is_named_with_what_stops_and_one_step_and_mends_by_that_step(
    shop: Shop, browser: TestClient
) -> None:
    from clique_app.pages.data import ALLOW, data_view
    from clique_app.sync.overview_service import standings

    shop.world.set_scopes(SHOP, [s for s in SCOPES if s not in ("read_inventory", "read_locations")])
    shop.open()
    shop.read("first_import")
    assert shop.log("shopify_inventory")[0] == "failed"
    assert "has not granted Clique what it needs" in shop.log("shopify_inventory")[1]
    with store_session(shop.store_id) as session:
        states = {one.source: one.state for one in standings(session, shop.store_id)}
        [problem] = data_view(session, shop.store_id, "", 0)["problems"]
    assert states["shopify_inventory"] == "not_allowed"
    assert states["shopify_products"] == "up_to_date"
    assert (problem.heading, problem.action) == ("Clique lacks permissions in Shopify", ALLOW)
    assert "Stock is not read" in problem.text
    assert "read_inventory, read_locations" in problem.text
    shop.queued()
    assert browser.get(callback_of(shop, browser), follow_redirects=False).status_code == 302
    assert {message[2:] for message in shop.queued() if message[0] == "run_source"} == {
        (key, "catch_up") for key in SOURCES
    }
    shop.read("catch_up")
    shop.read("history")
    assert shop.differences() == []
    with store_session(shop.store_id) as session:
        assert data_view(session, shop.store_id, "", 0)["problems"] == []


def test_a_refused_topic_keeps_no_other_back_and_is_named_until_it_is_allowed(shop: Shop) -> None:
    from tasks.install import catch_up, check_store

    shop.world.set_scopes(SHOP, [s for s in SCOPES if s != "read_customers"])
    check_store.fn(shop.open())
    [(held, problem)] = shop.query("select held, problem from webhook_check")
    assert held == len(TOPICS) - 3
    assert problem.startswith("Shopify refused customers/create: ")
    assert "customers/update: " in problem
    shop.world.set_scopes(SHOP, SCOPES)
    shop.queued()
    catch_up(shop.store_id)  # as app/scopes_update does
    assert ("check_store", shop.store_id) in shop.queued()
    check_store.fn(shop.store_id)
    assert shop.query("select held, created, problem from webhook_check") == [
        (len(TOPICS), "CUSTOMERS_CREATE,CUSTOMERS_UPDATE,CUSTOMERS_DELETE", "")
    ]


def test_a_change_of_scopes_is_announced_and_the_next_token_has_them(shop: Shop) -> None:
    from clique_app.connections import service

    shop.open()
    former = access(shop.store_id, "shopify").token
    shop.world.set_scopes(SHOP, [s for s in SCOPES if s != "read_customers"])

    def announced() -> dict[str, str] | None:
        return next((h for h, _ in shop.sandbox.received if h["x-shopify-topic"] == "app/scopes_update"), None)

    assert shop.sandbox.eventually(announced)
    with store_session(shop.store_id) as session:
        service.scopes_changed(session, shop.store_id, shop.store.shop.granted_scopes)
        assert [need.scope for need in service.missing_scopes(session, shop.store_id)] == ["read_customers"]
    assert access(shop.store_id, "shopify").token != former
    assert "read_customers" not in shop.query("select scopes from connection")[0][0]


def test_all_orders_that_are_allowed_late_are_read_then(shop: Shop) -> None:
    from clique_app.pages.data import ALLOW, data_view
    from tasks import runs

    def problems() -> list[tuple[str, str, str]]:
        with store_session(shop.store_id) as session:
            found = data_view(session, shop.store_id, "", 0)["problems"]
        return [(problem.heading, problem.tone, problem.action) for problem in found]

    def history_due() -> bool:
        with store_session(shop.store_id) as session:
            return runs.is_due(session, shop.store_id, "shopify_orders", "history")

    shop.world.set_scopes(SHOP, [s for s in SCOPES if s != "read_all_orders"])
    shop.open()
    shop.import_all()
    assert shop.query("select count(*) from shop_order") == [(25,)]
    assert shop.query("select history_complete from store") == [(False,)]
    assert problems() == [("Older orders are not read", "info", ALLOW)]
    assert not history_due()
    shop.queued()
    shop.sandbox.received.clear()
    shop.world.set_scopes(SHOP, SCOPES)
    shop.deliver("app/scopes_update")
    assert ("run_history", shop.store_id, "shopify_orders", "history") in shop.queued()
    shop.read("catch_up")
    shop.read("history")
    # the first of the sixty days was shown in part only
    first_shown = clock.today("Europe/Berlin") - timedelta(days=59)
    read = "select state, (plan->>'last_day')::date from sync_run where kind = 'history' order by run_id desc limit 1"
    assert shop.query(read) == [("whole", first_shown - timedelta(days=1))]
    assert shop.differences() == []
    assert shop.query("select history_complete from store") == [(True,)]
    assert problems() == []
    assert not history_due()


def test_news_of_an_uninstall_that_comes_after_the_reinstall_ends_nothing(imported: Shop) -> None:
    from tasks.keeping import answer_privacy_request

    kept = imported.query("select count(*) from shop_order")
    imported.world.uninstall(SHOP)
    imported.world.install(SHOP, SCOPES)
    imported.read("catch_up", "shopify_orders")
    assert imported.query("select state from connection where channel = 'shopify'") == [("expired",)]
    imported.open()
    imported.deliver("app/uninstalled")
    assert imported.query("select state, error from inbox_event") == [("done", "Older than the present installation.")]
    assert imported.query("select state, access_token is null from connection where channel = 'shopify'") == [
        ("connected", False)
    ]
    imported.world._change("ask_erasure", domain=SHOP)
    imported.deliver("shop/redact")
    [(request,)] = imported.query("select request_id from privacy_request")
    answer_privacy_request.fn(imported.store_id, request)
    assert imported.query("select count(*) from shop_order") == kept
    imported.read("catch_up", "shopify_orders")
    assert imported.log() == ("whole", "")
    imported.world.uninstall(SHOP)
    imported.sandbox.eventually(lambda: sent(imported).count("app/uninstalled") == 2)
    imported.deliver("app/uninstalled")
    assert imported.query("select state, access_token is null from connection where channel = 'shopify'") == [
        ("revoked", True)
    ]


# the code grant


@pytest.fixture
def browser(shop: Shop) -> Iterator[TestClient]:
    from clique_app.endpoints import install

    with TestClient(Starlette(routes=install.ROUTES)) as client:
        yield client


def callback_of(shop: Shop, browser: TestClient) -> str:
    """The way to Shopify's dialog and back, up to the callback's address."""
    start = browser.get(f"/auth/shopify/start?shop={SHOP}", follow_redirects=False)
    assert start.status_code == 302
    dialog = PLAIN_HTTP.get(start.headers["location"], follow_redirects=False)
    back = urlsplit(dialog.headers["location"])
    return f"{back.path}?{back.query}"


def test_the_code_grant_connects_a_store_and_ends_in_the_admin(shop: Shop, browser: TestClient) -> None:
    done = browser.get(callback_of(shop, browser), follow_redirects=False)
    assert done.status_code == 302
    assert done.headers["location"].endswith(f"/store/{SHOP.removesuffix('.myshopify.com')}/apps/key")
    [(shop.store_id, state, scopes)] = shop.query("select store_id, state, scopes from connection")
    assert state == "connected"
    assert missing(scopes.split()) == ()
    shop.import_all()
    assert shop.differences() == []


def test_a_callback_works_once_even_where_its_cookie_is_still_there(shop: Shop, browser: TestClient) -> None:
    address = callback_of(shop, browser)
    kept = browser.cookies.get("clique_install")
    assert browser.get(address, follow_redirects=False).status_code == 302
    assert browser.get(address, follow_redirects=False).status_code == 400, "the browser has given its cookie back"
    browser.cookies.set("clique_install", kept or "", path="/auth/shopify")
    again = browser.get(address, follow_redirects=False)
    assert (again.status_code, again.text) == (400, "This link has been used. Open Clique in Shopify admin.")


def test_a_callback_that_shopify_did_not_sign_as_it_is_connects_nothing(shop: Shop, browser: TestClient) -> None:
    path, _, query = callback_of(shop, browser).partition("?")
    fields = dict(parse_qsl(query))
    for name in ("code", "shop", "state", "hmac", "timestamp", "host"):
        wrong = urlencode({**fields, name: fields[name][:-1] + "01"})
        assert browser.get(f"{path}?{wrong}", follow_redirects=False).status_code == 400, name
    assert browser.get(f"{path}?{query}&shop={SHOP}", follow_redirects=False).status_code == 400
    assert browser.get(path, follow_redirects=False).status_code == 400
    assert shop.query("select count(*) from connection") == [(0,)]
    assert browser.get(f"{path}?{query}", follow_redirects=False).status_code == 302


def test_a_signed_callback_of_another_browser_another_time_or_another_store_connects_nothing(
    shop: Shop, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, query = callback_of(shop, browser).partition("?")
    cookie = browser.cookies.get("clique_install") or ""

    def status(**changed: str) -> int:
        fields = {k: v for k, v in parse_qsl(query) if k != "hmac"} | changed
        signed = {**fields, "hmac": signature_of(fields, SECRET)}
        return browser.get(f"{path}?{urlencode(signed)}", follow_redirects=False).status_code

    assert status(shop="other.myshopify.com") == 400
    assert status(timestamp=str(int(clock.now().timestamp()) - 91)) == 400
    browser.cookies.clear()
    assert status() == 400
    browser.cookies.set("clique_install", cookie, path="/auth/shopify")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=11))
    assert status(timestamp=str(int(now.timestamp()) + 660)) == 400
    monkeypatch.setattr(clock, "now", lambda: now)
    assert status() == 302


def test_a_code_that_shopify_does_not_take_any_more_is_no_fault_of_the_app(shop: Shop, browser: TestClient) -> None:
    path, _, query = callback_of(shop, browser).partition("?")
    fields = {k: v for k, v in parse_qsl(query) if k != "hmac"} | {"code": "used"}
    signed = urlencode({**fields, "hmac": signature_of(fields, SECRET)})
    answer = browser.get(f"{path}?{signed}", follow_redirects=False)
    assert (answer.status_code, answer.text) == (400, "Shopify does not take this link any more. Install Clique again.")
    assert shop.query("select count(*) from connection") == [(0,)]


def test_only_a_stores_own_address_is_sent_to_the_dialog(shop: Shop, browser: TestClient) -> None:
    for wrong in ("", "evil.example.com", f"{SHOP}.evil.com", "evil.com/book.myshopify.com", "-x.myshopify.com"):
        assert browser.get("/auth/shopify/start", params={"shop": wrong}, follow_redirects=False).status_code == 400
