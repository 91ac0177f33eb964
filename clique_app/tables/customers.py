"""What the models of repeat purchase say: their versions, each customer's expected purchases, and dates foretold."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import StoreOwned, identity, json, key, money, time

REPEAT_PURCHASE = "repeat_purchase"


class ModelVersion(StoreOwned, table=True):
    """One training of a model. State: current | former | refused; the note says why it was refused."""

    __tablename__ = "model_version"
    __table_args__ = (
        sa.Index(None, "store_id", "kind", "made_at"),
        sa.Index(
            "ix_model_version_current", "store_id", "kind", unique=True, postgresql_where=sa.text("state = 'current'")
        ),
    )

    model_id: int = identity()
    kind: str  # REPEAT_PURCHASE
    state: str
    made_at: datetime = time()
    data_from: date | None = None  # first and last day that was learnt from
    data_to: date | None = None
    learnt_from: int = 0  # customers
    came_back: int = 0  # of these, who bought again
    parameters: dict[str, Any] = json(default_factory=dict)  # {name: value}, times in days, money in store currency
    intervals: dict[str, Any] = json(default_factory=dict)  # {name: [low, high]}, 95 %
    score: dict[str, Any] = json(default_factory=dict)  # log-likelihood, and the hold-out: days, expected, came, loss
    note: str = ""


class CustomerValue(StoreOwned, table=True):
    """What the current model expects of a customer, as of the end of a day. Times in days; values are net sales."""

    __tablename__ = "customer_value"
    __table_args__ = (sa.Index(None, "store_id", "value_365"),)

    customer_id: int = key()
    as_of: date
    model_id: int = Field(sa_type=sa.BigInteger)
    frequency: int  # days with an order after the first
    recency: int  # from the first to the last day with an order
    age: int  # from the first day with an order to as_of
    p_alive: Decimal = money()
    purchases_90: Decimal = money()
    purchases_365: Decimal = money()
    value_90: Decimal | None = money(default=None, nullable=True)  # None: what they spend is not known
    value_365: Decimal | None = money(default=None, nullable=True)
    reorder_30: Decimal = money()  # chance of an order within 30 days
    next_order_on: date | None = None  # by then as likely as not; None: within ten years it never is


class OrderForecast(StoreOwned, table=True):
    """The day by which a customer's next order was expected, as it was told first after the order before."""

    __tablename__ = "order_forecast"
    __table_args__ = (sa.Index(None, "store_id", "expected_on"),)

    customer_id: int = key()
    made_on: date = Field(primary_key=True)
    expected_on: date
