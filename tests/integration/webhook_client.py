"""A small ASGI caller and signer for webhook tests."""

import base64
import hmac
import json
from typing import Any

API_SECRET = "test-api-secret-of-more-than-32-bytes"
SHOP = "one.myshopify.com"


def sign(body: bytes, secret: str = API_SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def headers_of(body: bytes, **changed: str | None) -> dict[str, str]:
    headers: dict[str, str | None] = {
        "x-shopify-hmac-sha256": sign(body),
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": SHOP,
        "x-shopify-webhook-id": "b1c2",
        "x-shopify-triggered-at": "2026-07-01T10:00:00.123456789Z",
        "content-length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in headers.items() if value is not None}


async def call(app: Any, body: bytes, headers: dict[str, str], method: str = "POST") -> int:
    """The status the app answers with."""
    parts = [body[i : i + 65_536] for i in range(0, len(body), 65_536)] or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await app({"type": "http", "method": method, "path": "/webhooks/shopify", "headers": raw}, receive, send)
    return sent[0]["status"]


def order_body(order_id: int) -> bytes:
    return json.dumps({"id": order_id, "admin_graphql_api_id": f"gid://shopify/Order/{order_id}"}).encode()
