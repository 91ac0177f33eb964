"""What is normal for a store, metric by metric and week by week, as it was learnt from the weeks before."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import StoreOwned, time


def _number() -> Decimal | None:
    return Field(default=None, sa_type=sa.Numeric)


class MetricBaseline(StoreOwned, table=True):
    """A metric's normal day in a week, or its normal week. Without a median: too few were known."""

    __tablename__ = "metric_baseline"

    metric: str = Field(primary_key=True)
    week: date = Field(primary_key=True)  # its Monday; learnt from the weeks before
    made_at: datetime = time()
    days: int  # known ones learnt from; weeks, of what is read by week
    middle: date | None = None  # the day of the median
    median: Decimal | None = _number()
    trend: Decimal | None = _number()  # a week
    weekdays: list[Decimal] | None = Field(default=None, sa_type=sa.ARRAY(sa.Numeric))  # what Monday to Sunday add
    low: Decimal | None = _number()  # how far below the middle 8 of 10 days reach
    high: Decimal | None = _number()
    never_negative: bool = True
