"""survey answers, reviews, content, referrals, loyalty, social days"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from clique_app.tables import policies

revision = "0011_advocacy"
down_revision = "0010_pixel"
branch_labels = None
depends_on = None

TABLES = ("voice_settings", "survey_response", "review", "ugc", "referral", "loyalty_member", "social_day")
TIME = sa.DateTime(timezone=True)
OWN: dict[str, tuple[sa.Column, ...]] = {
    "review": (
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_hmac", sa.LargeBinary(), nullable=True),
    ),
    "ugc": (
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("customer_hmac", sa.LargeBinary(), nullable=True),
    ),
    "referral": (
        sa.Column("visitors", sa.Integer(), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
    ),
    "loyalty_member": (sa.Column("customer_hmac", sa.LargeBinary(), nullable=True),),
    "social_day": (
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("impressions", sa.BigInteger(), nullable=False),
        sa.Column("engagements", sa.BigInteger(), nullable=False),
    ),
}


def upgrade() -> None:
    op.create_table(
        "voice_settings",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("ingest_secret", sa.LargeBinary(), nullable=True),
        sa.Column("ingest_secret_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_voice_settings_store")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_voice_settings")),
    )
    op.create_table(
        "survey_response",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("answered_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("nps", sa.SmallInteger(), nullable=False),
        sa.Column("heard", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_survey_response_store")),
        sa.PrimaryKeyConstraint("store_id", "subject", name=op.f("pk_survey_response")),
    )
    op.create_index(op.f("ix_survey_response_store_id_order_id"), "survey_response", ["store_id", "order_id"])
    op.create_index(op.f("ix_survey_response_store_id_day"), "survey_response", ["store_id", "day"])
    for table, columns in OWN.items():
        op.create_table(
            table,
            sa.Column("store_id", sa.BigInteger(), nullable=False),
            sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("source", sa.String(), nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            sa.Column("told_at", TIME, nullable=False),
            sa.Column("withdrawn", sa.Boolean(), nullable=False),
            *columns,
            sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f(f"fk_{table}_store")),
            sa.PrimaryKeyConstraint("store_id", "record_id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_store_id_day"), table, ["store_id", "day"])
        if any(column.name == "customer_hmac" for column in columns):
            op.create_index(op.f(f"ix_{table}_store_id_customer_hmac"), table, ["store_id", "customer_hmac"])
    for table in TABLES:
        for statement in policies.store_owned(table):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
