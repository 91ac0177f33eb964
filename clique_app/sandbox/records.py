"""What exists in the sandbox's world: plain records that every emulator reads.

Money is Decimal in the shop's currency; times are aware UTC; ids are the platform's numeric ids.
The world (world.py) makes and changes them; the emulators (shopify/, meta/ ...) only present them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(slots=True)
class Shop:
    """A Shopify store of the sandbox, with the secrets Shopify holds of its app installation."""

    domain: str  # "harbor-lane.myshopify.com"
    name: str
    shop_id: int
    currency: str  # ISO 4217
    time_zone: str  # IANA
    country: str  # ISO 3166-1 alpha-2
    email: str
    plan: str
    installed_at: datetime | None  # None: the app is not installed
    granted_scopes: tuple[str, ...]
    history_from: date  # first day that has orders
    uninstalled_at: datetime | None = None  # since when the app is gone; None once its data was asked to be erased


@dataclass(slots=True)
class Location:
    location_id: int
    name: str
    country: str
    region: str


@dataclass(slots=True)
class Metafield:
    """A field of the merchant's own."""

    metafield_id: int
    namespace: str
    key: str
    kind: str  # number_decimal | money | single_line_text_field ...
    value: str  # always text: money as {"amount": "5.99", "currency_code": "CAD"}
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Variant:
    variant_id: int
    product_id: int
    inventory_item_id: int
    title: str
    sku: str
    price: Decimal
    unit_cost: Decimal | None
    tracked: bool = True
    backorder: bool = False  # Shopify's inventoryPolicy CONTINUE
    item_updated_at: datetime | None = None  # of its inventory item; None: as old as the product
    metafields: dict[str, Metafield] = field(default_factory=dict)  # by namespace.key


@dataclass(slots=True)
class Product:
    product_id: int
    title: str
    handle: str
    product_type: str
    vendor: str
    status: str  # ACTIVE | ARCHIVED | DRAFT
    created_at: datetime
    updated_at: datetime
    variants: list[Variant]
    tags: tuple[str, ...] = ()
    is_gift_card: bool = False
    deleted: bool = False


@dataclass(slots=True)
class StockLevel:
    inventory_item_id: int
    location_id: int
    available: int
    committed: int
    incoming: int
    updated_at: datetime


@dataclass(slots=True)
class Customer:
    customer_id: int
    created_at: datetime
    updated_at: datetime
    email: str | None
    country: str
    region: str
    postal_code: str
    number_of_orders: int = 0


@dataclass(slots=True)
class Visit:
    """One moment of Shopify's customer journey: an online-store session within 30 days before the order."""

    visit_id: int
    occurred_at: datetime
    landing_page: str  # full URL with its query (utm_*, fbclid, gclid ...)
    referrer_url: str | None
    source: str  # Shopify's own word: "direct", "facebook", "google", "email" ...
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_term: str | None = None


@dataclass(slots=True)
class OrderLine:
    line_id: int
    variant_id: int | None
    product_id: int | None
    title: str
    sku: str
    quantity: int  # as ordered
    current_quantity: int  # after edits and returns
    unit_price: Decimal  # as shown to the buyer (includes tax where taxes_included)
    discount: Decimal  # of the whole line, as shown to the buyer
    tax: Decimal  # of the whole line after discount
    gift_card: bool = False
    selling_plan: str | None = None  # name of the plan it was bought with


@dataclass(slots=True)
class Sale:
    """Shopify's Sale: what one agreement booked for one line or for shipping.

    total_amount is after discounts and includes total_tax; a return is negative in amount, tax and quantity.
    """

    sale_id: int
    action: str  # ORDER | RETURN | UPDATE
    line_type: str  # PRODUCT | GIFT_CARD | SHIPPING | TIP | DUTY | FEE | ADJUSTMENT
    line_id: int | None
    quantity: int | None
    total_amount: Decimal
    total_tax: Decimal
    total_discount_before_taxes: Decimal  # positive for a discount given; negative where a return takes it back
    total_discount_after_taxes: Decimal


@dataclass(slots=True)
class Agreement:
    """Shopify's SalesAgreement: dated; reason ORDER | ORDER_EDIT | REFUND | RETURN."""

    agreement_id: int
    reason: str
    happened_at: datetime
    sales: list[Sale]


@dataclass(slots=True)
class RefundLine:
    line_id: int
    quantity: int
    subtotal: Decimal
    tax: Decimal
    location_id: int | None  # where restocked; None: not restocked


@dataclass(slots=True)
class Refund:
    refund_id: int
    created_at: datetime
    lines: list[RefundLine]
    total: Decimal
    note: str = ""


@dataclass(slots=True)
class Transaction:
    transaction_id: int
    kind: str  # SALE | REFUND
    status: str  # SUCCESS
    amount: Decimal
    gateway: str
    processed_at: datetime


@dataclass(slots=True)
class Order:
    order_id: int
    number: int  # name is "#" + number
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    customer_id: int | None
    source_name: str  # web | pos | shopify_draft_order ...
    lines: list[OrderLine]
    shipping: Decimal
    shipping_tax: Decimal
    taxes_included: bool
    agreements: list[Agreement]
    visits: list[Visit]
    journey_ready_at: datetime | None = None  # Shopify has attributed its visits from then on; None: at once
    country: str = ""  # where it ships to
    region: str = ""
    postal_code: str = ""
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    test: bool = False
    presentment_currency: str | None = None  # None: same as the shop's
    presentment_rate: Decimal = Decimal(1)  # presentment money per unit of shop money
    refunds: list[Refund] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    fulfilled_from: int | None = None  # location id
    fulfilled_at: datetime | None = None
    delivered_at: datetime | None = None
    discount_codes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tax_ppm: int = 0  # the tax rate of its taxed lines, in parts per million


@dataclass(slots=True)
class AdAccount:
    """An ad account; its numbers are kept per account currency and time zone."""

    account_id: str  # digits
    name: str
    currency: str
    time_zone: str
    business_name: str
    owner_shop: str  # the sandbox shop whose sales these ads drive
    channel: str = "meta"  # the platform it is at, a key of PLATFORMS


@dataclass(slots=True)
class Campaign:
    campaign_id: str
    account_id: str
    name: str
    objective: str
    status: str  # ACTIVE | PAUSED | ARCHIVED | DELETED
    daily_budget: Decimal | None  # in account currency; None where the budget sits on the ad sets
    created_at: datetime
    updated_at: datetime
    scenario: str = ""  # which labelled scenario it plays; never shown over the platform's API


@dataclass(slots=True)
class AdSet:
    ad_set_id: str
    campaign_id: str
    name: str
    status: str
    daily_budget: Decimal | None
    optimization_goal: str
    countries: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Ad:
    ad_id: str
    ad_set_id: str
    campaign_id: str
    name: str
    status: str
    creative_id: str
    link_url: str  # landing page on the shop, e.g. https://{domain}/products/{handle}?utm_...
    product_id: int | None
    created_at: datetime
    updated_at: datetime
    card_links: tuple[str, ...] = ()  # a carousel's
    product_set_id: str = ""  # of a catalogue ad


@dataclass(slots=True)
class AdDayFact:
    """What the platform would report for one ad, day (of the account's zone) and region, before restatement."""

    ad_id: str
    day: date
    country: str
    region: str
    spend: Decimal
    impressions: int
    clicks: int
    link_clicks: int
    landing_page_views: int
    add_to_carts: int
    checkouts: int
    purchases: int  # the platform's claim, which over-counts
    purchase_value: Decimal
    reach: int
    video_views: int


@dataclass(frozen=True, slots=True)
class WorldEvent:
    """Something that just happened in a store; the topic is Shopify's own webhook topic.

    orders/create, orders/updated, orders/cancelled, orders/fulfilled, refunds/create, products/create,
    products/update, products/delete, inventory_levels/update, inventory_items/update, customers/create,
    customers/update, app/uninstalled, app/scopes_update, customers/data_request, customers/redact, shop/redact.
    ads/updated is no store's (domain "").
    """

    topic: str
    domain: str
    at: datetime
    object_id: int  # order, refund, product, customer or inventory item id; the shop's id for app/*
    parent_id: int | None = None  # the refund's order id, the inventory level's location id, the data request's id
