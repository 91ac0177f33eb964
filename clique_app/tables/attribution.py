"""Credits: net sales given to channels and campaigns, per order by the store's model, and by day for every model."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.base import PartOfOrder, StoreOwned, big, identity, key, money, time

ATTRIBUTION = "attribution"  # the kind of its versions (tables.customers.ModelVersion)
DEFAULT_MODEL, DEFAULT_WINDOW_DAYS = "last", 7
UNATTRIBUTED = "unattributed"
MOST_CREDITED = "orders desc, position desc"  # credits of an order in this order: of equal ones the later touch's
NO_TOUCH, BY_SURVEY, BY_PLACE = -1, -2, -3  # positions of credits that rest on no visit
NO_CAMPAIGN = 0
CHANGED, FIRST_READ = "orders", "import"  # causes: where nobody named another, and the first reading of history


def resting_on(position: str) -> str:
    """SQL: what a credit at this position rests on."""
    stand_ins = f"when {BY_SURVEY} then 'survey' when {BY_PLACE} then 'place' when {NO_TOUCH} then ''"
    return f"case {position} {stand_ins} else 'visit' end"


class Credit(PartOfOrder, table=True):
    """What one touch is credited with of one order's net sales on one day (books view), by the store's model.

    A refund is a negative credit to the same touches, in the same shares, on the refund's day; summed by the day of
    their orders the same rows are the cohort view. Where no touch counts, the buyer's own answer to the survey stands
    in (position -2, never for a campaign), else a campaign that promoted a product of the order in its region during
    the week before (-3); else position -1 and channel 'unattributed'. So credits sum to net sales on every day.
    """

    __tablename__ = "credit"
    __table_args__ = (
        sa.Index(None, "store_id", "day", "channel"),
        sa.Index(
            "ix_credit_store_id_campaign_id_day", "store_id", "campaign_id", "day",
            postgresql_where=sa.text("campaign_id is not null"),
        ),
        sa.Index(
            "ix_credit_store_id_order_id_survey", "store_id", "order_id",
            postgresql_where=sa.text(f"position = {BY_SURVEY}"), postgresql_include=["orders", "amount"],
        ),
    )  # fmt: skip

    order_id: int = key()
    day: date = Field(primary_key=True)
    position: int = Field(primary_key=True)
    channel: str
    campaign_id: int | None = big(default=None, nullable=True)
    ad_id: int | None = big(default=None, nullable=True)
    amount: Decimal = money()
    orders: Decimal = money(default=Decimal(0))  # the touch's share on the order's own day, else 0


class CreditDay(StoreOwned, table=True):
    """What every model credits a channel and campaign with on a day. Made from the rows, day by day."""

    __tablename__ = "credit_day"
    __table_args__ = (sa.Index(None, "store_id", "channel", "day"),)

    day: date = Field(primary_key=True)
    model: str = Field(primary_key=True)  # attribution.models.MODELS
    channel: str = Field(primary_key=True)
    campaign_id: int = big(primary_key=True)  # NO_CAMPAIGN where there is none
    known_by: str = Field(primary_key=True)  # visit | survey | place; '' of unattributed
    amount: Decimal = money()
    orders: Decimal = money()


class CreditChannelDay(StoreOwned, table=True):
    """CreditDay summed over campaigns: what a page of channels reads of a year."""

    __tablename__ = "credit_channel_day"

    model: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    known_by: str = Field(primary_key=True)
    amount: Decimal = money()
    orders: Decimal = money()


class CreditChange(SQLModel, table=True):
    """Credits of a day have changed since CreditDay was made of it, and why. A trigger writes it."""

    __tablename__ = "credit_change"

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger)
    change_id: int = identity()
    day: date
    cause: str


class CreditRestatement(StoreOwned, table=True):
    """A model's credit of a channel on a day that was over already has changed: from what, to what, and why."""

    __tablename__ = "credit_restatement"
    __table_args__ = (sa.Index(None, "store_id", "day"),)

    restatement_id: int = identity()
    made_at: datetime = time()
    cause: str
    day: date
    model: str
    channel: str
    before: Decimal = money()
    after: Decimal = money()


def marks() -> Iterator[str]:
    """Statements that pass every change of credits on to CreditDay, as it is passed on to the sums of metrics."""
    yield f"""
    create function credit_changed() returns trigger language plpgsql as $$
    begin
      insert into credit_change (store_id, day, cause)
      select store_id, day, coalesce(nullif(current_setting('app.credit_cause', true), ''), '{CHANGED}')
      from come where source = 'credit' and day is not null;
      return null;
    end $$
    """  # noqa: S608  # names of our own
    yield (
        "create trigger credit_changed after insert on metric_change referencing new table as come "
        "for each statement execute function credit_changed()"
    )
