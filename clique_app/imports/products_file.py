"""Shopify's products export, in the columns of before and after 2025: one row a variant or picture of a product."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from clique_app.imports import values
from clique_app.imports.findings import Findings
from clique_app.imports.records import ProductRecord, VariantRecord
from clique_app.imports.sheet import Row, Sheet

HANDLE = ("Handle", "URL handle")
NO_OPTIONS = "Default Title"


def read(sheet: Sheet, findings: Findings, currency: str) -> tuple[ProductRecord, ...]:
    """The products with their variants, in the file's order. currency: of its prices and costs."""
    reader = _Reader(sheet, findings, currency)
    for row in sheet.rows():
        reader.take(row)
    return tuple(reader.products.values())


class _Reader:
    def __init__(self, sheet: Sheet, findings: Findings, currency: str) -> None:
        self.findings, self.currency = findings, currency
        self.handle = sheet.first_of(*HANDLE)
        self.column = {
            "sku": sheet.first_of("Variant SKU", "SKU"),
            "price": sheet.first_of("Variant Price", "Price"),
            "cost": sheet.first_of("Cost per item"),
            "tracker": sheet.first_of("Variant Inventory Tracker", "Inventory tracker"),
            "policy": sheet.first_of("Variant Inventory Policy", "Continue selling when out of stock"),
        }
        self.points = sheet.points(self.column["price"], self.column["cost"])
        self.products: dict[str, ProductRecord] = {}

    def take(self, row: Row) -> None:
        handle = values.text(row.text(self.handle)).lower()
        if not handle:
            message = "The product has no handle. Use the file as Shopify made it."
            self.findings.add(row.line, self.handle, message)
            return
        known = self.products.get(handle)
        if known is None:
            known = self._product(row, handle)
        if self._sells(row):
            variant = self._variant(row)
            twice = next((v for v in known.variants if v.title == variant.title), None)
            if twice is not None:
                message = f"The variant {variant.title!r} of {handle} stands in line {twice.line} already. Remove one."
                self.findings.add(row.line, self.handle, message)
            known = replace(known, variants=(*known.variants, variant))
        self.products[handle] = known

    def _product(self, row: Row, handle: str) -> ProductRecord:
        title = values.text(row.text("Title"))
        if not title:
            self.findings.add(row.line, "Title", f"The product {handle} has no title in its first line. Add it.")
        return ProductRecord(
            row.line,
            handle,
            title,
            values.text(row.text("Type")),
            values.text(row.text("Vendor")),
            row.text("Status").upper()[:20] or "ACTIVE",
            (),
        )

    def _sells(self, row: Row) -> bool:
        """A row of a picture alone has neither price nor options."""
        return any(row.text(name) for name in (self.column["price"], self.column["sku"], "Option1 Value") if name)

    def _variant(self, row: Row) -> VariantRecord:
        options = [row.text(f"Option{number} Value") for number in (1, 2, 3)]
        cost_column, policy = self.column["cost"], row.text(self.column["policy"]).lower()
        return VariantRecord(
            row.line,
            values.text(" / ".join(option for option in options if option) or NO_OPTIONS),
            values.text(row.text(self.column["sku"])),
            self._money(row, self.column["price"]),
            bool(row.text(self.column["tracker"])),
            policy in ("continue", "true"),
            self._money(row, cost_column) if cost_column and row.text(cost_column) else None,
        )

    def _money(self, row: Row, column: str) -> Decimal:
        read = lambda cell: values.positive(cell, point=self.points[column], currency=self.currency)  # noqa: E731
        return self.findings.take(row, column, read, Decimal(0))
