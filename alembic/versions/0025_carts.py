"""carts, and the visits that began a checkout, are found without reading all visits"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0025_carts"
down_revision = "0024_ranked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_web_session_carts",
        "web_session",
        ["store_id", "day"],
        postgresql_include=["visitor_id", "started_at", "checkout_started", "channel"],
        postgresql_where=sa.text("added_to_cart"),
    )
    op.create_index(
        "ix_web_session_checkouts",
        "web_session",
        ["store_id", "visitor_id", "started_at"],
        postgresql_where=sa.text("checkout_started"),
    )


def downgrade() -> None:
    op.drop_index("ix_web_session_checkouts", "web_session")
    op.drop_index("ix_web_session_carts", "web_session")
