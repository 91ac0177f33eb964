"""when the stock of each item was read"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0034_inventory_read"
down_revision = "0033_won_by"
branch_labels = None
depends_on = None

TABLE = "inventory_read"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("inventory_item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_inventory_read_store")),
        sa.PrimaryKeyConstraint("store_id", "inventory_item_id", name=op.f("pk_inventory_read")),
    )
    for statement in policies.store_owned(TABLE):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(TABLE)
