"""What the web pixel saw in the online store: events, and sessions built from them by a gap of 30 minutes.

A visitor is a hash of Shopify's id of the browser, keyed by the store. Addresses are paths without their query.
"""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.base import StoreOwned, big, identity, time

PIXEL = "web_pixel"  # its name among the sources


class CollectedEvent(SQLModel, table=True):
    """One event of the pixel, as site.beacon cut it down. The collector writes it, for stores that have Clique; a
    foreign key would be checked, and lock the store, for every one of thousands a second. Its key is the way to a
    visitor's events, and keeps a beacon that is sent again from counting twice."""

    __tablename__ = "page_event"
    __table_args__ = (sa.Index("ix_page_event_at", "at", postgresql_using="brin"),)

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    visitor_id: bytes = Field(primary_key=True)
    event_id: bytes = Field(primary_key=True)
    kind: str  # site.beacon.KINDS
    at: datetime = time()
    path: str
    product_id: int | None = big(default=None, nullable=True)
    order_id: int | None = big(default=None, nullable=True)  # of checkout_completed
    scroll_pct: int | None = Field(default=None, sa_type=sa.SmallInteger)  # of scrolled: how far down
    channel: str | None = None  # of a page that was reached from outside: from where, as in touch; None: not so
    source: str = ""
    medium: str = ""
    campaign: str = ""
    campaign_platform_id: str | None = None
    ad_platform_id: str | None = None
    click_id: str | None = None  # which kind, never its value
    referrer: str = ""  # host
    consent: str  # analytics | analytics marketing: what the visitor had allowed


class VisitorWaiting(SQLModel, table=True):
    """A visitor whose sessions are to be built again around this time. Written with the event, gone when it is done."""

    __tablename__ = "visitor_waiting"

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    number: int = identity()
    visitor_id: bytes
    at: datetime = time()


class WebSession(StoreOwned, table=True):
    """A visit: events of one visitor with no pause over 30 minutes. Built whole from page_event whenever one is new."""

    __tablename__ = "web_session"
    __table_args__ = (
        sa.Index(None, "store_id", "day"),
        sa.Index("ix_web_session_order", "store_id", "order_id", postgresql_where=sa.text("order_id is not null")),
        # carts and what became of them: few of all visits
        sa.Index(
            "ix_web_session_carts", "store_id", "day",
            postgresql_include=["visitor_id", "started_at", "checkout_started", "channel"],
            postgresql_where=sa.text("added_to_cart"),
        ),
        sa.Index(
            "ix_web_session_checkouts", "store_id", "visitor_id", "started_at",
            postgresql_where=sa.text("checkout_started"),
        ),
    )  # fmt: skip

    visitor_id: bytes = Field(primary_key=True)
    started_at: datetime = time(primary_key=True)
    ended_at: datetime = time()
    day: date  # of started_at in the store's zone
    # from where: of its first page that was reached from outside; direct where there is none
    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    campaign_platform_id: str | None = None
    ad_platform_id: str | None = None
    click_id: str | None = None
    referrer: str = ""
    landing_path: str = ""
    landed_on_product: bool = False
    page_views: int
    product_views: int
    engaged_seconds: int  # between its events; a pause counts for a minute at most
    deepest_scroll_pct: int | None = Field(default=None, sa_type=sa.SmallInteger)  # None: scrolling is not told
    added_to_cart: bool = False
    added_viewed_product: bool = False
    wishlisted: bool = False
    checkout_started: bool = False
    signed_up: bool = False  # for e-mail
    bounced: bool = False  # one page and nothing done there
    order_id: int | None = big(default=None, nullable=True)  # the last it placed
