"""What pages say of connections: one state, what is missing, and the one next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from clique_app.components.connection_views import account_views, connect_problem, connection_views, summary
from clique_app.connections.ad_accounts_service import CONNECT_ERRORS, AccountInUse, Overview
from clique_app.integrations.channels import AdAccount
from clique_app.sync.connections_service import Linked
from clique_app.sync.overview_service import Standing
from tests.unit.components.test_source_views import NEW_YORK, NOW, reading, standing

MAIN = AccountInUse("1", "Harbor", "USD", "America/New_York", date(2026, 8, 23))
SECOND = AccountInUse("2", "B", "EUR", "UTC")
SCOPES = ("ads_management", "ads_read")


def meta(state: str = "connected", *sources: Standing, **changed: Any) -> Linked:
    access = Overview("meta", "Meta", state, (MAIN, SECOND), NOW - timedelta(days=3), given=SCOPES)
    ads = sources or (standing(source="meta_ads", label="Meta ads", channel="meta"),)
    return Linked(replace(access, **changed), ads, "Ads.", stops=("Ads are not read any more.",))


def view(linked: Linked) -> Any:
    return connection_views([linked], NEW_YORK, NOW)[0]


def test_a_connection_has_one_next_step() -> None:
    states = ("not_connected", "choosing_account", "connected", "expired", "revoked", "disconnected")
    views = [view(meta(state)) for state in states]
    assert [one.step for one in views] == ["connect", "choose", "done", "reconnect", "reconnect", "connect"]
    assert [one.sync for one in views] == ["", "", "Sync now", "", "", ""]
    assert views[2].accounts == ["Harbor (USD, America/New York), days from 23 Aug 2026", "B (EUR, UTC)"]
    assert (views[2].age, views[2].access, views[2].permissions) == ("6 s ago", "since 18 Nov 2026", "2 given")
    assert [len(one.imports) for one in views] == [0, 0, 1, 0, 0, 0]


def test_the_word_of_a_connection_is_its_access_and_then_the_worst_of_its_sources() -> None:
    whole, old = standing(), standing(state="stale", problem="They were last read on Monday.")
    failed = standing(state="failed", problem="Shopify has frozen this store.", mend="manual")
    assert view(meta("connected", whole)).badge == "Connected"
    assert view(meta("connected", whole, old)).badge == "Old"
    assert view(meta("connected", old, failed)).badge == "Failed"
    assert view(meta("expired", failed)).badge == "Access ended"


def test_what_failed_is_said_with_what_to_do() -> None:
    shown = view(meta("connected", standing(state="failed", problem="It is frozen.", mend="manual")))
    assert shown.problem == "Shopify orders: It is frozen. Fetch again, or wait for the next hour."
    assert shown.sync == "Fetch again"
    ended = view(meta("expired", problem="Access to Meta has ended. Reconnect it."))
    assert ended.problem == "Access to Meta has ended. Reconnect it."


def test_permissions_that_are_missing_are_named_before_anything_milder() -> None:
    shown = view(meta("connected", given=("ads_read",), missing=("ads_management",)))
    assert (shown.badge, shown.state, shown.permissions) == ("Permissions missing", "caution", "1 missing")
    assert (shown.given, shown.missing) == (["ads_read"], ["ads_management"])


def test_what_is_not_connected_says_nothing_of_the_past() -> None:
    shown = view(meta("disconnected", given=(), missing=SCOPES, problem="Old news."))
    assert (shown.problem, shown.permissions, shown.accounts, shown.sources, shown.age) == ("", "", [], [], "")


def test_data_is_as_old_as_the_oldest_source_and_unknown_before_all_were_read() -> None:
    hour = standing(fresh_at=NOW - timedelta(hours=1))
    assert view(meta("connected", standing(), hour)).age == "1 h ago"
    assert view(meta("connected", hour, standing(fresh_at=None, state="waiting"))).age == ""


def test_what_tells_by_itself_waits_until_it_has_told() -> None:
    pixel = Linked(Overview("web_pixel", "Web pixel", "connected"), (), "Visits.", "tells", ends="Ends.")
    told = replace(pixel, told_at=NOW - timedelta(minutes=4))
    assert [(view(one).badge, view(one).age, view(one).sync) for one in (pixel, told)] == [
        ("Waiting", "", ""),
        ("Connected", "4 min ago", ""),
    ]


def test_a_reading_under_way_shows_its_counts_in_the_line_of_its_source() -> None:
    [line] = view(meta("connected", standing(state="reading", current=reading(kind="manual")))).sources
    assert (line.label, line.told, line.badge) == ("Shopify orders", "6,312 of 26,118", "Reading")
    assert line.left.endswith(" left")
    assert 0 < line.share < 1
    uncounted = reading(kind="manual", expected=None, share=None)
    [line] = view(meta("connected", standing(state="reading", current=uncounted))).sources
    assert (line.told, line.left, line.share) == ("6,312 rows so far", "", 0)


@pytest.mark.parametrize("state", ["expired", "revoked"])
def test_a_reading_that_was_waiting_when_its_access_ended_is_not_shown_as_going_on(state: str) -> None:
    [line] = view(meta(state, standing(state="reading", current=reading(kind="manual")))).sources
    assert (line.told, line.share) == ("6 s ago", 0)


@pytest.mark.parametrize(
    ("linked", "text"),
    [
        ([meta(), meta("not_connected")], "1 of 2 connected"),
        ([meta(), meta("expired")], "1 of 2 connected, 1 needs you"),
        ([meta("choosing_account"), meta("expired")], "0 of 2 connected, 2 need you"),
    ],
)
def test_the_line_above_counts_what_needs_somebody(linked: list[Linked], text: str) -> None:
    assert summary(connection_views(linked, NEW_YORK, NOW)) == text


def test_the_url_chooses_among_clique_s_own_words() -> None:
    assert connect_problem({"connect_error": "cancelled"}) == CONNECT_ERRORS["cancelled"]
    assert connect_problem({"connect_error": "<b>you won</b>"}) == CONNECT_ERRORS["refused"]
    assert connect_problem({}) == ""


def test_active_accounts_come_first_and_those_in_use_are_chosen() -> None:
    accounts = [AdAccount("2", "A closed one", "EUR", "UTC", False), AdAccount("1", "Main", "USD", "UTC", True)]
    views = account_views(accounts, {"2"})
    assert [(one.name, one.chosen) for one in views] == [("Main", False), ("A closed one", True)]
