"""Runs the migrations as the owner of the database."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import context
from clique_app.database import sqlalchemy_url
from clique_app.settings import settings
from clique_app.tables import METADATA

engine = sa.create_engine(sqlalchemy_url(settings().database_url), poolclass=sa.NullPool)
with engine.connect() as connection:
    # two processes may migrate at the same start; the second waits and finds nothing to do
    connection.execute(sa.text("select pg_advisory_lock(7246318)"))
    connection.commit()
    context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
