"""What Shopify's privacy topics asked for, and the evidence that it was done."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from clique_app.tables.base import StoreOwned, big, identity, json, time


class PrivacyRequest(StoreOwned, table=True):
    """One request. State: asked | redacted (in the tables; the analysts' views are next) | answered | refused. What
    names a person goes with the answer; the counts stay."""

    __tablename__ = "privacy_request"
    __table_args__ = (sa.Index(None, "store_id", "state"),)

    request_id: int = identity()
    kind: str  # data_request | customer_redact | store_redact
    reference: str = ""  # Shopify's id of a data request
    state: str = "asked"
    asked_at: datetime = time()
    answered_at: datetime | None = time(default=None, nullable=True)
    asked: dict[str, Any] = json(default_factory=dict)  # as asked, until answered
    customer_id: int | None = big(default=None, nullable=True)  # of a data request, until the person is redacted
    counts: dict[str, Any] = json(default_factory=dict)  # where: rows found (data request) or changed
    report: dict[str, Any] = json(default_factory=dict)  # what is held of the person, for the owner to pass on
    note: str = ""  # why it was refused
