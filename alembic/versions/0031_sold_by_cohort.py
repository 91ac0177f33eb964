"""when a customer was won marks the days of all that was sold to them, as sums by the month of the first order are kept;
each order is looked for once to mark the day of what it was worth"""

from __future__ import annotations

from alembic import op
from clique_app.tables import rollups

revision = "0031_sold_by_cohort"
down_revision = "0030_variant_units"
branch_labels = None
depends_on = None

SOURCES = ("first_order", "order_worth")


def upgrade() -> None:
    for source in SOURCES:
        for event in ("insert", "delete", "update"):
            op.execute(f"drop function metric_change_{source}_{event}() cascade")
    for statement in rollups.triggers(*SOURCES):
        op.execute(statement)


def downgrade() -> None:
    """The wider marks serve what was kept before too."""
