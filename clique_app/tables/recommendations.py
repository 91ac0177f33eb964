"""What Clique advises, and what became of it."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from clique_app.tables.base import StoreOwned, big, identity, json, money, time


class Recommendation(StoreOwned, table=True):
    """A card. State: open | accepted | dismissed | withdrawn | expired. What Accept did is in its actions."""

    __tablename__ = "recommendation"
    __table_args__ = (sa.Index(None, "store_id", "state"),)

    recommendation_id: int = identity()
    kind: str  # key in RECOMMENDATIONS
    subject: str  # what it is about; one open card per kind and subject
    state: str = "open"
    headline: str
    why: str
    evidence: list[dict[str, Any]] = json()  # [{label, value, unit, source, opens}]
    proposal: dict[str, Any] = json()  # {action, channel, level, platform_id, name, before, after, currency}
    profit_low: Decimal | None = money(default=None, nullable=True)  # expected change of profit a week, store currency
    profit_high: Decimal | None = money(default=None, nullable=True)
    basis: str  # what the range rests on, and that it is credited, not causal, where so
    confidence: str  # high | medium | low
    risk: str
    priority: str
    rank: Decimal = money(default=Decimal(0))  # expected profit x confidence
    created_at: datetime = time()
    expires_at: datetime = time()
    decided_at: datetime | None = time(default=None, nullable=True)
    decided_by: int | None = big(default=None, nullable=True)
    reason: str = ""  # of a dismissal or withdrawal
