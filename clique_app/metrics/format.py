"""A value as a person reads it. Money without needless decimals on tiles, to the cent where it opens. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision, get_currency_symbol

from clique_app.metrics.definition import Period, Unit

LOCALE = Locale.parse("en_US")
UNKNOWN = "–"
# from here on money is shown without cents on tiles, and counts without decimals
WHOLE_FROM: Mapping[Unit, int] = {"money": 1000, "count": 100}


def exact(value: Decimal | None, unit: Unit, currency: str) -> str:
    """The value in full: money to the cent, ratios to two decimals, counts too where they are no whole numbers, shares
    to a tenth of a percent."""
    if value is None:
        return UNKNOWN
    if unit == "money":
        return _money(value, currency, get_currency_precision(currency))
    if unit == "percent":
        return format_percent(value, "#,##0.0%", locale=LOCALE).replace("-", "−")
    places = "#,##0.##" if unit == "count" else "#,##0.00"
    return format_decimal(value, places, locale=LOCALE).replace("-", "−")


def brief(value: Decimal | None, unit: Unit, currency: str) -> str:
    """The value at a glance: whole money from 1,000 on, whole counts from 100 on."""
    if value is None or unit not in WHOLE_FROM or abs(value) < WHOLE_FROM[unit]:
        return exact(value, unit, currency)
    return whole(value, currency) if unit == "money" else exact(value.quantize(Decimal(1)), unit, currency)


def plain(value: Decimal, currency: str) -> str:
    """Money in a sentence, with cents only where it has some: $640, $22.50."""
    return exact(value, "money", currency) if value != value.to_integral_value() else whole(value, currency)


def whole(value: Decimal, currency: str) -> str:
    """Money without cents."""
    return _money(value, currency, 0)


def _money(value: Decimal, currency: str, places: int) -> str:
    """As babel writes it in en_US, which takes ten times as long: a table of days has hundreds of amounts."""
    sign = "−" if value.is_signed() else ""
    return f"{sign}{get_currency_symbol(currency, LOCALE)}{abs(value):,.{places}f}"


def axis(value: Decimal, currency: str) -> str:
    """An axis tick: $15K."""
    thousand = Decimal(1000)
    if abs(value) >= thousand:
        return (
            format_currency(value / thousand, currency, "¤#,##0.##", locale=LOCALE, currency_digits=False).replace(
                "-", "−"
            )
            + "K"
        )
    return format_currency(value, currency, "¤#,##0", locale=LOCALE, currency_digits=False).replace("-", "−")


def signed_percent(change: Decimal) -> str:
    """+7.0%, −1.1%, 0.0%."""
    shown = format_percent(abs(change), "#,##0.0%", locale=LOCALE)
    if shown == "0.0%":
        return shown
    return ("+" if change > 0 else "−") + shown


def cents(value: Decimal, currency: str) -> Decimal:
    """Rounded to the currency's smallest unit."""
    return value.quantize(Decimal(1).scaleb(-get_currency_precision(currency)))


def day(value: date, *, year: bool = False) -> str:
    """14 Nov, or 14 Nov 2026."""
    return f"{value.day} {value:%b}" + (f" {value.year}" if year else "")


def days(period: Period, *, year: bool = False) -> str:
    """14–20 Nov, 28 Oct – 3 Nov, with the year at the end where asked."""
    start, end = period.start, period.end
    if start == end:
        return day(end, year=year)
    if start.year != end.year:
        return f"{day(start, year=True)} – {day(end, year=True)}"
    if start.month == end.month:
        return f"{start.day}–{day(end, year=year)}"
    return f"{day(start)} – {day(end, year=year)}"


def against(other: Period, period: Period) -> str:
    """The days that a period is compared with; with the year where that is another one."""
    return days(other, year=other.end.year != period.end.year)


def age(at: datetime | None, now: datetime) -> str:
    """6 s ago, 41 min ago, 2 h ago, 3 d ago."""
    if at is None:
        return "never read"
    passed = max(now - at, timedelta(0))
    seconds = int(passed.total_seconds())
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86400} d ago"
