"""the day a customer's next order was expected, and the points of the engagement score"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0017_catalog"
down_revision = "0016_attribution"
branch_labels = None
depends_on = None

POINTS = (("product", 20), ("minute", 20), ("cart", 40), ("signup", 20), ("open", 20), ("click", 80))


def upgrade() -> None:
    op.create_table(
        "order_forecast",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_order_forecast_store")),
        sa.PrimaryKeyConstraint("store_id", "customer_id", "made_on", name=op.f("pk_order_forecast")),
    )
    op.create_index(op.f("ix_order_forecast_store_id_expected_on"), "order_forecast", ["store_id", "expected_on"])
    for statement in policies.store_owned("order_forecast"):
        op.execute(statement)
    for name, points in POINTS:
        column = sa.Column(f"engagement_{name}", sa.Integer(), nullable=False, server_default=str(points))
        op.add_column("store_settings", column)
        op.alter_column("store_settings", column.name, server_default=None)


def downgrade() -> None:
    for name, _ in POINTS:
        op.drop_column("store_settings", f"engagement_{name}")
    op.drop_table("order_forecast")
