"""The source meta_ads: an ad account's structure, its days by ad, and its days by campaign and region."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.errors import AccessExpired
from clique_app.integrations.access import Access
from clique_app.integrations.meta import reads
from clique_app.integrations.meta.client import MetaClient
from clique_app.sync import ad_spans, ads_sql
from clique_app.sync.ad_spans import Span
from clique_app.sync.source import Batch, Plan, Written
from clique_app.tables import Connection

KEYS = {
    "campaign": ("platform_id",),
    "ad_group": ("platform_id",),
    "ad": ("platform_id",),
    "ad_day": ("ad_id", "day"),
    "campaign_region_day": ("campaign_id", "country", "region", "day"),
}
REPEATED = "named twice on one page"
WITHOUT_PARENT = "made while Clique was reading; the next reading has it"

Row = dict[str, Any]


class MetaAds:
    """An entry of SOURCES. A record of its batches is a page: the table it is for, and its rows."""

    key = "meta_ads"
    label = "Meta ads"
    channel = "meta"
    tables: tuple[str, ...] = ("campaign", "ad_group", "ad", "ad_day", "campaign_region_day")
    cadence = "Hourly, last 28 days daily"
    stale_after = timedelta(hours=3)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        """Structure first, so that days find what they belong to; then days, month by month, newest first."""
        if not access.account_id:
            raise AccessExpired("No ad account is chosen. Choose one on the Data and sync page.")
        client = MetaClient(access.token)
        yield from self._structure(client, access, plan.position)
        span = ad_spans.asked(plan, clock.today(access.account_time_zone), access.account_time_zone)
        if "to" in plan.position:
            span = Span(span.first, min(span.last, date.fromisoformat(plan.position["to"])))
        for month in span.months():
            yield from self._month(client, access, month)

    def _structure(self, client: MetaClient, access: Access, position: Row) -> Iterator[Batch]:
        head = _head(access)
        for table, read, label in (
            ("campaign", reads.campaigns, "Campaigns"),
            ("ad_group", reads.ad_groups, "Ad sets"),
            ("ad", reads.ads, "Ads"),
        ):
            for part in read(client, access):
                yield Batch([{**head, "table": table, "rows": part.rows}], position, label)
        yield Batch([{**head, "table": "not_listed", "rows": []}], position, "Ads")

    def _month(self, client: MetaClient, access: Access, month: Span) -> Iterator[Batch]:
        """A month is read whole or, after an interruption, again: only then is it known what has gone."""
        head = {**_head(access), "first": month.first.isoformat(), "last": month.last.isoformat()}
        unread = {"to": head["last"]}
        for table, read, label in (
            ("ad_day", reads.ad_days, "Ads by day"),
            ("campaign_region_day", reads.region_days, "Regions by day"),
        ):
            stage = f"{label}, {month.first:%B %Y}"
            for part in read(client, access, month.first, month.last):
                ready = "" if part.ready_pct is None else f" (Meta prepares them: {part.ready_pct} %)"
                yield Batch([{**head, "table": table, "rows": part.rows}], unread, stage + ready)
        read_to = {"to": (month.first - timedelta(days=1)).isoformat()}
        yield Batch([{**head, "table": "gone", "rows": []}], read_to, f"{month.first:%B %Y} is here")

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        """Write the pages of one batch."""
        read = written = 0
        skipped: dict[str, int] = {}
        for page in batch.records:
            rows = _unique(page["rows"], KEYS.get(page["table"], ()))
            kept = WRITERS[page["table"]](session, self._values(store_id, page, rows)) if rows or _ends(page) else 0
            read, written = read + len(page["rows"]), written + kept
            for why, count in ((REPEATED, len(page["rows"]) - len(rows)), (WITHOUT_PARENT, len(rows) - kept)):
                if count:
                    skipped[why] = skipped.get(why, 0) + count
        return Written(read, written, skipped)

    def _values(self, store_id: int, page: Row, rows: list[Row]) -> Row:
        return {
            "store": store_id,
            "channel": self.channel,
            "account": page["account_id"],
            "time_zone": page["time_zone"],
            "read_at": datetime.fromisoformat(page["read_at"]),
            "first": date.fromisoformat(page["first"]) if "first" in page else None,
            "last": date.fromisoformat(page["last"]) if "last" in page else None,
            "rows": json.dumps(rows),
        }

    def source_count(self, access: Access, plan: Plan) -> int | None:
        """Meta's impressions of the whole account over the days that are over."""
        span = self._counted(plan, access.account_time_zone)
        if span.is_empty:
            return None
        return reads.impressions(MetaClient(access.token), access, span.first, span.last)

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        """The impressions of all ads that are here over the same days."""
        connection = session.get(Connection, (store_id, self.channel))
        span = self._counted(plan, (connection and connection.time_zone) or "UTC")
        values = {"store": store_id, "channel": self.channel, "first": span.first, "last": span.last}
        return int(session.connection().scalar(ads_sql.IMPRESSIONS, values) or 0)

    def _counted(self, plan: Plan, time_zone: str) -> Span:
        today = clock.today(time_zone)
        return ad_spans.over(ad_spans.asked(plan, today, time_zone), today)


def _head(access: Access) -> Row:
    return {
        "account_id": access.account_id,
        "time_zone": access.account_time_zone,
        "read_at": clock.now().isoformat(),
    }


def _ends(page: Row) -> bool:
    return page["table"] in ("gone", "not_listed")


def _unique(rows: list[Row], key: tuple[str, ...]) -> list[Row]:
    return list({tuple(row[part] for part in key): row for row in rows}.values())


def _rows(statement: sa.TextClause, *before: sa.TextClause) -> Callable[[Session, Row], int]:
    """Runs statements, the last of which writes the rows; returns how many it wrote."""

    def write(session: Session, values: Row) -> int:
        for first in before:
            _run(session, first, values)
        return _run(session, statement, values)

    return write


def _ending(*statements: sa.TextClause) -> Callable[[Session, Row], int]:
    def write(session: Session, values: Row) -> int:
        for statement in statements:
            _run(session, statement, values)
        return 0

    return write


def _run(session: Session, statement: sa.TextClause, values: Row) -> int:
    named = statement.compile().params.keys()
    return session.connection().execute(statement, {name: values[name] for name in named}).rowcount


WRITERS: dict[str, Callable[[Session, Row], int]] = {
    "campaign": _rows(ads_sql.CAMPAIGNS),
    "ad_group": _rows(ads_sql.AD_GROUPS),
    "ad": _rows(ads_sql.ADS),
    "not_listed": _ending(*ads_sql.NOT_LISTED),
    "ad_day": _rows(
        ads_sql.AD_DAYS,
        ads_sql.CAMPAIGNS_OF_DAYS, ads_sql.AD_GROUPS_OF_DAYS, ads_sql.ADS_OF_DAYS, ads_sql.AD_DAYS_FORMER,
    ),
    "campaign_region_day": _rows(ads_sql.REGION_DAYS, ads_sql.CAMPAIGNS_OF_DAYS),
    "gone": _ending(ads_sql.GONE_AD_DAYS_FORMER, ads_sql.GONE_AD_DAYS, ads_sql.GONE_REGION_DAYS),
}  # fmt: skip

META_ADS = MetaAds()
