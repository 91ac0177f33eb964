"""units of variants that were ordered are kept by day"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0030_variant_units"
down_revision = "0029_cohort_segments"
branch_labels = None
depends_on = None

TABLE = "variant_units_day"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ordered", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f(f"fk_{TABLE}_store")),
        sa.PrimaryKeyConstraint("store_id", "day", name=op.f(f"pk_{TABLE}")),
    )
    op.execute(f"alter table {TABLE} alter ordered set storage external")  # numbers hardly pack
    for statement in policies.store_owned(TABLE):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(TABLE)
