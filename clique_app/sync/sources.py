"""All sources, in the order in which a new store reads them."""

from __future__ import annotations

from clique_app.sync.ads_service import ADS
from clique_app.sync.catalog_service import ShopifyProducts
from clique_app.sync.customers_service import ShopifyCustomers
from clique_app.sync.email_service import KlaviyoEmail
from clique_app.sync.inventory_service import ShopifyInventory
from clique_app.sync.orders_service import ShopifyOrders
from clique_app.sync.source import Source

SOURCES: tuple[Source, ...] = (
    ShopifyProducts(),
    ShopifyInventory(),
    ShopifyOrders(),
    ShopifyCustomers(),
    *ADS,
    KlaviyoEmail(),
)
