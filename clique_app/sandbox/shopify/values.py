"""How Shopify writes ids, times and money."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple


class Gid(NamedTuple):
    kind: str
    number: int
    inventory_item_id: int | None = None  # only in an inventory level's id


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def level_gid(location_id: int, inventory_item_id: int) -> str:
    return f"gid://shopify/InventoryLevel/{location_id}?inventory_item_id={inventory_item_id}"


def parse_gid(text: str) -> Gid | None:
    parts = text.removeprefix("gid://shopify/").split("/")
    if not text.startswith("gid://shopify/") or len(parts) != 2:
        return None
    number, _, query = parts[1].partition("?")
    item = query.removeprefix("inventory_item_id=")
    if not number.isdigit():
        return None
    return Gid(parts[0], int(number), int(item) if item.isdigit() else None)


def number_of(text: str, kind: str) -> int | None:
    """The numeric id, if the text names an object of this kind."""
    parsed = parse_gid(text)
    return parsed.number if parsed and parsed.kind == kind else None


def zulu(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def zulu_or_none(at: datetime | None) -> str | None:
    return None if at is None else zulu(at)


@lru_cache(maxsize=100_000)
def decimal_text(amount: Decimal) -> str:
    """ "12.5", "12.0": as MoneyV2.amount writes it."""
    text = format(amount, "f")
    if "." not in text:
        return text + ".0"
    whole, fraction = text.split(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def price_text(amount: Decimal) -> str:
    """ "12.50": as the Money scalar and the webhooks write it."""
    return format(amount.quantize(Decimal("0.01")), "f")
