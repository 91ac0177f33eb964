"""statistics keep up with imports"""

from __future__ import annotations

from alembic import op
from clique_app.tables import statistics

revision = "0015_importer"
down_revision = "0014_sources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in (statistics.ANALYZE_GROWN, *statistics.grants("analyze_grown")):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop function analyze_grown()")
