"""Cells as values. Each reader gives the value or says what is wrong and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Literal

MAX_AMOUNT = Decimal("1e12")
MAX_SUM = Decimal("4e12")  # of a file: sums by customer are kept as millionths, below 2 ** 63
MAX_COUNT = 2_000_000_000
MAX_TEXT = 500
DayOrder = Literal["dmy", "mdy", ""]
Point = Literal[".", ","]  # what parts whole units from the rest
_EARLIEST, _LATEST = 1990, 2100
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", re.ASCII)
_ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE | re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_BESIDE = re.compile(r"[$€£¥]|^[a-z]{3}|[a-z]{3}$", re.IGNORECASE | re.ASCII)  # a currency, before or after the amount
_BLANK = re.compile(r"[\s\u00a0\u202f']")
_GROUPED = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(\1\d{3})*", re.ASCII)
# whose sign it is; of a dollar or peso the sign alone does not tell which
SIGNS = {
    "$": "USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD ARS CLP COP CUP DOP "
    "MXN UYU",
    "€": "EUR",
    "£": "GBP EGP FKP GIP LBP SHP SSP SYP",
    "¥": "JPY CNY",
}


class Unusable(ValueError):
    """What is wrong with a cell and how to mend it."""


def text(cell: str) -> str:
    """Text of a bounded length, without the apostrophe that keeps spreadsheets from rounding it."""
    return cell.removeprefix("'")[:MAX_TEXT]


def amount(cell: str, *, point: Point = ".", currency: str = "") -> Decimal:
    """Money: 1234.50, 1,234.50, $1,234.50, 1.234,50; nothing is 0. point: where the cell alone does not tell.
    currency: what it must be in, however it is marked; empty where any will do."""
    plain = _digits(cell)
    if not plain and not cell.strip():
        return Decimal(0)
    decimal = _point(plain) or point
    number = plain.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    if not _NUMBER.fullmatch(number):
        raise Unusable(f"{cell[:40]!r} is not an amount. Write it as 1234.50.")
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise Unusable(f"{cell[:40]!r} is not an amount. Write it as 1234.50.") from None
    if abs(value) >= MAX_AMOUNT:
        raise Unusable(f"{cell[:40]!r} is too large to be an amount. Look whether columns are shifted.")
    for mark in _BESIDE.findall(_BLANK.sub("", cell)) if currency else ():
        if currency not in (SIGNS.get(mark) or mark.upper()):
            raise Unusable(f"{cell[:40]!r} is in {mark.upper()}, it should be in {currency}. Convert it first.")
    return value


def point_of(cells: Iterable[str], otherwise: Point) -> Point:
    """How a column writes its decimals: as all its cells that tell do; otherwise where none does or they differ."""
    told: set[Point] = {point for cell in cells if (point := _point(_digits(cell)))}
    return told.pop() if len(told) == 1 else otherwise


def positive(cell: str, *, point: Point = ".", currency: str = "") -> Decimal:
    """An amount that cannot be below 0."""
    value = amount(cell, point=point, currency=currency)
    if value < 0:
        raise Unusable(f"{cell[:40]!r} is below 0. Write how much it is, without a sign.")
    return value


def count(cell: str, *, point: Point = ".") -> int:
    """A whole number from 0 on; nothing is 0."""
    value = positive(cell, point=point)
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


def currency_or(cell: str, otherwise: str) -> str:
    """The same where it can be read, else the other."""
    code = cell.strip().upper()
    return code if _CURRENCY.fullmatch(code) else otherwise


def yes(cell: str, *, default: bool) -> bool:
    """true or false, as Shopify writes it."""
    return default if not cell else cell.lower() in ("true", "yes", "1")


def made_id(*parts: object) -> int:
    """An id of our own for what the platform's files give none: below 0, and always the same for the same parts."""
    digest = blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=8).digest()
    return -(int.from_bytes(digest, "big") >> 2) - 1


def _digits(cell: str) -> str:
    """The number alone, without what stands for its currency."""
    plain = _BESIDE.sub("", _BLANK.sub("", cell)).replace("\u2212", "-")
    return "-" + plain[1:-1] if plain.startswith("(") and plain.endswith(")") else plain


def _point(plain: str) -> Point | None:
    """What parts whole units from the rest, as far as this number tells: 1.234 may be two numbers, 0.125 is one."""
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and dot >= 0:
        return "," if comma > dot else "."
    if comma < 0 and dot < 0:
        return None
    mark: Point = "," if comma >= 0 else "."
    if not _GROUPED.fullmatch(plain.lstrip("+-")):
        return mark
    if plain.count(mark) == 1:
        return None
    return "." if mark == "," else ","
