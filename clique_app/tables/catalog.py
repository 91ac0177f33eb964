"""Products, what they cost, and where they are in stock."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Field

from clique_app.tables.base import StoreOwned, big, key, money, of, time


class Product(StoreOwned, table=True):
    """A Shopify product. Deleted in Shopify: active is False and history stays."""

    __tablename__ = "product"

    product_id: int = key()
    title: str
    handle: str
    product_type: str = ""
    vendor: str = ""
    status: str = ""  # ACTIVE | ARCHIVED | DRAFT, as Shopify says
    active: bool = True
    updated_at: datetime = time()


class Variant(StoreOwned, table=True):
    """What is sold and stocked."""

    __tablename__ = "variant"
    __table_args__ = (of("product", "product_id"),)

    variant_id: int = key()
    product_id: int = big(index=True)
    inventory_item_id: int = big(index=True)
    title: str
    sku: str = ""
    price: Decimal = money()
    tracked: bool = True
    backorder: bool = False  # sells on when stock is out
    active: bool = True


class UnitCost(StoreOwned, table=True):
    """What a variant costs from a day on; the latest row on or before a day counts. The first one is as old as time."""

    __tablename__ = "unit_cost"
    __table_args__ = (of("variant", "variant_id"),)

    variant_id: int = key()
    valid_from: date = Field(primary_key=True)
    cost: Decimal = money()
    as_of: datetime | None = time(default=None, nullable=True)  # when Shopify was told; None: not from Shopify


class Location(StoreOwned, table=True):
    __tablename__ = "location"

    location_id: int = key()
    name: str
    country: str = ""
    region: str = ""
    active: bool = True


class InventoryLevel(StoreOwned, table=True):
    """Stock of one item at one location, now."""

    __tablename__ = "inventory_level"

    inventory_item_id: int = key()
    location_id: int = key()
    available: int
    committed: int = 0
    incoming: int = 0
    updated_at: datetime = time()


class InventoryRead(StoreOwned, table=True):
    """When the stock of one item was read that its levels tell."""

    __tablename__ = "inventory_read"

    inventory_item_id: int = key()
    read_at: datetime = time()


class InventoryDay(StoreOwned, table=True):
    """Stock at the end of a store day: the last state seen on it, of every level once the day is closed."""

    __tablename__ = "inventory_day"

    day: date = Field(primary_key=True)
    inventory_item_id: int = key()
    location_id: int = key()
    available: int
    committed: int = 0
    incoming: int = 0
