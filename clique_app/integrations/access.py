"""Access to one store's platform, as clients take it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Access:
    """What a client needs to read one store's platform. Made by connections.access, never stored."""

    store_id: int
    shop_domain: str
    time_zone: str  # the store's
    currency: str  # the store's
    token: str = field(repr=False)
    account_id: str = ""  # the ad account, where there is one
    account_currency: str = ""
    account_time_zone: str = ""
    patience_seconds: float = 90.0  # with a platform's limits in one call, before the caller hears RateLimited
