"""The weekly cleanup: what is old leaves for the archive, in one place at every moment; figures do not notice."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from clique_app import clock
from clique_app.database import store_session, system_session
from clique_app.keeping import archive, cleanup, overview_service
from clique_app.keeping.cleanup import CLEANED, clean_up, clean_up_strangers
from clique_app.metrics import overview_service as metrics
from clique_app.metrics import periods, registry
from clique_app.settings import settings
from clique_app.tables import (
    AdDayFormer,
    AuditEntry,
    ConnectTicket,
    InboxEvent,
    PrivacyRequest,
    Store,
    StoreSettings,
    SyncRun,
)
from tests.integration.test_recommendations import Book

pytestmark = pytest.mark.usefixtures("database_env")
SHOP = "cards.myshopify.com"


@pytest.fixture
def store_id(database_env: None) -> int:
    """A store with sales and ads, and a year and a half of log."""
    made = new_store(SHOP)
    with store_session(made) as session:
        Book(session, made).write()
    add_log(made, SHOP)
    return made


def new_store(shop_domain: str) -> int:
    with system_session() as session:
        store = Store(shop_domain=shop_domain, currency="USD", time_zone="UTC", installed_at=clock.now())
        session.add(store)
        session.flush()
        return store.store_id


def add_log(store_id: int, shop_domain: str) -> None:
    now = clock.now()
    with store_session(store_id) as session:
        for days in (500, 300, 200, 170, 10):
            for source, state in (("shopify_orders", "whole"), ("meta_ads", "failed")):
                at = now - timedelta(days=days)
                why = {"unchanged": 2}
                session.add(
                    SyncRun(
                        store_id=store_id,
                        source=source,
                        kind="catch_up",
                        state=state,
                        started_at=at,
                        heartbeat_at=at,
                        read=3,
                        written=1,
                        skipped=2,
                        skipped_why=why,
                        message="Ünbekannt",
                    )
                )
        at = now - timedelta(days=500)
        for kind in ("first_import", "history"):
            session.add(
                SyncRun(
                    store_id=store_id, source="shopify_orders", kind=kind, state="whole", started_at=at, heartbeat_at=at
                )
            )
        for days in (450, 410, 20):
            session.add(
                AdDayFormer(
                    store_id=store_id,
                    day=date(2025, 1, 1),
                    ad_id=1,
                    replaced_at=now - timedelta(days=days),
                    spend=Decimal("12.345678"),
                    impressions=1,
                    clicks=1,
                    reported_conversions=Decimal(0),
                    reported_revenue=Decimal(1),
                )
            )
        for days in (-1, 3):
            session.add(
                ConnectTicket(
                    store_id=store_id,
                    nonce=f"n{days}",
                    channel="meta",
                    user_id=1,
                    expires_at=now - timedelta(days=days),
                )
            )
        for days in (100, 10):
            session.add(
                PrivacyRequest(
                    store_id=store_id,
                    kind="data_request",
                    state="answered",
                    asked_at=now,
                    customer_id=5,
                    answered_at=now - timedelta(days=days),
                    report={"held": {}},
                    counts={"customer": 1},
                )
            )
    with system_session() as session:
        for n, (days, state) in enumerate([(40, "done"), (40, "dead"), (40, "new"), (20, "done"), (13, "dead")]):
            session.add(
                InboxEvent(
                    source="shopify",
                    delivery_id=f"{shop_domain}-{n}",
                    topic="orders/create",
                    shop_domain=shop_domain,
                    received_at=now - timedelta(days=days),
                    payload=b'{"email": "ann@example.com"}',
                    state=state,
                )
            )


def keep(store_id: int, **days: int) -> None:
    with store_session(store_id) as session:
        row = session.get_one(StoreSettings, store_id)
        for name, value in days.items():
            setattr(row, name, value)


def archived(table: str, shop_domain: str = SHOP) -> list[dict[str, Any]]:
    import polars as pl

    files = sorted(archive.folder(shop_domain).glob(f"*/{table}-*.parquet"))
    return [row for path in files for row in pl.read_parquet(path).iter_rows(named=True)]


def runs(store_id: int) -> set[int]:
    with store_session(store_id) as session:
        return set(session.exec(select(SyncRun.run_id)))


def deliveries(shop_domain: str = SHOP) -> set[str]:
    with system_session() as session:
        return set(session.exec(select(InboxEvent.delivery_id).where(InboxEvent.shop_domain == shop_domain)))


def figures(store_id: int) -> dict[str, Any]:
    today = clock.today("UTC")
    with store_session(store_id) as session:
        keys = [metric.key for metric in registry.METRICS]
        period = periods.between((today - timedelta(days=28)).isoformat(), today.isoformat())
        return {tile.metric.key: tile.figure.value for tile in metrics.tiles(session, store_id, keys, period)}


def test_what_is_old_is_in_the_archive_and_nowhere_else_and_figures_are_the_same(store_id: int) -> None:
    other = new_store("other.myshopify.com")
    add_log(other, "other.myshopify.com")
    before, all_runs, their_runs = figures(store_id), runs(store_id), runs(other)
    counts = clean_up(store_id)
    assert counts is not None
    assert counts["sync_run"] == {"archived": 6, "deleted": 6}
    assert counts["inbox_event"] == {"archived": 3, "deleted": 3}
    assert counts["ad_day_former"] == {"archived": 2, "deleted": 2}
    assert counts["privacy_request"] == {"emptied": 1}
    assert counts["connect_ticket"] == {"deleted": 1}

    taken = {row["run_id"] for row in archived("sync_run")}
    assert taken | runs(store_id) == all_runs
    assert not taken & runs(store_id)
    assert deliveries() == {f"{SHOP}-2", f"{SHOP}-4"}, "what waits is never deleted"
    assert [row["spend"] for row in archived("ad_day_former")] == [Decimal("12.345678")] * 2
    kept = archived("sync_run")[0]
    assert (kept["message"], kept["skipped_why"], kept["started_at"].tzinfo is not None) == (
        "Ünbekannt", '{"unchanged": 2}', True
    )  # fmt: skip
    whole = b"".join(path.read_bytes() for path in archive.folder(SHOP).rglob("*.parquet"))
    assert "payload" not in {name for row in archived("inbox_event") for name in row}
    assert b"ann@example.com" not in whole
    assert {path.parent.name for path in archive.folder(SHOP).rglob("*.parquet")} <= {
        f"{clock.now() - timedelta(days=days):%Y-%m}" for days in (20, 40, 200, 300, 410, 450, 500)
    }

    assert figures(store_id) == before
    assert runs(other) == their_runs
    assert len(deliveries("other.myshopify.com")) == 5
    with store_session(store_id) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.what == CLEANED)).one()
        assert entry.detail["sync_run"] == {"archived": 6, "deleted": 6}
        shown = overview_service.read(session, store_id)
        assert (shown.archived, shown.deleted) == (11, 12)
        assert [asked.has_report for asked in shown.requests] == [True, False]
    assert clean_up(store_id) is not None
    assert len(archived("sync_run")) == 6


def test_what_has_been_imported_is_still_known_to_have_been(store_id: int) -> None:
    from tasks.runs import is_due

    clean_up(store_id)
    with store_session(store_id) as session:
        assert not is_due(session, store_id, "shopify_orders", "first_import")
        assert not is_due(session, store_id, "shopify_orders", "history")


def test_the_settings_are_obeyed(store_id: int) -> None:
    keep(store_id, keep_sync_log_days=400, keep_deliveries_days=30, keep_restatements_days=420, keep_reports_days=365)
    counts = clean_up(store_id)
    assert counts is not None
    assert [counts[name]["archived"] for name in ("sync_run", "inbox_event", "ad_day_former")] == [2, 2, 1]
    assert counts["privacy_request"] == {"emptied": 0}
    files = len(list(archive.folder(SHOP).rglob("*.parquet")))
    keep(store_id, keep_archive_days=90)
    counts = clean_up(store_id)
    assert counts is not None
    assert 0 < counts["archive"]["deleted"] < files, "of last month's deliveries the file stays"


@pytest.mark.parametrize("at", ["before the rows are gone", "after the rows are gone", "while the file is written"])
def test_a_run_that_is_killed_leaves_every_row_in_one_place(
    store_id: int, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    class Killed(BaseException):
        pass

    written = cleanup._written

    def dies(*arguments: Any) -> Any:
        files = written(*arguments)
        if at == "while the file is written":
            files[0].write_bytes(files[0].read_bytes()[:-9])
        if at != "after the rows are gone":
            raise Killed
        return files

    def dies_later(path: Path) -> None:
        raise Killed

    everything = runs(store_id)
    with monkeypatch.context() as patch:
        patch.setattr(cleanup, "_written", dies)
        if at == "after the rows are gone":
            patch.setattr(archive, "settle", dies_later)
        with pytest.raises(Killed):
            clean_up(store_id)
    assert not archived("inbox_event"), "a pending file does not count yet"
    assert clean_up(store_id) is not None
    assert sorted(row["delivery_id"] for row in archived("inbox_event")) == [f"{SHOP}-{n}" for n in (0, 1, 3)]
    assert deliveries() == {f"{SHOP}-2", f"{SHOP}-4"}
    taken = [row["run_id"] for row in archived("sync_run")]
    assert len(taken) == len(set(taken)) == 6
    assert {*taken, *runs(store_id)} == everything
    assert not list(archive.folder(SHOP).rglob("*.pending"))


def test_many_rows_go_some_at_a_time(store_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "ROWS_AT_ONCE", 4)
    counts = clean_up(store_id)
    assert counts is not None
    assert counts["sync_run"] == {"archived": 6, "deleted": 6}
    assert len({row["run_id"] for row in archived("sync_run")}) == 6


def test_two_at_once_are_one(store_id: int) -> None:
    with system_session() as session:
        session.execute(text(f"select pg_advisory_xact_lock(hashtextextended('cleanup/{store_id}', 0))"))
        assert clean_up(store_id) is None


def test_deliveries_for_stores_that_are_not_ours_go_without_a_trace(store_id: int) -> None:
    add_log(new_store("gone.myshopify.com"), "gone.myshopify.com")
    with system_session() as session:
        for n, days in enumerate((15, 1)):
            session.add(
                InboxEvent(
                    source="shopify",
                    delivery_id=f"s{n}",
                    topic="orders/create",
                    shop_domain="stranger.myshopify.com",
                    received_at=clock.now() - timedelta(days=days),
                    payload=b"",
                    state="done",
                )
            )
    assert clean_up_strangers() == 1
    assert deliveries("stranger.myshopify.com") == {"s1"}


def test_the_worker_does_not_carry_the_writer_of_files(store_id: int) -> None:
    program = (
        "import sys, tasks\n"
        "from clique_app.keeping.cleanup import clean_up\n"
        f"if __name__ == '__main__':\n"
        f"    assert clean_up({store_id})['sync_run']['archived'] == 6\n"
        "    assert not [m for m in sys.modules if m.startswith(('polars', 'reflex'))]\n"
    )
    script = Path(settings().archive_dir).parent / "worker.py"
    script.write_text(program)
    subprocess.run([sys.executable, str(script)], cwd=Path.cwd(), env={**_environment()}, check=True)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path.cwd())}
