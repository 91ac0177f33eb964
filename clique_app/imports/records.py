"""What a file says, line by line, and what is wrong with it. Nothing here names a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from clique_app.advocacy.records import Member, Referral, Review, SocialDay, Ugc

Kind = Literal[
    "orders", "products", "customers", "spend", "reviews", "ugc", "referrals", "loyalty", "social"
]  # fmt: skip
KINDS: dict[Kind, str] = {
    "orders": "Shopify orders export",
    "products": "Shopify products export",
    "customers": "Shopify customers export",
    "spend": "Spend sheet",
    "reviews": "Reviews",
    "ugc": "Customers’ content",
    "referrals": "Referrals",
    "loyalty": "Loyalty members",
    "social": "Social engagement",
}
PROBLEMS_KEPT = 200


@dataclass(frozen=True)
class Problem:
    """What is wrong in one line and how to mend it; nothing of the file is imported while there is one."""

    line: int  # as a text editor or spreadsheet counts: the header is line 1; 0: the whole file
    column: str
    message: str


@dataclass(frozen=True)
class OrderLine:
    line: int
    title: str
    sku: str
    quantity: int
    price: Decimal  # of one unit
    discount: Decimal
    requires_shipping: bool
    taxable: bool


@dataclass(frozen=True)
class OrderRecord:
    """An order with its lines. Amounts as charged: with tax where the prices include it."""

    line: int
    order_id: int | None
    name: str
    email_hash: str
    created_at: datetime
    updated_at: datetime  # the latest time the file names
    cancelled_at: datetime | None
    financial_status: str
    fulfillment_status: str
    currency: str  # empty: the store's
    subtotal: Decimal  # lines after discount
    shipping: Decimal
    duties: Decimal
    taxes: Decimal
    total: Decimal
    refunded: Decimal
    country: str
    region: str
    postal_code: str
    source: str
    test: bool
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True)
class CustomerRecord:
    line: int
    customer_id: int | None
    email_hash: str
    country: str
    region: str
    postal_code: str


@dataclass(frozen=True)
class VariantRecord:
    line: int
    title: str
    sku: str
    price: Decimal
    tracked: bool
    backorder: bool
    cost: Decimal | None


@dataclass(frozen=True)
class ProductRecord:
    line: int
    handle: str
    title: str
    product_type: str
    vendor: str
    status: str
    variants: tuple[VariantRecord, ...]


@dataclass(frozen=True)
class SpendRecord:
    line: int
    day: date
    channel: str
    campaign: str
    currency: str
    spend: Decimal
    impressions: int
    clicks: int
    reported_conversions: Decimal
    reported_revenue: Decimal


@dataclass(frozen=True)
class ParsedFile:
    """A file as read. Only the records of its own kind are filled."""

    kind: Kind | None  # None: nobody can say what it is
    lines: int  # without the header
    orders: tuple[OrderRecord, ...] = ()
    products: tuple[ProductRecord, ...] = ()
    customers: tuple[CustomerRecord, ...] = ()
    spend: tuple[SpendRecord, ...] = ()
    reviews: tuple[Review, ...] = ()
    ugc: tuple[Ugc, ...] = ()
    referrals: tuple[Referral, ...] = ()
    loyalty: tuple[Member, ...] = ()
    social: tuple[SocialDay, ...] = ()
    problems: tuple[Problem, ...] = ()  # the first PROBLEMS_KEPT
    problem_count: int = 0
    notes: tuple[str, ...] = ()  # what to know before importing; they stop nothing
