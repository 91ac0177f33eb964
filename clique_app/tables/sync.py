"""What was read from where: one row a run, one cursor a source."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import StoreOwned, identity, json, time


class SyncRun(StoreOwned, table=True):
    """One reading of a source. State: running | whole | incomplete | failed | superseded.

    whole is only said when read = written + skipped and the source's own count agrees. superseded: an import that was
    whole, and is due again since another account was chosen.
    """

    __tablename__ = "sync_run"
    __table_args__ = (sa.Index(None, "store_id", "source", "started_at"),)

    run_id: int = identity()
    source: str  # key in SOURCES
    kind: str  # first_import | history | catch_up | webhook | manual | final
    state: str = "running"
    started_at: datetime = time()
    finished_at: datetime | None = time(default=None, nullable=True)
    heartbeat_at: datetime = time()
    expected: int | None = None  # the source's own count, where it gives one
    read: int = 0
    written: int = 0
    skipped: int = 0
    skipped_why: dict[str, Any] = json(default_factory=dict)  # reason: count
    stage: str = ""  # what it is doing, in words
    message: str = ""  # what went wrong, in words; while it runs, what has been missing so far
    plan: dict[str, Any] = json(default_factory=dict)  # what it has to read; met: the hindrances before it had to wait
    position: dict[str, Any] = json(default_factory=dict)  # where it goes on when it is interrupted


class SyncCursor(StoreOwned, table=True):
    """How far a source has been read, and how fresh it is."""

    __tablename__ = "sync_cursor"

    source: str = Field(primary_key=True)
    read_to: datetime | None = time(default=None, nullable=True)  # everything updated before this is here
    history_from: date | None = None  # first day that is here
    fresh_at: datetime | None = time(default=None, nullable=True)  # last time the source was known to be current
    rows: int = 0  # rows kept of this source
    source_count: int | None = None  # the source's own count at the last whole run
