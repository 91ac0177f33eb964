"""What a link of an ad says of the store's product it leads to."""

from __future__ import annotations

from urllib.parse import unquote


def product_handle(path: str) -> str:
    """The product a store's path shows: /products/{handle}, also under a collection or a language."""
    parts = path.split("/")
    at = parts.index("products") + 1 if "products" in parts else len(parts)
    return unquote(parts[at]).lower() if at < len(parts) else ""
