"""A spend sheet: what a channel without a connection cost, by day and campaign."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

from clique_app.imports import values
from clique_app.imports.findings import Findings
from clique_app.imports.records import SpendRecord
from clique_app.imports.sheet import Row, Sheet
from clique_app.integrations.registry import CHANNELS

DAY = ("Day", "Date")
CHANNEL = ("Channel", "Platform", "Source")
CAMPAIGN = ("Campaign", "Campaign name")
SPEND = ("Spend", "Cost", "Amount spent")
CONVERSIONS = ("Reported conversions", "Conversions", "Purchases")
REVENUE = ("Reported revenue", "Conversion value", "Revenue", "Purchase value")
NO_CAMPAIGN = "All campaigns"
# names that people write -> the channel's key in Clique
NAMES = {
    **{name: one.key for one in CHANNELS for name in one.spoken.in_sheets},
    **dict.fromkeys(("snap", "snapchat ads"), "snapchat"),
    **dict.fromkeys(("bing", "bing ads", "microsoft ads", "microsoft advertising"), "microsoft"),
}


def read(sheet: Sheet, findings: Findings, today: date, currency: str) -> tuple[SpendRecord, ...]:
    """The lines of the sheet, one a day, channel and campaign. currency: of amounts whose line does not say."""
    rows = list(sheet.rows())
    reader = _Reader(sheet, findings, today, rows, currency)
    return tuple(record for row in rows if (record := reader.record(row)) is not None)


class _Reader:
    def __init__(self, sheet: Sheet, findings: Findings, today: date, rows: list[Row], currency: str) -> None:
        self.findings, self.today, self.currency = findings, today, currency
        self.point: values.Point = sheet.point
        self.day, self.channel, self.campaign, self.spend = (
            sheet.first_of(*names) for names in (DAY, CHANNEL, CAMPAIGN, SPEND)
        )
        self.conversions, self.revenue = sheet.first_of(*CONVERSIONS), sheet.first_of(*REVENUE)
        self.points = sheet.points(self.spend, self.conversions, self.revenue)
        self.order: values.DayOrder = values.day_order(row.text(self.day) for row in rows)
        self.sum = Decimal(0)
        self.seen: dict[tuple[date, str, str], int] = {}

    def record(self, row: Row) -> SpendRecord | None:
        """One line; None where its day or channel cannot be read."""
        day = self.findings.take(row, self.day, lambda cell: values.day(cell, self.order, today=self.today), None)
        channel = channel_key(row.text(self.channel))
        if not channel:
            named = row.text(self.channel)[:40]
            why = f"{named!r} is not the name of a channel." if named else "There is no channel."
            self.findings.add(row.line, self.channel, f"{why} Write it, such as TikTok.")
        if not row.text(self.spend):
            self.findings.add(row.line, self.spend, "There is no spend. Write 0 where nothing was spent.")
        campaign = values.text(row.text(self.campaign))[:200] or NO_CAMPAIGN
        amounts = (
            self.findings.take(row, "Currency", values.currency, ""),
            self._money(row, self.spend),
            self._count(row, "Impressions"),
            self._count(row, "Clicks"),
            self._money(row, self.conversions),
            self._money(row, self.revenue),
        )
        self.sum += max(amounts[1], amounts[4], amounts[5])
        if self.sum >= values.MAX_SUM:
            why = f"The lines up to this one make {self.sum:,.2f}, more than can be. Look whether columns are shifted."
            self.findings.add(row.line, self.spend, why)
        if day is None or not channel:
            return None
        before = self.seen.setdefault((day, channel, campaign), row.line)
        if before != row.line:
            message = f"Line {before} has the same day, channel and campaign. Add the two together in one line."
            self.findings.add(row.line, self.campaign or self.day, message)
        return SpendRecord(row.line, day, channel, campaign, *amounts)

    def _money(self, row: Row, column: str) -> Decimal:
        currency = values.currency_or(row.text("Currency"), self.currency)
        read = lambda cell: values.positive(cell, point=self.points[column], currency=currency)  # noqa: E731
        return self.findings.take(row, column, read, Decimal(0)) if column else Decimal(0)

    def _count(self, row: Row, column: str) -> int:
        return self.findings.take(row, column, lambda cell: values.count(cell, point=self.point), 0)


def channel_key(name: str) -> str:
    """The key of a channel as people name it: 'TikTok Ads' is tiktok, 'Podcast X' is podcast_x, 'Métro' is métro."""
    plain = " ".join(name.lower().split())
    known = NAMES.get(plain)
    return known or re.sub(r"[\W_]+", "_", unicodedata.normalize("NFKC", plain)).strip("_")[:40]
