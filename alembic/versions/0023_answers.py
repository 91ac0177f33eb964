"""answers to the survey, and what outside apps tell of, are summed by day: their changes are marked, and those of whose
an answer is; credits that rest on one have an index"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op
from clique_app.tables import rollups

revision = "0023_answers"
down_revision = "0022_statistics_known"
branch_labels = None
depends_on = None

INDEX = "ix_credit_store_id_order_id_survey"
SOURCES = ("survey_response", "answer_order", "review", "ugc", "referral", "social_day")


def upgrade() -> None:
    for statement in rollups.triggers(*SOURCES):
        op.execute(statement)
    op.create_index(INDEX, "credit", ["store_id", "order_id"], postgresql_where=sa.text("position = -2"))


def downgrade() -> None:
    op.drop_index(INDEX, table_name="credit")
    for source in SOURCES:
        for event in ("insert", "delete", "update"):
            op.execute(f"drop function metric_change_{source}_{event}() cascade")
