"""Access to one store's platform, as clients take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Account:
    """An ad account in use, and which of its days are here."""

    account_id: str
    currency: str
    time_zone: str
    read_from: date | None = None
    read_to: date | None = None
    name: str = ""


@dataclass(frozen=True)
class Access:
    """What a client needs to read one store's platform. Made by connections.access, never stored."""

    store_id: int
    shop_domain: str
    time_zone: str  # the store's
    currency: str  # the store's
    token: str = field(repr=False)
    accounts: tuple[Account, ...] = ()  # the ad accounts in use, where the channel has such
    cost_metafield: str = ""  # of Shopify's variants, namespace.key: their cost where the item has none
    patience_seconds: float = 90.0  # with a platform's limits in one call, before the caller hears RateLimited
