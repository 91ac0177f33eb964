"""What did not end whole is asked for again by itself, and stands on its card until it is made good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from clique_app import clock
from tasks import schedule, sync
from tests.integration.stores import make_store
from tests.integration.test_overview import add_cursor, add_run, connect_meta, standing

pytestmark = pytest.mark.usefixtures("database_env")

NIGHT = datetime(2026, 3, 4, 7, 10, tzinfo=UTC)  # ten past two in New York, where the store is


@pytest.fixture
def store_id() -> int:
    found = make_store()
    connect_meta(found)
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(sync, "start_sync", lambda store, source, kind: found.append((source, kind)))
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    return lambda after: monkeypatch.setattr(clock, "now", lambda: NIGHT + after)


@pytest.mark.parametrize("state", ["failed", "incomplete"])
def test_a_nightly_reading_that_was_not_whole_is_tried_again_within_hours_and_four_times_at_most(
    store_id: int, asked: list[tuple[str, str]], at: Callable[[timedelta], None], state: str
) -> None:
    add_cursor(store_id, "meta_ads", read_to=NIGHT)
    tried = 0
    for quarter in range(21 * 4):
        at(timedelta(minutes=15 * quarter))
        sync.final_day_all.fn()
        if len(asked) > tried:
            tried += 1
            add_run(store_id, "meta_ads", kind="final", state=state)
            assert quarter == 8 * (tried - 1)
    assert asked == [("meta_ads", "final")] * 4
    at(timedelta(days=1))
    sync.final_day_all.fn()
    assert len(asked) == 5  # a new day


@pytest.mark.parametrize("state", ["whole", "running"])
def test_a_nightly_reading_that_is_whole_or_goes_on_is_not_asked_for_again(
    store_id: int, asked: list[tuple[str, str]], at: Callable[[timedelta], None], state: str
) -> None:
    at(timedelta())
    add_cursor(store_id, "meta_ads", read_to=NIGHT)
    add_run(store_id, "meta_ads", kind="final", state="failed")
    at(timedelta(hours=2))
    add_run(store_id, "meta_ads", kind="final", state=state)
    at(timedelta(hours=20))
    sync.final_day_all.fn()
    assert asked == []


@pytest.mark.parametrize(("state", "again"), [("failed", True), ("incomplete", True), (None, True), ("whole", False)])
def test_a_history_is_asked_for_every_six_hours_until_it_is_whole(
    store_id: int, asked: list[tuple[str, str]], state: str | None, again: bool
) -> None:
    add_cursor(store_id, "meta_ads", read_to=NIGHT, history_from=date(2025, 12, 4))
    if state:
        add_run(store_id, "meta_ads", kind="history", state=state)
    sync.resume_all_histories.fn()
    assert asked == ([("meta_ads", "history")] if again else [])
    (job,) = (job for job in schedule.SCHEDULE if job.actor is sync.resume_all_histories)
    assert job.every == timedelta(hours=6)


def test_a_history_is_not_asked_for_before_the_first_import_nor_again_where_reading_it_would_not_help(
    store_id: int, asked: list[tuple[str, str]]
) -> None:
    add_run(store_id, "meta_ads", kind="first_import", state="incomplete")
    add_cursor(store_id, "meta_ads")
    add_run(store_id, kind="first_import")
    add_run(store_id, kind="history", state="incomplete", message="1 order does not add up to Shopify's total.")
    add_cursor(store_id, read_to=NIGHT)  # all was read
    sync.resume_all_histories.fn()
    assert asked == []


@pytest.mark.parametrize(
    ("bad", "hidden_by", "stands_after"),
    [
        ("catch_up", ("catch_up", "manual", "final", "first_import"), ("history",)),
        ("manual", ("manual", "final", "first_import"), ("catch_up", "history")),
        ("final", ("manual", "final", "first_import"), ("catch_up", "history")),
        ("first_import", ("first_import",), ("catch_up", "manual", "final", "history")),
        ("history", ("history",), ("catch_up", "manual", "final", "first_import")),
    ],
)
def test_what_is_incomplete_stands_until_a_whole_reading_covers_it(
    store_id: int, bad: str, hidden_by: tuple[str, ...], stands_after: tuple[str, ...]
) -> None:
    add_cursor(store_id, "meta_ads")
    for kind in hidden_by:
        add_run(store_id, "meta_ads", kind=bad, state="incomplete", message="Two rows are missing.")
        for other in stands_after:
            add_run(store_id, "meta_ads", kind=other)
            assert (standing(store_id, "meta_ads").state, standing(store_id, "meta_ads").problem) == (
                "incomplete", "Two rows are missing.",
            )  # fmt: skip
        add_run(store_id, "meta_ads", kind=kind)
        assert standing(store_id, "meta_ads").state == "up_to_date"


def test_of_shopify_each_whole_reading_makes_the_one_before_good(store_id: int) -> None:
    add_cursor(store_id)
    add_run(store_id, kind="manual", state="failed", message="Shopify has frozen this store.")
    add_run(store_id, kind="catch_up")
    assert standing(store_id).state == "up_to_date"
