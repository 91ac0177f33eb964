"""All field tables together: how a field is read, for paged queries and bulk operations alike."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from clique_app.sandbox.records import (
    Customer,
    Location,
    Order,
    Product,
    Shop,
    StockLevel,
    Variant,
    Visit,
)
from clique_app.sandbox.shopify.catalog_fields import CATALOG_CONNECTIONS, CATALOG_FIELDS, InventoryItem
from clique_app.sandbox.shopify.context import Connection, Connections, Field, Fields
from clique_app.sandbox.shopify.operation_fields import OPERATION_FIELDS
from clique_app.sandbox.shopify.order_fields import (
    AGREEMENT_TYPES,
    ORDER_CONNECTIONS,
    ORDER_FIELDS,
    SALE_TYPES,
    AgreementOf,
    SaleOf,
)
from clique_app.sandbox.shopify.queries import QUERY_CONNECTIONS, QUERY_FIELDS
from clique_app.sandbox.shopify.state import BulkOperation, Subscription

FIELDS: Fields = {**CATALOG_FIELDS, **ORDER_FIELDS, **QUERY_FIELDS, **OPERATION_FIELDS}
CONNECTIONS: Connections = {**CATALOG_CONNECTIONS, **ORDER_CONNECTIONS, **QUERY_CONNECTIONS}

TYPE_NAMES: dict[type, str] = {
    Order: "Order",
    Product: "Product",
    Variant: "ProductVariant",
    Customer: "Customer",
    Location: "Location",
    StockLevel: "InventoryLevel",
    InventoryItem: "InventoryItem",
    Visit: "CustomerVisit",
    Shop: "Shop",
    BulkOperation: "BulkOperation",
    Subscription: "WebhookSubscription",
}


def field_of(type_name: str, name: str) -> Field | None:
    return FIELDS.get(type_name, {}).get(name)


def connection_of(type_name: str, name: str) -> Connection | None:
    return CONNECTIONS.get(type_name, {}).get(name)


def type_name_of(value: Any) -> str:
    """The object type behind an interface or union."""
    if isinstance(value, SaleOf):
        return SALE_TYPES[value.sale.line_type]
    if isinstance(value, AgreementOf):
        return AGREEMENT_TYPES[value.agreement.reason]
    return TYPE_NAMES[type(value)]


def not_served(parent: str, name: str) -> GraphQLError:
    return GraphQLError(f"The sandbox does not serve {parent}.{name}", extensions={"code": "NOT_SERVED_BY_SANDBOX"})
