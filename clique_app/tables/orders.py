"""Customers, orders, the dated sales ledger, and the touches that led to an order."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import PartOfOrder, StoreOwned, big, key, money, time

# kinds of ledger entries whose amounts are net sales; the others (shipping, tax, gift_card, tip, duty, fee) are not
NET_SALES_KINDS = ("sale", "discount", "refund", "edit", "cancellation")
# orders that a subscription made: bought with a selling plan, or billed by its contract
BY_SUBSCRIPTION = "(selling_plan or source_name like 'subscription_contract%')"


class Customer(StoreOwned, table=True):
    """A buyer, with as little about the person as joins need. email_hmac is keyed per store."""

    __tablename__ = "customer"
    __table_args__ = (sa.Index(None, "store_id", "first_order_day"),)

    customer_id: int = key()
    created_at: datetime | None = time(default=None, nullable=True)
    updated_at: datetime | None = time(default=None, nullable=True)
    email_hmac: bytes | None = None
    country: str = ""
    region: str = ""
    postal_code: str = ""
    # derived from the orders here, kept by sync: first non-test order ever
    first_order_id: int | None = big(default=None, nullable=True)
    first_order_at: datetime | None = time(default=None, nullable=True)
    first_order_day: date | None = None


class Order(StoreOwned, table=True):
    """A Shopify order. Its money is in the ledger; amounts in the buyer's currency are not kept."""

    __tablename__ = "shop_order"
    __table_args__ = (
        sa.Index(None, "store_id", "day"),
        sa.Index(None, "store_id", "customer_id", "processed_at"),
        sa.Index("ix_shop_order_unbalanced", "store_id", postgresql_where=sa.text("total <> stated_total")),
        sa.Index("ix_shop_order_subscription", "store_id", "day", postgresql_where=sa.text(BY_SUBSCRIPTION)),
    )

    order_id: int = key()
    name: str  # "#1001"
    processed_at: datetime = time()
    day: date  # of processed_at in the store's zone
    created_at: datetime = time()
    updated_at: datetime = time()
    cancelled_at: datetime | None = time(default=None, nullable=True)
    test: bool = False  # test orders are kept and counted nowhere
    customer_id: int | None = big(default=None, nullable=True)
    source_name: str = ""
    # a line was bought with one; a file's orders do not tell
    selling_plan: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    currency: str = Field(max_length=3)  # shop money
    presentment_currency: str = Field(max_length=3)
    total: Decimal = money()  # charged at purchase: lines after discount, shipping and tax; base of the payment fee
    stated_total: Decimal = money()  # the same as Shopify states it; where they differ, something was not read
    payment_fee: Decimal | None = money(default=None, nullable=True)  # None: not stated, estimated from Settings
    financial_status: str = ""
    fulfillment_status: str = ""
    fulfilled_at: datetime | None = time(default=None, nullable=True)  # the first parcel left
    delivered_at: datetime | None = time(default=None, nullable=True)  # the last parcel arrived
    country: str = ""
    region: str = ""
    postal_code: str = ""
    fulfilment_location_id: int | None = big(default=None, nullable=True)
    journey_ready: bool = False
    payload_hash: bytes | None = None  # of the platform's record as mapped; unchanged records are skipped


class OrderLine(PartOfOrder, table=True):
    __tablename__ = "order_line"

    line_id: int = key()
    order_id: int = big(index=True)
    product_id: int | None = big(default=None, nullable=True)
    variant_id: int | None = big(default=None, nullable=True)
    title: str = ""
    sku: str = ""
    quantity: int
    current_quantity: int
    unit_price: Decimal = money()
    gift_card: bool = False


class SaleEntry(PartOfOrder, table=True):
    """One dated booking of the sales ledger. One Shopify Sale becomes one to three entries (amount, discount, tax).

    amount: in shop money, net of tax; negative where money goes back. Net sales = sum over NET_SALES_KINDS.
    quantity: units, signed; only on sale, refund, edit and cancellation entries of product lines.
    unit_cost: cost of one unit on the day of the sale, also of what comes back later; None where unknown.
    """

    __tablename__ = "sale_entry"
    __table_args__ = (sa.Index(None, "store_id", "day"),)

    # the order first: its entries are found by the key, and nobody asks for a sale alone
    order_id: int = key()
    sale_id: int = key()
    kind: str = Field(primary_key=True)
    line_id: int | None = big(default=None, nullable=True)
    product_id: int | None = big(default=None, nullable=True)
    variant_id: int | None = big(default=None, nullable=True)
    happened_at: datetime = time()
    day: date  # store day; entries of the purchase itself take the order's day
    quantity: int = 0
    amount: Decimal = money()
    unit_cost: Decimal | None = money(default=None, nullable=True)


class Touch(PartOfOrder, table=True):
    """A visit that came before an order, in time order."""

    __tablename__ = "touch"

    order_id: int = key()
    position: int = Field(primary_key=True)  # from 0 Shopify's, 0 the earliest; up to -1001 the web pixel's
    occurred_at: datetime = time()
    channel: str  # an ad channel's key | email | organic | referral | direct | other
    source: str = ""
    medium: str = ""
    campaign: str = ""  # utm_campaign as it came
    campaign_platform_id: str | None = None  # utm_id or what the link carried
    ad_platform_id: str | None = None  # utm_content where it is an ad id
    click_id: str | None = None  # which kind: fbclid | gclid | ...
    landing_path: str = ""  # path only; the query is not kept
