"""From bytes to a ParsedFile: its kind, its records, and what is wrong with it. No file makes it raise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from clique_app.imports import advocacy_sheets, customers_file, orders_file, products_file, spend_sheet
from clique_app.imports.findings import Findings
from clique_app.imports.records import KINDS, Kind, ParsedFile, Problem
from clique_app.imports.sheet import Sheet, Unreadable
from clique_app.imports.sheet import sheet as table_of

# what a file of a kind must have in its header: of each tuple one name
REQUIRED: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "orders": tuple((name,) for name in orders_file.REQUIRED),
    "products": (products_file.HANDLE, ("Title",)),
    "customers": (("Email",),),
    "spend": (spend_sheet.DAY, spend_sheet.CHANNEL, spend_sheet.SPEND),
    **advocacy_sheets.REQUIRED,
}
# what tells a kind from the others
TELLING: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "orders": (("Lineitem name", "Lineitem quantity", "Lineitem price"),),
    "products": (products_file.HANDLE, ("Title",)),
    "spend": (spend_sheet.DAY, spend_sheet.SPEND),
    **advocacy_sheets.REQUIRED,
    "customers": (("Email",), ("Customer ID", "Total Orders", "Accepts Email Marketing", "First Name")),
}


def parse(
    content: bytes, *, today: date, hash_email: Callable[[str], str], currency: str = "", kind: Kind | None = None
) -> ParsedFile:
    """The file as far as it can be read. currency: the store's; empty where any will do. kind: what the merchant says
    it is; else the header tells."""
    findings = Findings()
    try:
        sheet = table_of(content)
    except Unreadable as error:
        findings.add(0, "", str(error))
        return _parsed(kind, 0, findings)
    kind = kind or detected(sheet)
    if kind is None:
        named = ", ".join(KINDS.values())
        findings.add(1, "", f"The columns are of no file that Clique knows: {named}. Is the header the first line?")
        return _parsed(None, 0, findings)
    missing = [names for names in REQUIRED[kind] if not sheet.first_of(*names)]
    for names in missing:
        findings.add(1, names[0], f"A {KINDS[kind]} has a column {' or '.join(names)}; this file has none.")
    if missing:
        return _parsed(kind, 0, findings)
    records = _read(kind, sheet, findings, today, currency, hash_email)
    if sheet.broken is not None:
        findings.add(sheet.broken.line, sheet.broken.column, sheet.broken.message)
    elif not records and not findings.count:
        nothing = findings.notes[0] if findings.notes else "The file has a header and nothing below it."
        findings.add(0, "", f"{nothing} Export it again.")
    return _parsed(kind, sheet.lines, findings, **{kind: records})


def detected(sheet: Sheet) -> Kind | None:
    """The kind that the header tells."""
    return next((kind for kind, marks in TELLING.items() if all(sheet.first_of(*names) for names in marks)), None)


def _read(
    kind: Kind, sheet: Sheet, findings: Findings, today: date, currency: str, hash_email: Callable[[str], str]
) -> Sequence[object]:
    if kind == "orders":
        return orders_file.read(sheet, findings, hash_email, currency)
    if kind == "products":
        return products_file.read(sheet, findings, currency)
    if kind == "customers":
        return customers_file.read(sheet, findings, hash_email)
    if kind == "spend":
        return spend_sheet.read(sheet, findings, today, currency)
    return advocacy_sheets.read(kind, sheet, findings, today, hash_email)


def _parsed(kind: Kind | None, lines: int, findings: Findings, **records: object) -> ParsedFile:
    problems: tuple[Problem, ...] = tuple(sorted(findings.problems, key=lambda one: one.line))
    told = {"problems": problems, "problem_count": findings.count, "notes": tuple(findings.notes)}
    return ParsedFile(kind, lines, **told, **records)  # pyright: ignore[reportArgumentType]
