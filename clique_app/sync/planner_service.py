"""What PostgreSQL's planner has to be told while an import fills its tables."""

from __future__ import annotations

from sqlmodel import Session

from clique_app.sync.staging_service import cursor


def expect_many(session: Session) -> None:
    """What follows in this transaction is about thousands of rows: no row by row, and statistics that know of them."""
    with cursor(session) as run:
        run.execute("set local enable_nestloop = off")
        run.execute("select analyze_grown()")
