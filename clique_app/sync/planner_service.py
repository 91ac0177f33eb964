"""What PostgreSQL's planner has to be told while an import fills its tables."""

from __future__ import annotations

from sqlmodel import Session

from clique_app.sync.staging_service import cursor

MANY = 1000  # orders in a batch, from where on going row by row is slower than by sets


def expect(session: Session, orders: int) -> None:
    """What follows in this transaction is about so many orders that were just written."""
    with cursor(session) as run:
        run.execute("select analyze_grown()")
        if orders >= MANY:
            run.execute("set local enable_nestloop = off")
