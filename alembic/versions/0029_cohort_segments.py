"""who was won on a day is kept by what their first order was, and what orders brought as a value of bytes by day"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0029_cohort_segments"
down_revision = "0028_credits_by_channel"
branch_labels = None
depends_on = None

SOURCE = "product_title"


def upgrade() -> None:
    op.drop_table("order_worth")  # the next summing makes what follows it
    _by_day("order_worth_day", sa.Column("orders", sa.LargeBinary(), nullable=False))
    _by_day(
        "cohort_segment_day",
        sa.Column("split", sa.String(), nullable=False, primary_key=True),
        sa.Column("segment", sa.String(), nullable=False, primary_key=True),
        sa.Column("customers", sa.LargeBinary(), nullable=False),
    )
    for table, column in (("order_worth_day", "orders"), ("cohort_segment_day", "customers")):
        op.execute(f"alter table {table} alter {column} set storage external")  # numbers hardly pack
    for statement in rollups.triggers(SOURCE):
        op.execute(statement)


def downgrade() -> None:
    for event in ("insert", "delete", "update"):
        op.execute(f"drop function metric_change_{SOURCE}_{event}() cascade")
    for table in ("cohort_segment_day", "order_worth_day"):
        op.drop_table(table)
    _by_day(
        "order_worth",
        sa.Column("order_id", sa.BigInteger(), nullable=False, primary_key=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        *(
            sa.Column(measure, sa.Numeric(), nullable=False)
            for measure in ("net_sales", "cost_of_goods", "fulfilment", "payment_fees")
        ),
    )


def _by_day(table: str, *columns: sa.Column) -> None:
    op.create_table(
        table,
        sa.Column("store_id", sa.BigInteger(), nullable=False, primary_key=True),
        sa.Column("day", sa.Date(), nullable=False, primary_key=True),
        *columns,
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f(f"fk_{table}_store")),
    )
    for statement in policies.store_owned(table):
        op.execute(statement)
