"""The store's web pixel: switched on where it is off, and set right where it was set otherwise."""

from __future__ import annotations

import json
from typing import Any

from clique_app.errors import Rejected
from clique_app.integrations.shopify.client import Client

FIND = "query WebPixel { webPixel { id settings } }"

CREATE = """mutation WebPixelCreate($settings: JSON!) {
  webPixelCreate(webPixel: {settings: $settings}) { webPixel { id settings } userErrors { code field message } }
}"""

UPDATE = """mutation WebPixelUpdate($id: ID!, $settings: JSON!) {
  webPixelUpdate(id: $id, webPixel: {settings: $settings}) {
    webPixel { id settings } userErrors { code field message }
  }
}"""

DOCUMENTS = (FIND, CREATE, UPDATE)
NONE_YET = "No web pixel was found for this app"  # Shopify's answer is an error instead of nothing


def repair(client: Client, settings: dict[str, str]) -> bool:
    """Make the store load our pixel with these settings. True where something had to be done."""
    found = _find(client)
    if found is None:
        _accepted(client.mutate(CREATE, {"settings": settings})["webPixelCreate"])
        return True
    if _settings_of(found) == settings:
        return False
    _accepted(client.mutate(UPDATE, {"id": found["id"], "settings": settings})["webPixelUpdate"])
    return True


def _find(client: Client) -> dict[str, Any] | None:
    try:
        return client.query(FIND)["webPixel"]
    except Rejected as error:
        if NONE_YET.lower() in error.message.lower():
            return None
        raise


def _settings_of(pixel: dict[str, Any]) -> Any:
    """Shopify gives them back as they were sent, or as the text of it."""
    settings = pixel["settings"]
    return json.loads(settings) if isinstance(settings, str) else settings


def _accepted(payload: dict[str, Any]) -> None:
    if payload["userErrors"]:
        raise Rejected(f"Shopify refused to switch on the web pixel: {payload['userErrors'][0]['message']}")
