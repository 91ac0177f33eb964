"""what is expected of customers by the day they were won; carts, and the visits that began a checkout, are found without
reading all visits"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0025_expected"
down_revision = "0024_ranked"
branch_labels = None
depends_on = None

TABLE = "expected_day"
WIDER = "customer_value"  # it also marks what a customer is expected to bring
EVENTS = ("insert", "delete", "update")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("squares", sa.Numeric(), nullable=True),
        sa.Column("missed", sa.Numeric(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_expected_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", name=op.f("pk_expected_day")),
    )
    for statement in policies.store_owned(TABLE):
        op.execute(statement)
    for event in EVENTS:
        op.execute(f"drop function if exists metric_change_{WIDER}_{event}() cascade")
    for statement in rollups.triggers(WIDER):
        op.execute(statement)
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
    op.drop_table(TABLE)
