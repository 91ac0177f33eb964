"""What a euro is worth on a day, made from the currency and the day alone; on which days it is fixed, and when it is
known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from zoneinfo import ZoneInfo

FRANKFURT = ZoneInfo("Europe/Berlin")
PUBLISHED_HOUR = 16
FIXED_HOLIDAYS = ((1, 1), (5, 1), (12, 25), (12, 26))
SWING, JITTER, WAVE_DAYS = 0.05, 0.004, 211.0


@dataclass(frozen=True)
class Currency:
    """About what a euro is worth in it, and the decimals it is told with."""

    name: str
    about: float
    decimals: int


CURRENCIES = {
    "AUD": Currency("Australian dollar", 1.7, 4),
    "BRL": Currency("Brazilian real", 6.2, 4),
    "CAD": Currency("Canadian dollar", 1.55, 4),
    "CHF": Currency("Swiss franc", 0.94, 4),
    "CNY": Currency("Chinese yuan renminbi", 8.1, 4),
    "CZK": Currency("Czech koruna", 24.8, 3),
    "DKK": Currency("Danish krone", 7.46, 4),
    "GBP": Currency("UK pound sterling", 0.86, 5),
    "HKD": Currency("Hong Kong dollar", 8.8, 4),
    "HUF": Currency("Hungarian forint", 392.0, 2),
    "IDR": Currency("Indonesian rupiah", 18_400.0, 2),
    "ILS": Currency("Israeli shekel", 3.95, 4),
    "INR": Currency("Indian rupee", 98.0, 4),
    "ISK": Currency("Iceland krona", 143.0, 1),
    "JPY": Currency("Japanese yen", 168.0, 2),
    "KRW": Currency("Korean won", 1_590.0, 2),
    "MXN": Currency("Mexican peso", 21.6, 4),
    "MYR": Currency("Malaysian ringgit", 4.9, 4),
    "NOK": Currency("Norwegian krone", 11.7, 4),
    "NZD": Currency("New Zealand dollar", 1.95, 4),
    "PHP": Currency("Philippine peso", 65.0, 3),
    "PLN": Currency("Polish zloty", 4.27, 4),
    "RON": Currency("Romanian leu", 5.05, 4),
    "SEK": Currency("Swedish krona", 11.1, 4),
    "SGD": Currency("Singapore dollar", 1.49, 4),
    "THB": Currency("Thai baht", 37.5, 3),
    "TRY": Currency("Turkish lira", 47.0, 4),
    "USD": Currency("US dollar", 1.14, 4),
    "ZAR": Currency("South African rand", 20.4, 4),
}


def fixing(currency: str, day: date) -> Decimal:
    """KeyError: it is not fixed at all."""
    told = CURRENCIES[currency]
    phase, jitter = _part(currency), _part(f"{currency}/{day.isoformat()}")
    moved = 1 + SWING * math.sin(day.toordinal() / WAVE_DAYS + phase * math.tau) + JITTER * (2 * jitter - 1)
    return Decimal(f"{told.about * moved:.{told.decimals}f}")


def is_fixed(day: date) -> bool:
    """A working day of the euro's payment system."""
    easter = _easter(day.year)
    moving = (easter - timedelta(days=2), easter + timedelta(days=1))
    return day.weekday() < 5 and (day.month, day.day) not in FIXED_HOLIDAYS and day not in moving


def last_published(now: datetime) -> date:
    """The last day whose rates may be out."""
    there = now.astimezone(FRANKFURT)
    return there.date() if there.hour >= PUBLISHED_HOUR else there.date() - timedelta(days=1)


def _part(text: str) -> float:
    """A number from 0 to 1 that is the text's own."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / 2**64


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, as the anonymous rule of 1876 has it."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    step = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * step) // 451
    month, day = divmod(h + step - 7 * m + 114, 31)
    return date(year, month, day + 1)
