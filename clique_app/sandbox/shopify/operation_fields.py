"""How bulk operations, webhook subscriptions and the answers of mutations appear as GraphQL types."""

from __future__ import annotations

import json
from typing import Any

from clique_app.sandbox.shopify.context import Context, Field, Fields
from clique_app.sandbox.shopify.state import BulkOperation
from clique_app.sandbox.shopify.values import gid


def _url(operation: BulkOperation, ctx: Context, status: str) -> str | None:
    if operation.status != status or not operation.file_size:
        return None
    return f"{ctx.base_url}/bulk/{operation.number}.jsonl?signature={ctx.platform.signed(operation)}"


def _key(name: str) -> Field:
    """A field of a mutation's answer, which is a plain dict."""
    return lambda payload, args, ctx: payload.get(name)


def _payload(*names: str) -> dict[str, Field]:
    return {name: _key(name) for name in names}


def _version(handle: str) -> dict[str, Any]:
    return {"handle": handle, "displayName": handle, "supported": True}


OPERATION_FIELDS: Fields = {
    "BulkOperation": {
        "id": lambda b, a, c: gid("BulkOperation", b.number),
        "status": lambda b, a, c: b.status,
        "errorCode": lambda b, a, c: b.error_code,
        "createdAt": lambda b, a, c: b.created_at,
        "completedAt": lambda b, a, c: b.completed_at,
        "objectCount": lambda b, a, c: str(b.object_count),
        "rootObjectCount": lambda b, a, c: str(b.root_object_count),
        "fileSize": lambda b, a, c: None if b.file_size is None else str(b.file_size),
        "query": lambda b, a, c: b.query,
        "type": lambda b, a, c: "QUERY",
        "url": lambda b, a, c: _url(b, c, "COMPLETED"),
        "partialDataUrl": lambda b, a, c: _url(b, c, "FAILED") or _url(b, c, "CANCELED"),
    },
    "WebhookSubscription": {
        "id": lambda s, a, c: gid("WebhookSubscription", s.number),
        "legacyResourceId": lambda s, a, c: str(s.number),
        "topic": lambda s, a, c: s.topic,
        "uri": lambda s, a, c: s.uri,
        "callbackUrl": lambda s, a, c: s.uri,
        "format": lambda s, a, c: "JSON",
        "filter": lambda s, a, c: s.filter,
        "name": lambda s, a, c: s.name,
        "includeFields": lambda s, a, c: s.include_fields,
        "metafieldNamespaces": lambda s, a, c: [],
        "createdAt": lambda s, a, c: s.created_at,
        "updatedAt": lambda s, a, c: s.updated_at,
        "apiVersion": lambda s, a, c: _version(s.api_version),
        "endpoint": lambda s, a, c: None,
    },
    "WebPixel": {
        "id": lambda p, a, c: gid("WebPixel", p.number),
        "settings": lambda p, a, c: json.dumps(p.settings),
    },
    "ApiVersion": _payload("handle", "displayName", "supported"),
    "UserError": _payload("field", "message"),
    "BulkOperationUserError": _payload("field", "message", "code"),
    "ProductVariantsBulkUpdateUserError": _payload("field", "message", "code"),
    "InventoryAdjustQuantitiesUserError": _payload("field", "message", "code"),
    "BulkOperationRunQueryPayload": _payload("bulkOperation", "userErrors"),
    "BulkOperationCancelPayload": _payload("bulkOperation", "userErrors"),
    "WebhookSubscriptionCreatePayload": _payload("webhookSubscription", "userErrors"),
    "WebhookSubscriptionUpdatePayload": _payload("webhookSubscription", "userErrors"),
    "WebhookSubscriptionDeletePayload": _payload("deletedWebhookSubscriptionId", "userErrors"),
    "ProductVariantsBulkUpdatePayload": _payload("product", "productVariants", "userErrors"),
    "InventoryAdjustQuantitiesPayload": _payload("inventoryAdjustmentGroup", "userErrors"),
    "InventoryAdjustmentGroup": _payload("id", "createdAt", "reason", "referenceDocumentUri", "changes"),
    "InventoryChange": _payload("name", "delta", "quantityAfterChange", "item", "location", "ledgerDocumentUri"),
    "ErrorsWebPixelUserError": _payload("code", "field", "message"),
    "WebPixelCreatePayload": _payload("webPixel", "userErrors"),
    "WebPixelUpdatePayload": _payload("webPixel", "userErrors"),
    "TagsAddPayload": _payload("node", "userErrors"),
}
