"""exchange rates; spend in another currency has the day's rate beside it, and what it comes to"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import policies, rates

revision = "0037_exchange_rates"
down_revision = "0036_cost_metafield"
branch_labels = None
depends_on = None

TABLE = "exchange_rate"
AMOUNTS = {"store_spend": "spend", "store_revenue": "reported_revenue"}


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("per_euro", sa.Numeric(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("currency", "day", name=op.f("pk_exchange_rate")),
    )
    for statement in (*policies.system_only(TABLE), *rates.functions()):
        op.execute(statement)
    for table in rates.CONVERTED:
        _convert(table)


def _convert(table: str) -> None:
    """A day in the store's own currency has its rate now; days in another wait for the first reading of rates."""
    op.add_column(table, sa.Column("rate", sa.Numeric(28, 12), server_default="1", nullable=True))
    op.alter_column(table, "rate", server_default=None)
    for one in (table, "store"):
        op.execute(f"alter table {one} no force row level security")
    op.execute(f"""
        update {table} d set rate = null from store s where s.store_id = d.store_id and s.currency <> d.currency
    """)  # noqa: S608
    for one in (table, "store"):
        op.execute(f"alter table {one} force row level security")
    for name, amount in AMOUNTS.items():
        made = sa.Computed(f"round({amount} * rate, 6)", persisted=True)
        op.add_column(table, sa.Column(name, sa.Numeric(20, 6), made, nullable=True))
    without = sa.text("rate is null")
    op.create_index(f"ix_{table}_without_rate", table, ["store_id", "currency"], postgresql_where=without)
    op.execute(rates.trigger(table))


def downgrade() -> None:
    for table in rates.CONVERTED:
        op.execute(f"drop trigger rate_written on {table}")
        op.drop_index(f"ix_{table}_without_rate", table)
        for name in (*AMOUNTS, "rate"):
            op.drop_column(table, name)
    op.execute("drop function rate_written()")
    op.execute("drop function day_rate(text, text, date)")
    op.drop_table(TABLE)
