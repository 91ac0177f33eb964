"""a store may keep its unit costs in a metafield of its variants"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0036_cost_metafield"
down_revision = "0035_selling_plan"
branch_labels = None
depends_on = None

TABLE, NAME, SINCE = "store_settings", "cost_metafield", "cost_metafield_at"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column(NAME, sa.String(), server_default="", nullable=False))
    op.add_column(TABLE, sa.Column(SINCE, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column(TABLE, SINCE)
    op.drop_column(TABLE, NAME)
