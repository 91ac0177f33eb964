"""stock of closed days with committed and incoming, and when a cost was set"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0004_catalog"
down_revision = "0003_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("committed", "incoming"):
        op.add_column("inventory_day", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.alter_column("inventory_day", name, server_default=None)
    op.add_column("store", sa.Column("stock_closed_on", sa.Date(), nullable=True))
    op.add_column("unit_cost", sa.Column("as_of", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("unit_cost", "as_of")
    op.drop_column("store", "stock_closed_on")
    for name in ("incoming", "committed"):
        op.drop_column("inventory_day", name)
