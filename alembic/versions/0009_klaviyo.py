"""e-mail: campaigns, flows, their days, sign-ups, predictions"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0009_klaviyo"
down_revision = "0008_rollups"
branch_labels = None
depends_on = None

TABLES = ("email_account", "email_program", "email_day", "email_signup_day", "profile_prediction")
SUMMED = ("email_day", "email_signup_day", "email_program")
TIME = sa.DateTime(timezone=True)
MONEY = sa.Numeric(20, 6)


def upgrade() -> None:
    op.create_table(
        "email_account",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("read_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_email_account_store")),
        sa.PrimaryKeyConstraint("store_id", "channel", "account_id", name=op.f("pk_email_account")),
    )
    op.create_table(
        "email_program",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("platform_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("kind_set", sa.Boolean(), nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("read_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_email_program_store")),
        sa.PrimaryKeyConstraint("store_id", "program_id", name=op.f("pk_email_program")),
        sa.UniqueConstraint(
            "store_id",
            "channel",
            "sort",
            "platform_id",
            name=op.f("uq_email_program_store_id_channel_sort_platform_id"),
        ),
    )
    op.create_table(
        "email_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("unique_opens", sa.Integer(), nullable=False),
        sa.Column("unique_clicks", sa.Integer(), nullable=False),
        sa.Column("unsubscribes", sa.Integer(), nullable=False),
        sa.Column("reported_orders", sa.Integer(), nullable=False),
        sa.Column("reported_revenue", MONEY, nullable=False),
        sa.Column("read_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "program_id"],
            ["email_program.store_id", "email_program.program_id"],
            name=op.f("fk_email_day_email_program"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_email_day_store")),
        sa.PrimaryKeyConstraint("store_id", "day", "program_id", "message_id", name=op.f("pk_email_day")),
    )
    op.create_index(op.f("ix_email_day_store_id_program_id_day"), "email_day", ["store_id", "program_id", "day"])
    op.create_table(
        "email_signup_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("list_name", sa.String(), nullable=False),
        sa.Column("signups", sa.Integer(), nullable=False),
        sa.Column("read_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_email_signup_day_store")),
        sa.PrimaryKeyConstraint("store_id", "channel", "day", "list_name", name=op.f("pk_email_signup_day")),
    )
    op.create_table(
        "profile_prediction",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("email_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("expected_clv", MONEY, nullable=True),
        sa.Column("churn_probability", sa.Numeric(9, 6), nullable=True),
        sa.Column("next_order_day", sa.Date(), nullable=True),
        sa.Column("read_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_profile_prediction_store")),
        sa.PrimaryKeyConstraint("store_id", "email_hmac", name=op.f("pk_profile_prediction")),
    )
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)
    for statement in rollups.triggers(*SUMMED):
        op.execute(statement)


def downgrade() -> None:
    for table in SUMMED:
        for event in ("insert", "update", "delete"):
            op.execute(f"drop function metric_change_{table}_{event}() cascade")
    for table in reversed(TABLES):
        op.drop_table(table)
