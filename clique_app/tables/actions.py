"""The log of every change Clique made or tried to make on a platform, and the audit trail."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import StoreOwned, big, identity, json, money, time


class Action(StoreOwned, table=True):
    """One intended write. State: intended | writing | applied | not_applied | refused | withdrawn | unknown.

    intended and writing are open: they count against the caps and are settled by reading the platform.
    """

    __tablename__ = "action"
    __table_args__ = (
        sa.Index(None, "store_id", "state"),
        sa.Index(None, "store_id", "channel", "platform_id", "asked_at"),
    )

    action_id: int = identity()
    recommendation_id: int | None = big(default=None, nullable=True, index=True)
    undo_of: int | None = big(default=None, nullable=True)
    kind: str  # key in ACTIONS
    channel: str
    account_id: str
    level: str  # campaign | ad_group | ad
    platform_id: str
    name: str
    before: Decimal | None = money(default=None, nullable=True)  # shown to the person who accepted
    after: Decimal | None = money(default=None, nullable=True)
    currency: str = Field(max_length=3)
    live_before: Decimal | None = money(default=None, nullable=True)  # read immediately before the write
    read_back: Decimal | None = money(default=None, nullable=True)  # read after the write
    state: str
    checks: list[dict[str, Any]] = json()  # [{key, label, value, limit, passed}]
    note: str = ""  # why it was refused, withdrawn, not applied
    asked_by: int = big()
    asked_at: datetime = time()
    written_at: datetime | None = time(default=None, nullable=True)
    settled_at: datetime | None = time(default=None, nullable=True)


class AuditEntry(StoreOwned, table=True):
    """Who did what, when. Append-only: the app's role may insert and read, not change."""

    __tablename__ = "audit_entry"

    entry_id: int = identity()
    at: datetime = time()
    user_id: int | None = big(default=None, nullable=True)
    what: str
    detail: dict[str, Any] = json()
