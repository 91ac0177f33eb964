"""The store's own facts as Shopify has them."""

from __future__ import annotations

from clique_app.integrations.shopify import reads
from clique_app.integrations.shopify.client import Client
from clique_app.integrations.shopify.reads import ShopFacts


def read_shop(shop_domain: str, token: str) -> ShopFacts:
    """Name, currency, time zone, country and granted scopes; asked at install, before there is a store row."""
    return reads.shop(Client(shop_domain, token))
