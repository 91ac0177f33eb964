"""what each order brought until now, and those of a day by when their customers were won; more sums by day"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0020_order_worth"
down_revision = "0019_baselines"
branch_labels = None
depends_on = None

SOURCES = ("order_worth", "customer_won", "first_order", "delivery")


def upgrade() -> None:
    op.create_table(
        "order_worth",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        *(
            sa.Column(measure, sa.Numeric(), nullable=False)
            for measure in ("net_sales", "cost_of_goods", "fulfilment", "payment_fees")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_order_worth_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "order_id", name=op.f("pk_order_worth")),
    )
    op.create_table(
        "cohort_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("won_on", sa.Date(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("first_in_month", sa.Integer(), nullable=False),
        *(
            sa.Column(measure, sa.Numeric(), nullable=False)
            for measure in ("net_sales", "cost_of_goods", "fulfilment", "payment_fees")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_cohort_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "won_on", name=op.f("pk_cohort_day")),
    )
    for table in ("order_worth", "cohort_day"):
        for statement in policies.store_owned(table):
            op.execute(statement)
    for statement in rollups.triggers(*SOURCES):
        op.execute(statement)


def downgrade() -> None:
    for source in SOURCES:
        for event in ("insert", "delete", "update"):
            op.execute(f"drop function metric_change_{source}_{event}() cascade")
    op.drop_table("cohort_day")
    op.drop_table("order_worth")
