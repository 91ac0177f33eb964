"""The webhooks a store sends us: what it has now, and what is missing or points elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from clique_app.errors import Rejected
from clique_app.integrations.shopify.client import Client

# asked for store by store; app/uninstalled, app/scopes_update and the privacy topics are declared with the app
TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_PAID",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "REFUNDS_CREATE",
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "INVENTORY_LEVELS_UPDATE",
    "INVENTORY_ITEMS_UPDATE",
    "CUSTOMERS_CREATE",
    "CUSTOMERS_UPDATE",
    "BULK_OPERATIONS_FINISH",
)

LIST = """query WebhookSubscriptions($first: Int!, $after: String) {
  webhookSubscriptions(first: $first, after: $after) { nodes { id topic uri } pageInfo { hasNextPage endCursor } }
}"""

CREATE = """mutation WebhookSubscriptionCreate($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id } userErrors { field message }
  }
}"""

DELETE = """mutation WebhookSubscriptionDelete($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""

DOCUMENTS = (LIST, CREATE, DELETE)


@dataclass(frozen=True)
class Repair:
    """What had to be changed."""

    created: tuple[str, ...]
    removed: tuple[str, ...]


def repair(client: Client, uri: str) -> Repair:
    """Make the store send every topic to this address, once each, and our topics nowhere else."""
    held: set[str] = set()
    removed: list[str] = []
    after: str | None = None
    while True:
        found = client.query(LIST, {"first": 100, "after": after})["webhookSubscriptions"]
        for node in found["nodes"]:
            if node["topic"] not in TOPICS:
                continue
            if node["uri"] == uri and node["topic"] not in held:
                held.add(node["topic"])
            else:
                _accepted(client.mutate(DELETE, {"id": node["id"]})["webhookSubscriptionDelete"])
                removed.append(node["topic"])
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    missing = tuple(topic for topic in TOPICS if topic not in held)
    for topic in missing:
        _accepted(client.mutate(CREATE, {"topic": topic, "uri": uri})["webhookSubscriptionCreate"])
    return Repair(missing, tuple(removed))


def _accepted(payload: dict[str, list[dict[str, str]]]) -> None:
    if payload["userErrors"]:
        raise Rejected(f"Shopify refused a webhook subscription: {payload['userErrors'][0]['message']}")
