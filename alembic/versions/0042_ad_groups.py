"""credits are summed ahead by ad and ad group too"""

from __future__ import annotations

from alembic import op
from clique_app.tables import rollups

revision = "0042_ad_groups"
down_revision = "0041_tracked"
branch_labels = None
depends_on = None

SOURCE = "ad_group_of_ad"


def upgrade() -> None:
    for statement in rollups.triggers(SOURCE):
        op.execute(statement)


def downgrade() -> None:
    for event in ("delete", "update"):
        op.execute(f"drop trigger metric_change_{SOURCE}_{event} on ad")
        op.execute(f"drop function metric_change_{SOURCE}_{event}()")
    op.execute(f"delete from metric_change where source = '{SOURCE}'")  # noqa: S608
    op.execute("delete from metric_day where cut = 'channel,campaign,ad_group,ad'")
