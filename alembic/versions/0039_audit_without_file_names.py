"""the audit trail has no names of files, which may be a person's"""

from __future__ import annotations

from alembic import op

revision = "0039_audit_without_file_names"
down_revision = "0038_fulfilment_by_place"
branch_labels = None
depends_on = None

FORGET = """
update audit_entry set detail = detail - 'name' where what in ('file.imported', 'file.removed') and detail ? 'name'
"""


def upgrade() -> None:
    op.execute("alter table audit_entry no force row level security")
    op.execute(FORGET)
    op.execute("alter table audit_entry force row level security")


def downgrade() -> None:
    """What was forgotten stays so."""
