"""at the end of an import only what changed is analysed; pages counted without their rows are not taken for known"""

from __future__ import annotations

from alembic import op
from clique_app.tables import statistics

revision = "0022_statistics_known"
down_revision = "0021_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (statistics.ANALYZE_GROWN, statistics.ANALYZE_CHANGED):
        op.execute(statement)


def downgrade() -> None:
    pass  # the functions of the revisions before do the same, less well
