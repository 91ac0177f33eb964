"""Webhook deliveries as they came: stored before they are acknowledged. Global: no store is resolved yet."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.base import time


class InboxEvent(SQLModel, table=True):
    """One delivery. State: new | done | dead. A delivery is a hint: the object is fetched again by id."""

    __tablename__ = "inbox_event"
    __table_args__ = (sa.Index(None, "state", "received_at"),)

    source: str = Field(primary_key=True)  # shopify | meta
    delivery_id: str = Field(primary_key=True)
    topic: str
    shop_domain: str
    triggered_at: datetime | None = time(default=None, nullable=True)
    received_at: datetime = time()
    payload: bytes
    state: str = "new"
    attempts: int = 0
    error: str = ""
    done_at: datetime | None = time(default=None, nullable=True)
