"""What customers say and do for the store: survey answers, reviews, content, referrals, loyalty, social days.

No names, e-mails or texts: of a person at most the per-store HMAC of the e-mail, by which customers are joined.
"""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import StoreOwned, big, json, key, time


class VoiceSettings(StoreOwned, table=True):
    """How the survey looks, what it offers as answers, and the secret that outside apps sign with."""

    __tablename__ = "voice_settings"

    colour: str = "#303030"  # of the survey's buttons
    choices: list[list[str]] = json(default_factory=list)  # [label, channel]; channel empty: the answer tells of none
    ingest_secret: bytes | None = Field(default=None, repr=False)  # encrypted
    ingest_secret_at: datetime | None = time(default=None, nullable=True)


class SurveyResponse(StoreOwned, table=True):
    """The one answer to a survey link. subject: the order's id, or "n" and a number nobody can guess."""

    __tablename__ = "survey_response"
    __table_args__ = (
        sa.Index(None, "store_id", "day", "answered_at", postgresql_include=["order_id", "heard", "channel"]),
        sa.Index(None, "store_id", "order_id"),
    )

    subject: str = Field(primary_key=True)
    order_id: int | None = big(default=None, nullable=True)  # it may come after its answer
    day: date  # store day of the first answer
    answered_at: datetime = time()
    changed_at: datetime = time()
    nps: int = Field(sa_type=sa.SmallInteger)  # 0 to 10
    heard: str = ""  # the choice as it read then; empty: skipped
    channel: str = ""  # what that choice told then


class Advocacy(StoreOwned):
    """A record an outside app, or a file, tells of. record_id is a keyed hash of the source and its own id."""

    record_id: int = key()
    source: str  # yotpo | judge.me | smile | file | what the sender calls itself
    day: date  # store day it happened
    told_at: datetime = time()  # when it was told; what is older does not replace it
    withdrawn: bool = False  # deleted, left, or never published: counted nowhere


class Review(Advocacy, table=True):
    __tablename__ = "review"
    __table_args__ = (sa.Index(None, "store_id", "day"), sa.Index(None, "store_id", "customer_hmac"))

    rating: int = Field(sa_type=sa.SmallInteger)  # 1 to 5
    product_id: int | None = big(default=None, nullable=True)
    customer_hmac: bytes | None = None


class Ugc(Advocacy, table=True):
    """A picture, video or post by a customer."""

    __tablename__ = "ugc"
    __table_args__ = (sa.Index(None, "store_id", "day"), sa.Index(None, "store_id", "customer_hmac"))

    network: str = ""  # instagram, tiktok, reviews ...
    customer_hmac: bytes | None = None


class Referral(Advocacy, table=True):
    """Visitors whom customers sent, one or a day's, and how many of them ordered."""

    __tablename__ = "referral"
    __table_args__ = (sa.Index(None, "store_id", "day"),)

    visitors: int
    ordered: int


class LoyaltyMember(Advocacy, table=True):
    """A member of the loyalty program; day is when they joined, withdrawn that they are none now."""

    __tablename__ = "loyalty_member"
    __table_args__ = (sa.Index(None, "store_id", "day"), sa.Index(None, "store_id", "customer_hmac"))

    customer_hmac: bytes | None = None


class SocialDay(Advocacy, table=True):
    """One day of one of the store's own accounts."""

    __tablename__ = "social_day"
    __table_args__ = (sa.Index(None, "store_id", "day"),)

    network: str
    account: str
    impressions: int = big()
    engagements: int = big()
