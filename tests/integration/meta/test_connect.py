from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clique_app import clock
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections import service
from clique_app.database import store_session, system_session
from clique_app.endpoints.connect import ROUTES
from clique_app.errors import InvalidInput
from clique_app.tables import Connection, Store, SyncCursor, SyncRun
from tasks import runs
from tests.integration.channels.accounts import at_meta

USER = 77


@pytest.fixture
def stores(meta: Any) -> list[int]:
    meta.answers |= {
        "oauth/access_token": lambda call: {"access_token": "long" if "grant_type" in call.params else "short"},
        "debug_token": {
            "data": {"is_valid": True, "expires_at": 2_000_000_000, "scopes": ["ads_read", "ads_management"]}
        },
        "me/adaccounts": {
            "data": [
                {
                    "account_id": n,
                    "name": f"Account {n}",
                    "currency": "USD",
                    "timezone_name": "UTC",
                    "account_status": 1,
                }
                for n in ("1", "2")
            ]
        },
    }
    ids = []
    for name in ("one", "two"):
        with system_session() as session:
            store = Store(shop_domain=f"{name}.myshopify.com", currency="USD", installed_at=clock.now())
            session.add(store)
            session.flush()
            ids.append(store.store_id)
    return ids


def _browser() -> TestClient:
    return TestClient(Starlette(routes=list(ROUTES)), base_url="http://localhost:1", follow_redirects=False)


def _start(store_id: int) -> str:
    with store_session(store_id) as session:
        return ad_accounts.start(session, store_id, "meta", USER)


def _state(browser: TestClient, store_id: int) -> str:
    answer = browser.get(_start(store_id))
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "samesite=lax" in answer.headers["set-cookie"].lower()
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


def _back(browser: TestClient, state: str, **query: str) -> str:
    answer = browser.get("/auth/meta/callback", params={"state": state, **(query or {"code": "c"})})
    return answer.headers.get("location", str(answer.status_code)).rpartition("?")[2]


def _connection(store_id: int) -> Connection | None:
    with store_session(store_id) as session:
        return session.get(Connection, (store_id, "meta"))


def test_a_round_trip_leaves_an_encrypted_long_lived_token_and_a_choice(stores: list[int]) -> None:
    browser = _browser()
    state = _state(browser, stores[0])
    answer = browser.get("/auth/meta/callback", params={"state": state, "code": "c"})
    assert answer.headers["location"].endswith("/store/one/apps/test-api-key/onboarding?connected=meta")
    connection = _connection(stores[0])
    assert connection is not None
    assert connection.state == "choosing_account"
    assert b"long" not in bytes(connection.access_token or b"")
    assert service.token_of(connection, "access_token") == "long"
    assert _connection(stores[1]) is None


def test_a_round_trip_ends_on_the_page_where_it_began(stores: list[int]) -> None:
    browser = _browser()
    with store_session(stores[0]) as session:
        url = ad_accounts.start(session, stores[0], "meta", USER, "/connections")
    state = parse_qs(urlsplit(browser.get(url).headers["location"]).query)["state"][0]
    answer = browser.get("/auth/meta/callback", params={"state": state, "error": "access_denied"})
    assert answer.headers["location"].endswith("/connections?connect_error=cancelled&channel=meta")


def test_a_ticket_and_a_state_work_once(stores: list[int]) -> None:
    browser, url = _browser(), _start(stores[0])
    assert browser.get(url).status_code == 302
    assert "connect_error=used" in browser.get(url).headers["location"]
    state = _state(browser, stores[0])
    assert _back(browser, state) == "connected=meta"
    assert _back(browser, state).startswith("connect_error=")


def test_another_browser_cannot_finish(stores: list[int]) -> None:
    state = _state(_browser(), stores[0])
    assert _back(_browser(), state) == "connect_error=browser&channel=meta"
    assert _connection(stores[0]) is None


def test_anothers_cookie_does_not_fit(stores: list[int]) -> None:
    mine, theirs = _browser(), _browser()
    _state(mine, stores[0])
    state = _state(theirs, stores[1])
    (cookie,) = [c.value for c in mine.cookies.jar]
    name = ad_accounts.cookie_name(ad_accounts.claimed("callback", "meta", state).nonce)
    mine.cookies.set(name, str(cookie), path="/auth/")
    assert _back(mine, state) == "connect_error=browser&channel=meta"
    assert _connection(stores[1]) is None


@pytest.mark.parametrize("step", ["start", "callback"])
def test_a_tampered_or_exchanged_ticket_touches_nothing(stores: list[int], step: str) -> None:
    browser = _browser()
    ticket = parse_qs(urlsplit(_start(stores[0])).query)["ticket"][0]
    state = _state(browser, stores[0])
    head, body, signature = (ticket if step == "start" else state).split(".")
    other = state if step == "start" else ticket  # signed, but for the other step
    name = "ticket" if step == "start" else "state"
    for text in (f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.{signature[::-1]}", other, "", "x"):
        assert browser.get(f"/auth/meta/{step}", params={name: text, "code": "c"}).status_code == 400
    assert _connection(stores[0]) is None


def test_a_round_trip_of_more_than_ten_minutes_is_over(stores: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    browser = _browser()
    state, later = _state(browser, stores[0]), clock.now() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert _back(browser, state) == "connect_error=expired&channel=meta"


@pytest.mark.parametrize(
    ("query", "reason"),
    [({"error": "access_denied", "error_reason": "user_denied"}, "cancelled"), ({"error": "x"}, "refused")],
)
def test_a_refusal_comes_back_with_its_reason(stores: list[int], query: dict[str, str], reason: str) -> None:
    browser = _browser()
    assert _back(browser, _state(browser, stores[0]), **query) == f"connect_error={reason}&channel=meta"


def test_missing_rights_and_an_absent_platform_are_told_apart(
    stores: list[int], meta: Any, answer: Callable[..., Any]
) -> None:
    browser = _browser()
    meta.answers["debug_token"] = {"data": {"is_valid": True, "expires_at": 0, "scopes": ["ads_read"]}}
    assert _back(browser, _state(browser, stores[0])) == "connect_error=permissions&channel=meta"
    meta.answers["oauth/access_token"] = answer({"error": {"code": 2, "message": "x"}}, 500)
    assert _back(browser, _state(browser, stores[0])) == "connect_error=unavailable&channel=meta"
    assert _connection(stores[0]) is None


def test_ten_attempts_in_fifteen_minutes_are_enough(stores: list[int]) -> None:
    browser = _browser()
    codes = [browser.get("/auth/meta/start", params={"ticket": "x"}).status_code for _ in range(11)]
    assert codes == [400] * 10 + [429]


def test_an_unknown_channel_has_no_login(stores: list[int]) -> None:
    assert _browser().get("/auth/myspace/start", params={"ticket": "x"}).status_code == 404


def test_several_listed_accounts_can_be_chosen_and_one_that_is_new_makes_the_imports_due_again(
    stores: list[int],
) -> None:
    browser = _browser()
    _back(browser, _state(browser, stores[0]))
    with store_session(stores[0]) as session:
        assert [a.account_id for a in ad_accounts.accounts(session, stores[0], "meta")] == ["1", "2"]
        assert ad_accounts.choose(session, stores[0], "meta", ["1"], USER).state == "connected"
        session.add(SyncCursor(store_id=stores[0], source="meta_ads"))
        for kind in ("first_import", "history", "catch_up"):
            session.add(SyncRun(store_id=stores[0], source="meta_ads", kind=kind, state="whole",
                                started_at=clock.now(), heartbeat_at=clock.now()))  # fmt: skip
    for wrong in (["1", "3"], []):
        with store_session(stores[0]) as session, pytest.raises(InvalidInput):
            ad_accounts.choose(session, stores[0], "meta", wrong, USER)
    with store_session(stores[0]) as session:
        ad_accounts.choose(session, stores[0], "meta", ["1"], USER)
        assert session.get(SyncCursor, (stores[0], "meta_ads")) is not None
    with store_session(stores[0]) as session:
        both = ad_accounts.choose(session, stores[0], "meta", ["1", "2"], USER)
        assert [one.account_id for one in both.accounts] == ["1", "2"]
    with store_session(stores[0]) as session:
        assert session.get(SyncCursor, (stores[0], "meta_ads")) is None
        assert [runs.is_due(session, stores[0], "meta_ads", kind) for kind in ("first_import", "history")] == [True] * 2
        log = {run.kind: run.state for run in session.exec(select(SyncRun))}
        assert log == {"first_import": "superseded", "history": "superseded", "catch_up": "whole"}
        session.add(SyncCursor(store_id=stores[0], source="meta_ads"))
    with store_session(stores[0]) as session:
        one = ad_accounts.choose(session, stores[0], "meta", ["2"], USER)
        assert [account.account_id for account in one.accounts] == ["2"]
        assert session.get(SyncCursor, (stores[0], "meta_ads")) is not None  # what is left is read already
        ad_accounts.disconnect(session, stores[0], "meta", USER)
    with store_session(stores[0]) as session:
        overview = at_meta(session, stores[0])
    assert (overview.state, [one.account_id for one in overview.accounts]) == ("disconnected", ["2"])


def test_the_daily_check_warns_a_week_before_the_end_and_sees_a_revoked_access(stores: list[int], meta: Any) -> None:
    browser = _browser()
    _back(browser, _state(browser, stores[0]))
    ends = int((clock.now() + timedelta(days=6)).timestamp())
    scopes = ["ads_read", "ads_management"]
    meta.answers["debug_token"] = {"data": {"is_valid": True, "expires_at": ends, "scopes": scopes}}
    with store_session(stores[0]) as session:
        assert "Reconnect it before" in ad_accounts.check(session, stores[0], "meta").problem
    meta.answers["debug_token"] = {"data": {"is_valid": False, "scopes": []}}
    with store_session(stores[0]) as session:
        assert ad_accounts.check(session, stores[0], "meta").state == "expired"
