"""The key a store's web pixel says it by. It is public, as everything in a storefront is, and carries its own proof, so
that the collector asks no table whose it is. Pure but for the settings."""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256

from clique_app.settings import settings


def key_of(store_id: int) -> str:
    """The store's key."""
    secret = settings().session_secret.get_secret_value().encode()
    proof = hmac.new(secret, f"web pixel of store {store_id}".encode(), sha256).hexdigest()
    return f"{store_id}-{proof[:24]}"


@lru_cache(maxsize=4096)
def store_of(key: str) -> int | None:
    """Whose key it is; None where it is nobody's."""
    number = key.partition("-")[0]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    store_id = int(number)
    return store_id if hmac.compare_digest(key_of(store_id).encode(), key.encode()) else None
