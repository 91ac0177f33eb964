"""E-mail: campaigns and flows, their daily facts, sign-ups, and what the e-mail platform expects of customers."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import StoreOwned, big, identity, money, of, time


class EmailAccount(StoreOwned, table=True):
    """An account of an e-mail platform: its days are of its zone, its amounts in its currency. The one read last is
    the one in use; what was read of another stays, and readings leave it."""

    __tablename__ = "email_account"

    channel: str = Field(primary_key=True)  # klaviyo
    account_id: str = Field(primary_key=True)
    name: str
    currency: str = Field(max_length=3)
    time_zone: str
    read_at: datetime = time()


class EmailProgram(StoreOwned, table=True):
    """A campaign, sent once, or a flow, sent to each person when something happens."""

    __tablename__ = "email_program"
    __table_args__ = (sa.UniqueConstraint("store_id", "channel", "account_id", "sort", "platform_id"),)

    program_id: int = identity()
    channel: str
    account_id: str  # of email_account
    sort: str  # campaign | flow
    platform_id: str
    name: str
    status: str  # in the platform's words
    trigger: str = ""  # of a flow, in the platform's words
    kind: str  # campaign | welcome | win_back | post_purchase | ... | other
    kind_set: bool = False  # a person said so; readings leave it
    sent_at: datetime | None = time(default=None, nullable=True)  # of a campaign, its first message
    read_at: datetime = time()


class EmailDay(StoreOwned, table=True):
    """What became of the e-mails of one message sent on one day. Opens, clicks and orders are counted for the day of
    sending, whenever they come; reported_ is the platform's claim."""

    __tablename__ = "email_day"
    __table_args__ = (of("email_program", "program_id"), sa.Index(None, "store_id", "program_id", "day"))

    day: date = Field(primary_key=True)  # the account's day
    program_id: int = big(primary_key=True)
    message_id: str = Field(primary_key=True)
    currency: str = Field(max_length=3)
    recipients: int = 0
    delivered: int = 0
    unique_opens: int = 0
    unique_clicks: int = 0
    unsubscribes: int = 0
    reported_orders: int = 0
    reported_revenue: Decimal = money(default=Decimal(0))
    read_at: datetime = time()


class EmailSignupDay(StoreOwned, table=True):
    """People who joined a list on a day."""

    __tablename__ = "email_signup_day"

    channel: str = Field(primary_key=True)
    account_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)  # the account's day
    list_name: str = Field(primary_key=True)
    signups: int
    read_at: datetime = time()


class ProfilePrediction(StoreOwned, table=True):
    """What the e-mail platform expects of a customer, joined by the hash of the address. None: it does not say."""

    __tablename__ = "profile_prediction"

    email_hmac: bytes = Field(primary_key=True)
    currency: str = Field(max_length=3)
    expected_clv: Decimal | None = money(default=None, nullable=True)  # of all orders in the next 365 days
    churn_probability: Decimal | None = Field(
        default=None,
        sa_type=sa.Numeric(9, 6),  # pyright: ignore[reportArgumentType]
    )
    next_order_day: date | None = None
    read_at: datetime = time()
