"""What is kept for the record only, and what of it goes to the archive. No figure rests on these tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True)
class Aging:
    """Rows of one table that leave it after some days. Parameters of its SQL: store, shop."""

    table: LiteralString
    setting: str  # column of StoreSettings: how many days
    dated: LiteralString
    key: tuple[LiteralString, ...]  # finds a row again
    archived: tuple[LiteralString, ...]  # what the archive keeps of a row: never a payload
    may_go: LiteralString  # which rows, beside their age
    system: bool  # the system role's


AGING = (
    Aging(
        "inbox_event",
        "keep_deliveries_days",
        "received_at",
        ("source", "delivery_id"),
        ("source", "delivery_id", "topic", "triggered_at", "received_at", "done_at", "state", "attempts", "error"),
        "shop_domain = %(shop)s and state <> 'new'",
        system=True,
    ),
    Aging(
        "sync_run",
        "keep_sync_log_days",
        "started_at",
        ("run_id",),
        (
            "run_id",
            "source",
            "kind",
            "state",
            "started_at",
            "finished_at",
            "expected",
            "read",
            "written",
            "skipped",
            "skipped_why",
            "message",
        ),
        # the newest of each sort says what has been imported, and is asked for
        "store_id = %(store)s and state <> 'running' and run_id not in"
        " (select max(run_id) from sync_run where store_id = %(store)s group by source, kind, state)",
        system=False,
    ),
    Aging(
        "ad_day_former",
        "keep_restatements_days",
        "replaced_at",
        ("day", "ad_id", "replaced_at"),
        ("day", "ad_id", "replaced_at", "spend", "impressions", "clicks", "reported_conversions", "reported_revenue"),
        "store_id = %(store)s",
        system=True,
    ),
    Aging(
        "credit_restatement",
        "keep_restatements_days",
        "made_at",
        ("restatement_id",),
        ("restatement_id", "made_at", "cause", "day", "model", "channel", "before", "after"),
        "store_id = %(store)s",
        system=True,
    ),
    Aging(
        "page_event",
        "keep_page_events_days",
        "at",
        ("event_id",),
        ("event_id", "kind", "at", "path", "product_id", "channel", "source", "medium", "campaign"),
        "store_id = %(store)s",
        system=True,
    ),
)
