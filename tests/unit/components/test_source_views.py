"""What pages say of sources, readings and the steps of a new store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.components.open_number import SOURCE_NAMES
from clique_app.components.source_views import SOURCE_STATES, counted, import_view, seconds, step_views
from clique_app.components.webhooks import checked, webhook_rows
from clique_app.pages import data
from clique_app.sync.overview_service import Log, Reading, Standing, Webhooks
from clique_app.sync.setup_service import Setup
from clique_app.sync.sources import SOURCES

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def reading(**changed: Any) -> Reading:
    base = Reading(
        run_id=1,
        source="shopify_orders",
        kind="first_import",
        state="running",
        started_at=NOW - timedelta(seconds=20),
        finished_at=None,
        expected=26_118,
        read=6_312,
        written=6_310,
        skipped=2,
        why=(("unchanged", 2),),
        stage="Orders, 6,312 of 26,118",
        message="",
        share=0.24,
        per_second=315.6,
        days=90,
    )
    return replace(base, **changed)


def standing(**changed: Any) -> Standing:
    base = Standing(
        source="shopify_orders",
        label="Shopify orders",
        channel="shopify",
        cadence="Webhooks, hourly catch-up",
        state="up_to_date",
        fresh_at=NOW - timedelta(seconds=6),
        rows=26_118,
        counted=37,
        kept=37,
        history_from=None,
        last=reading(state="whole", finished_at=NOW),
        first_import_done=True,
    )
    return replace(base, **changed)


def test_a_running_import_shows_its_counts_against_the_sources_own() -> None:
    view = import_view(standing(state="importing", current=reading()))
    assert (view.done, view.total, view.share, view.whole) == ("6,312", "26,118", 0.24, False)


def test_an_import_says_how_far_back_it_reaches() -> None:
    view = import_view(standing(state="importing", current=reading(days=30)))
    assert view.note.startswith("Last 30 days: Orders, 6,312 of 26,118")
    whole = import_view(standing(state="importing", current=reading(days=None)))
    assert whole.note.startswith("Orders, 6,312 of 26,118")


def test_while_all_earlier_is_read_the_proof_of_the_first_days_stays() -> None:
    view = import_view(standing(state="importing", current=reading(kind="history")))
    assert (view.done, view.share, view.whole) == ("26,118", 0.24, False)
    assert view.note.startswith("Equals the platform’s own count. All earlier: Orders, 6,312 of 26,118")


def test_an_import_without_a_count_says_rows_and_claims_no_total() -> None:
    view = import_view(standing(state="importing", current=reading(expected=None, share=None)))
    assert (view.done, view.total, view.share) == ("6,312 rows", "", 0.0)


def test_equality_with_the_platform_is_claimed_only_where_it_counted() -> None:
    assert "own count" in import_view(standing()).note
    assert "own count" not in import_view(standing(counted=None)).note
    assert import_view(standing(problem="3 missing")).whole is False


def test_a_difference_is_told_with_its_direction() -> None:
    assert counted(standing()) == ("Reconciled", "success")
    assert counted(standing(counted=40)) == ("3 missing", "caution")
    assert counted(standing(counted=30)) == ("7 too many", "caution")
    assert counted(standing(counted=None))[1] == ""
    assert counted(standing(state="reading", current=reading(kind="manual"))) == ("6,312 of 26,118", "")


@pytest.mark.parametrize(("value", "text"), [(0.2, "1 s"), (40.4, "40 s"), (360, "6 min"), (7200, "2 h")])
def test_durations_are_short(value: float, text: str) -> None:
    assert seconds(value) == text


def test_each_problem_has_its_one_step() -> None:
    failed = data.problem_view(standing(state="failed", problem="Shopify has frozen this store."))
    ended = data.problem_view(standing(state="expired", source="meta_ads", channel="meta", problem="Access ended."))
    assert failed is not None
    assert failed.action == data.FETCH
    assert "frozen" in failed.text
    assert ended is not None
    assert ended.action == data.RECONNECT
    assert data.problem_view(standing()) is None


def test_a_line_of_the_log_accounts_for_every_row_in_the_stores_time() -> None:
    row = data.log_row(reading(state="whole", finished_at=NOW), NEW_YORK, NOW)
    assert [cell.text for cell in row.cells] == [
        "12:59:40", "Shopify orders", "First import", "6,312", "6,310", "2", "2 unchanged", "20 s", "Whole",
    ]  # fmt: skip


def test_the_log_says_where_it_is() -> None:
    page = tuple(reading() for _ in range(20))
    paging = data.log_paging(Log(page, 164, 20))
    assert (paging.text, paging.has_previous, paging.has_next) == ("21 to 40 of 164", True, True)
    assert data.log_paging(Log((), 0, 0)).text == "No readings yet"


@given(st.text())
def test_an_offset_in_the_url_is_a_number_or_the_beginning(text: str) -> None:
    assert data.log_offset({"offset": text}) >= 0


def test_dead_deliveries_are_not_called_live() -> None:
    cells = webhook_rows(Webhooks(9, NOW, 0.8, 0, 2, "ValueError"), NOW)[0].cells
    assert cells[-1].badge == "caution"
    assert webhook_rows(Webhooks(9, NOW, 0.8), NOW)[0].cells[-1].text == "Live"


def test_webhooks_that_wait_long_are_told_with_their_age() -> None:
    cells = webhook_rows(Webhooks(9, NOW, 0.8, 4, oldest_seconds=600), NOW)[0].cells
    assert (cells[3].text, cells[3].sub, cells[-1].text) == ("4", "the oldest for 10 min", "Behind")


def test_the_last_look_at_the_subscriptions_says_what_was_mended() -> None:
    found = Webhooks(9, NOW, 0.8, checked_at=NOW - timedelta(hours=3), topics=12, mended=("orders/create",))
    assert checked(found, NOW) == "checked 3 h ago, mended orders/create"
    failed = replace(found, check_problem="Shopify has locked this store.")
    assert checked(failed, NOW) == "Shopify has locked this store."
    assert webhook_rows(failed, NOW)[0].cells[-1].badge == "caution"


def test_the_steps_say_what_they_wait_for() -> None:
    orders = standing(state="importing", current=reading())
    views = step_views(Setup("one.myshopify.com", False, "running", "next", "later", (orders,), ()))
    assert views[0].text == "6,312 of 26,118 orders read"
    assert [view.badge for view in views] == ["Running", "Next", "Later"]


def test_every_source_has_one_name_everywhere() -> None:
    assert {source.key: source.label for source in SOURCES}.items() <= SOURCE_NAMES.items()
    assert all(word and mark for word, mark in SOURCE_STATES.values())
