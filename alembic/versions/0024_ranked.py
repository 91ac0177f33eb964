"""what customers booked by day, the sessions of visitors and what is expected of buyers by what came before: for counts
of different ones and for the best"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0024_ranked"
down_revision = "0023_answers"
branch_labels = None
depends_on = None

TABLES = ("visitor_gap_day", "reorder_day", "customer_sales_day")
NEW = ("customer_value", "profile_prediction", "visitor_gap")
WIDER = ("order_place", "customer_won")  # they also mark whose an order is, and by what address a customer is known
EVENTS = ("insert", "delete", "update")


def upgrade() -> None:
    day = (
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
    )
    op.create_table(
        "visitor_gap_day",
        *(column.copy() for column in day),
        sa.Column("former", sa.Date(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_visitor_gap_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "former", name=op.f("pk_visitor_gap_day")),
    )
    op.create_table(
        "reorder_day",
        *(column.copy() for column in day),
        sa.Column("former", sa.Date(), nullable=False),
        sa.Column("foretold", sa.Integer(), nullable=False),
        sa.Column("chances", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_reorder_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "former", name=op.f("pk_reorder_day")),
    )
    op.create_table(
        "customer_sales_day",
        *(column.copy() for column in day),
        sa.Column("booked", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_customer_sales_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", name=op.f("pk_customer_sales_day")),
    )
    op.execute("alter table customer_sales_day alter booked set storage external")  # numbers hardly pack
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)
    _forget(*WIDER)
    for statement in rollups.triggers(*WIDER, *NEW):
        op.execute(statement)


def downgrade() -> None:
    _forget(*NEW)
    for table in TABLES:
        op.drop_table(table)


def _forget(*sources: str) -> None:
    for source in sources:
        for event in EVENTS:
            op.execute(f"drop function if exists metric_change_{source}_{event}() cascade")
