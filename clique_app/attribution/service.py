"""Credits orders: at once when one arrives, set-based for all of history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.attribution import last_touch, site_touches
from clique_app.errors import NotFound
from clique_app.tables import StoreSettings
from clique_app.tables.attribution import BY_SURVEY, LAST_TOUCH, NO_TOUCH, UNATTRIBUTED
from clique_app.tables.orders import NET_SALES_KINDS


def credit_orders(session: Session, store_id: int, order_ids: Sequence[int] | None) -> None:
    """Credit these orders anew by last touch, or every order of the store (None). Safe to repeat."""
    settings = session.get(StoreSettings, store_id)
    if settings is None:
        raise NotFound("This store has no settings yet. Open Clique from Shopify admin once.")
    connection = session.connection()
    asked = _asked(store_id, order_ids)
    among = last_touch.ALL_ORDERS if order_ids is None else last_touch.SOME_ORDERS
    for statement in (site_touches.FORGET, site_touches.ADD):
        connection.execute(text(statement.format(among=among)), asked)
    connection.execute(text(last_touch.FORGET.format(among=among)), asked)
    connection.execute(
        text(last_touch.CREDIT.format(among=among)),
        {
            **asked,
            "window_days": settings.attribution_window_days,
            "net_sales_kinds": list(NET_SALES_KINDS),
            "unattributed": UNATTRIBUTED,
            "no_touch": NO_TOUCH,
            "by_survey": BY_SURVEY,
        },
    )
    connection.execute(text(last_touch.LINK.format(among=among)), asked)


def link_campaigns(session: Session, store_id: int) -> None:
    """Tie credits to campaigns and ads that have been read since. Call after an ads source wrote its structure."""
    session.connection().execute(
        text(last_touch.LINK.format(among=last_touch.ALL_ORDERS)), _asked(store_id, order_ids=None)
    )


def _asked(store_id: int, order_ids: Sequence[int] | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"store_id": store_id, "model": LAST_TOUCH}
    return asked if order_ids is None else {**asked, "order_ids": list(order_ids)}
