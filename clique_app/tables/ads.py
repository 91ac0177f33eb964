"""Campaigns, ad groups, ads, what these show and promote, and their daily facts. Two grains, never added together."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import RATE, StoreOwned, big, identity, in_store_currency, money, of, time, without_rate

FILE_ACCOUNT = "file"  # the account of campaigns that a spend sheet brought


class Campaign(StoreOwned, table=True):
    __tablename__ = "campaign"
    __table_args__ = (sa.UniqueConstraint("store_id", "channel", "platform_id"),)

    campaign_id: int = identity()
    channel: str
    platform_id: str
    account_id: str
    name: str
    objective: str = ""
    status: str  # as set: active | paused | archived | deleted
    effective_status: str = ""  # as the platform says
    daily_budget: Decimal | None = money(default=None, nullable=True)  # account currency; None: set on the ad groups
    currency: str = Field(max_length=3)
    read_at: datetime = time()


class AdGroup(StoreOwned, table=True):
    __tablename__ = "ad_group"
    __table_args__ = (
        sa.UniqueConstraint("store_id", "channel", "platform_id"),
        of("campaign", "campaign_id"),
    )

    ad_group_id: int = identity()
    channel: str
    platform_id: str
    campaign_id: int = big(index=True)
    name: str
    status: str
    effective_status: str = ""
    daily_budget: Decimal | None = money(default=None, nullable=True)  # None: set on the campaign
    currency: str = Field(max_length=3)
    targeting: str = ""  # summary in words
    read_at: datetime = time()


class Ad(StoreOwned, table=True):
    __tablename__ = "ad"
    __table_args__ = (
        sa.UniqueConstraint("store_id", "channel", "platform_id"),
        of("ad_group", "ad_group_id"),
    )

    ad_id: int = identity()
    channel: str
    platform_id: str
    ad_group_id: int = big(index=True)
    campaign_id: int = big(index=True)
    name: str
    status: str
    effective_status: str = ""
    link_path: str = ""  # where it lands on the store, path only
    product_id: int | None = big(default=None, nullable=True)  # the product it promotes, where the link tells
    creative_id: int | None = big(default=None, nullable=True)  # what it shows now
    read_at: datetime = time()


class Creative(StoreOwned, table=True):
    """What an ad shows, in the platform's words."""

    __tablename__ = "creative"
    __table_args__ = (sa.UniqueConstraint("store_id", "channel", "platform_id"),)

    creative_id: int = identity()
    channel: str
    platform_id: str
    account_id: str
    name: str = ""
    title: str = ""
    body: str = ""
    link_url: str = ""
    thumbnail_url: str = ""  # of the platform, good for some days: each reading renews it
    product_set: str = ""  # the platform's id of the set a catalogue ad draws from
    read_at: datetime = time()


class AdProduct(StoreOwned, table=True):
    """A product an ad promotes: by its link, by one of its cards, or out of its product set."""

    __tablename__ = "ad_product"
    __table_args__ = (of("ad", "ad_id"), sa.Index(None, "store_id", "product_id"))

    ad_id: int = big(primary_key=True)
    product_id: int = big(primary_key=True)
    found_by: str  # link | card | product_set
    read_at: datetime = time()


class AdFacts(StoreOwned):
    """What a platform says of delivery on one of its days. reported_ is its claim."""

    currency: str = Field(max_length=3)
    spend: Decimal = money()
    impressions: int = 0
    clicks: int = 0
    link_clicks: int = 0
    landing_page_views: int = 0
    add_to_carts: int = 0
    checkouts: int = 0
    video_views: int = 0
    reported_conversions: Decimal = money(default=Decimal(0))
    reported_revenue: Decimal = money(default=Decimal(0))
    # written by the database (tables/rates.py); None: not known
    rate: Decimal | None = Field(default=None, sa_type=RATE)  # of the day, to the store's currency
    store_spend: Decimal | None = in_store_currency("spend")
    store_revenue: Decimal | None = in_store_currency("reported_revenue")
    read_at: datetime = time()


class AdDay(AdFacts, table=True):
    __tablename__ = "ad_day"
    __table_args__ = (
        of("ad", "ad_id"),
        sa.Index(None, "store_id", "campaign_id", "day"),
        without_rate("ad_day"),
    )

    day: date = Field(primary_key=True)  # the ad account's day
    ad_id: int = big(primary_key=True)
    channel: str
    campaign_id: int = big()
    reach: int = 0


class AdDayFormer(StoreOwned, table=True):
    """A value of AdDay that the platform has since restated, with the time it was replaced.

    Kept for this grain only: a region row is a share of the same spend, so that its restatement is known already.
    """

    __tablename__ = "ad_day_former"

    day: date = Field(primary_key=True)
    ad_id: int = big(primary_key=True)
    replaced_at: datetime = time(primary_key=True)
    spend: Decimal = money()
    impressions: int
    clicks: int
    reported_conversions: Decimal = money()
    reported_revenue: Decimal = money()


class SearchDay(StoreOwned, table=True):
    """What a keyword, or a term that people searched for, came to on a day. The two are the same delivery told twice,
    and neither is all of it: rare terms are left out."""

    __tablename__ = "search_day"
    __table_args__ = (of("ad_group", "ad_group_id"),)

    day: date = Field(primary_key=True)  # the ad account's day
    ad_group_id: int = big(primary_key=True)
    kind: str = Field(primary_key=True)  # keyword | term
    match: str = Field(primary_key=True)  # of a keyword: exact | phrase | broad
    text: str = Field(primary_key=True)
    channel: str
    campaign_id: int = big()
    currency: str = Field(max_length=3)
    spend: Decimal = money()
    impressions: int = 0
    clicks: int = 0
    reported_conversions: Decimal = money(default=Decimal(0))
    reported_revenue: Decimal = money(default=Decimal(0))
    read_at: datetime = time()


class CampaignRegionDay(AdFacts, table=True):
    """The same spend by country and region; platforms do not split purchases by region reliably."""

    __tablename__ = "campaign_region_day"
    __table_args__ = (of("campaign", "campaign_id"), without_rate("campaign_region_day"))

    day: date = Field(primary_key=True)
    campaign_id: int = big(primary_key=True)
    country: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    channel: str
