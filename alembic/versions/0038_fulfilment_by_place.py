"""fulfilling an order may cost another amount by its country or region"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0038_fulfilment_by_place"
down_revision = "0037_exchange_rates"
branch_labels = None
depends_on = None

TABLE, NAME = "store_settings", "fulfilment_by_place"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column(NAME, JSONB(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column(TABLE, NAME)
