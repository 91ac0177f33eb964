"""Credits orders: at once when one arrives, set-based for all of history."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session

from clique_app.attribution import last_touch
from clique_app.errors import NotFound
from clique_app.tables import StoreSettings
from clique_app.tables.attribution import LAST_TOUCH, UNATTRIBUTED
from clique_app.tables.orders import NET_SALES_KINDS


def credit_orders(session: Session, store_id: int, order_ids: Sequence[int] | None) -> None:
    """Credit these orders anew by last touch, or every order of the store (None). Safe to repeat."""
    settings = session.get(StoreSettings, store_id)
    if settings is None:
        raise NotFound("This store has no settings yet. Open Clique from Shopify admin once.")
    asked = {
        "store_id": store_id,
        "model": LAST_TOUCH,
        "order_ids": None if order_ids is None else list(order_ids),
    }
    connection = session.connection()
    connection.execute(text(last_touch.FORGET), asked)
    connection.execute(
        text(last_touch.CREDIT),
        {
            **asked,
            "window_days": settings.attribution_window_days,
            "net_sales_kinds": list(NET_SALES_KINDS),
            "unattributed": UNATTRIBUTED,
        },
    )
    connection.execute(text(last_touch.LINK), asked)


def link_campaigns(session: Session, store_id: int) -> None:
    """Tie credits to campaigns and ads that have been read since. Call after an ads source wrote its structure."""
    session.connection().execute(text(last_touch.LINK), {"store_id": store_id, "model": LAST_TOUCH, "order_ids": None})
