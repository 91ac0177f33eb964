"""Totals as Shopify states them, payment fees and shipment of orders; a run keeps its own plan and position."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0003_orders"
down_revision = "0002_inbox"
branch_labels = None
depends_on = None

PARTS = ("order_line", "sale_entry", "touch", "credit")


def upgrade() -> None:
    op.add_column("shop_order", sa.Column("stated_total", sa.Numeric(20, 6), nullable=True))
    op.execute("update shop_order set stated_total = total")
    op.alter_column("shop_order", "stated_total", nullable=False)
    op.add_column("shop_order", sa.Column("payment_fee", sa.Numeric(20, 6), nullable=True))
    op.add_column("shop_order", sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shop_order", sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_shop_order_unbalanced", "shop_order", ["store_id"], postgresql_where=sa.text("total <> stated_total")
    )
    for name in ("plan", "position"):
        op.add_column("sync_run", sa.Column(name, JSONB(), nullable=False, server_default="{}"))
        op.alter_column("sync_run", name, server_default=None)
    op.drop_column("sync_cursor", "position")
    for name in PARTS:
        for parent in ("store", "shop_order"):
            op.drop_constraint(f"fk_{name}_{parent}", name, type_="foreignkey")
    deletes = " ".join(
        f"delete from {name} p using gone g where p.store_id = g.store_id and p.order_id = g.order_id;"  # noqa: S608
        for name in PARTS
    )
    op.execute(
        "create function forget_parts_of_orders() returns trigger language plpgsql as "
        f"$$ begin {deletes} return null; end $$"
    )
    op.execute(
        "create trigger forget_parts after delete on shop_order referencing old table as gone "
        "for each statement execute function forget_parts_of_orders()"
    )


def downgrade() -> None:
    op.execute("drop trigger forget_parts on shop_order")
    op.execute("drop function forget_parts_of_orders()")
    for name in PARTS:
        op.create_foreign_key(f"fk_{name}_store", name, "store", ["store_id"], ["store_id"])
        keys = ["store_id", "order_id"]
        op.create_foreign_key(f"fk_{name}_shop_order", name, "shop_order", keys, keys, ondelete="CASCADE")
    op.add_column("sync_cursor", sa.Column("position", JSONB(), nullable=False, server_default="{}"))
    for name in ("position", "plan"):
        op.drop_column("sync_run", name)
    op.drop_index("ix_shop_order_unbalanced", table_name="shop_order")
    for name in ("delivered_at", "fulfilled_at", "payment_fee", "stated_total"):
        op.drop_column("shop_order", name)
