"""Small files as Shopify and people make them."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from clique_app.imports.parse import parse
from clique_app.imports.records import Kind, ParsedFile

TODAY = date(2026, 11, 21)
HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
    "Lineitem fulfillment status,Billing Name,Billing Street,Billing Zip,Billing Province,Billing Country,"
    "Shipping Name,Shipping Street,Shipping Zip,Shipping Province,Shipping Country,Notes,Cancelled at,Payment Method,"
    "Refunded Amount,Vendor,Id,Tags,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Duties,Shipping Province Name"
)
ORDER_COLUMNS: list[str] = [*HEADER.split(",")]
FIRST = {
    "Email": "ann@example.com",
    "Financial Status": "paid",
    "Fulfillment Status": "fulfilled",
    "Currency": "USD",
    "Shipping": "0.00",
    "Taxes": "0.00",
    "Created at": "2026-03-02 12:00:00 -0500",
    "Shipping Name": "Ann Example",
    "Shipping Street": "1 Hidden Lane",
    "Shipping Zip": "'10001",
    "Shipping Province": "NY",
    "Shipping Province Name": "New York",
    "Shipping Country": "US",
    "Refunded Amount": "0.00",
    "Source": "web",
    "Lineitem requires shipping": "true",
    "Lineitem taxable": "true",
}


def order(name: str, *lines: tuple[str, str, int, str], **columns: str) -> list[dict[str, str]]:
    """Rows of an order; a line is (title, sku, quantity, price). Columns as in Financial_Status='paid'."""
    given = {key.replace("_", " "): value for key, value in columns.items()}
    subtotal = given.get("Subtotal", f"{sum(int(q) * float(p) for _, _, q, p in lines):.2f}")
    first: dict[str, str] = {**FIRST, "Subtotal": subtotal, "Total": subtotal, **given}
    rows: list[dict[str, str]] = []
    for number, (title, sku, quantity, price) in enumerate(lines):
        of_line = {
            "Name": name,
            "Lineitem quantity": str(quantity),
            "Lineitem name": title,
            "Lineitem price": price,
            "Lineitem sku": sku,
        }
        kept = {k: v for k, v in first.items() if number == 0 or k in ("Email", "Created at") or "Lineitem" in k}
        rows.append({**kept, **of_line})
    return rows


def table(rows: list[dict[str, Any]], columns: list[str] | None = None, separator: str = ",") -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(rows[0]), delimiter=separator, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def orders_csv(*orders: list[dict[str, str]]) -> str:
    return table([row for rows in orders for row in rows], ORDER_COLUMNS)


def read(content: bytes | str, kind: Kind | None = None) -> ParsedFile:
    """Parsed as the app does, with the e-mail's first letter for its hash."""
    given = content.encode() if isinstance(content, str) else content
    return parse(given, today=TODAY, currency="USD", hash_email=lambda email: email[:1] * 4, kind=kind)


def problems(parsed: ParsedFile) -> list[tuple[int, str]]:
    return [(one.line, one.column) for one in parsed.problems]


def book_csv(*, with_ids: bool = True) -> str:
    """The hand-written book of tests/book.py as Shopify would export it, as far as an export can tell it."""
    amber, birch = ("Amber candle", "A1"), ("Birch candle", "B1")
    number = iter(range(1, 99))

    def of(name_and_sku: tuple[str, str], quantity: int, price: str, at: str, who: str, **columns: str) -> Any:
        n = next(number)
        columns = {"Created_at": f"2026-03-{at}", "Email": f"{who}@example.com", **columns}
        if with_ids:
            columns["Id"] = f"600000{n}"
        return order(f"#{n}", (*name_and_sku, quantity, price), **columns)

    return orders_csv(
        of(amber, 2, "20.00", "02 12:00:00 -0500", "ann", Taxes="3.60", Shipping="5.00", Total="48.60"),
        of(birch, 1, "30.00", "02 15:00:00 -0500", "bob", Taxes="5.00", Total="30.00"),
        of(amber, 3, "20.00", "03 10:00:00 -0500", "cid", Refunded_Amount="20.00",
           Financial_Status="partially_refunded"),
        of(birch, 1, "30.00", "03 11:00:00 -0500", "dan", Refunded_Amount="30.00", Financial_Status="refunded",
           Cancelled_at="2026-03-04 08:00:00 -0500"),
        of(birch, 1, "30.00", "04 10:00:00 -0500", "eve"),
        of(("Gift card - $50.00", "G1"), 1, "50.00", "05 10:00:00 -0500", "fay",
           Lineitem_requires_shipping="false", Lineitem_taxable="false"),
        of(amber, 1, "20.00", "05 11:00:00 -0500", "gus", Subtotal="0.00", Discount_Amount="20.00", Total="0.00"),
        of(amber, 1, "20.00", "06 23:59:59 -0500", "ann"),
        of(amber, 1, "20.00", "07 00:00:00 -0500", "hal"),
        of(amber, 1, "20.00", "08 01:59:59 -0500", "ivy"),
        of(birch, 1, "30.00", "09 00:30:00 -0400", "kim"),
        of(birch, 1, "30.00", "09 12:00:00 -0400", "lou", Subtotal="27.00", Discount_Code="TEN", Total="27.00"),
        of(birch, 1, "30.00", "09 13:00:00 -0400", "mia", Payment_Method="bogus"),
    )  # fmt: skip


# worked out by hand: the file says neither when order 3 was refunded (its own day, then) nor that order 5 was edited
BOOK_NET_SALES_BY_DAY = {
    "2026-03-02": 65.00,
    "2026-03-03": 70.00,  # 60 - 20 + 30
    "2026-03-04": 0.00,  # 30 - 30 cancelled
    "2026-03-05": 0.00,
    "2026-03-06": 20.00,
    "2026-03-07": 20.00,
    "2026-03-08": 20.00,
    "2026-03-09": 57.00,
}
