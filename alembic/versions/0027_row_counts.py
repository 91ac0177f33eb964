"""how many rows the large tables hold is counted as they come and go"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import counts, policies

revision = "0027_row_counts"
down_revision = "0026_packed"
branch_labels = None
depends_on = None

TABLES = ("shop_order", "customer", "ad_day", "campaign_region_day")


def upgrade() -> None:
    op.create_table(
        "row_count",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("count_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("of_table", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "count_id", name=op.f("pk_row_count")),
    )
    for table in TABLES:
        op.execute(f"insert into row_count (store_id, of_table, channel, rows) {counts.counted(table)}")
    for statement in (*policies.store_owned("row_count"), *policies.system_wide("row_count"), *counts.triggers()):
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        for event in ("insert", "delete"):
            op.execute(f"drop function row_count_{table}_{event}() cascade")
    op.drop_table("row_count")
