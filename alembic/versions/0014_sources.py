"""e-mail campaigns, flows and sign-ups belong to the account they were read of"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0014_sources"
down_revision = "0013_rollups"
branch_labels = None
depends_on = None

PROGRAM_KEY = ["store_id", "channel", "account_id", "sort", "platform_id"]
SIGNUP_KEY = ["store_id", "channel", "account_id", "day", "list_name"]
READ_SO_FAR = """
    update {table} t set account_id = (
        select a.account_id from email_account a where a.store_id = t.store_id and a.channel = t.channel
        order by a.read_at desc limit 1)
    where exists (select from email_account a where a.store_id = t.store_id and a.channel = t.channel)
"""


def upgrade() -> None:
    op.execute("alter table email_account no force row level security")
    for table in ("email_program", "email_signup_day"):
        op.add_column(table, sa.Column("account_id", sa.String(), nullable=False, server_default=""))
        op.execute(f"alter table {table} no force row level security")
        op.execute(READ_SO_FAR.format(table=table))
        op.execute(f"alter table {table} force row level security")
        op.alter_column(table, "account_id", server_default=None)
    op.execute("alter table email_account force row level security")
    op.drop_constraint(op.f("uq_email_program_store_id_channel_sort_platform_id"), "email_program")
    op.create_unique_constraint(
        op.f("uq_email_program_store_id_channel_account_id_sort_platform_id"), "email_program", PROGRAM_KEY
    )
    op.drop_constraint(op.f("pk_email_signup_day"), "email_signup_day")
    op.create_primary_key(op.f("pk_email_signup_day"), "email_signup_day", SIGNUP_KEY)


def downgrade() -> None:
    op.drop_constraint(op.f("pk_email_signup_day"), "email_signup_day")
    op.create_primary_key(op.f("pk_email_signup_day"), "email_signup_day", ["store_id", "channel", "day", "list_name"])
    op.drop_constraint(op.f("uq_email_program_store_id_channel_account_id_sort_platform_id"), "email_program")
    op.create_unique_constraint(
        op.f("uq_email_program_store_id_channel_sort_platform_id"), "email_program",
        ["store_id", "channel", "sort", "platform_id"],
    )  # fmt: skip
    for table in ("email_signup_day", "email_program"):
        op.drop_column(table, "account_id")
