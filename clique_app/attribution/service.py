"""Credits orders: at once when one arrives, set-based for all of history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from babel.numbers import get_currency_precision
from sqlalchemy import text
from sqlmodel import Session

from clique_app.attribution import credit_sql, site_touches, versions_service
from clique_app.attribution.models import Model
from clique_app.metrics.credited_by_service import credited_by
from clique_app.sync import planner_service
from clique_app.tables import Store
from clique_app.tables.attribution import CHANGED
from clique_app.tables.orders import NET_SALES_KINDS


@dataclass(frozen=True)
class Terms:
    """How a store credits: its model, and the parameters of the statements."""

    model: Model
    window_days: int
    values: dict[str, Any]


def terms(session: Session, store_id: int) -> Terms:
    """The store's model and window, and what its versions have learnt."""
    model, window_days = credited_by(session, store_id)
    values = {
        "store_id": store_id,
        "window_days": window_days,
        "places": get_currency_precision(session.get_one(Store, store_id).currency),
        "net_sales_kinds": list(NET_SALES_KINDS),
        **versions_service.effects(session, store_id),
    }
    return Terms(cast(Model, model), window_days, values)


def credit_orders(session: Session, store_id: int, order_ids: Sequence[int] | None, cause: str = CHANGED) -> None:
    """Credit these orders anew by the store's model, or every order of the store (None). Safe to repeat.

    cause: why, for the restatements of days that are over.
    """
    connection, used = session.connection(), terms(session, store_id)
    among, write, asked = credit_sql.ALL_ORDERS, credit_sql.all_orders, used.values
    if order_ids is not None:
        among, write, asked = credit_sql.SOME_ORDERS, credit_sql.some_orders, {**asked, "order_ids": list(order_ids)}
    _because(session, cause)
    visits = (statement.format(among=among) for statement in (site_touches.FORGET, site_touches.ADD))
    for statement in (*visits, *write(used.model)):
        connection.execute(text(statement), asked)


def link_campaigns(session: Session, store_id: int) -> None:
    """Tie credits to campaigns, ads and regions that have been read since. Call after an ads source was read."""
    connection, asked = session.connection(), terms(session, store_id).values
    planner_service.expect(session)
    _because(session, "ads")
    connection.execute(text(credit_sql.LINK), asked)
    otherwise = connection.execute(text(credit_sql.MATCHED_OTHERWISE), asked).scalars().all()
    if otherwise:
        credit_orders(session, store_id, otherwise, "ads")


def _because(session: Session, cause: str) -> None:
    """What the trigger on credits writes down with the days that change in this transaction from here on."""
    session.connection().execute(text("select set_config('app.credit_cause', :cause, true)"), {"cause": cause})
