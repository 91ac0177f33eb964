"""units of tracked items are summed ahead"""

from __future__ import annotations

from alembic import op
from clique_app.tables import rollups

revision = "0041_tracked"
down_revision = "0040_order_credits"
branch_labels = None
depends_on = None

SOURCE = "variant_tracked"


def upgrade() -> None:
    for statement in rollups.triggers(SOURCE):
        op.execute(statement)


def downgrade() -> None:
    for event in ("insert", "delete", "update"):
        op.execute(f"drop trigger metric_change_{SOURCE}_{event} on variant")
        op.execute(f"drop function metric_change_{SOURCE}_{event}()")
    op.execute(f"delete from metric_change where source = '{SOURCE}'")  # noqa: S608
    op.execute("delete from metric_day where metric = 'units_tracked'")
    op.execute("delete from metric_summed where metric = 'units_tracked'")
