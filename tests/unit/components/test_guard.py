"""The guard in front of every page event: nothing without a token proved on this very connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from reflex.state import State
from reflex_base.event import Event

from clique_app.components import guard as guard_module
from clique_app.components import session
from clique_app.components.guard import Allowance, Guard, Installed, public_events, registered_handlers
from clique_app.components.session import PageState
from clique_app.errors import AccessDenied, InvalidInput
from clique_app.pages import PAGES
from tests.kit.fake_admin import sign

STORES = {"north.myshopify.com": 1, "south.myshopify.com": 2}


@pytest.fixture(autouse=True)
def two_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.install, "open_store", lambda shop, token, user: STORES[shop])


def tab(sid: str = "socket-1", query: str = "") -> tuple[State, PageState]:
    root = State(_reflex_internal_init=True)  # pyright: ignore[reportCallIssue]
    connect(root, sid, query)
    page = asyncio.run(root.get_state(PageState))
    return root, page


def connect(root: State, sid: str, query: str = "") -> None:
    data = {"sid": sid, "pathname": "/", "asPath": f"/?{query}", "headers": {}, "query": {}}
    root._update_router_vars(data, {})  # as Reflex does before the guard runs
    root.router_data = data


def passes(root: State, name: str, guard: Guard | None = None, payload: dict[str, Any] | None = None) -> bool:
    chosen = guard or Guard(lambda store_id: True)
    return asyncio.run(chosen.preprocess(object(), root, Event(name=name, payload=payload or {}))) is None


def login(page: PageState, token: str) -> Any:
    return asyncio.run(PageState.login.fn(page, token))  # pyright: ignore[reportFunctionMemberAccess]


def any_handler() -> str:
    return next(n for n in registered_handlers() if n.endswith("home_state.load"))


def test_every_registered_handler_is_denied_without_a_token_unless_public() -> None:
    names = registered_handlers()
    assert len(names) > 8
    assert PAGES  # imported, so that their handlers are registered
    open_to_all = {name for name in names if passes(tab()[0], name)}
    assert open_to_all == public_events()


def test_what_is_public_is_asking_giving_a_token_and_reporting_a_broken_page() -> None:
    assert {name.rpartition(".")[2] for name in public_events()} == {"boot", "login", "handle_frontend_exception"}


def test_a_token_proved_on_the_connection_opens_the_handlers() -> None:
    root, page = tab()
    login(page, sign("north.myshopify.com"))
    assert page.store_id == 1
    assert page.user_id == 7
    assert passes(root, any_handler())


@pytest.mark.parametrize("spoil", [lambda: "", lambda: "x.y.z", lambda: sign("north.myshopify.com", exp=1)])
def test_a_bad_token_opens_nothing(spoil: Callable[[], str]) -> None:
    root, page = tab()
    login(page, spoil())
    assert page.access_problem
    assert not passes(root, any_handler())
    with pytest.raises(AccessDenied):
        _ = page.store_id


def test_the_tab_of_another_connection_gives_nothing() -> None:
    root, page = tab("socket-1")
    login(page, sign("north.myshopify.com"))
    connect(root, "socket-2")
    assert not passes(root, any_handler())
    with pytest.raises(AccessDenied):
        _ = page.store_id


def test_a_session_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    root, page = tab()
    login(page, sign("north.myshopify.com"))
    page._until -= session.SESSION_SECONDS + 1
    assert not passes(root, any_handler())


def test_another_stores_token_wipes_the_tab_first() -> None:
    root, page = tab()
    login(page, sign("north.myshopify.com"))
    page.problem = "something of the first store"
    login(page, sign("south.myshopify.com"))
    assert (page.store_id, page.shop, page.problem) == (2, "south.myshopify.com", "")
    assert root.router_data["sid"] == "socket-1"


def test_another_user_of_the_same_store_wipes_the_tab_too() -> None:
    _root, page = tab()
    login(page, sign("north.myshopify.com", user=7))
    page.problem = "for user 7"
    login(page, sign("north.myshopify.com", user=8))
    assert (page.user_id, page.problem) == (8, "")


def test_a_fresh_token_in_the_url_proves_the_first_message() -> None:
    root, page = tab(query="shop=south.myshopify.com&id_token=" + sign("north.myshopify.com"))
    assert passes(root, any_handler())
    assert page.store_id == 1  # the token's store, not the one the URL claims


def test_a_store_that_removed_clique_is_shut_out() -> None:
    root, page = tab()
    login(page, sign("north.myshopify.com"))
    assert not passes(root, any_handler(), Guard(lambda store_id: False))
    assert not page.is_authed()
    assert "removed" in page.access_problem


def test_a_large_payload_is_dropped() -> None:
    root, page = tab()
    login(page, sign("north.myshopify.com"))
    assert not passes(root, any_handler(), payload={"key": "x" * guard_module.MAX_PAYLOAD_BYTES})


def test_too_many_events_are_dropped_and_time_gives_more() -> None:
    now = [0.0]
    allowance = Allowance(per_second=2, burst=3, monotonic=lambda: now[0])
    assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]
    assert allowance.take("b")
    now[0] = 1.0
    assert [allowance.take("a") for _ in range(3)] == [True, True, False]


def test_whether_a_store_is_installed_is_asked_again_after_a_while() -> None:
    now, asked = [0.0], []
    installed = Installed(lambda store_id: not asked.append(store_id), monotonic=lambda: now[0])
    for _ in range(3):
        assert asyncio.run(installed(1))
    assert asked == [1]
    now[0] = guard_module.INSTALLED_FOR_SECONDS + 1
    asyncio.run(installed(1))
    assert asked == [1, 1]


def test_a_click_before_login_is_replayed_after_it_only_for_its_own_connection() -> None:
    root, page = tab("socket-1")
    passes(root, any_handler())
    connect(root, "socket-2")
    passes(root, any_handler())
    replayed = [event for event in login(page, sign("north.myshopify.com")) if event.name == any_handler()]
    assert len(replayed) == 1
    assert page._pending == []


def test_the_reason_of_an_error_reaches_the_banner_and_that_of_a_bug_does_not() -> None:
    assert "budget" in str(session.problem_of(InvalidInput("The budget is too small.")).args)
    assert "secret" not in str(session.problem_of(RuntimeError("secret")).args)
