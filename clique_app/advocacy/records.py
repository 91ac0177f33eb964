"""Reviews, content, referrals, members, social days: the same five records, whoever tells of them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import LiteralString


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing that happened. line: where in its file."""

    record_id: int
    source: str
    day: date
    withdrawn: bool = False
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Review(Record):
    rating: int
    product_id: int | None = None
    customer_hmac: str = ""  # hex; empty: nobody knows who


@dataclass(frozen=True, kw_only=True)
class Ugc(Record):
    network: str = ""
    customer_hmac: str = ""


@dataclass(frozen=True, kw_only=True)
class Referral(Record):
    visitors: int
    ordered: int


@dataclass(frozen=True, kw_only=True)
class Member(Record):
    customer_hmac: str = ""


@dataclass(frozen=True, kw_only=True)
class SocialDay(Record):
    network: str
    account: str
    impressions: int
    engagements: int


@dataclass(frozen=True)
class Kind:
    """One of KINDS: its key in addresses and files, its table, and the table's own columns with their types."""

    key: str
    table: LiteralString
    record: type[Record]
    label: str
    noun: str
    columns: tuple[tuple[LiteralString, LiteralString], ...]


_HMAC: tuple[LiteralString, LiteralString] = ("customer_hmac", "text")
KINDS = (
    Kind("reviews", "review", Review, "Reviews", "reviews", (("rating", "int"), ("product_id", "bigint"), _HMAC)),
    Kind("ugc", "ugc", Ugc, "Customers’ content", "pieces of content", (("network", "text"), _HMAC)),
    Kind("referrals", "referral", Referral, "Referrals", "referrals", (("visitors", "int"), ("ordered", "int"))),
    Kind("loyalty", "loyalty_member", Member, "Loyalty members", "members", (_HMAC,)),
    Kind(
        "social",
        "social_day",
        SocialDay,
        "Social engagement",
        "days of accounts",
        (("network", "text"), ("account", "text"), ("impressions", "bigint"), ("engagements", "bigint")),
    ),
)
BY_KEY = {kind.key: kind for kind in KINDS}


def record_id(keyed: Callable[[str], str], *named: str) -> int:
    """The same number for the same names in one store, and another in every other. keyed: the store's keyed hash, as
    hex; it folds cases, so it is given hex."""
    return int(keyed("\x1f".join(named).encode().hex())[:16], 16) >> 1
