"""A store made of a real order history: customer_id, order_date, quantity and amount (or amount_usd) per row.

Every row is an order, also zero-value and identical ones. There is one product; a line's price is the lowest
that covers the row's amount, and its discount carries what quantity x price leaves over.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from clique_app.sandbox import book, orders
from clique_app.sandbox.money import minor, money
from clique_app.sandbox.orders import LineDraft, OrderDraft
from clique_app.sandbox.records import Customer
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.world import World

DOMAIN, NAME, TITLE, SKU = "cdnow.myshopify.com", "CDNOW", "Compact disc", "CD"


class BadOrdersFile(ValueError):
    """The file cannot be used; the text names the line."""


@dataclass(frozen=True, slots=True)
class Row:
    customer: str
    at: datetime
    quantity: int
    amount: int


def create_store(world: World, path: Path) -> Store:
    """Read the file and make its store; BadOrdersFile where a line cannot be read."""
    at = world.now()
    store = book.new_store(world, at, {"shop": DOMAIN, "name": NAME})
    rows = sorted(read(path, store.zone), key=lambda row: row.at)
    spec = {"title": TITLE, "sku": SKU, "price": str(money(_price(rows[len(rows) // 2]))), "tracked": False}
    product = book.add_product(store, rows[0].at, spec)
    variant = product.variants[0]
    customers: dict[str, int] = {}
    for row in rows:
        customer_id = customers.get(row.customer)
        if customer_id is None:
            customer_id = customers[row.customer] = store.next_customer_id()
            email = f"customer{row.customer}@example.com"
            store.add_customer(Customer(customer_id, row.at, row.at, email, "US", "", ""))
        price = _price(row)
        line = LineDraft(
            title=TITLE,
            sku=SKU,
            quantity=row.quantity,
            unit_price=price,
            discount=row.quantity * price - row.amount,
            variant_id=variant.variant_id,
            product_id=product.product_id,
        )
        draft = OrderDraft(placed_at=row.at, lines=[line], customer_id=customer_id, country="US")
        order = orders.place(draft, store.next_order_id(), store.next_order_number(), store.next_id)
        order.fulfilled_from, order.fulfilled_at = next(iter(store.locations)), row.at
        store.add_order(order)
    store.shop.history_from = store.day_of(rows[0].at)
    world.stores[DOMAIN] = store
    return store


def read(path: Path, zone: ZoneInfo) -> Iterator[Row]:
    """The file's rows; a day without a time is taken at noon in the store's zone."""
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or []
            amount = next((name for name in ("amount", "amount_usd") if name in names), None)
            missing = [name for name in ("customer_id", "order_date", "quantity") if name not in names]
            if missing or amount is None:
                raise BadOrdersFile(f"{path}: line 1: no column {(missing or ['amount'])[0]}")
            empty = True
            for record in reader:
                empty = False
                try:
                    yield _row(record, amount, zone)
                except (ValueError, InvalidOperation, TypeError, AttributeError) as error:
                    raise BadOrdersFile(f"{path}: line {reader.line_num}: {error}") from error
            if empty:
                raise BadOrdersFile(f"{path}: there are no orders in it")
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadOrdersFile(f"{path}: cannot be read: {error}") from error


def _price(row: Row) -> int:
    return -(-row.amount // row.quantity) if row.quantity else 0


def _row(record: dict[str, str], amount_column: str, zone: ZoneInfo) -> Row:
    customer = record["customer_id"].strip()
    if not customer:
        raise ValueError("customer_id is empty")
    quantity = int(record["quantity"])
    try:
        amount = minor(Decimal(record[amount_column]))
    except InvalidOperation:
        raise ValueError(f"{record[amount_column]!r} is not an amount") from None
    if quantity < 0 or amount < 0:
        raise ValueError("quantity and amount must not be negative")
    if amount and not quantity:
        raise ValueError("an amount needs a quantity")
    return Row(customer, _moment(record["order_date"].strip(), zone), quantity, amount)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    if len(text) <= 10:
        return datetime.combine(date.fromisoformat(text), time(12), zone).astimezone(UTC)
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
