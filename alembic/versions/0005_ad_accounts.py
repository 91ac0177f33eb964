"""ad accounts, creatives, promoted products"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel

from alembic import op
from clique_app.tables import policies

revision = "0005_ad_accounts"
down_revision = "0004_catalog"
branch_labels = None
depends_on = None

STORE_OWNED = ("ad_account", "creative", "ad_product")
OF_AN_ACCOUNT = ("account_id", "account_name", "currency", "time_zone")


def upgrade() -> None:
    op.create_table(
        "ad_account",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("currency", sqlmodel.AutoString(length=3), nullable=False),
        sa.Column("time_zone", sqlmodel.AutoString(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_from", sa.Date(), nullable=True),
        sa.Column("read_to", sa.Date(), nullable=True),
        sa.Column("pushes_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_ad_account_store")),
        sa.PrimaryKeyConstraint("store_id", "channel", "account_id", name=op.f("pk_ad_account")),
    )
    op.create_table(
        "creative",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("creative_id", sa.BigInteger(), server_default=sa.Identity(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("platform_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.AutoString(), nullable=False),
        sa.Column("body", sqlmodel.AutoString(), nullable=False),
        sa.Column("link_url", sqlmodel.AutoString(), nullable=False),
        sa.Column("thumbnail_url", sqlmodel.AutoString(), nullable=False),
        sa.Column("product_set", sqlmodel.AutoString(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_creative_store")),
        sa.PrimaryKeyConstraint("store_id", "creative_id", name=op.f("pk_creative")),
        sa.UniqueConstraint(
            "store_id", "channel", "platform_id", name=op.f("uq_creative_store_id_channel_platform_id")
        ),
    )
    op.create_table(
        "ad_product",
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("ad_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("found_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "ad_id"], ["ad.store_id", "ad.ad_id"], name=op.f("fk_ad_product_ad"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f("fk_ad_product_store")),
        sa.PrimaryKeyConstraint("store_id", "ad_id", "product_id", name=op.f("pk_ad_product")),
    )
    op.create_index(op.f("ix_ad_product_store_id_product_id"), "ad_product", ["store_id", "product_id"])
    op.add_column("ad", sa.Column("creative_id", sa.BigInteger(), nullable=True))
    _move_accounts()
    for column in OF_AN_ACCOUNT:
        op.drop_column("connection", column)
    for table in STORE_OWNED:
        for statement in policies.store_owned(table):
            op.execute(statement)
    for statement in policies.system_wide("ad_account"):
        op.execute(statement)


def _move_accounts() -> None:
    op.execute("alter table connection no force row level security")
    op.execute("alter table sync_cursor no force row level security")
    op.execute(
        """
        insert into ad_account (store_id, channel, account_id, name, currency, time_zone, chosen_at, read_from, read_to)
        select k.store_id, k.channel, k.account_id, coalesce(k.account_name, k.account_id), k.currency, k.time_zone,
               coalesce(k.connected_at, current_timestamp), c.history_from, cast(c.read_to as date) - 1
        from connection k
        left join sync_cursor c on c.store_id = k.store_id and c.source = k.channel || '_ads'
             and c.history_from is not null
        where k.account_id is not null
        """
    )
    op.execute("alter table connection force row level security")
    op.execute("alter table sync_cursor force row level security")


def downgrade() -> None:
    for column in OF_AN_ACCOUNT:
        op.add_column("connection", sa.Column(column, sqlmodel.AutoString(), nullable=True))
    op.drop_column("ad", "creative_id")
    op.drop_index(op.f("ix_ad_product_store_id_product_id"), table_name="ad_product")
    op.drop_table("ad_product")
    op.drop_table("creative")
    op.drop_table("ad_account")
