"""versions of models, and what they expect of each customer"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from clique_app.tables import policies

revision = "0013_customers"
down_revision = "0012_advocacy"
branch_labels = None
depends_on = None

TABLES = ("model_version", "customer_value")


def upgrade() -> None:
    op.create_table(
        "model_version",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_from", sa.Date(), nullable=True),
        sa.Column("data_to", sa.Date(), nullable=True),
        sa.Column("learnt_from", sa.Integer(), nullable=False),
        sa.Column("came_back", sa.Integer(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("intervals", postgresql.JSONB(), nullable=False),
        sa.Column("score", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_model_version_store")),
        sa.PrimaryKeyConstraint("store_id", "model_id", name=op.f("pk_model_version")),
    )
    op.create_index(op.f("ix_model_version_store_id_kind_made_at"), "model_version", ["store_id", "kind", "made_at"])
    op.create_index(
        "ix_model_version_current",
        "model_version",
        ["store_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "customer_value",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("frequency", sa.Integer(), nullable=False),
        sa.Column("recency", sa.Integer(), nullable=False),
        sa.Column("age", sa.Integer(), nullable=False),
        sa.Column("p_alive", sa.Numeric(20, 6), nullable=False),
        sa.Column("purchases_90", sa.Numeric(20, 6), nullable=False),
        sa.Column("purchases_365", sa.Numeric(20, 6), nullable=False),
        sa.Column("value_90", sa.Numeric(20, 6), nullable=True),
        sa.Column("value_365", sa.Numeric(20, 6), nullable=True),
        sa.Column("reorder_30", sa.Numeric(20, 6), nullable=False),
        sa.Column("next_order_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_customer_value_store")),
        sa.PrimaryKeyConstraint("store_id", "customer_id", name=op.f("pk_customer_value")),
    )
    op.create_index(op.f("ix_customer_value_store_id_value_365"), "customer_value", ["store_id", "value_365"])
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
