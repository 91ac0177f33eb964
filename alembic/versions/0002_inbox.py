"""inbox by object, and how a store's webhook subscriptions stand"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel

from alembic import op
from clique_app.tables import policies

revision = "0002_inbox"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox_event", sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False))
    op.add_column("inbox_event", sa.Column("kind", sqlmodel.AutoString(), nullable=False, server_default=""))
    op.alter_column("inbox_event", "kind", server_default=None)
    op.add_column("inbox_event", sa.Column("object_id", sa.BigInteger(), nullable=True))
    op.add_column("inbox_event", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("ix_inbox_event_state_received_at"), table_name="inbox_event")
    op.create_index(
        op.f("ix_inbox_event_waiting"),
        "inbox_event",
        ["shop_domain", "kind", "object_id", "number"],
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_index(
        op.f("ix_inbox_event_dead"),
        "inbox_event",
        ["shop_domain", "number"],
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(op.f("ix_inbox_event_shop_domain_received_at"), "inbox_event", ["shop_domain", "received_at"])
    op.create_table(
        "webhook_check",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("created", sqlmodel.AutoString(), nullable=False),
        sa.Column("updated", sqlmodel.AutoString(), nullable=False),
        sa.Column("removed", sqlmodel.AutoString(), nullable=False),
        sa.Column("problem", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_webhook_check_store")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_webhook_check")),
    )
    for statement in policies.store_owned("webhook_check"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("webhook_check")
    op.drop_index(op.f("ix_inbox_event_shop_domain_received_at"), table_name="inbox_event")
    op.drop_index(op.f("ix_inbox_event_dead"), table_name="inbox_event")
    op.drop_index(op.f("ix_inbox_event_waiting"), table_name="inbox_event")
    op.create_index(op.f("ix_inbox_event_state_received_at"), "inbox_event", ["state", "received_at"])
    for column in ("retry_at", "object_id", "kind", "number"):
        op.drop_column("inbox_event", column)
