"""what the orders of a day are credited to"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0040_order_credits"
down_revision = "0039_audit_without_file_names"
branch_labels = None
depends_on = None

TABLE = "order_credit_day"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("known_by", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("orders", sa.Numeric(20, 6), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f(f"fk_{TABLE}_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "channel", "campaign_id", "known_by", name=op.f(f"pk_{TABLE}")),
    )
    for statement in policies.store_owned(TABLE):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(TABLE)
    op.execute(f"delete from metric_summed where metric = '{TABLE}'")  # noqa: S608
