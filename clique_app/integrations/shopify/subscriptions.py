"""The webhooks a store sends us: what it has now, and what is missing or points elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clique_app.errors import Rejected
from clique_app.integrations.shopify.client import Client

# asked for store by store; app/uninstalled, app/scopes_update and the privacy topics are declared with the app
TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_PAID",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "INVENTORY_LEVELS_UPDATE",
    "INVENTORY_ITEMS_UPDATE",
    "CUSTOMERS_CREATE",
    "CUSTOMERS_UPDATE",
    "CUSTOMERS_DELETE",
    "BULK_OPERATIONS_FINISH",
)

LIST = """query WebhookSubscriptions($first: Int!, $after: String, $query: String) {
  webhookSubscriptions(first: $first, after: $after, query: $query) {
    nodes { id topic uri } pageInfo { hasNextPage endCursor }
  }
}"""

CREATE = """mutation WebhookSubscriptionCreate($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id } userErrors { field message }
  }
}"""

UPDATE = """mutation WebhookSubscriptionUpdate($id: ID!, $uri: String!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: {uri: $uri}) {
    webhookSubscription { id } userErrors { field message }
  }
}"""

DELETE = """mutation WebhookSubscriptionDelete($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""

DOCUMENTS = (LIST, CREATE, UPDATE, DELETE)


@dataclass(frozen=True)
class Repair:
    """What had to be changed, by topic."""

    created: tuple[str, ...] = ()  # were missing
    updated: tuple[str, ...] = ()  # pointed elsewhere
    removed: tuple[str, ...] = ()  # were there twice
    refused: tuple[tuple[str, str], ...] = ()  # could not be mended, and why

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.removed)

    @property
    def problem(self) -> str:
        """'Shopify refused orders/create, refunds/create: Not allowed.' Empty where nothing was refused."""
        by_reason: dict[str, list[str]] = {}
        for topic, why in self.refused:
            by_reason.setdefault(why, []).append(topic_name(topic))
        told = [f"{', '.join(topics)}: {why.removesuffix('.')}." for why, topics in by_reason.items()]
        return f"Shopify refused {' '.join(told)}" if told else ""


@dataclass(frozen=True)
class Subscription:
    """One as the store has it."""

    gid: str
    topic: str
    uri: str


def repair(client: Client, uri: str) -> Repair:
    """Make the store send every topic of ours to this address, once each. A store shows an app its own subscriptions
    only, so one of our topics that points elsewhere has been moved; other topics and other kinds of addresses
    (event buses) are left alone. One that is refused does not keep back the others."""
    ours: dict[str, list[Subscription]] = {topic: [] for topic in TOPICS}
    for found in held(client):
        if found.topic in ours and found.uri.startswith(("https://", "http://")):
            ours[found.topic].append(found)
    done = Repair()
    for topic, there in ours.items():
        try:
            done = _repair_topic(client, uri, topic, there, done)
        except Rejected as error:
            done = replace(done, refused=(*done.refused, (topic, error.message)))
    return done


def _repair_topic(client: Client, uri: str, topic: str, there: list[Subscription], done: Repair) -> Repair:
    kept = next((one for one in there if one.uri == uri), there[0] if there else None)
    if kept is None:
        _accepted(client.mutate(CREATE, {"topic": topic, "uri": uri})["webhookSubscriptionCreate"])
        done = replace(done, created=(*done.created, topic))
    elif kept.uri != uri:
        _accepted(client.mutate(UPDATE, {"id": kept.gid, "uri": uri})["webhookSubscriptionUpdate"])
        done = replace(done, updated=(*done.updated, topic))
    for double in there:
        if double is not kept:
            _accepted(client.mutate(DELETE, {"id": double.gid})["webhookSubscriptionDelete"])
            done = replace(done, removed=(*done.removed, topic))
    return done


def topic_name(topic: str) -> str:
    """ORDERS_CREATE as deliveries say it: orders/create."""
    return "/".join(topic.lower().rsplit("_", 1))


def held(client: Client) -> list[Subscription]:
    """All that the store has for this app."""
    return [
        Subscription(node["id"], node["topic"], node["uri"])
        for page in client.pages(LIST, "webhookSubscriptions", size=100)
        for node in page.nodes
    ]


def _accepted(payload: dict[str, list[dict[str, str]]]) -> None:
    if payload["userErrors"]:
        raise Rejected(payload["userErrors"][0]["message"])
