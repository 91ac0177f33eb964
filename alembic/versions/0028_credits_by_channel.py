"""what every model credits a channel with is kept beside what it credits its campaigns with, which are found by it"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0028_credits_by_channel"
down_revision = "0027_row_counts"
branch_labels = None
depends_on = None

MADE = """
insert into credit_channel_day (store_id, model, day, channel, known_by, amount, orders)
select store_id, model, day, channel, known_by, sum(amount), sum(orders) from credit_day group by 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    op.create_table(
        "credit_channel_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("known_by", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("orders", sa.Numeric(20, 6), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_credit_channel_day_store")),
        sa.PrimaryKeyConstraint("store_id", "model", "day", "channel", "known_by", name=op.f("pk_credit_channel_day")),
    )
    op.execute(MADE)
    op.create_index(op.f("ix_credit_day_store_id_channel_day"), "credit_day", ["store_id", "channel", "day"])
    for statement in (*policies.store_owned("credit_channel_day"), *policies.system_wide("credit_channel_day")):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(op.f("ix_credit_day_store_id_channel_day"), "credit_day")
    op.drop_table("credit_channel_day")
