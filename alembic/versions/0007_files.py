"""imported files"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from clique_app.tables import policies

revision = "0007_files"
down_revision = "0006_keeping"
branch_labels = None
depends_on = None

TABLES = ("imported_file", "imported_row")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "imported_file",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", TIME, nullable=False),
        sa.Column("imported_at", TIME, nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("amount", sa.Numeric(20, 6), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("preview", postgresql.JSONB(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_imported_file_store")),
        sa.PrimaryKeyConstraint("store_id", "file_id", name=op.f("pk_imported_file")),
    )
    op.create_table(
        "imported_row",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id", "file_id"],
            ["imported_file.store_id", "imported_file.file_id"],
            name=op.f("fk_imported_row_imported_file"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_imported_row_store")),
        sa.PrimaryKeyConstraint("store_id", "kind", "row_id", "day", name=op.f("pk_imported_row")),
    )
    op.create_index(op.f("ix_imported_row_store_id_file_id"), "imported_row", ["store_id", "file_id"])
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
