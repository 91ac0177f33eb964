"""keywords and search terms by day"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0009_google"
down_revision = "0008_klaviyo"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ad_group_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("match", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("spend", sa.Numeric(20, 6), nullable=False),
        sa.Column("impressions", sa.Integer(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.Column("reported_conversions", sa.Numeric(20, 6), nullable=False),
        sa.Column("reported_revenue", sa.Numeric(20, 6), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "ad_group_id"],
            ["ad_group.store_id", "ad_group.ad_group_id"],
            name=op.f("fk_search_day_ad_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_search_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "ad_group_id", "kind", "match", "text", name=op.f("pk_search_day")),
    )
    for statement in policies.store_owned("search_day"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("search_day")
