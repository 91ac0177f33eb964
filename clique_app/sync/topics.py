"""What a Shopify webhook hints at: the object to fetch again. The payload's other content is not used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic_core import from_json

from clique_app.errors import InvalidInput

ObjectKind = Literal["order", "product", "inventory_item", "customer"]

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class Topic:
    kind: ObjectKind
    field: str  # of the payload, that holds the object's id

    @cached_property
    def begins(self) -> re.Pattern[bytes]:
        """A payload that begins with the field, as Shopify writes most."""
        return re.compile(rb'\s*\{\s*"' + self.field.encode() + rb'"\s*:\s*([0-9]{1,19})\s*[,}]')


TOPICS: dict[str, Topic] = {
    "orders/create": Topic("order", "id"),
    "orders/paid": Topic("order", "id"),
    "orders/updated": Topic("order", "id"),
    "orders/cancelled": Topic("order", "id"),
    "orders/delete": Topic("order", "id"),
    "refunds/create": Topic("order", "order_id"),
    "products/create": Topic("product", "id"),
    "products/update": Topic("product", "id"),
    "products/delete": Topic("product", "id"),
    "inventory_levels/update": Topic("inventory_item", "inventory_item_id"),
    "inventory_items/update": Topic("inventory_item", "id"),
    "customers/create": Topic("customer", "id"),
    "customers/update": Topic("customer", "id"),
    "customers/delete": Topic("customer", "id"),
}
DELETIONS = tuple(topic for topic in TOPICS if topic.endswith("/delete"))


def object_in(topic: Topic, body: bytes) -> int:
    """The id of the object that a webhook's body is about. Reading all of a body costs several times what checking
    its signature does, and the id most often stands first."""
    first = topic.begins.match(body)
    if first:
        return object_of(topic, {topic.field: int(first[1])})
    try:
        return object_of(topic, from_json(body))
    except ValueError as error:
        raise InvalidInput("The body is not JSON.") from error


def object_of(topic: Topic, payload: Any) -> int:
    """The same of a payload that has been read."""
    value = payload.get(topic.field) if isinstance(payload, Mapping) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MAX_ID:
        raise InvalidInput(f"The webhook names no {topic.field}.")
    return value


def topic_of_event(name: str, action: str) -> str:
    """Shopify's events name a type and an action: InventoryLevel, update -> inventory_levels/update."""
    return f"{_CAMEL.sub('_', name).lower()}s/{action}"


def object_of_event(topic: Topic, resource_id: str) -> int:
    """The same of an event, which names its object by id: gid://shopify/InventoryLevel/1?inventory_item_id=2 -> 2"""
    path, _, query = resource_id.partition("?")
    named = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
    text = path.rpartition("/")[2] if topic.field == "id" else named.get(topic.field, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidInput(f"The event names no {topic.field}.")
    return object_of(topic, {topic.field: int(text)})
