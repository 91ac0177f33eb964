"""an order that was bought with a selling plan is one of a subscription"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0035_selling_plan"
down_revision = "0034_inventory_read"
branch_labels = None
depends_on = None

TABLE, COLUMN, INDEX = "shop_order", "selling_plan", "ix_shop_order_subscription"
BY_SOURCE = "source_name like 'subscription_contract%'"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column(COLUMN, sa.Boolean(), server_default=sa.false(), nullable=False))
    _indexed(f"(selling_plan or {BY_SOURCE})")


def downgrade() -> None:
    _indexed(BY_SOURCE)
    op.drop_column(TABLE, COLUMN)


def _indexed(where: str) -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, ["store_id", "day"], postgresql_where=sa.text(where))
