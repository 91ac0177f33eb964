"""daily sums of metrics, and triggers that mark the days to sum again"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0013_rollups"
down_revision = "0012_customers"
branch_labels = None
depends_on = None

TABLES = ("metric_day", "metric_summed", "metric_change")
SUMMED = (
    "sale_entry", "shop_order", "credit", "ad_day", "web_session", "email_day", "email_signup_day", "customer",
    "email_program", "store_settings", "ad_account", "campaign",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "metric_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_metric_day_store")),
        sa.PrimaryKeyConstraint("store_id", "metric", "day", "channel", "campaign_id", name=op.f("pk_metric_day")),
    )
    op.create_table(
        "metric_summed",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_metric_summed_store")),
        sa.PrimaryKeyConstraint("store_id", "metric", name=op.f("pk_metric_summed")),
    )
    op.create_table(
        "metric_change",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("store_id", "change_id", name=op.f("pk_metric_change")),
    )
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)
    for statement in policies.system_wide("metric_change"):  # which stores have something to sum
        op.execute(statement)
    for statement in rollups.triggers(*SUMMED):
        op.execute(statement)


def downgrade() -> None:
    for table in SUMMED:
        for event in ("insert", "update", "delete"):
            op.execute(f"drop function metric_change_{table}_{event}() cascade")
    for table in TABLES:
        op.drop_table(table)
