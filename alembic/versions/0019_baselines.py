"""what is normal for a store, metric by metric and week by week"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0019_baselines"
down_revision = "0018_performance"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metric_baseline",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("middle", sa.Date(), nullable=True),
        sa.Column("median", sa.Numeric(), nullable=True),
        sa.Column("trend", sa.Numeric(), nullable=True),
        sa.Column("weekdays", sa.ARRAY(sa.Numeric()), nullable=True),
        sa.Column("low", sa.Numeric(), nullable=True),
        sa.Column("high", sa.Numeric(), nullable=True),
        sa.Column("never_negative", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_metric_baseline_store")),
        sa.PrimaryKeyConstraint("store_id", "metric", "week", name=op.f("pk_metric_baseline")),
    )
    for statement in policies.store_owned("metric_baseline"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("metric_baseline")
