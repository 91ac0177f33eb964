"""Which stores there are to work for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import select

from clique_app.database import store_session, system_session
from clique_app.tables import Connection, Store


def installed_stores() -> list[Store]:
    """Every store that has Clique now."""
    with system_session() as session:
        return list(session.exec(select(Store).where(sa.text("uninstalled_at is null")).order_by(sa.text("store_id"))))


def all_stores() -> list[Store]:
    """Every store there ever was, those that have uninstalled too."""
    with system_session() as session:
        return list(session.exec(select(Store).order_by(sa.text("store_id"))))


def connected_channels(store_id: int) -> set[str]:
    """The channels of a store that can be read now."""
    with store_session(store_id) as session:
        query = select(Connection.channel).where(Connection.store_id == store_id, Connection.state == "connected")
        return set(session.exec(query))
