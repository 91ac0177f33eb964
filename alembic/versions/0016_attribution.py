"""credits by the store's model, every model's by day, restatements"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import attribution, policies

revision = "0016_attribution"
down_revision = "0015_importer"
branch_labels = None
depends_on = None

OWNED = ("credit_day", "credit_change", "credit_restatement")


def upgrade() -> None:
    op.drop_constraint("pk_credit", "credit", type_="primary")
    op.drop_column("credit", "model")
    op.create_primary_key("pk_credit", "credit", ["store_id", "order_id", "day", "position"])
    op.alter_column("credit", "orders", type_=sa.Numeric(20, 6))
    _index_campaigns("campaign_id is not null")
    op.add_column("store_settings", sa.Column("attribution_model", sa.String(), nullable=False, server_default="last"))
    op.alter_column("store_settings", "attribution_model", server_default=None)
    op.create_table(
        "credit_day",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("known_by", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("orders", sa.Numeric(20, 6), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_credit_day_store")),
        sa.PrimaryKeyConstraint(
            "store_id", "day", "model", "channel", "campaign_id", "known_by", name=op.f("pk_credit_day")
        ),
    )
    op.create_table(
        "credit_change",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store_id", "change_id", name=op.f("pk_credit_change")),
    )
    op.create_table(
        "credit_restatement",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("restatement_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("before", sa.Numeric(20, 6), nullable=False),
        sa.Column("after", sa.Numeric(20, 6), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_credit_restatement_store")),
        sa.PrimaryKeyConstraint("store_id", "restatement_id", name=op.f("pk_credit_restatement")),
    )
    op.create_index(op.f("ix_credit_restatement_store_id_day"), "credit_restatement", ["store_id", "day"])
    for table in OWNED:
        for statement in policies.store_owned(table):
            op.execute(statement)
    for statement in policies.system_wide("credit_change"):  # which stores have days to credit by every model
        op.execute(statement)
    for statement in policies.system_forgets("credit_restatement"):
        op.execute(statement)
    for statement in attribution.marks():
        op.execute(statement)
    op.execute("insert into credit_change (store_id, day, cause) select distinct store_id, day, 'first' from credit")


def _index_campaigns(only: str | None) -> None:
    name = op.f("ix_credit_store_id_campaign_id_day")
    op.drop_index(name, table_name="credit")
    where = sa.text(only) if only else None
    op.create_index(name, "credit", ["store_id", "campaign_id", "day"], postgresql_where=where)


def downgrade() -> None:
    _index_campaigns(None)
    op.execute("drop function credit_changed() cascade")
    for table in OWNED:
        op.drop_table(table)
    op.drop_column("store_settings", "attribution_model")
    op.alter_column("credit", "orders", type_=sa.Integer())
    op.add_column("credit", sa.Column("model", sa.String(), nullable=False, server_default="last_touch"))
    op.drop_constraint("pk_credit", "credit", type_="primary")
    op.create_primary_key("pk_credit", "credit", ["store_id", "model", "order_id", "day", "position"])
    op.alter_column("credit", "model", server_default=None)
