"""How values are written for people: money, counts, ratios, changes, ages. Pure; display is the only rounding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

UNKNOWN = "–"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "INR": "₹"}
_NO_MINOR_UNIT = {"JPY", "KRW", "VND", "CLP", "ISK"}


def _grouped(value: Decimal, places: int) -> tuple[str, bool]:
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return f"{abs(rounded):,.{places}f}", rounded < 0


def money(value: Decimal | None, currency: str, *, exact: bool = False, signed: bool = False) -> str:
    """'$126,732'; small amounts and exact=True keep their cents; an unknown one is a dash."""
    if value is None:
        return UNKNOWN
    cents = 0 if currency in _NO_MINOR_UNIT else 2
    places = cents if exact or abs(value) < 1000 and value != value.to_integral_value() else 0
    digits, negative = _grouped(value, places)
    sign = "−" if negative else "+" if signed and value > 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency}"


def number(value: Decimal | int | None, places: int = 0) -> str:
    """'2,148' or '4.31'."""
    if value is None:
        return UNKNOWN
    digits, negative = _grouped(Decimal(value), places)
    return f"−{digits}" if negative else digits


def percent(share: Decimal | None, places: int = 1, *, signed: bool = False) -> str:
    """A share of one as '11.8%'."""
    if share is None:
        return UNKNOWN
    digits, negative = _grouped(share * 100, places)
    return f"{'−' if negative else '+' if signed and share > 0 else ''}{digits}%"


def day(value: date, *, weekday: bool = False) -> str:
    """'14 Nov' or 'Sat 14 Nov'."""
    return f"{value:%a} {value.day} {value:%b}" if weekday else f"{value.day} {value:%b}"


def age(since: datetime | None, now: datetime) -> str:
    """'6 s', '41 min', '2 h', '3 d'; 'never' where nothing came yet."""
    if since is None:
        return "never"
    seconds = max(0, int((now - since).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if unit == "d" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@dataclass(frozen=True)
class Delta:
    """A change as it is shown: never colour alone."""

    text: str  # '+7.0%'
    arrow: str  # ↑ ↓ or empty
    tone: str  # good, bad, neither
    against: str  # 'vs 7–13 Nov'


def delta(
    value: Decimal | None, before: Decimal | None, against: str, *, good: str = "up", absolute: str | None = None
) -> Delta:
    """The change from before to value. good: 'up', 'down' or 'neither' says which way is welcome."""
    if value is None or before is None or not against:
        return Delta("", "", "neither", "")
    change = value - before
    if absolute is not None:
        text = absolute
    elif before == 0:
        text = "no change" if change == 0 else "from nothing"
    else:
        text = percent(change / abs(before), signed=True)
    arrow = "↑" if change > 0 else "↓" if change < 0 else ""
    tone = "neither"
    if change and good != "neither":
        tone = "good" if (change > 0) == (good == "up") else "bad"
    return Delta(text, arrow, tone, against)
