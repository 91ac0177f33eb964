"""The scopes Clique asks a store for, and what stops where one is withheld. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """A scope, what cannot be done without it, and the source that cannot be read."""

    scope: str
    stops: str
    source: str = ""


NEEDS = (
    Need("write_products", "Price changes cannot be made."),
    Need("read_products", "Products, prices and costs are not read.", "shopify_products"),
    Need("read_orders", "Orders are not read: sales, profit and credits stand still.", "shopify_orders"),
    Need("read_inventory", "Stock is not read: stock-outs are not noticed.", "shopify_inventory"),
    Need("read_locations", "It is not known where stock is: stock-outs are not noticed.", "shopify_inventory"),
    Need("read_fulfillments", "Where orders ship from is not known."),
    Need("read_customers", "Customers are not read: new and returning ones cannot be told apart.", "shopify_customers"),
    Need("write_discounts", "Discounts cannot be made."),
    Need("write_pixels", "Visits to the online store are not seen."),
    Need("read_customer_events", "Visits to the online store are not seen."),
)
REQUIRED_SCOPES = tuple(need.scope for need in NEEDS if need.scope != "read_products")  # writing implies it
ALL_ORDERS_SCOPE = "read_all_orders"
SHOWN_WITHOUT_SCOPE_DAYS = 60  # Shopify shows no older orders without it
OPTIONAL_SCOPES = (ALL_ORDERS_SCOPE,)  # Shopify gives it on request only


def missing(granted: Iterable[str]) -> tuple[Need, ...]:
    """What was not granted; the right to write implies the right to read."""
    held = set(granted)
    held |= {"read_" + scope.removeprefix("write_") for scope in held if scope.startswith("write_")}
    return tuple(need for need in NEEDS if need.scope not in held)
