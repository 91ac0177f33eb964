"""Shopify's customers export: a keyed hash of the e-mail and the postal area are kept, nothing else of the person."""

from __future__ import annotations

from collections.abc import Callable

from clique_app.imports import places, values
from clique_app.imports.findings import Findings
from clique_app.imports.records import CustomerRecord
from clique_app.imports.sheet import Row, Sheet


def read(sheet: Sheet, findings: Findings, hash_email: Callable[[str], str]) -> tuple[CustomerRecord, ...]:
    """The customers, in the file's order. Who has neither an id nor an e-mail cannot be told from others: skipped."""
    customers: list[CustomerRecord] = []
    seen: dict[str, int] = {}
    skipped = 0
    for row in sheet.rows():
        customer_id = findings.take(row, "Customer ID", values.platform_id, None)
        email = row.text("Email")
        email_hash = hash_email(email) if "@" in email else ""
        if customer_id is None and not email_hash:
            skipped += 1
            continue
        who = str(customer_id or email_hash)
        if who in seen:
            findings.add(row.line, "Email", f"This customer stands in line {seen[who]} already. Remove one of the two.")
        seen.setdefault(who, row.line)
        customers.append(CustomerRecord(row.line, customer_id, email_hash, *_place(row)))
    if skipped:
        findings.notes.append(f"Skipped, for want of an id and an e-mail to know the customer by: {skipped:,}.")
    return tuple(customers)


def _place(row: Row) -> tuple[str, str, str]:
    def of(*columns: str) -> str:
        return next((values.text(row.text(column)) for column in columns if row.text(column)), "")

    country = of("Default Address Country Code", "Country Code", "Country")[:60]
    region = of("Province") or places.region(country, of("Default Address Province Code", "Province Code"))
    return (
        country,
        region[:100],
        of("Default Address Zip", "Zip")[:20],
    )
