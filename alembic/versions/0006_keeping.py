"""privacy requests and retention"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op
from clique_app.tables import policies

revision = "0006_keeping"
down_revision = "0005_ad_accounts"
branch_labels = None
depends_on = None

RETENTION = {
    "keep_deliveries_days": 14,
    "keep_sync_log_days": 180,
    "keep_restatements_days": 400,
    "keep_reports_days": 90,
    "keep_archive_days": 1095,
}
APPEND_ONLY = ("audit_entry", "ad_day_former")


def upgrade() -> None:
    op.create_table(
        "privacy_request",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_privacy_request_store")),
        sa.PrimaryKeyConstraint("store_id", "request_id", name=op.f("pk_privacy_request")),
    )
    op.create_index(op.f("ix_privacy_request_store_id_state"), "privacy_request", ["store_id", "state"], unique=False)
    for statement in policies.store_owned("privacy_request"):
        op.execute(statement)
    for table in APPEND_ONLY:
        for statement in policies.system_forgets(table):
            op.execute(statement)
    for name, days in RETENTION.items():
        op.add_column("store_settings", sa.Column(name, sa.Integer(), nullable=False, server_default=str(days)))
        op.alter_column("store_settings", name, server_default=None)


def downgrade() -> None:
    for name in RETENTION:
        op.drop_column("store_settings", name)
    for table in APPEND_ONLY:
        op.execute(f"revoke select, delete on {table} from clique_system")
        for command in ("select", "delete"):
            op.execute(f"drop policy system_{command} on {table}")
    op.drop_index(op.f("ix_privacy_request_store_id_state"), table_name="privacy_request")
    op.drop_table("privacy_request")
