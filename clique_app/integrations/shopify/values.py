"""How Shopify writes ids, times and money."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from clique_app.clock import day_of


def number(gid: str) -> int:
    """gid://shopify/Order/123 -> 123"""
    return int(gid[gid.rindex("/") + 1 :])


def number_or_none(node: dict[str, Any] | None) -> int | None:
    """The id of an object that may be absent."""
    return None if node is None else number(node["id"])


def instant(text: str) -> datetime:
    """2026-07-01T12:00:00Z as aware UTC."""
    return datetime.fromisoformat(text)


def instant_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@lru_cache(maxsize=4096)  # what belongs together happened at the same time
def instant_and_day(text: str, time_zone: str) -> tuple[datetime, date]:
    """An instant and the calendar day of it in a time zone."""
    at = datetime.fromisoformat(text)
    return at, day_of(at, time_zone)


def shop_money(bag: dict[str, Any]) -> Decimal:
    """The amount of a MoneyBag in the shop's currency."""
    return Decimal(bag["shopMoney"]["amount"])
