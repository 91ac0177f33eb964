"""What a Shopify webhook hints at: which objects to fetch again. The payload's other content is not used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from clique_app.errors import InvalidInput

ObjectKind = Literal["order", "product", "inventory_item", "customer"]


@dataclass(frozen=True)
class Topic:
    kind: ObjectKind
    ids: Callable[[dict[str, Any]], list[int]]


def _field(name: str) -> Callable[[dict[str, Any]], list[int]]:
    def ids(payload: dict[str, Any]) -> list[int]:
        value = payload.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise InvalidInput(f"The webhook names no {name}.")
        return [value]

    return ids


_OWN, _ORDER = _field("id"), _field("order_id")

TOPICS: dict[str, Topic] = {
    "orders/create": Topic("order", _OWN),
    "orders/paid": Topic("order", _OWN),
    "orders/updated": Topic("order", _OWN),
    "orders/cancelled": Topic("order", _OWN),
    "refunds/create": Topic("order", _ORDER),
    "products/create": Topic("product", _OWN),
    "products/update": Topic("product", _OWN),
    "products/delete": Topic("product", _OWN),
    "inventory_levels/update": Topic("inventory_item", _field("inventory_item_id")),
    "inventory_items/update": Topic("inventory_item", _OWN),
    "customers/create": Topic("customer", _OWN),
    "customers/update": Topic("customer", _OWN),
}
