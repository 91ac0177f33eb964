"""orders are kept with their customer, and customers by where they live, what won them and what is
expected of them; orders of subscriptions are
found without looking at all orders"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rollups

revision = "0033_won_by"
down_revision = "0032_entries_by_order"
branch_labels = None
depends_on = None

TOLD = {
    "won_place_day": (sa.Column("place", sa.String(), nullable=False),),
    "won_credit_day": (
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Numeric(), nullable=False),
    ),
    "won_expected_day": (),
}
OF_SUBSCRIPTIONS = "ix_shop_order_subscription"


def upgrade() -> None:
    for table, told in TOLD.items():
        op.create_table(
            table,
            sa.Column("store_id", sa.BigInteger(), nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            *told,
            sa.Column("customers", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint(["store_id"], ["store.store_id"], name=op.f(f"fk_{table}_store")),
            sa.PrimaryKeyConstraint("store_id", "day", *(column.name for column in told), name=op.f(f"pk_{table}")),
        )
        op.execute(f"alter table {table} alter customers set storage external")  # numbers hardly pack
        for statement in policies.store_owned(table):
            op.execute(statement)
    _emptied("customers", "orders")
    for event in ("insert", "delete", "update"):
        op.execute(f"drop function metric_change_customer_{event}() cascade")
    for statement in rollups.triggers("customer"):
        op.execute(statement)
    where = sa.text("source_name like 'subscription_contract%'")
    op.create_index(OF_SUBSCRIPTIONS, "shop_order", ["store_id", "day"], postgresql_where=where)


def downgrade() -> None:
    """The wider marks serve what was kept before too."""
    op.drop_index(OF_SUBSCRIPTIONS, "shop_order")
    _emptied("orders", "customers")
    for table in TOLD:
        op.drop_table(table)


def _emptied(before: str, now: str) -> None:
    """The next summing makes it anew, and what is made of the other tables."""
    op.execute("truncate order_gap_day")
    kept = ", ".join(f"'{table}'" for table in ("order_gap_day", *TOLD))
    op.execute(f"delete from metric_summed where metric in ({kept})")  # noqa: S608
    op.alter_column("order_gap_day", before, new_column_name=now)
