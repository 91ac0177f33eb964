"""What a resolver may use besides its object, and the kinds of functions that make up the field tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from clique_app.sandbox import orders
from clique_app.sandbox.records import Order
from clique_app.sandbox.shopify.listing import Listing
from clique_app.sandbox.shopify.schema import Access, Published
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.shopify.platform import Platform

HISTORY_WITHOUT_ALL_ORDERS = timedelta(days=60)


@dataclass(slots=True)
class Context:
    """One request (or one bulk operation) of the app at one store."""

    platform: Platform
    store: Store
    published: Published
    scopes: frozenset[str]
    now: datetime
    base_url: str
    changes_nothing: bool = False  # a mutation says it was done and was not
    _access: dict[tuple[str, str], Access | None] = field(default_factory=dict)
    _totals: tuple[Order, orders.OrderTotals] | None = None

    @property
    def orders_from(self) -> datetime | None:
        return None if "read_all_orders" in self.scopes else self.now - HISTORY_WITHOUT_ALL_ORDERS

    def sees(self, order: Order) -> bool:
        return self.orders_from is None or order.created_at >= self.orders_from

    def missing_access(self, parent: str, name: str, returned: str) -> Access | None:
        key = (parent, name)
        if key not in self._access:
            self._access[key] = self.published.missing(parent, name, returned, self.scopes)
        return self._access[key]

    def totals(self, order: Order) -> orders.OrderTotals:
        """One order's sums; its fields are read one after the other, so the last one is kept."""
        if self._totals is None or self._totals[0] is not order:
            self._totals = (order, orders.totals(order))
        return self._totals[1]


Field = Callable[[Any, dict[str, Any], Context], Any]
Connection = Callable[[Any, dict[str, Any], Context], Listing | None]
Fields = dict[str, dict[str, Field]]
Connections = dict[str, dict[str, Connection]]
