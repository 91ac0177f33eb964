"""The gallery as a whole app: the product's own build_app, with a directory of two stores in place of a database."""

from __future__ import annotations

from clique_app.components import guard, session
from tests.kit import gallery

STORES = {"north.myshopify.com": 1, "south.myshopify.com": 2}


def open_store(shop_domain: str, _token: str, _user_id: int) -> int:
    """What connections.service does, without a platform."""
    return STORES[shop_domain]


session.install.open_store = open_store
guard.store_is_installed = lambda store_id: store_id in STORES.values()

from clique_app.web_app import build_app  # noqa: E402  # after the two lines above

app = build_app((gallery.PAGE,))
