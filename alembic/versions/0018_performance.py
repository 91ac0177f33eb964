"""sums of metrics by more dimensions, what was spent and sold by each, and how orders follow each other"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op
from clique_app.tables import policies, rollups

revision = "0018_performance"
down_revision = "0017_catalog"
branch_labels = None
depends_on = None

TABLES = ("metric_day", "performance_day", "order_gap_day")
SOURCES = {
    "campaign_region_day": ("insert", "delete", "update"),
    "ad_product": ("insert", "delete", "update"),
    "order_place": ("update",),
    "order_gap": ("insert", "delete", "update"),
}
MEASURES = (
    "spend", "spend_by_link", "impressions", "clicks", "reported_revenue", "orders", "units", "net_sales",
    "cost_of_goods", "fulfilment", "payment_fees", "attributed_revenue",
)  # fmt: skip


def upgrade() -> None:
    op.drop_table("metric_day")  # all of it is summed again
    op.execute("delete from metric_summed")
    op.create_table(
        "metric_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("cut", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("members", ARRAY(sa.Text()), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_metric_day_store")),
        sa.PrimaryKeyConstraint("store_id", "metric", "cut", "day", "members", name=op.f("pk_metric_day")),
    )
    op.create_table(
        "performance_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cut", sa.String(), nullable=False),
        sa.Column("members", ARRAY(sa.Text()), nullable=False),
        *(sa.Column(measure, sa.Numeric(), nullable=False) for measure in MEASURES),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_performance_day_store")),
        sa.PrimaryKeyConstraint("store_id", "cut", "day", "members", name=op.f("pk_performance_day")),
    )
    op.create_table(
        "order_gap_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("back", sa.SmallInteger(), nullable=False),
        sa.Column("former", sa.Date(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_order_gap_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "back", "former", name=op.f("pk_order_gap_day")),
    )
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)
    for statement in rollups.triggers(*SOURCES):
        op.execute(statement)


def downgrade() -> None:
    for source, events in SOURCES.items():
        for event in events:
            op.execute(f"drop function metric_change_{source}_{event}() cascade")
    for table in ("performance_day", "order_gap_day"):
        op.drop_table(table)
    op.drop_table("metric_day")
    op.execute("delete from metric_summed")
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
    for statement in policies.store_owned("metric_day"):
        op.execute(statement)
