"""Handlers of Onboarding and of Data and sync on a real database, without a browser.

The pages are imported late: they load the queue, which wants its settings at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from clique_app.connections import service
from clique_app.database import store_session
from clique_app.errors import AccessDenied, InvalidInput, Refused
from clique_app.tables import Member, Store
from tests.integration.stores import make_store
from tests.integration.test_overview import add_run
from tests.kit.fake_admin import API_KEY, API_SECRET, sign

pytestmark = pytest.mark.usefixtures("database_env")


@dataclass
class Tab:
    """A logged-in tab of a store, as handlers see it."""

    store_id: int
    show: Callable[[str], None]
    run: Callable[..., Any]
    log_out: Callable[[], None]


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch) -> Tab:
    from reflex.state import State

    import clique_app.pages  # noqa: F401  # a state made before knows nothing of pages loaded after it
    from clique_app.components import session as page_session
    from clique_app.components.session import PageState
    from clique_app.settings import settings

    monkeypatch.setenv("SHOPIFY_API_KEY", API_KEY)
    monkeypatch.setenv("SHOPIFY_API_SECRET", API_SECRET)
    settings.cache_clear()
    store_id = make_store()
    with store_session(store_id) as session:
        service.seen(session, store_id, 7)
    monkeypatch.setattr(page_session.install, "open_store", lambda shop, token, user: store_id)
    root = State(_reflex_internal_init=True)  # pyright: ignore[reportCallIssue]

    def show(path: str) -> None:
        data = {"sid": "one", "pathname": path, "asPath": path, "headers": {}, "query": {}}
        root._update_router_vars(data, {})
        root.router_data = data

    def run(kind: type[PageState], handler: str, *arguments: Any) -> Any:
        state = asyncio.run(root.get_state(kind))
        asyncio.run(getattr(kind, handler).fn(state, *arguments))
        return state

    show("/")
    run(PageState, "login", sign("one.myshopify.com"))
    return Tab(store_id, show, run, lambda: asyncio.run(root.get_state(PageState)).end())


def test_the_data_page_shows_text_and_asks_for_readings(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app.pages.data import DataState

    add_run(tab.store_id, state="failed", message="Shopify has frozen this store.")
    asked: list[Any] = []
    monkeypatch.setattr("clique_app.pages.data.start_sync", lambda *a: asked.append(a) or [a[1]])
    tab.show("/data?source=shopify_orders&offset=abc")
    state = tab.run(DataState, "load")
    assert state.log_paging.text == "1 to 1 of 1"
    assert state.problems[0].heading == "Shopify orders could not be read"
    tab.run(DataState, "sync", "shopify_orders")
    assert asked == [(tab.store_id, "shopify_orders", "manual")]
    with pytest.raises(InvalidInput):
        tab.run(DataState, "sync", "no_such_source")


def test_onboarding_says_why_each_figure_is_unknown_and_launches(tab: Tab) -> None:
    from clique_app.pages.onboarding import OnboardingState

    tab.show("/onboarding")
    state = tab.run(OnboardingState, "load")
    assert [one.value for one in state.figures] == [""] * 6
    assert all(one.note for one in state.figures)
    tab.run(OnboardingState, "launch")
    with store_session(tab.store_id) as session:
        assert session.get_one(Store, tab.store_id).launched_at is not None


def test_a_connect_leaves_for_an_address_of_our_own_at_the_top_level(tab: Tab) -> None:
    from clique_app.components.connect import Connect

    state = tab.run(Connect, "load")
    assert {one.key: one.step for one in state.connections if one.key in ("shopify", "meta")} == {
        "shopify": "done",
        "meta": "connect",
    }
    tab.run(Connect, "connect", "meta")
    assert state.busy == "meta"


def test_who_may_only_look_connects_and_disconnects_nothing(tab: Tab) -> None:
    from clique_app.components.connect import Connect

    with store_session(tab.store_id) as session:
        session.get_one(Member, (tab.store_id, 7)).role = "viewer"
    with pytest.raises(Refused, match="can look but not change"):
        tab.run(Connect, "connect", "meta")


def test_a_disconnect_says_first_what_stops_and_what_stays(tab: Tab) -> None:
    from clique_app.components.connect import NOTHING, Connect
    from clique_app.connections import ad_accounts_service
    from clique_app.integrations.channels import Grant
    from clique_app.tables import Connection

    with store_session(tab.store_id) as session:
        ad_accounts_service.keep(session, tab.store_id, "meta", 7, Grant("t", scopes=("ads_read", "ads_management")))
    state = tab.run(Connect, "load")
    Connect.ask_to_disconnect.fn(state, "meta")  # pyright: ignore[reportFunctionMemberAccess]
    assert any("not read any more" in line for line in state.ending.stops)
    assert any("read so far" in line for line in state.ending.stays)

    async def disconnect() -> None:
        async for _ in Connect.disconnect.fn(state):  # pyright: ignore[reportFunctionMemberAccess]
            pass

    asyncio.run(disconnect())
    assert (state.ending, state.busy) == (NOTHING, "")
    with store_session(tab.store_id) as session:
        meta = session.get_one(Connection, (tab.store_id, "meta"))
    assert (meta.state, meta.access_token) == ("disconnected", None)


def test_a_tab_that_is_not_logged_in_launches_nothing(tab: Tab) -> None:
    from clique_app.pages.onboarding import OnboardingState

    tab.log_out()
    with pytest.raises(AccessDenied):
        tab.run(OnboardingState, "launch")
    with store_session(tab.store_id) as session:
        assert session.get_one(Store, tab.store_id).launched_at is None


def test_several_ad_accounts_are_marked_and_used_together(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app.components.connect import Connect, account_views
    from clique_app.connections import ad_accounts_service
    from clique_app.integrations.channels import AdAccount

    used: list[Any] = []
    monkeypatch.setattr(ad_accounts_service, "choose", lambda session, *a: used.append(a))
    monkeypatch.setattr("clique_app.components.connect.edge.begin_import", lambda *a: used.append(a))
    state = tab.run(Connect, "load")
    found = [AdAccount(n, f"Account {n}", "USD", "UTC", True) for n in ("1", "2", "3")]
    state.accounts, state.choosing = account_views(found, {"1"}), "meta"
    for account_id in ("2", "3", "3"):
        Connect.mark.fn(state, account_id)  # pyright: ignore[reportFunctionMemberAccess]
    assert [one.chosen for one in state.accounts] == [True, True, False]

    async def choose() -> None:
        async for _ in Connect.choose.fn(state, "meta"):  # pyright: ignore[reportFunctionMemberAccess]
            pass

    asyncio.run(choose())
    assert used[0][:3] == (tab.store_id, "meta", ["1", "2"])
    assert used[1] == (tab.store_id, "meta")
    assert (state.accounts, state.choosing, state.busy) == ([], "", "")


@pytest.mark.parametrize(("handler", "asked"), [("choose", "choose"), ("connect", "start")])
def test_an_error_of_ours_leaves_no_button_busy(
    tab: Tab, monkeypatch: pytest.MonkeyPatch, handler: str, asked: str
) -> None:
    from clique_app.components.connect import Connect
    from clique_app.connections import ad_accounts_service

    def fail(*_: Any) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(ad_accounts_service, asked, fail)
    state = tab.run(Connect, "load")

    async def click() -> None:
        done = getattr(Connect, handler).fn(state, "meta")
        if handler == "connect":
            await done
            return
        async for _ in done:
            assert state.busy == "meta"

    with pytest.raises(RuntimeError):
        asyncio.run(click())
    assert state.busy == ""


def test_a_file_is_shown_to_who_chose_it_and_forgotten(tab: Tab) -> None:
    from clique_app.components.file_import import FileImport
    from clique_app.imports import service as imports
    from tests.import_files import book_csv

    with store_session(tab.store_id) as session:
        imports.receive(session, tab.store_id, 7, "orders.csv", book_csv().encode())
        imports.receive(session, tab.store_id, imports.OPERATOR, "another.csv", b"a,b\n")  # somebody else's
    state = tab.run(FileImport, "load")
    assert (state.preview.name, state.preview.button, len(state.sample)) == ("orders.csv", "Import 13 orders", 10)
    tab.run(FileImport, "discard")
    assert state.preview.file_id == 0
    tab.log_out()
    with pytest.raises(AccessDenied):
        tab.run(FileImport, "load")


def test_an_import_is_followed_from_its_first_record_to_its_end(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app import live
    from clique_app.components.file_import import FileImport
    from clique_app.imports import definition
    from clique_app.imports import service as imports
    from tasks import imports as importing
    from tests.import_files import book_csv

    monkeypatch.setattr(importing, "TELL_EVERY_SECONDS", 0)
    monkeypatch.setattr(importing, "CREDITED_AT_ONCE", 8)
    monkeypatch.setattr(definition, "TOLD_EVERY", 5)
    with store_session(tab.store_id) as session:
        file_id = imports.receive(session, tab.store_id, 7, "orders.csv", book_csv().encode())
        imports.begin(session, tab.store_id, file_id, 7)
    state = tab.run(FileImport, "load")
    shown = [(state.preview.step, state.preview.done, state.preview.total, state.preview.share)]
    note = live.note

    def noted(*args: Any) -> None:
        note(*args)
        tab.run(FileImport, "load")  # as the push makes an open page do
        assert state.preview.importing
        shown.append((state.preview.step, state.preview.done, state.preview.total, state.preview.share))

    monkeypatch.setattr(live, "note", noted)
    importing.import_now(tab.store_id, file_id)
    assert shown == [
        ("Reading orders", "0", "13", 0), ("Reading orders", "5", "13", 0.231), ("Reading orders", "10", "13", 0.462),
        ("Reading orders", "13", "13", 0.6), ("Crediting orders", "8", "13", 0.846),
        ("Crediting orders", "13", "13", 1),
    ]  # fmt: skip
    tab.run(FileImport, "load")
    assert (state.preview.file_id, state.told) == (0, "orders.csv was imported.")
