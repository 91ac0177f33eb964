"""What runs by itself: due times claimed with SKIP LOCKED, no leader. Global."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from clique_app.tables.base import time


class JobSchedule(SQLModel, table=True):
    __tablename__ = "job_schedule"

    name: str = Field(primary_key=True)  # key in SCHEDULE
    next_at: datetime = time()


class JobRun(SQLModel, table=True):
    """One firing of a scheduled job."""

    __tablename__ = "job_run"

    name: str = Field(primary_key=True)
    scheduled_at: datetime = time(primary_key=True)
    claimed_at: datetime = time()
    sent_at: datetime | None = time(default=None, nullable=True)
