"""Sheets of reviews, content, referrals, loyalty members and social days, as apps export them or people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from clique_app.advocacy import records
from clique_app.advocacy.records import Record, record_id
from clique_app.imports import values
from clique_app.imports.findings import Findings
from clique_app.imports.records import Kind
from clique_app.imports.sheet import Row, Sheet

ID = ("ID", "Review ID", "Post ID", "Referral ID", "Member ID", "Customer ID")
DAY = ("Day", "Date", "Review date", "review_date", "Created at", "Submitted at", "Joined", "Joined at", "Member since")
SOURCE, EMAIL = ("Source", "App"), ("Email", "Reviewer email", "reviewer_email", "Customer email")
RATING, PRODUCT = ("Rating", "Score", "Review score", "Stars"), ("Product ID", "product_id")
CONTENT, NETWORK = ("Content type", "Media type", "UGC type"), ("Network", "Platform")
VISITORS = ("Referred visitors", "Visitors")
BUYERS = ("Referred orders", "Ordered", "Conversions")
JOINED = ("Joined", "Joined at", "Member since")
ACCOUNT, IMPRESSIONS = ("Account", "Profile"), ("Impressions", "Views")
ENGAGEMENTS = ("Engagements", "Total engagements", "Interactions")
# what a sheet of a kind must have in its header, of each tuple one name; the same tells it from other files
REQUIRED: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "reviews": (RATING, DAY),
    "ugc": (CONTENT, DAY),
    "referrals": (VISITORS, BUYERS, DAY),
    "loyalty": (JOINED, EMAIL),
    "social": (ENGAGEMENTS, IMPRESSIONS, NETWORK, DAY),
}
FROM_FILE = "file"


def read(
    kind: Kind, sheet: Sheet, findings: Findings, today: date, hash_email: Callable[[str], str]
) -> tuple[Record, ...]:
    """The lines of the sheet as records. Of a person the hash of the e-mail is kept, of a review its stars."""
    rows = list(sheet.rows())
    reader = _Reader(kind, sheet, findings, today, rows, hash_email)
    return tuple(record for row in rows if (record := reader.record(row)) is not None)


class _Reader:
    def __init__(
        self, kind: Kind, sheet: Sheet, findings: Findings, today: date, rows: list[Row], keyed: Callable[[str], str]
    ) -> None:
        self.kind, self.sheet, self.findings, self.today, self.keyed = kind, sheet, findings, today, keyed
        self.point: values.Point = sheet.point
        self.day = sheet.first_of(*(JOINED if kind == "loyalty" else DAY))
        self.order: values.DayOrder = values.day_order(row.text(self.day) for row in rows)
        self.seen: dict[int, int] = {}
        self.alike: dict[tuple[str, ...], int] = {}

    def record(self, row: Row) -> Record | None:
        """One line; None where something in it cannot be read."""
        before = self.findings.count
        day = self.findings.take(row, self.day, lambda cell: values.day(cell, self.order, today=self.today), None)
        source = self._text(row, *SOURCE).lower() or FROM_FILE
        record = self._made(row, source, day or self.today)
        if self.findings.count > before or day is None:
            return None
        twin = self.seen.setdefault(record.record_id, row.line)
        if twin != row.line:
            self.findings.add(row.line, self._id_column(), f"Line {twin} is of the same. Keep one of the two.")
        return record

    def _made(self, row: Row, source: str, day: date) -> Record:
        email = self.keyed(found) if (found := self._text(row, *EMAIL)) else ""
        if self.kind == "reviews":
            stars, product = self._stars(row), self._text(row, *PRODUCT)
            shared = self._shared(row, source, day, email, str(stars), product)
            number = int(product) if product.isascii() and product.isdigit() and len(product) < 19 else None
            return records.Review(**shared, rating=stars, product_id=number or None, customer_hmac=email)
        if self.kind == "ugc":
            network = self._text(row, *NETWORK).lower()
            shared = self._shared(row, source, day, email, network, self._text(row, *CONTENT))
            return records.Ugc(**shared, network=network, customer_hmac=email)
        if self.kind == "loyalty":
            if not email and not self._id_column():
                self.findings.add(row.line, self.sheet.first_of(*EMAIL), "There is neither an e-mail nor an id.")
            return records.Member(**self._shared(row, source, day, email, name=email), customer_hmac=email)
        if self.kind == "referrals":
            visitors, ordered = self._count(row, *VISITORS), self._count(row, *BUYERS)
            if ordered > visitors:
                message = f"{ordered:,} of {visitors:,} visitors cannot have ordered. Are the columns swapped?"
                self.findings.add(row.line, self.sheet.first_of(*BUYERS), message)
            name = "" if self._id_column() else day.isoformat()
            return records.Referral(**self._shared(row, source, day, name=name), visitors=visitors, ordered=ordered)
        network, account = self._text(row, *NETWORK).lower(), self._text(row, *ACCOUNT)
        if not network:
            self.findings.add(row.line, self.sheet.first_of(*NETWORK), "There is no network. Write it, as Instagram.")
        seen, engaged = self._count(row, *IMPRESSIONS), self._count(row, *ENGAGEMENTS)
        shared = self._shared(row, source, day, name="\x1e".join((network, account, day.isoformat())))
        return records.SocialDay(**shared, network=network, account=account, impressions=seen, engagements=engaged)

    def _shared(self, row: Row, source: str, day: date, *parts: str, name: str = "") -> dict[str, Any]:
        """What every record has. Its number comes from its id; else from what names it; else from all it says, and
        lines that say the same are told apart by how many came before."""
        told = row.text(self._id_column()) if self._id_column() and self.kind != "social" else ""
        told = told or name
        if not told:
            same = (day.isoformat(), *parts)
            self.alike[same] = self.alike.get(same, 0) + 1
            told = "\x1e".join((*same, str(self.alike[same])))
        number = record_id(self.keyed, self.kind, source, told)
        return {"record_id": number, "source": source, "day": day, "line": row.line}

    def _id_column(self) -> str:
        return self.sheet.first_of(*ID)

    def _text(self, row: Row, *names: str) -> str:
        return values.text(row.text(self.sheet.first_of(*names)))[:200]

    def _count(self, row: Row, *names: str) -> int:
        read = lambda cell: values.count(cell, point=self.point)  # noqa: E731
        return self.findings.take(row, self.sheet.first_of(*names), read, 0)

    def _stars(self, row: Row) -> int:
        def stars(cell: str) -> int:
            found = values.count(cell, point=self.point)
            if not 1 <= found <= 5:
                raise values.Unusable(f"{cell[:40]!r} is not 1 to 5 stars.")
            return found

        return self.findings.take(row, self.sheet.first_of(*RATING), stars, 1)
