"""statistics are made anew at the end of an import"""

from __future__ import annotations

from alembic import op
from clique_app.tables import statistics

revision = "0021_statistics"
down_revision = "0020_order_worth"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (statistics.ANALYZE_CHANGED, *statistics.grants("analyze_changed")):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop function analyze_changed()")
