"""Shopify's orders export: one row a line item; the order's own columns stand on its first row only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from clique_app.imports import places, values
from clique_app.imports.findings import Findings
from clique_app.imports.records import OrderLine, OrderRecord
from clique_app.imports.sheet import Row, Sheet

REQUIRED = ("Name", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price")
TEST_GATEWAYS = ("bogus", "(for testing) bogus gateway")
NEVER = datetime(1990, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")
MAX_QUANTITY = 10_000_000
AMOUNTS = (
    "Lineitem price", "Lineitem discount", "Subtotal", "Discount Amount", "Shipping", "Taxes", "Duties", "Total",
    "Refunded Amount",
)  # fmt: skip
HashEmail = Callable[[str], str]


@dataclass
class _Open:
    """The order whose rows are being read."""

    first: Row
    key: tuple[str, int | None]
    lines: list[OrderLine] = field(default_factory=list)


def read(sheet: Sheet, findings: Findings, hash_email: HashEmail, currency: str) -> tuple[OrderRecord, ...]:
    """The orders, in the file's order. currency: of those that do not say."""
    reader = _Reader(sheet, findings, hash_email, currency)
    for row in sheet.rows():
        reader.take(row)
    reader.close()
    return tuple(reader.orders)


class _Reader:
    def __init__(self, sheet: Sheet, findings: Findings, hash_email: HashEmail, currency: str) -> None:
        self.sheet, self.findings, self.hash_email = sheet, findings, hash_email
        self.currency = self.of_store = currency  # of the order that is read; of the store
        self.point: values.Point = sheet.point
        self.points = sheet.points(*AMOUNTS)
        self.orders: list[OrderRecord] = []
        self.sum = Decimal(0)
        self.open: _Open | None = None
        self.begun: dict[int, int] = {}  # the line in which each id began
        self.named: dict[str, tuple[int, bool]] = {}  # the same of names, and whether there was an id

    def take(self, row: Row) -> None:
        name, order_id = row.text("Name"), self.findings.take(row, "Id", values.platform_id, None)
        here = self.open
        if not name and here is None:
            self.findings.add(row.line, "Name", "The order has no name. Use the file as Shopify made it.")
            return
        goes_on = here is not None and name in ("", here.key[0]) and order_id in (None, here.key[1])
        if not goes_on:
            self.close()
            self._begin(row, name, order_id)
        if self.open is not None and (row.text("Lineitem name") or row.text("Lineitem quantity")):
            self.open.lines.append(self._line(row))

    def _begin(self, row: Row, name: str, order_id: int | None) -> None:
        before, had_id = self.named.get(name, (None, True))
        if order_id is not None and had_id:  # Shopify may give a name twice, an id never
            before = self.begun.get(order_id)
        if before is not None:
            why = (
                f"Order {name} begins in line {before} already. Two exports were put together: remove what is double."
                if row.text("Created at") and row.text("Subtotal")
                else f"This line belongs to order {name} of line {before} and stands apart from it. "
                "The file was sorted: use it as Shopify made it."
            )
            self.findings.add(row.line, "Name", why)
            return
        if order_id is not None:
            self.begun[order_id] = row.line
        self.named.setdefault(name, (row.line, order_id is not None))
        self.open = _Open(row, (name, order_id))
        self.currency = values.currency_or(row.text("Currency"), self.of_store)

    def _line(self, row: Row) -> OrderLine:
        title = values.text(row.text("Lineitem name"))
        quantity = self.findings.take(row, "Lineitem quantity", self._count, 0)
        price = self._money(row, "Lineitem price")
        if quantity > MAX_QUANTITY or quantity * price >= values.MAX_AMOUNT:
            why = f"{quantity:,} at {price:,.2f} is more than a line can be. Look whether columns are shifted."
            self.findings.add(row.line, "Lineitem quantity", why)
        if not title:
            self.findings.add(row.line, "Lineitem name", "The line item has no name. Use the file as Shopify made it.")
        return OrderLine(
            row.line,
            title,
            values.text(row.text("Lineitem sku")),
            quantity,
            price,
            self._money(row, "Lineitem discount"),
            values.yes(row.text("Lineitem requires shipping"), default=True),
            values.yes(row.text("Lineitem taxable"), default=True),
        )

    def close(self) -> None:
        """The order has come to its end: make its record, and hold its sums against each other."""
        here, self.open = self.open, None
        if here is None:
            return
        row, lines = here.first, tuple(here.lines)
        gross = sum((line.price * line.quantity for line in lines), Decimal(0))
        if not lines:
            self.findings.add(row.line, "Lineitem name", f"Order {here.key[0]} has no line items. Export it again.")
        created = self._time(row, "Created at")
        if created is None and not row.text("Created at"):
            self.findings.add(row.line, "Created at", "The order has no date. Use the file as Shopify made it.")
        times = [self._time(row, column) for column in ("Paid at", "Fulfilled at", "Cancelled at")]
        has_subtotal = bool(row.text("Subtotal"))
        subtotal = self._money(row, "Subtotal") if has_subtotal else gross - self._money(row, "Discount Amount")
        shipping, taxes, duties = (self._money(row, column) for column in ("Shipping", "Taxes", "Duties"))
        if has_subtotal and subtotal > gross + CENT:
            self.findings.add(
                row.line,
                "Subtotal",
                f"The subtotal, {subtotal:,.2f}, is more than the line items make, {gross:,.2f}. "
                "Lines are missing: export the order again.",
            )
        total = self._money(row, "Total") if row.text("Total") else subtotal + shipping + taxes + duties
        refunded = self._money(row, "Refunded Amount")
        if refunded > total + CENT and row.text("Total"):
            self.findings.add(
                row.line,
                "Refunded Amount",
                f"{refunded:,.2f} was refunded of an order of {total:,.2f}. Look whether columns are shifted.",
            )
        self.sum += max(gross, total, shipping, taxes, duties)
        if self.sum >= values.MAX_SUM:
            why = (
                f"The orders up to this line make {self.sum:,.2f}, more than can be. Look whether columns are shifted."
            )
            self.findings.add(row.line, "Total", why)
        self.orders.append(
            OrderRecord(
                line=row.line,
                order_id=here.key[1],
                name=values.text(here.key[0]),
                email_hash=self.hash_email(row.text("Email")) if "@" in row.text("Email") else "",
                created_at=created or NEVER,
                updated_at=max(time for time in (created, *times, NEVER) if time),
                cancelled_at=times[2],
                financial_status=row.text("Financial Status").upper()[:40],
                fulfillment_status=row.text("Fulfillment Status").upper()[:40],
                currency=self.findings.take(row, "Currency", values.currency, ""),
                subtotal=max(subtotal, Decimal(0)),
                shipping=shipping,
                duties=duties,
                taxes=taxes,
                total=total,
                refunded=refunded,
                **_place(row),
                source=values.text(row.text("Source"))[:60],
                test=row.text("Payment Method").lower() in TEST_GATEWAYS,
                lines=lines,
            )
        )

    def _money(self, row: Row, column: str) -> Decimal:
        read = lambda cell: values.positive(cell, point=self.points[column], currency=self.currency)  # noqa: E731
        return self.findings.take(row, column, read, Decimal(0))

    def _count(self, cell: str) -> int:
        return values.count(cell, point=self.point)

    def _time(self, row: Row, column: str) -> datetime | None:
        return self.findings.take(row, column, values.instant, None)


def _place(row: Row) -> dict[str, str]:
    """Where it went to: the shipping address, else the billing address; country, region and postal code only."""
    which = "Shipping" if row.text("Shipping Country") else "Billing"
    country = values.text(row.text(f"{which} Country"))[:60]
    region = row.text(f"{which} Province Name") or places.region(country, row.text(f"{which} Province"))
    return {
        "country": country,
        "region": values.text(region)[:100],
        "postal_code": values.text(row.text(f"{which} Zip"))[:20],
    }
