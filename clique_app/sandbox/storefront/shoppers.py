"""What the online store remembers of its visitors, until it is started anew: carts, visits, orders placed."""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from clique_app.sandbox.advertised import arrivals

VISIT_ENDS_AFTER = timedelta(minutes=30)  # as Shopify's session cookie
JOURNEY = timedelta(days=30)


class Shoppers:
    """By the cookies of their browsers."""

    def __init__(self) -> None:
        self._carts: dict[str, dict[int, int]] = {}
        self._visits: dict[str, list[dict[str, Any]]] = {}
        self._seen: dict[str, datetime] = {}
        self._orders: dict[str, int] = {}

    def cart(self, key: str) -> dict[int, int]:
        """Variant id to quantity."""
        return self._carts.setdefault(key, {})

    def came(self, visitor: str, at: datetime, page: str, referrer: str | None) -> None:
        """A page was opened: the first after a pause is a visit of the journey, with its address and UTM."""
        before = self._seen.get(visitor)
        self._seen[visitor] = at
        if before is not None and at - before < VISIT_ENDS_AFTER:
            return
        found = {"at": at.isoformat(), "landing_page": page, "referrer": referrer or None, "source": _source(referrer)}
        self._visits.setdefault(visitor, []).append(found)

    def journey(self, visitor: str) -> list[dict[str, Any]]:
        """The visits of the last 30 days, as an order states them."""
        visits = self._visits.get(visitor, [])
        last = self._seen.get(visitor)
        return [v for v in visits if last and datetime.fromisoformat(v["at"]) > last - JOURNEY]

    def bought(self, key: str, order_id: int) -> str:
        """The cart became an order; returns the checkout's token."""
        token = token_hex(16)
        self._orders[token] = order_id
        self._carts.pop(key, None)
        return token

    def order(self, token: str) -> int | None:
        return self._orders.get(token)


def _source(referrer: str | None) -> str:
    """Shopify's own word for it."""
    host = urlsplit(referrer or "").hostname or ""
    return next((name for name in (*arrivals(), "bing") if name in host), host and f"https://{host}") or "direct"
