"""spine"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op
from clique_app.tables import policies

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GLOBAL = (
    "inbox_event",
    "job_schedule",
    "job_run",
)
APPEND_ONLY = ("audit_entry", "ad_day_former")
STORE_OWNED = (
    "store",
    "action",
    "ad_day_former",
    "audit_entry",
    "campaign",
    "connect_ticket",
    "connection",
    "customer",
    "inventory_day",
    "inventory_level",
    "location",
    "member",
    "product",
    "recommendation",
    "shop_order",
    "store_settings",
    "sync_cursor",
    "sync_run",
    "ad_group",
    "campaign_region_day",
    "credit",
    "order_line",
    "sale_entry",
    "touch",
    "variant",
    "ad",
    "unit_cost",
    "ad_day",
)


def upgrade() -> None:
    op.create_table(
        "inbox_event",
        sa.Column("source", sqlmodel.AutoString(), nullable=False),
        sa.Column("delivery_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("topic", sqlmodel.AutoString(), nullable=False),
        sa.Column("shop_domain", sqlmodel.AutoString(), nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sqlmodel.AutoString(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", "delivery_id", name=op.f("pk_inbox_event")),
    )
    op.create_index(op.f("ix_inbox_event_state_received_at"), "inbox_event", ["state", "received_at"], unique=False)
    op.create_table(
        "job_run",
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", "scheduled_at", name=op.f("pk_job_run")),
    )
    op.create_table(
        "job_schedule",
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedule")),
    )
    op.create_table(
        "store",
        sa.Column("store_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shop_domain", sqlmodel.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("time_zone", sqlmodel.AutoString(), nullable=False),
        sa.Column("country", sqlmodel.AutoString(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uninstalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("history_from", sa.Date(), nullable=True),
        sa.Column("history_complete", sa.Boolean(), nullable=False),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_store")),
        sa.UniqueConstraint("shop_domain", name=op.f("uq_store_shop_domain")),
    )
    op.create_table(
        "action",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("action_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("recommendation_id", sa.BigInteger(), nullable=True),
        sa.Column("undo_of", sa.BigInteger(), nullable=True),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("level", sqlmodel.AutoString(), nullable=False),
        sa.Column("platform_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("before", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("after", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("live_before", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("read_back", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("checks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sqlmodel.AutoString(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_action_store")),
        sa.PrimaryKeyConstraint("store_id", "action_id", name=op.f("pk_action")),
    )
    op.create_index(op.f("ix_action_recommendation_id"), "action", ["recommendation_id"], unique=False)
    op.create_index(
        op.f("ix_action_store_id_channel_platform_id_asked_at"),
        "action",
        ["store_id", "channel", "platform_id", "asked_at"],
        unique=False,
    )
    op.create_index(op.f("ix_action_store_id_state"), "action", ["store_id", "state"], unique=False)
    op.create_table(
        "ad_day_former",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ad_id", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spend", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("impressions", sa.Integer(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.Column("reported_conversions", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("reported_revenue", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_ad_day_former_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "ad_id", "replaced_at", name=op.f("pk_ad_day_former")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("what", sqlmodel.AutoString(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_audit_entry_store")),
        sa.PrimaryKeyConstraint("store_id", "entry_id", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "campaign",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("platform_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("objective", sqlmodel.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.AutoString(), nullable=False),
        sa.Column("effective_status", sqlmodel.AutoString(), nullable=False),
        sa.Column("daily_budget", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_campaign_store")),
        sa.PrimaryKeyConstraint("store_id", "campaign_id", name=op.f("pk_campaign")),
        sa.UniqueConstraint(
            "store_id", "channel", "platform_id", name=op.f("uq_campaign_store_id_channel_platform_id")
        ),
    )
    op.create_table(
        "connect_ticket",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sqlmodel.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_connect_ticket_store")),
        sa.PrimaryKeyConstraint("store_id", "nonce", name=op.f("pk_connect_ticket")),
    )
    op.create_table(
        "connection",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("access_token", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scopes", sqlmodel.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.AutoString(), nullable=True),
        sa.Column("account_name", sqlmodel.AutoString(), nullable=True),
        sa.Column("currency", sqlmodel.AutoString(), nullable=True),
        sa.Column("time_zone", sqlmodel.AutoString(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sqlmodel.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_connection_store")),
        sa.PrimaryKeyConstraint("store_id", "channel", name=op.f("pk_connection")),
    )
    op.create_table(
        "customer",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_hmac", sa.LargeBinary(), nullable=True),
        sa.Column("country", sqlmodel.AutoString(), nullable=False),
        sa.Column("region", sqlmodel.AutoString(), nullable=False),
        sa.Column("postal_code", sqlmodel.AutoString(), nullable=False),
        sa.Column("first_order_id", sa.BigInteger(), nullable=True),
        sa.Column("first_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_order_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_customer_store")),
        sa.PrimaryKeyConstraint("store_id", "customer_id", name=op.f("pk_customer")),
    )
    op.create_index(
        op.f("ix_customer_store_id_first_order_day"),
        "customer",
        ["store_id", "first_order_day"],
        unique=False,
    )
    op.create_table(
        "inventory_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("inventory_item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("location_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_inventory_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "inventory_item_id", "location_id", name=op.f("pk_inventory_day")),
    )
    op.create_table(
        "inventory_level",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("inventory_item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("location_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("committed", sa.Integer(), nullable=False),
        sa.Column("incoming", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_inventory_level_store")),
        sa.PrimaryKeyConstraint("store_id", "inventory_item_id", "location_id", name=op.f("pk_inventory_level")),
    )
    op.create_table(
        "location",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("country", sqlmodel.AutoString(), nullable=False),
        sa.Column("region", sqlmodel.AutoString(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_location_store")),
        sa.PrimaryKeyConstraint("store_id", "location_id", name=op.f("pk_location")),
    )
    op.create_table(
        "member",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sqlmodel.AutoString(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_member_store")),
        sa.PrimaryKeyConstraint("store_id", "user_id", name=op.f("pk_member")),
    )
    op.create_table(
        "product",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sqlmodel.AutoString(), nullable=False),
        sa.Column("handle", sqlmodel.AutoString(), nullable=False),
        sa.Column("product_type", sqlmodel.AutoString(), nullable=False),
        sa.Column("vendor", sqlmodel.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.AutoString(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_product_store")),
        sa.PrimaryKeyConstraint("store_id", "product_id", name=op.f("pk_product")),
    )
    op.create_table(
        "recommendation",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("recommendation_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("headline", sqlmodel.AutoString(), nullable=False),
        sa.Column("why", sqlmodel.AutoString(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposal", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("profit_low", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("profit_high", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("basis", sqlmodel.AutoString(), nullable=False),
        sa.Column("confidence", sqlmodel.AutoString(), nullable=False),
        sa.Column("risk", sqlmodel.AutoString(), nullable=False),
        sa.Column("priority", sqlmodel.AutoString(), nullable=False),
        sa.Column("rank", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_recommendation_store")),
        sa.PrimaryKeyConstraint("store_id", "recommendation_id", name=op.f("pk_recommendation")),
    )
    op.create_index(op.f("ix_recommendation_store_id_state"), "recommendation", ["store_id", "state"], unique=False)
    op.create_table(
        "shop_order",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("source_name", sqlmodel.AutoString(), nullable=False),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("presentment_currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("total", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("financial_status", sqlmodel.AutoString(), nullable=False),
        sa.Column("fulfillment_status", sqlmodel.AutoString(), nullable=False),
        sa.Column("country", sqlmodel.AutoString(), nullable=False),
        sa.Column("region", sqlmodel.AutoString(), nullable=False),
        sa.Column("postal_code", sqlmodel.AutoString(), nullable=False),
        sa.Column("fulfilment_location_id", sa.BigInteger(), nullable=True),
        sa.Column("journey_ready", sa.Boolean(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_shop_order_store")),
        sa.PrimaryKeyConstraint("store_id", "order_id", name=op.f("pk_shop_order")),
    )
    op.create_index(
        op.f("ix_shop_order_store_id_customer_id_processed_at"),
        "shop_order",
        ["store_id", "customer_id", "processed_at"],
        unique=False,
    )
    op.create_index(op.f("ix_shop_order_store_id_day"), "shop_order", ["store_id", "day"], unique=False)
    op.create_table(
        "store_settings",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("attribution_window_days", sa.Integer(), nullable=False),
        sa.Column("payment_fee_pct", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("payment_fee_fixed", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("fulfilment_per_order", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("default_cost_pct", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column("overhead_per_month", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("other_marketing_per_month", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("kill_switch", sa.Boolean(), nullable=False),
        sa.Column("max_step_pct", sa.Numeric(precision=6, scale=2), nullable=False),
        sa.Column("max_day_pct", sa.Numeric(precision=6, scale=2), nullable=False),
        sa.Column("max_account_daily_budget", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("min_daily_budget", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("cooldown_hours", sa.Integer(), nullable=False),
        sa.Column("max_data_age_hours", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_store_settings_store")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_store_settings")),
    )
    op.create_table(
        "sync_cursor",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sqlmodel.AutoString(), nullable=False),
        sa.Column("read_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("history_from", sa.Date(), nullable=True),
        sa.Column("fresh_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("source_count", sa.Integer(), nullable=True),
        sa.Column("position", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_sync_cursor_store")),
        sa.PrimaryKeyConstraint("store_id", "source", name=op.f("pk_sync_cursor")),
    )
    op.create_table(
        "sync_run",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sqlmodel.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("skipped_why", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stage", sqlmodel.AutoString(), nullable=False),
        sa.Column("message", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_sync_run_store")),
        sa.PrimaryKeyConstraint("store_id", "run_id", name=op.f("pk_sync_run")),
    )
    op.create_index(
        op.f("ix_sync_run_store_id_source_started_at"),
        "sync_run",
        ["store_id", "source", "started_at"],
        unique=False,
    )
    op.create_table(
        "ad_group",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("ad_group_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("platform_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.AutoString(), nullable=False),
        sa.Column("effective_status", sqlmodel.AutoString(), nullable=False),
        sa.Column("daily_budget", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("targeting", sqlmodel.AutoString(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "campaign_id"],
            ["campaign.store_id", "campaign.campaign_id"],
            name=op.f("fk_ad_group_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_ad_group_store")),
        sa.PrimaryKeyConstraint("store_id", "ad_group_id", name=op.f("pk_ad_group")),
        sa.UniqueConstraint(
            "store_id", "channel", "platform_id", name=op.f("uq_ad_group_store_id_channel_platform_id")
        ),
    )
    op.create_index(op.f("ix_ad_group_campaign_id"), "ad_group", ["campaign_id"], unique=False)
    op.create_table(
        "campaign_region_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("spend", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("impressions", sa.Integer(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.Column("link_clicks", sa.Integer(), nullable=False),
        sa.Column("landing_page_views", sa.Integer(), nullable=False),
        sa.Column("add_to_carts", sa.Integer(), nullable=False),
        sa.Column("checkouts", sa.Integer(), nullable=False),
        sa.Column("video_views", sa.Integer(), nullable=False),
        sa.Column("reported_conversions", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("reported_revenue", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sqlmodel.AutoString(), nullable=False),
        sa.Column("region", sqlmodel.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "campaign_id"],
            ["campaign.store_id", "campaign.campaign_id"],
            name=op.f("fk_campaign_region_day_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_campaign_region_day_store")),
        sa.PrimaryKeyConstraint(
            "store_id", "day", "campaign_id", "country", "region", name=op.f("pk_campaign_region_day")
        ),
    )
    op.create_table(
        "credit",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sqlmodel.AutoString(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("ad_id", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["shop_order.store_id", "shop_order.order_id"],
            name=op.f("fk_credit_shop_order"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_credit_store")),
        sa.PrimaryKeyConstraint("store_id", "model", "order_id", "day", "position", name=op.f("pk_credit")),
    )
    op.create_index(
        op.f("ix_credit_store_id_campaign_id_day"), "credit", ["store_id", "campaign_id", "day"], unique=False
    )
    op.create_index(op.f("ix_credit_store_id_day_channel"), "credit", ["store_id", "day", "channel"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sqlmodel.AutoString(), nullable=False),
        sa.Column("sku", sqlmodel.AutoString(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("current_quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("gift_card", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["shop_order.store_id", "shop_order.order_id"],
            name=op.f("fk_order_line_shop_order"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_order_line_store")),
        sa.PrimaryKeyConstraint("store_id", "line_id", name=op.f("pk_order_line")),
    )
    op.create_index(op.f("ix_order_line_order_id"), "order_line", ["order_id"], unique=False)
    op.create_table(
        "sale_entry",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("sale_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("unit_cost", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["shop_order.store_id", "shop_order.order_id"],
            name=op.f("fk_sale_entry_shop_order"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_sale_entry_store")),
        sa.PrimaryKeyConstraint("store_id", "sale_id", "kind", name=op.f("pk_sale_entry")),
    )
    op.create_index(op.f("ix_sale_entry_store_id_day"), "sale_entry", ["store_id", "day"], unique=False)
    op.create_index(op.f("ix_sale_entry_store_id_order_id"), "sale_entry", ["store_id", "order_id"], unique=False)
    op.create_table(
        "touch",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.AutoString(), nullable=False),
        sa.Column("medium", sqlmodel.AutoString(), nullable=False),
        sa.Column("campaign", sqlmodel.AutoString(), nullable=False),
        sa.Column("campaign_platform_id", sqlmodel.AutoString(), nullable=True),
        sa.Column("ad_platform_id", sqlmodel.AutoString(), nullable=True),
        sa.Column("click_id", sqlmodel.AutoString(), nullable=True),
        sa.Column("landing_path", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["shop_order.store_id", "shop_order.order_id"],
            name=op.f("fk_touch_shop_order"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_touch_store")),
        sa.PrimaryKeyConstraint("store_id", "order_id", "position", name=op.f("pk_touch")),
    )
    op.create_table(
        "variant",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("inventory_item_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sqlmodel.AutoString(), nullable=False),
        sa.Column("sku", sqlmodel.AutoString(), nullable=False),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("backorder", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "product_id"],
            ["product.store_id", "product.product_id"],
            name=op.f("fk_variant_product"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_variant_store")),
        sa.PrimaryKeyConstraint("store_id", "variant_id", name=op.f("pk_variant")),
    )
    op.create_index(op.f("ix_variant_inventory_item_id"), "variant", ["inventory_item_id"], unique=False)
    op.create_index(op.f("ix_variant_product_id"), "variant", ["product_id"], unique=False)
    op.create_table(
        "ad",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("ad_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("platform_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("ad_group_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.AutoString(), nullable=False),
        sa.Column("effective_status", sqlmodel.AutoString(), nullable=False),
        sa.Column("link_path", sqlmodel.AutoString(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "ad_group_id"],
            ["ad_group.store_id", "ad_group.ad_group_id"],
            name=op.f("fk_ad_ad_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_ad_store")),
        sa.PrimaryKeyConstraint("store_id", "ad_id", name=op.f("pk_ad")),
        sa.UniqueConstraint("store_id", "channel", "platform_id", name=op.f("uq_ad_store_id_channel_platform_id")),
    )
    op.create_index(op.f("ix_ad_ad_group_id"), "ad", ["ad_group_id"], unique=False)
    op.create_index(op.f("ix_ad_campaign_id"), "ad", ["campaign_id"], unique=False)
    op.create_table(
        "unit_cost",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("cost", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.variant_id"],
            name=op.f("fk_unit_cost_variant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_unit_cost_store")),
        sa.PrimaryKeyConstraint("store_id", "variant_id", "valid_from", name=op.f("pk_unit_cost")),
    )
    op.create_table(
        "ad_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("spend", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("impressions", sa.Integer(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.Column("link_clicks", sa.Integer(), nullable=False),
        sa.Column("landing_page_views", sa.Integer(), nullable=False),
        sa.Column("add_to_carts", sa.Integer(), nullable=False),
        sa.Column("checkouts", sa.Integer(), nullable=False),
        sa.Column("video_views", sa.Integer(), nullable=False),
        sa.Column("reported_conversions", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("reported_revenue", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ad_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("reach", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "ad_id"], ["ad.store_id", "ad.ad_id"], name=op.f("fk_ad_day_ad"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_ad_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "ad_id", name=op.f("pk_ad_day")),
    )
    op.create_index(
        op.f("ix_ad_day_store_id_campaign_id_day"), "ad_day", ["store_id", "campaign_id", "day"], unique=False
    )

    op.execute(policies.ROLES)
    for table in STORE_OWNED:
        for statement in policies.store_owned(table, append_only=table in APPEND_ONLY):
            op.execute(statement)
    for statement in policies.system_wide("store"):
        op.execute(statement)
    for table in GLOBAL:
        for statement in policies.system_only(table):
            op.execute(statement)
    # payloads are compressed already or small: spare the time of a second try
    op.execute("alter table inbox_event alter column payload set storage external")


def downgrade() -> None:
    op.drop_index(op.f("ix_ad_day_store_id_campaign_id_day"), table_name="ad_day")
    op.drop_table("ad_day")
    op.drop_table("unit_cost")
    op.drop_index(op.f("ix_ad_campaign_id"), table_name="ad")
    op.drop_index(op.f("ix_ad_ad_group_id"), table_name="ad")
    op.drop_table("ad")
    op.drop_index(op.f("ix_variant_product_id"), table_name="variant")
    op.drop_index(op.f("ix_variant_inventory_item_id"), table_name="variant")
    op.drop_table("variant")
    op.drop_table("touch")
    op.drop_index(op.f("ix_sale_entry_store_id_order_id"), table_name="sale_entry")
    op.drop_index(op.f("ix_sale_entry_store_id_day"), table_name="sale_entry")
    op.drop_table("sale_entry")
    op.drop_index(op.f("ix_order_line_order_id"), table_name="order_line")
    op.drop_table("order_line")
    op.drop_index(op.f("ix_credit_store_id_day_channel"), table_name="credit")
    op.drop_index(op.f("ix_credit_store_id_campaign_id_day"), table_name="credit")
    op.drop_table("credit")
    op.drop_table("campaign_region_day")
    op.drop_index(op.f("ix_ad_group_campaign_id"), table_name="ad_group")
    op.drop_table("ad_group")
    op.drop_index(op.f("ix_sync_run_store_id_source_started_at"), table_name="sync_run")
    op.drop_table("sync_run")
    op.drop_table("sync_cursor")
    op.drop_table("store_settings")
    op.drop_index(op.f("ix_shop_order_store_id_day"), table_name="shop_order")
    op.drop_index(op.f("ix_shop_order_store_id_customer_id_processed_at"), table_name="shop_order")
    op.drop_table("shop_order")
    op.drop_index(op.f("ix_recommendation_store_id_state"), table_name="recommendation")
    op.drop_table("recommendation")
    op.drop_table("product")
    op.drop_table("member")
    op.drop_table("location")
    op.drop_table("inventory_level")
    op.drop_table("inventory_day")
    op.drop_index(op.f("ix_customer_store_id_first_order_day"), table_name="customer")
    op.drop_table("customer")
    op.drop_table("connection")
    op.drop_table("connect_ticket")
    op.drop_table("campaign")
    op.drop_table("audit_entry")
    op.drop_table("ad_day_former")
    op.drop_index(op.f("ix_action_store_id_state"), table_name="action")
    op.drop_index(op.f("ix_action_store_id_channel_platform_id_asked_at"), table_name="action")
    op.drop_index(op.f("ix_action_recommendation_id"), table_name="action")
    op.drop_table("action")
    op.drop_table("store")
    op.drop_table("job_schedule")
    op.drop_table("job_run")
    op.drop_index(op.f("ix_inbox_event_state_received_at"), table_name="inbox_event")
    op.drop_table("inbox_event")
