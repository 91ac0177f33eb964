"""an order's entries are found by the ledger's key, which leads with the order: one index less to write"""

from __future__ import annotations

from alembic import op

revision = "0032_entries_by_order"
down_revision = "0031_sold_by_cohort"
branch_labels = None
depends_on = None

TABLE, KEY, BY_ORDER = "sale_entry", "pk_sale_entry", "ix_sale_entry_store_id_order_id"


def upgrade() -> None:
    op.drop_constraint(KEY, TABLE)
    op.create_primary_key(KEY, TABLE, ["store_id", "order_id", "sale_id", "kind"])
    op.drop_index(BY_ORDER, TABLE)


def downgrade() -> None:
    op.create_index(BY_ORDER, TABLE, ["store_id", "order_id"])
    op.drop_constraint(KEY, TABLE)
    op.create_primary_key(KEY, TABLE, ["store_id", "sale_id", "kind"])
