"""What PostgreSQL's planner has to be told while an import fills its tables."""

from __future__ import annotations

from sqlmodel import Session

from clique_app.sync.staging_service import cursor

MANY = 1000  # orders in a batch, from where on going row by row is slower than by sets


def expect(session: Session, orders: int = 0) -> None:
    """What follows in this transaction reads what was just written, so many orders among it."""
    with cursor(session) as run:
        run.execute("select analyze_grown()")
        if orders >= MANY:
            run.execute("set local enable_nestloop = off")


def renew(session: Session) -> None:
    """An import is whole: what reads its rows from now on is planned by what they are."""
    with cursor(session) as run:
        run.execute("select analyze_changed()")
