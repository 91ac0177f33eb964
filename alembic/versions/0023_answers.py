"""sums by day of the answers to the survey: changes of these, and of whose they are, are marked"""

from __future__ import annotations

from alembic import op
from clique_app.tables import rollups

revision = "0023_answers"
down_revision = "0022_statistics_known"
branch_labels = None
depends_on = None

SOURCES = ("survey_response", "answer_order")


def upgrade() -> None:
    for statement in rollups.triggers(*SOURCES):
        op.execute(statement)


def downgrade() -> None:
    for source in SOURCES:
        for event in ("insert", "delete", "update"):
            op.execute(f"drop function metric_change_{source}_{event}() cascade")
