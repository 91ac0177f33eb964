"""what a page asks of hundreds of thousands of kept rows is a value of bytes by day; the best customers are kept as they
stand; answers, and what is credited by them, are told without reading all rows"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies

revision = "0026_packed"
down_revision = "0025_expected"
branch_labels = None
depends_on = None

PACKED = {"order_gap_day": ("one_back", "two_back", "customers"), "cohort_day": ("cohorts",)}


def upgrade() -> None:
    for table, columns in PACKED.items():
        op.drop_table(table)  # the next summing makes it anew
        _by_day(table, *(sa.Column(column, sa.LargeBinary(), nullable=False) for column in columns))
        for column in columns:
            op.execute(f"alter table {table} alter {column} set storage external")  # numbers hardly pack
    op.create_table(
        "vip_standing",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("booked", sa.Numeric(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_vip_standing_store")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_vip_standing")),
    )
    _own("vip_standing")
    op.drop_index("ix_survey_response_store_id_day", "survey_response")
    op.create_index(
        "ix_survey_response_store_id_day_answered_at",
        "survey_response",
        ["store_id", "day", "answered_at"],
        postgresql_include=["order_id", "heard", "channel"],
    )
    _credits_of_answers(include=("orders", "amount"))


def downgrade() -> None:
    _credits_of_answers()
    op.drop_index("ix_survey_response_store_id_day_answered_at", "survey_response")
    op.create_index("ix_survey_response_store_id_day", "survey_response", ["store_id", "day"])
    op.drop_table("vip_standing")
    for table in PACKED:
        op.drop_table(table)
    _by_day(
        "order_gap_day",
        sa.Column("back", sa.SmallInteger(), nullable=False, primary_key=True),
        sa.Column("former", sa.Date(), nullable=False, primary_key=True),
        sa.Column("orders", sa.Integer(), nullable=False),
    )
    _by_day(
        "cohort_day",
        sa.Column("won_on", sa.Date(), nullable=False, primary_key=True),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("first_in_month", sa.Integer(), nullable=False),
        *(
            sa.Column(column, sa.Numeric(), nullable=False)
            for column in ("net_sales", "cost_of_goods", "fulfilment", "payment_fees")
        ),
    )


def _credits_of_answers(include: Sequence[str] = ()) -> None:
    name, where = "ix_credit_store_id_order_id_survey", sa.text("position = -2")
    op.drop_index(name, "credit")
    op.create_index(name, "credit", ["store_id", "order_id"], postgresql_where=where, postgresql_include=include)


def _by_day(table: str, *columns: sa.Column) -> None:
    op.create_table(
        table,
        sa.Column("store_id", sa.BigInteger(), nullable=False, primary_key=True),
        sa.Column("day", sa.Date(), nullable=False, primary_key=True),
        *columns,
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f(f"fk_{table}_store")),
    )
    _own(table)


def _own(table: str) -> None:
    for statement in policies.store_owned(table):
        op.execute(statement)
