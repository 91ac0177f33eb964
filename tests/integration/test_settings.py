"""Settings of a real store: who may change them, what is kept, what follows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from clique_app import clock
from clique_app.connections import place_costs, settings_service
from clique_app.connections.setting_ranges import CHOICES, NAMES, SETTINGS
from clique_app.database import store_session
from clique_app.errors import AccessDenied, InvalidInput, Refused
from clique_app.metrics import service, sums_service
from clique_app.metrics.definition import Period
from clique_app.tables import AuditEntry, Member, Order, StoreSettings
from tests.integration.stores import make_store

OWNER, VIEWER = 7, 8


@pytest.fixture
def store_id(database_env: None) -> int:
    made = make_store()
    with store_session(made) as session:
        for user_id, role in ((OWNER, "owner"), (VIEWER, "viewer")):
            now = clock.now()
            session.add(Member(store_id=made, user_id=user_id, role=role, first_seen_at=now, last_seen_at=now))
    return made


def texts(store_id: int, **changed: str) -> dict[str, str]:
    with store_session(store_id) as session:
        return {**settings_service.read(session, store_id, OWNER).texts, **changed}


def test_a_change_is_kept_with_who_made_it_and_from_what_to_what(store_id: int) -> None:
    wanted = texts(store_id, max_step_pct="15", default_cost_pct="40")
    with store_session(store_id) as session:
        saved = settings_service.save(session, store_id, OWNER, wanted, True)
    with store_session(store_id) as session:
        row = session.get_one(StoreSettings, store_id)
        assert (row.max_step_pct, row.default_cost_pct, row.kill_switch) == (Decimal(15), Decimal(40), True)
        assert row.updated_by == OWNER
        past = settings_service.read(session, store_id, OWNER).past
    assert saved.changed == {
        "max_step_pct": ("20", "15"),
        "default_cost_pct": ("", "40"),
        "kill_switch": ("off", "on"),
    }
    assert [(one.user_id, one.changed) for one in past] == [(OWNER, saved.changed)]
    assert not saved.recredit


def test_saving_what_is_kept_already_changes_and_logs_nothing(store_id: int) -> None:
    with store_session(store_id) as session:
        assert not settings_service.save(session, store_id, OWNER, texts(store_id), False).changed
        assert not session.exec(select(AuditEntry)).all()


def test_one_value_out_of_its_range_keeps_all_as_they_were(store_id: int) -> None:
    wanted = texts(store_id, max_step_pct="15", cooldown_hours="0")
    with (
        pytest.raises(InvalidInput, match="Time between changes: Enter 1 to 720 hours"),
        store_session(store_id) as session,
    ):
        settings_service.save(session, store_id, OWNER, wanted, False)
    assert texts(store_id)["max_step_pct"] == "20"


def test_a_viewer_and_a_stranger_may_look_but_not_change(store_id: int) -> None:
    wanted = texts(store_id, max_step_pct="15")
    with store_session(store_id) as session:
        assert "viewer" in settings_service.read(session, store_id, VIEWER).no_change
    for user_id, error in ((VIEWER, Refused), (99, AccessDenied)):
        with pytest.raises(error), store_session(store_id) as session:
            settings_service.save(session, store_id, user_id, wanted, False)
    assert texts(store_id)["max_step_pct"] == "20"


def test_a_change_reaches_no_other_store(store_id: int) -> None:
    other = make_store("two.myshopify.com")
    with store_session(store_id) as session:
        settings_service.save(session, store_id, OWNER, texts(store_id, payment_fee_pct="3.5"), False)
    assert texts(other)["payment_fee_pct"] == "2.9"


def test_the_page_shows_marks_discards_and_saves(store_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app.components.session import PageState
    from clique_app.pages import settings as page

    followed: list[bool] = []
    monkeypatch.setattr(page, "follow_up", lambda store, saved: followed.append(saved.recredit))
    monkeypatch.setattr(PageState, "is_authed", lambda self: True)
    state: Any = page.SettingsState(_reflex_internal_init=True)  # pyright: ignore[reportCallIssue]
    state._store_id, state._user_id = store_id, OWNER
    call = lambda name, *args: getattr(page.SettingsState, name).fn(state, *args)  # noqa: E731

    asyncio.run(call("load"))
    assert set(state.values) == {place_costs.NAME, *(setting.name for setting in (*SETTINGS, *NAMES, *CHOICES))}
    assert not state.unsaved
    call("change", "attribution_window_days", "400")
    assert state.problems == {"attribution_window_days": "Enter 1 to 90 days."}
    asyncio.run(call("save"))
    assert state.failed
    assert state.unsaved
    assert not followed
    call("discard")
    assert not state.unsaved
    assert state.values["attribution_window_days"] == "7"
    call("change", "attribution_window_days", "14")
    asyncio.run(call("save"))
    assert followed == [True]
    assert [cell.text for cell in state.past[0].cells][1:] == ["You", "Attribution window", "7 days", "14 days"]
    assert not state.unsaved
    call("change", "attribution_model", "linear")
    assert state.effects["attribution_model"] == "Every touch takes the same part."
    asyncio.run(call("save"))
    assert followed == [True, True]
    call("change", "attribution_model", "guess")
    assert state.problems == {"attribution_model": "Choose one of the list."}


def test_fulfilling_an_order_costs_what_settings_say_of_its_place(
    store_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clique_app.components.session import PageState
    from clique_app.pages import settings as page

    at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    period = Period(at.date(), at.date())
    with store_session(store_id) as session:
        for number, place in enumerate((("US", "Hawaii"), ("US", "Maine"), ("CA", "Quebec"), ("", "")), start=1):
            session.add(
                Order(
                    store_id=store_id, order_id=number, name=f"#{number}", processed_at=at, day=at.date(),
                    created_at=at, updated_at=at, currency="USD", presentment_currency="USD", total=Decimal(0),
                    stated_total=Decimal(0), country=place[0], region=place[1],
                )
            )  # fmt: skip
        session.flush()
        sums_service.roll_up(session, store_id)

    def fulfilment() -> Decimal | None:
        with store_session(store_id) as session:
            return service.figure(session, store_id, "fulfilment", period).value

    monkeypatch.setattr(page, "follow_up", lambda store, saved: None)
    monkeypatch.setattr(PageState, "is_authed", lambda self: True)
    state: Any = page.SettingsState(_reflex_internal_init=True)  # pyright: ignore[reportCallIssue]
    state._store_id, state._user_id = store_id, OWNER
    call = lambda name, *args: getattr(page.SettingsState, name).fn(state, *args)  # noqa: E731
    asyncio.run(call("load"))
    assert fulfilment() == 4 * Decimal("6.50")
    call("change", "fulfilment_by_place", "Hawaii 14")
    assert "US-Hawaii 14" in state.problems["fulfilment_by_place"]
    asyncio.run(call("save"))
    assert state.failed
    assert fulfilment() == 4 * Decimal("6.50")
    call("discard")
    assert (state.unsaved, state.values["fulfilment_by_place"]) == (False, "")
    call("change", "fulfilment_by_place", "ca 9.5, US-Hawaii 14")
    assert state.unsaved
    asyncio.run(call("save"))
    assert (state.unsaved, state.values["fulfilment_by_place"]) == (False, "CA 9.50, US-Hawaii 14.00")
    assert "No order" not in state.effects["fulfilment_by_place"]
    call("change", "fulfilment_by_place", "CA 9.5, US-Hawai 14")
    assert "No order has gone to US-Hawai so far" in state.effects["fulfilment_by_place"]
    call("discard")
    assert [cell.text for cell in state.past[0].cells][2:] == [
        "Fulfilment by place", "not set", "CA 9.50, US-Hawaii 14.00",
    ]  # fmt: skip
    assert fulfilment() == Decimal("14.00") + Decimal("9.50") + 2 * Decimal("6.50")
    with store_session(store_id) as session:
        sums_service.roll_up(session, store_id)
    assert fulfilment() == Decimal("36.50")
    call("change", "fulfilment_by_place", "")
    asyncio.run(call("save"))
    assert fulfilment() == 4 * Decimal("6.50")
