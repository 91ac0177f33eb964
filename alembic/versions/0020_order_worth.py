"""what each order brought until now"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0020_order_worth"
down_revision = "0019_baselines"
branch_labels = None
depends_on = None


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
    for statement in (*policies.store_owned("order_worth"), *rollups.triggers("order_worth")):
        op.execute(statement)


def downgrade() -> None:
    for event in ("insert", "delete", "update"):
        op.execute(f"drop function metric_change_order_worth_{event}() cascade")
    op.drop_table("order_worth")
