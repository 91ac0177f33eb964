"""Runs the migrations as the owner of the database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from alembic import context
from clique_app.database import sqlalchemy_url
from clique_app.settings import settings
from clique_app.tables import METADATA
from clique_app.warehouse import service as warehouse


def at_head() -> bool:
    """Whether nothing is to be migrated."""
    return set(context.get_context().get_current_heads()) == set(context.script.get_heads())


engine = sa.create_engine(sqlalchemy_url(settings().database_url), poolclass=sa.NullPool)
with engine.connect() as connection:
    # two processes may migrate at the same start; the second waits and finds nothing to do
    connection.execute(sa.text("select pg_advisory_lock(7246318)"))
    connection.commit()
    context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
    with context.begin_transaction(), Session(connection) as session:
        goes_down = context.get_context().opts.get("destination_rev") not in (None, "head", *context.script.get_heads())
        if goes_down or not at_head():
            warehouse.drop(session)  # PostgreSQL changes no table that a view rests on
        context.run_migrations()
        if at_head() and warehouse.make(session):
            warehouse.refresh_soon(session)
