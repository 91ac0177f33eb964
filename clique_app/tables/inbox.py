"""Webhook deliveries: stored before they are acknowledged. Global: no store is resolved yet."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.base import time


class InboxEvent(SQLModel, table=True):
    """One delivery. State: new | done | dead. A delivery is a hint: the object it names is fetched again by id, so of
    one that names an object nothing else is kept; the others keep their payload until they are done."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        sa.Index(
            "ix_inbox_event_waiting",
            *("shop_domain", "kind", "object_id", "number"),
            postgresql_where=sa.text("state = 'new'"),
        ),
        sa.Index("ix_inbox_event_dead", "shop_domain", "number", postgresql_where=sa.text("state = 'dead'")),
        sa.Index(None, "shop_domain", "received_at"),
    )

    source: str = Field(primary_key=True)  # shopify | meta
    delivery_id: str = Field(primary_key=True)
    # the order of arrival: what is fetched after a delivery has its number is as new as the delivery
    number: int = Field(
        default=None, nullable=False, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": sa.Identity()}
    )
    topic: str
    shop_domain: str
    kind: str = ""  # of the object it is about (sync.topics.ObjectKind); empty: not about one object
    object_id: int | None = Field(default=None, nullable=True, sa_type=sa.BigInteger)
    triggered_at: datetime | None = time(default=None, nullable=True)
    received_at: datetime = time()
    payload: bytes = b""
    state: str = "new"
    attempts: int = 0
    retry_at: datetime | None = time(default=None, nullable=True)  # not tried again before
    error: str = ""
    done_at: datetime | None = time(default=None, nullable=True)
