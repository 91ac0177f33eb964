"""Every document for Shopify. What is read of a list is written once and rendered for pages, ids and bulk files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from string import Template
from typing import Any

from clique_app.errors import Rejected

PAGE_INFO = "pageInfo { hasNextPage endCursor }"


@dataclass(frozen=True)
class Connection:
    """A nested list. `marker` is a field that only its nodes have: it sorts the lines of a bulk file."""

    name: str
    size: int
    marker: str
    node: str  # its $names stand for inner connections
    inner: tuple[Connection, ...] = ()
    path: tuple[str, ...] = ()  # objects between the parent and the list


@dataclass(frozen=True)
class Listing:
    """A kind of object: what is read of it and how many go into one call."""

    root: str  # field of the query root that lists it
    kind: str  # its type, as in its global id
    page_size: int
    ids_size: int
    node: str
    inner: tuple[Connection, ...] = ()
    arguments: str = ", sortKey: ID"
    counted: str = ""  # what Shopify counts in its stead, as there are about as many; empty: itself

    def count(self) -> str:
        """An explicit null limit counts all; left out, Shopify stops at 10,000."""
        return (
            f"query {self.kind}Count($query: String) {{ count: {self.counted or self.root}Count(query: $query, "
            "limit: null) { count precision } }"
        )

    def paged(self) -> str:
        node = Template(self.node).substitute(_nested(self.inner, bulk=False))
        return (
            f"query {self.kind}Pages($first: Int!, $after: String, $query: String) {{ {self.root}(first: $first, "
            f"after: $after, query: $query{self.arguments}) {{ nodes {{ {node} }} {PAGE_INFO} }} }}"
        )

    def by_ids(self) -> str:
        node = Template(self.node).substitute(_nested(self.inner, bulk=False))
        return f"query {self.kind}ByIds($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {self.kind} {{ {node} }} }} }}"

    def bulk(self, search: str) -> str:
        node = Template(self.node).substitute(_nested(self.inner, bulk=True))
        return f"{{ {self.root}(query: {json.dumps(search)}) {{ edges {{ node {{ {node} }} }} }} }}"

    def gid(self, number: int) -> str:
        return f"gid://shopify/{self.kind}/{number}"

    def connection_of(self, child: dict[str, Any]) -> str:
        """The name of the connection a line of a bulk file belongs to."""
        for marker, name in self._markers:
            if marker in child:
                return name
        raise Rejected(f"Shopify's export has a line that is no part of {self.kind}: {sorted(child)}")

    @cached_property
    def brief(self) -> Listing:
        """The same list, of which only ids and the times of the last change are read."""
        return replace(self, page_size=250, ids_size=250, node="id updatedAt", inner=())

    @cached_property
    def _markers(self) -> list[tuple[str, str]]:
        """Innermost first: of them there are most."""
        return [(connection.marker, connection.name) for connection in _all(self.inner)][::-1]

    def flattened(self, node: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """A node of a page with plain lists, as the bulk file gives it, and whether no list was cut off."""
        return node, _flatten(node, self.inner)


def _nested(connections: tuple[Connection, ...], *, bulk: bool) -> dict[str, str]:
    rendered: dict[str, str] = {}
    for connection in connections:
        node = Template(connection.node).substitute(_nested(connection.inner, bulk=bulk))
        rendered[connection.name] = (
            f"{connection.name} {{ edges {{ node {{ {node} }} }} }}"
            if bulk
            else f"{connection.name}(first: {connection.size}) {{ nodes {{ {node} }} pageInfo {{ hasNextPage }} }}"
        )
    return rendered


def _all(connections: tuple[Connection, ...]) -> Iterator[Connection]:
    for connection in connections:
        yield connection
        yield from _all(connection.inner)


def _flatten(node: dict[str, Any], connections: tuple[Connection, ...]) -> bool:
    whole = True
    for connection in connections:
        holder: dict[str, Any] = node
        for step in connection.path:
            holder = holder.get(step) or {}
        found = holder.pop(connection.name, None) or {"nodes": [], "pageInfo": {"hasNextPage": False}}
        children = found["nodes"]
        whole = whole and not found["pageInfo"]["hasNextPage"]
        for child in children:
            whole = _flatten(child, connection.inner) and whole
        node[connection.name] = children
    return whole


ORDERS = Listing(
    root="orders",
    kind="Order",
    page_size=50,
    ids_size=8,
    node="""
    id name processedAt createdAt updatedAt cancelledAt test sourceName currencyCode presentmentCurrencyCode
    displayFinancialStatus displayFulfillmentStatus customer { id }
    shippingAddress { countryCodeV2 province zip } billingAddress { countryCodeV2 province zip }
    originalTotalPriceSet { shopMoney { amount } }
    transactions { kind status fees { amount { amount currencyCode } } }
    fulfillments { createdAt status deliveredAt location { id } }
    customerJourneySummary { ready $moments } $lineItems $agreements
    """,
    inner=(
        Connection(
            "moments",
            20,
            "occurredAt",
            """occurredAt ... on CustomerVisit { id landingPage referrerUrl source
            utmParameters { source medium campaign content term } }""",
            path=("customerJourneySummary",),
        ),
        Connection(
            "lineItems",
            50,
            "currentQuantity",
            """id title sku quantity currentQuantity isGiftCard product { id } variant { id }
            sellingPlan { name } originalUnitPriceSet { shopMoney { amount } }""",
        ),
        Connection(
            "agreements",
            10,
            "happenedAt",
            "id happenedAt reason $sales",
            (
                Connection(
                    "sales",
                    50,
                    "lineType",
                    """id actionType lineType quantity totalAmount { shopMoney { amount } }
                    totalTaxAmount { shopMoney { amount } }
                    totalDiscountAmountBeforeTaxes { shopMoney { amount } }
                    ... on ProductSale { lineItem { id } } ... on GiftCardSale { lineItem { id } }
                    ... on TipSale { lineItem { id } }""",
                ),
            ),
        ),
    ),
)

PRODUCTS = Listing(
    root="products",
    kind="Product",
    page_size=50,
    ids_size=25,
    node="id title handle productType vendor status updatedAt $variants",
    inner=(
        Connection(
            "variants",
            100,
            "inventoryPolicy",
            "id title sku price inventoryPolicy inventoryItem { id tracked updatedAt unitCost { amount } }",
        ),
    ),
)

INVENTORY = Listing(
    root="inventoryItems",
    kind="InventoryItem",
    page_size=50,
    ids_size=20,
    node="id updatedAt unitCost { amount } $inventoryLevels",
    inner=(
        Connection(
            "inventoryLevels",
            30,
            "quantities",
            """id updatedAt location { id name isActive address { countryCode province } }
            quantities(names: ["available", "committed", "incoming"]) { name quantity }""",
        ),
    ),
    arguments="",
    counted="productVariants",
)

# what there must be stock of: several variants may share an item
VARIANT_ITEMS = Listing(
    root="productVariants", kind="ProductVariant", page_size=250, ids_size=250, node="id inventoryItem { id }"
)


def inventory(cost_metafield: str) -> Listing:
    """Stock and costs; where a metafield of variants (namespace.key) is named, with what it holds."""
    if not cost_metafield:
        return INVENTORY
    namespace, key = map(json.dumps, cost_metafield.split("."))
    asked = f"id metafield(namespace: {namespace}, key: {key}) {{ namespace key value updatedAt }}"
    # an item has one variant; were it shared, all must fit
    variants = Connection("variants", 5, "metafield", asked)
    return replace(INVENTORY, node=f"sku {INVENTORY.node} $variants", inner=(*INVENTORY.inner, variants))


# what there is at all: what is not among them was deleted
PRODUCT_IDS = Listing(root="products", kind="Product", page_size=250, ids_size=250, node="id")

CUSTOMERS = Listing(
    root="customers",
    kind="Customer",
    page_size=250,
    ids_size=50,
    node="""id createdAt updatedAt defaultEmailAddress { emailAddress }
    defaultAddress { countryCodeV2 province zip }""",
)

LISTINGS = (
    ORDERS, PRODUCTS, PRODUCT_IDS, INVENTORY, inventory("custom.cost"), VARIANT_ITEMS, CUSTOMERS, ORDERS.brief,
    PRODUCTS.brief, CUSTOMERS.brief,
)  # fmt: skip

SHOP = """query Shop {
  shop { name myshopifyDomain currencyCode ianaTimezone shopAddress { countryCodeV2 } }
  currentAppInstallation { accessScopes { handle } }
}"""

BULK_RUN = """mutation BulkRun($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) { bulkOperation { id } userErrors { code message } }
}"""

BULK_STATE = """query BulkState($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount url partialDataUrl }
}"""

DOCUMENTS = (
    *(document for listing in LISTINGS for document in (listing.paged(), listing.by_ids())),
    *(listing.bulk("updated_at:>='2026-01-01T00:00:00Z'") for listing in LISTINGS),
    *(listing.count() for listing in LISTINGS),
    SHOP,
    BULK_RUN,
    BULK_STATE,
)
