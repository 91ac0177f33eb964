"""events and sessions of the web pixel"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0010_pixel"
down_revision = "0009_google"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TABLES = ("page_event", "visitor_waiting", "web_session")
SYSTEM_WRITES = ("page_event", "visitor_waiting")  # the collector is of no store


def source_columns() -> list[sa.Column[str]]:
    return [
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("medium", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("campaign_platform_id", sa.String(), nullable=True),
        sa.Column("ad_platform_id", sa.String(), nullable=True),
        sa.Column("click_id", sa.String(), nullable=True),
        sa.Column("referrer", sa.String(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "page_event",
        sa.Column("store_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visitor_id", sa.LargeBinary(), nullable=False),
        sa.Column("event_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("scroll_pct", sa.SmallInteger(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        *source_columns(),
        sa.Column("consent", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "visitor_id", "event_id", name=op.f("pk_page_event")),
    )
    op.create_index("ix_page_event_at", "page_event", ["at"], postgresql_using="brin")
    op.create_table(
        "visitor_waiting",
        sa.Column("store_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("visitor_id", sa.LargeBinary(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "number", name=op.f("pk_visitor_waiting")),
    )
    op.create_table(
        "web_session",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("visitor_id", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        *source_columns(),
        sa.Column("landing_path", sa.String(), nullable=False),
        sa.Column("landed_on_product", sa.Boolean(), nullable=False),
        sa.Column("page_views", sa.Integer(), nullable=False),
        sa.Column("product_views", sa.Integer(), nullable=False),
        sa.Column("engaged_seconds", sa.Integer(), nullable=False),
        sa.Column("deepest_scroll_pct", sa.SmallInteger(), nullable=True),
        sa.Column("added_to_cart", sa.Boolean(), nullable=False),
        sa.Column("added_viewed_product", sa.Boolean(), nullable=False),
        sa.Column("wishlisted", sa.Boolean(), nullable=False),
        sa.Column("checkout_started", sa.Boolean(), nullable=False),
        sa.Column("signed_up", sa.Boolean(), nullable=False),
        sa.Column("bounced", sa.Boolean(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_web_session_store")),
        sa.PrimaryKeyConstraint("store_id", "visitor_id", "started_at", name=op.f("pk_web_session")),
    )
    op.create_index(op.f("ix_web_session_store_id_day"), "web_session", ["store_id", "day"])
    op.create_index(
        "ix_web_session_order",
        "web_session",
        ["store_id", "order_id"],
        postgresql_where=sa.text("order_id is not null"),
    )
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)
    for table in SYSTEM_WRITES:
        for statement in policies.system_wide(table):
            op.execute(statement)
    op.add_column(
        "store_settings", sa.Column("keep_page_events_days", sa.Integer(), nullable=False, server_default="400")
    )
    op.alter_column("store_settings", "keep_page_events_days", server_default=None)


def downgrade() -> None:
    op.drop_column("store_settings", "keep_page_events_days")
    for table in reversed(TABLES):
        op.drop_table(table)
