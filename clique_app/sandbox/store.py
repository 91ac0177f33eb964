"""One shop's records with the indexes that lookups need, and its own daily ledger (the truth)."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from clique_app.sandbox.money import minor
from clique_app.sandbox.records import (
    Agreement,
    Customer,
    Location,
    Order,
    Product,
    Shop,
    StockLevel,
    Variant,
)


@dataclass(slots=True)
class BookedDay:
    """What one store day booked, in minor units, net of tax; test orders are left out."""

    gross: int = 0  # as ordered, before discounts
    discounts: int = 0
    refunds: int = 0
    edits: int = 0  # what editing orders added or took off, after discounts
    units: int = 0  # sold less taken off and given back
    orders: int = 0
    customers: set[int] = field(default_factory=set)


class TimeIndex:
    """Ids by time, quick for what arrives in time order; an id that moved on leaves a stale entry behind."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int]] = []

    def add(self, at: datetime, object_id: int) -> None:
        entry = (at, object_id)
        if not self._entries or entry >= self._entries[-1]:
            self._entries.append(entry)
        else:
            insort(self._entries, entry)

    def between(self, since: datetime | None, until: datetime | None) -> Iterator[tuple[datetime, int]]:
        """Entries with since <= time < until, ascending."""
        start = bisect_left(self._entries, (since,)) if since else 0
        stop = bisect_left(self._entries, (until,)) if until else len(self._entries)
        for i in range(start, stop):
            if i == start or self._entries[i] != self._entries[i - 1]:
                yield self._entries[i]


class Store:
    """Read it freely; change it only through World, which journals and announces."""

    def __init__(self, shop: Shop, locations: list[Location], index: int) -> None:
        self.shop = shop
        self.zone = ZoneInfo(shop.time_zone)
        self.locations = {x.location_id: x for x in locations}
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.variant_of_item: dict[int, int] = {}  # inventory item id -> variant id
        self.stock: dict[tuple[int, int], StockLevel] = {}  # (inventory item id, location id)
        self._levels: dict[int, list[StockLevel]] = {}
        self.customers: dict[int, Customer] = {}
        self.orders: dict[int, Order] = {}
        self.booked: dict[date, BookedDay] = {}
        self.first_order_day: dict[int, date] = {}
        self.customer_named: dict[str, int] = {}
        self._by_created, self._by_processed, self._by_updated = TimeIndex(), TimeIndex(), TimeIndex()
        self._customers_by_updated = TimeIndex()
        base = index * 10**10
        self.next_order_id = count(6_100_000_000_000 + base).__next__
        self.next_order_number = count(1001).__next__
        self.next_customer_id = count(7_200_000_000_000 + base).__next__
        self.next_id = count(14_300_000_000_000 + base).__next__

    # reading

    def day_of(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def orders_by(self, key: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[Order]:
        """Orders with since <= key < until, ascending; key is created_at, processed_at or updated_at."""
        index = {
            "created_at": self._by_created,
            "processed_at": self._by_processed,
            "updated_at": self._by_updated,
        }[key]
        for at, order_id in index.between(since, until):
            order = self.orders.get(order_id)
            if order and getattr(order, key) == at:
                yield order

    def customers_updated(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Customer]:
        for at, customer_id in self._customers_by_updated.between(since, until):
            customer = self.customers.get(customer_id)
            if customer and customer.updated_at == at:
                yield customer

    def products_updated(self, since: datetime | None = None, until: datetime | None = None) -> list[Product]:
        found = [
            p
            for p in self.products.values()
            if not p.deleted and (not since or p.updated_at >= since) and (not until or p.updated_at < until)
        ]
        return sorted(found, key=lambda p: (p.updated_at, p.product_id))

    def levels_of(self, inventory_item_id: int) -> list[StockLevel]:
        return self._levels.get(inventory_item_id, [])

    def available(self, variant: Variant) -> int:
        """Units that may be sold over all locations."""
        units = 0
        for level in self._levels.get(variant.inventory_item_id, ()):
            units += level.available
        return units

    # writing (the world's)

    def add_product(self, product: Product) -> None:
        self.products[product.product_id] = product
        for variant in product.variants:
            self.variants[variant.variant_id] = variant
            self.variant_of_item[variant.inventory_item_id] = variant.variant_id

    def set_level(self, inventory_item_id: int, location_id: int, available: int, at: datetime) -> None:
        level = self.stock.get((inventory_item_id, location_id))
        if level is None:
            level = StockLevel(inventory_item_id, location_id, available, 0, 0, at)
            self.stock[inventory_item_id, location_id] = level
            self._levels.setdefault(inventory_item_id, []).append(level)
        level.available, level.updated_at = available, at

    def commit(self, inventory_item_id: int, location_id: int, units: int) -> None:
        """Units promised to orders that are not yet sent; fewer where units is negative, never below none."""
        level = self.stock.get((inventory_item_id, location_id))
        if level is not None:
            level.committed = max(0, level.committed + units)

    def add_customer(self, customer: Customer) -> None:
        self.customers[customer.customer_id] = customer
        self._customers_by_updated.add(customer.updated_at, customer.customer_id)

    def remove_customer(self, customer_id: int) -> None:
        """Forget who it was; what was booked stays."""
        del self.customers[customer_id]
        self.customer_named = {name: known for name, known in self.customer_named.items() if known != customer_id}

    def add_order(self, order: Order) -> None:
        """File a new order under its times, book its first agreement and count it for its customer."""
        self.orders[order.order_id] = order
        self._by_created.add(order.created_at, order.order_id)
        self._by_processed.add(order.processed_at, order.order_id)
        self._by_updated.add(order.updated_at, order.order_id)
        customer = self.customers.get(order.customer_id) if order.customer_id else None
        if customer:
            customer.number_of_orders += 1
            if order.updated_at > customer.updated_at:
                customer.updated_at = order.updated_at
                self._customers_by_updated.add(customer.updated_at, customer.customer_id)
        if not order.test:
            day = self.day_of(order.processed_at)
            booked = self.booked_day(day)
            booked.orders += 1
            if order.customer_id is not None:
                booked.customers.add(order.customer_id)
                first = self.first_order_day.get(order.customer_id)
                if first is None or day < first:
                    self.first_order_day[order.customer_id] = day
        self.book(order, order.agreements[0])

    def remove_order(self, order: Order) -> None:
        """Forget the order and what it booked."""
        del self.orders[order.order_id]
        for agreement in order.agreements:
            self.book(order, agreement, -1)
        customer = self.customers.get(order.customer_id) if order.customer_id else None
        if customer:
            customer.number_of_orders -= 1
        if order.test:
            return
        day = self.day_of(order.processed_at)
        self.booked_day(day).orders -= 1
        if order.customer_id is not None:
            others = (o for o in self.orders.values() if o.customer_id == order.customer_id and not o.test)
            left = {self.day_of(other.processed_at) for other in others}
            if day not in left:
                self.booked_day(day).customers.discard(order.customer_id)
            if left:
                self.first_order_day[order.customer_id] = min(left)
            else:
                del self.first_order_day[order.customer_id]

    def touch(self, order: Order, at: datetime) -> None:
        """The order changed: it is found again under its new updated_at."""
        order.updated_at = max(at, order.updated_at)
        self._by_updated.add(order.updated_at, order.order_id)

    def booked_day(self, day: date) -> BookedDay:
        booked = self.booked.get(day)
        if booked is None:
            booked = self.booked[day] = BookedDay()
        return booked

    def book(self, order: Order, agreement: Agreement, sign: int = 1) -> None:
        """Add an agreement's product sales to its day in the ledger; -1 takes them out again."""
        if order.test:
            return
        booked = self.booked_day(self.day_of(agreement.happened_at))
        for sale in agreement.sales:
            if sale.line_type != "PRODUCT":
                continue
            net = sign * (_cents(sale.total_amount) - _cents(sale.total_tax))
            booked.units += sign * (sale.quantity or 0)
            if agreement.reason == "REFUND":
                booked.refunds -= net
            elif agreement.reason == "ORDER_EDIT":
                booked.edits += net
            else:
                discount = sign * _cents(sale.total_discount_before_taxes)
                booked.gross += net + discount
                booked.discounts += discount


def _cents(amount: Decimal) -> int:
    return minor(amount) if amount else 0
