"""The store (tenant), the people who use Clique in it, and what its owner has set."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.base import StoreOwned, big, json, money, time


class Store(SQLModel, table=True):
    """One Shopify shop. Its id is ours and is kept over a reinstall."""

    __tablename__ = "store"

    store_id: int = Field(
        default=None,
        primary_key=True,
        sa_type=sa.BigInteger,
        sa_column_kwargs={"server_default": sa.Identity()},
    )
    shop_domain: str = Field(unique=True)
    name: str = ""
    currency: str = Field(default="USD", max_length=3)
    time_zone: str = "UTC"
    country: str = ""
    installed_at: datetime = time()
    uninstalled_at: datetime | None = time(default=None, nullable=True)
    history_from: date | None = None  # first day whose orders are here
    history_complete: bool = False  # all orders ever are here, so "new customer" is known
    stock_closed_on: date | None = None  # last day whose stock at its end is noted for every level
    launched_at: datetime | None = time(default=None, nullable=True)  # onboarding finished


class Member(StoreOwned, table=True):
    """A staff member who has opened Clique; the first one is the owner."""

    __tablename__ = "member"

    user_id: int = big(primary_key=True)  # Shopify's staff id, the session token's sub
    role: str  # owner | marketer | viewer
    first_seen_at: datetime = time()
    last_seen_at: datetime = time()


class StoreSettings(StoreOwned, table=True):
    """Costs that Shopify does not know, and the limits of the gate. One row a store; defaults are the product's."""

    __tablename__ = "store_settings"

    attribution_window_days: int = 7
    attribution_model: str = "last"  # of attribution.models.MODELS
    # costs
    payment_fee_pct: Decimal = Field(default=Decimal("2.9"), sa_type=sa.Numeric(6, 3))  # pyright: ignore[reportArgumentType]
    payment_fee_fixed: Decimal = money(default=Decimal("0.30"))
    fulfilment_per_order: Decimal = money(default=Decimal("6.50"))
    # amounts of orders to a country (CA) or a region of it (US-hawaii), where it is another
    fulfilment_by_place: dict[str, str] = json(default_factory=dict, sa_column_kwargs={"server_default": "{}"})
    default_cost_pct: Decimal | None = Field(  # of price, where a variant has no unit cost; None: unknown
        default=None,
        sa_type=sa.Numeric(6, 3),  # pyright: ignore[reportArgumentType]
    )
    # namespace.key of variants: their cost where Shopify has none
    cost_metafield: str = Field(default="", sa_column_kwargs={"server_default": ""})
    cost_metafield_at: datetime | None = time(default=None, nullable=True)  # since when it is that one
    overhead_per_month: Decimal = money(default=Decimal(0))
    other_marketing_per_month: Decimal = money(default=Decimal(0))  # agency, tools, e-mail platform
    # points of the engagement score
    engagement_product: int = 20  # a product looked at
    engagement_minute: int = 20  # a minute of attention
    engagement_cart: int = 40
    engagement_signup: int = 20
    engagement_open: int = 20
    engagement_click: int = 80
    # gate
    kill_switch: bool = False  # on: nothing is written anywhere
    max_step_pct: Decimal = Field(default=Decimal(20), sa_type=sa.Numeric(6, 2))  # pyright: ignore[reportArgumentType]
    max_day_pct: Decimal = Field(default=Decimal(30), sa_type=sa.Numeric(6, 2))  # pyright: ignore[reportArgumentType]
    max_account_daily_budget: Decimal = money(default=Decimal(5000))
    min_daily_budget: Decimal = money(default=Decimal(5))
    cooldown_hours: int = 24
    max_data_age_hours: int = 3
    # how long what is kept for the record stays in the tables, and then in the archive
    keep_deliveries_days: int = 14
    keep_sync_log_days: int = 180
    keep_restatements_days: int = 400
    keep_page_events_days: int = 400
    keep_reports_days: int = 90
    keep_archive_days: int = 1095
    updated_at: datetime | None = time(default=None, nullable=True)
    updated_by: int | None = big(default=None, nullable=True)
