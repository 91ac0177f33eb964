"""Cells as values. Each reader gives the value or says what is wrong and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Literal

MAX_AMOUNT = Decimal("1e12")
MAX_COUNT = 2_000_000_000
MAX_TEXT = 500
DayOrder = Literal["dmy", "mdy", ""]
_EARLIEST, _LATEST = 1990, 2100
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", re.ASCII)
_ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE | re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class Unusable(ValueError):
    """What is wrong with a cell and how to mend it."""


def text(cell: str) -> str:
    """Text of a bounded length, without the apostrophe that keeps spreadsheets from rounding it."""
    return cell.removeprefix("'")[:MAX_TEXT]


def amount(cell: str, *, decimal_comma: bool = False) -> Decimal:
    """Money: 1234.50, 1,234.50, $1,234.50, 1.234,50; nothing is 0."""
    plain = re.sub(r"[\s\u00a0\u202f'$€£¥]|[A-Za-z]{3}(?=$)|^[A-Za-z]{3}", "", cell).replace("\u2212", "-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    if not plain:
        if cell.strip():
            raise Unusable(f"{cell[:40]!r} is not an amount. Write it as 1234.50.")
        return Decimal(0)
    number = _without_thousands(plain, decimal_comma)
    if not _NUMBER.fullmatch(number):
        raise Unusable(f"{cell[:40]!r} is not an amount. Write it as 1234.50.")
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise Unusable(f"{cell[:40]!r} is not an amount. Write it as 1234.50.") from None
    if abs(value) >= MAX_AMOUNT:
        raise Unusable(f"{cell[:40]!r} is too large to be an amount. Look whether columns are shifted.")
    return value


def positive(cell: str, *, decimal_comma: bool = False) -> Decimal:
    """An amount that cannot be below 0."""
    value = amount(cell, decimal_comma=decimal_comma)
    if value < 0:
        raise Unusable(f"{cell[:40]!r} is below 0. Write how much it is, without a sign.")
    return value


def count(cell: str, *, decimal_comma: bool = False) -> int:
    """A whole number from 0 on; nothing is 0."""
    value = positive(cell, decimal_comma=decimal_comma)
    if value != value.to_integral_value() or value > MAX_COUNT:
        raise Unusable(f"{cell[:40]!r} is not a whole number.")
    return int(value)


def platform_id(cell: str) -> int | None:
    """An id of Shopify's; nothing where the cell is empty."""
    plain = cell.removeprefix("'").strip().removeprefix("gid://shopify/Order/").removeprefix("gid://shopify/Customer/")
    if not plain:
        return None
    if plain.isascii() and plain.isdigit() and 0 < int(plain[:30]) < 2**63:
        return int(plain)
    if _ROUNDED.fullmatch(plain):
        raise Unusable(
            f"{plain[:40]!r} was rounded by a spreadsheet. Use the file as Shopify made it, without saving it."
        )
    raise Unusable(f"{plain[:40]!r} is not an id of Shopify's. Use the file as Shopify made it.")


def instant(cell: str) -> datetime | None:
    """2026-03-02 12:00:00 -0500, as UTC; nothing where the cell is empty."""
    if not cell:
        return None
    plain = re.sub(r"\s+UTC$", " +0000", cell.strip())
    plain = re.sub(r"\s*([+-]\d\d):?(\d\d)$", r"\1:\2", plain)
    try:
        value = datetime.fromisoformat(plain)
    except ValueError:
        raise Unusable(f"{cell[:40]!r} is not a time. Shopify writes 2026-03-02 12:00:00 -0500.") from None
    if value.tzinfo is None:
        raise Unusable(f"{cell[:40]!r} has no time zone. Shopify writes 2026-03-02 12:00:00 -0500.")
    if not _EARLIEST <= value.year < _LATEST:
        raise Unusable(f"{cell[:40]!r} is not a time of this century.")
    return value.astimezone(UTC)


def day_order(cells: Iterable[str]) -> DayOrder:
    """Whether a column's days begin with the day or the month; nothing where no line tells."""
    seen: set[DayOrder] = set()
    for cell in cells:
        found = _SLASHED.fullmatch(cell)
        if found and "." in cell:
            return "dmy"
        if found and int(found[1]) > 12:
            seen.add("dmy")
        if found and int(found[2]) > 12:
            seen.add("mdy")
    return seen.pop() if len(seen) == 1 else ""


def day(cell: str, order: DayOrder, *, today: date) -> date:
    """A day that has begun: 2026-03-02, or 3/2/2026 where the column tells which is the month."""
    if not cell:
        raise Unusable("There is no day. Write it as 2026-03-02.")
    found = _SLASHED.fullmatch(cell)
    try:
        if found and not order:
            raise Unusable(f"{cell!r} may be two different days. Write days as 2026-03-02.")
        if found:
            first, second, year = (int(part) for part in found.groups())
            value = date(year, second, first) if order == "dmy" else date(year, first, second)
        else:
            value = date.fromisoformat(cell[:10] if len(cell) > 10 and cell[10] in " T" else cell)
    except Unusable:
        raise
    except ValueError:
        raise Unusable(f"{cell[:40]!r} is not a day. Write it as 2026-03-02.") from None
    if value > today + timedelta(days=1):  # somewhere it is tomorrow already
        raise Unusable(f"{value:%Y-%m-%d} has not come yet.")
    if value.year < _EARLIEST:
        raise Unusable(f"{cell[:40]!r} is not a day of this century.")
    return value


def currency(cell: str) -> str:
    """USD; nothing where the cell is empty."""
    code = cell.strip().upper()
    if code and not _CURRENCY.fullmatch(code):
        raise Unusable(f"{cell[:40]!r} is not a currency. Write its three letters, such as USD.")
    return code


def yes(cell: str, *, default: bool) -> bool:
    """true or false, as Shopify writes it."""
    return default if not cell else cell.lower() in ("true", "yes", "1")


def made_id(*parts: object) -> int:
    """An id of our own for what the platform's files give none: below 0, and always the same for the same parts."""
    digest = blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=8).digest()
    return -(int.from_bytes(digest, "big") >> 2) - 1


def _without_thousands(plain: str, decimal_comma: bool) -> str:
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and dot >= 0:
        point = "," if comma > dot else "."
    elif comma >= 0:
        grouped = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", plain)
        point = "." if grouped and not decimal_comma else ","
    elif dot >= 0:
        grouped = re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+", plain)
        point = "," if grouped and (decimal_comma or plain.count(".") > 1) else "."
    else:
        return plain
    group = "." if point == "," else ","
    return plain.replace(group, "").replace(point, ".")
