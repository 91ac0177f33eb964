"""Credits: net sales given to channels and campaigns, per order and day."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import PartOfOrder, big, key, money

LAST_TOUCH = "last_touch"
UNATTRIBUTED = "unattributed"
NO_TOUCH, BY_SURVEY = -1, -2  # positions of credits that rest on no visit


class Credit(PartOfOrder, table=True):
    """What one touch is credited with of one order's net sales on one day (books view).

    A refund is a negative credit to the same touch on the refund's day. Where no touch counts the buyer's own
    answer to the survey stands in, at position -2 and never for a campaign; else position -1 and channel
    'unattributed'. So credits sum to net sales on every day.
    """

    __tablename__ = "credit"
    __table_args__ = (
        sa.Index(None, "store_id", "day", "channel"),
        sa.Index(None, "store_id", "campaign_id", "day"),
    )

    model: str = Field(primary_key=True)  # LAST_TOUCH
    order_id: int = key()
    day: date = Field(primary_key=True)
    position: int = Field(primary_key=True)
    channel: str
    campaign_id: int | None = big(default=None, nullable=True)
    ad_id: int | None = big(default=None, nullable=True)
    amount: Decimal = money()
    orders: int = 0  # 1 on the order's own day for the credited touch, else 0
