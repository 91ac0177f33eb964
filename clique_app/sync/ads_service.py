"""The source of every ad channel: accounts with their structure, days by ad, and days by campaign and region."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from babel.numbers import get_currency_precision
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.errors import AccessExpired, Rejected
from clique_app.integrations.access import Access, Account
from clique_app.integrations.channels import UNKNOWN_REGION, AdChannel, AdReader, Part, Total
from clique_app.integrations.registry import CHANNELS
from clique_app.sync import ad_spans, ads_sql
from clique_app.sync.ad_spans import Span
from clique_app.sync.source import Batch, Plan, Written
from clique_app.tables import ConnectedAccount

KEYS = {
    "campaign": ("platform_id",),
    "ad_group": ("platform_id",),
    "creative": ("platform_id",),
    "ad": ("platform_id",),
    "ad_product": ("ad", "handle", "product"),
    "ad_day": ("ad_id", "day"),
    "campaign_region_day": ("campaign_id", "country", "region", "day"),
    "search_day": ("ad_group", "kind", "match", "text", "day"),
}
REPEATED = "named twice on one page"
NOT_WHOLE = "regions of which only a part came; what was here stays"
WITHOUT_PARENT = "made while Clique was reading; the next reading has it"
GRAINS = {"ad": ads_sql.AD_DAYS_AS_READ, "region": ads_sql.REGION_DAYS_AS_READ}  # each has its own sum at the platform
NOT_WRITTEN = {
    "ad_product": "products of ads that this store does not have",
    "closed_set": "product sets that the connected person may not read",
}

Row = dict[str, Any]


class AdsSource:
    """An entry of SOURCES. A record of its batches is a page: the table it is for, and its rows."""

    tables: tuple[str, ...] = (
        "campaign", "ad_group", "creative", "ad", "ad_product", "ad_day", "campaign_region_day", "search_day",
    )  # fmt: skip
    stale_after = timedelta(hours=3)

    def __init__(self, platform: AdChannel) -> None:
        self._platform = platform
        self.key, self.label, self.channel = f"{platform.key}_ads", f"{platform.label} ads", platform.key
        self.cadence = platform.cadence

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        """Account by account, from the one where an interrupted run was: structure first, so that days find what they
        belong to, then days. An account that the platform refuses does not keep the others from being read."""
        if not access.accounts:
            raise AccessExpired("No ad account is chosen. Choose one on the Connections page.")
        ids = [account.account_id for account in access.accounts]
        began = ids.index(plan.position["account"]) if plan.position.get("account") in ids else 0
        refused = 0
        for number, account in enumerate(access.accounts[began:], began):
            here = account.account_id == plan.position.get("account")
            position = {"account": account.account_id, "to": plan.position.get("to") if here else None}
            reader, share = self._platform.reader(access.token, account), 1 / len(ids)
            try:
                yield from _structure(reader, account, plan, {**position, "share": number * share})
                span = ad_spans.asked(plan, clock.today(account.time_zone), account, self._platform.history_days)
                yield from _days(reader, account, span, position, (number * share, share))
            except Rejected as error:
                refused += 1
                if refused == len(ids):
                    raise
                missing = (
                    f"The ad account {_called(account)} was not read. {error.message.rstrip('.')}. "
                    f"Mend the access to it at {self._platform.label}, or take it off on the Connections page."
                )
                yield Batch([], {**position, "share": (number + 1) * share}, "The next ad account", missing=missing)

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        """Write the pages of one batch."""
        read = written = 0
        skipped: dict[str, int] = {}
        differing: list[str] = []
        for page in batch.records:
            rows = _unique(page["rows"], KEYS.get(page["table"], ()))
            values = self._values(store_id, page, rows)
            found = self._differing(session, page, rows, values)
            differing += found
            if differing and page["table"] == "gone":
                continue
            values["whole"] = not found
            kept = WRITERS[page["table"]](session, values) if rows or _ends(page) else 0
            read, written = read + len(page["rows"]), written + kept
            unwritten = NOT_WHOLE if found else NOT_WRITTEN.get(page["table"], WITHOUT_PARENT)
            for why, count in ((REPEATED, len(page["rows"]) - len(rows)), (unwritten, len(rows) - kept)):
                if count:
                    skipped[why] = skipped.get(why, 0) + count
        return Written(read, written, skipped, missing=" ".join(differing))

    def _differing(self, session: Session, page: Row, came: list[Row], values: Row) -> list[str]:
        """In words, where what was read of a month is not what the platform says of it in sum: then nothing can be
        said of the rows that did not come, and the month does not count as read."""
        found: list[str] = []
        for grain, total in page.get("totals", {}).items():
            if page["table"] == "gone":
                as_read = session.connection().execute(GRAINS[grain], _params(GRAINS[grain], values)).one()
            else:
                as_read = _summed(came, grain, page["last_over"])
            rows, impressions, spend = as_read
            said, rounding = Decimal(total["spend"]), Decimal(1).scaleb(-get_currency_precision(page["currency"]))
            if impressions != total["impressions"] or abs(spend - said) > rows * rounding:
                found.append(
                    f"{page['called']}, {values['first']:%-d %B} to {values['last_over']:%-d %B %Y}: "
                    f"{self._platform.label} counts {total['impressions']:,} impressions and {said:,.2f} "
                    f"{page['currency']} by {grain}, but {impressions:,} and {spend:,.2f} came. Sync again."
                )
        return found

    def _values(self, store_id: int, page: Row, rows: list[Row]) -> Row:
        return {
            "store": store_id,
            "channel": self.channel,
            "account": page["account_id"],
            "time_zone": page["time_zone"],
            "read_at": datetime.fromisoformat(page["read_at"]),
            "first": date.fromisoformat(page["first"]) if "first" in page else None,
            "last_over": date.fromisoformat(page["last_over"]) if "last_over" in page else None,
            "sets_read": page.get("sets_read", False),
            "rows": json.dumps(rows),
        }

    def source_count(self, access: Access, plan: Plan) -> int | None:
        """The platform's impressions of the accounts over the days that are over."""
        spans = [(account, self._counted(plan, account.time_zone)) for account in access.accounts]
        try:
            counts = [
                self._platform.reader(access.token, account).total(span.first, span.last).impressions
                for account, span in spans
                if not span.is_empty
            ]
        except Rejected:  # by one account: what was read of the others was held against their months' sums
            return None
        return sum(counts) if counts else None

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        """The impressions of all ads that are here over the same days."""
        in_use = select(ConnectedAccount).where(
            ConnectedAccount.store_id == store_id,
            ConnectedAccount.channel == self.channel,
            col(ConnectedAccount.taken_off_at).is_(None),
        )
        kept = 0
        for account in session.exec(in_use):
            span = self._counted(plan, account.time_zone)
            values = {"store": store_id, "channel": self.channel, "account": account.account_id}
            days = {"first": span.first, "last": span.last}
            kept += int(session.connection().scalar(ads_sql.IMPRESSIONS, {**values, **days}) or 0)
        return kept

    def _counted(self, plan: Plan, time_zone: str) -> Span:
        today = clock.today(time_zone)
        return ad_spans.over(ad_spans.usual(plan, today, self._platform.history_days), today)


def _structure(reader: AdReader, account: Account, plan: Plan, position: Row) -> Iterator[Batch]:
    head, full = _head(account), plan.kind != "catch_up"
    for part in reader.structure(full=full):
        yield Batch([_page(head, part)], position, part.stage)
    yield Batch([{**head, "table": "not_listed", "rows": [], "sets_read": full}], position, "Ads")


def _days(reader: AdReader, account: Account, span: Span, position: Row, share: tuple[float, float]) -> Iterator[Batch]:
    """Month by month, newest first. share: how much of the whole was done before, and how much this account is."""
    unread = Span(span.first, min(span.last, date.fromisoformat(position["to"] or span.last.isoformat())))
    for month in unread.months():
        done = ((span.last - day).days / span.days for day in (month.last, month.first - timedelta(days=1)))
        before, after = (round(share[0] + share[1] * part, 4) for part in done)
        position = {**position, "to": month.last.isoformat(), "share": before}
        read_to = {**position, "to": (month.first - timedelta(days=1)).isoformat(), "share": after}
        yield from _month(reader, account, month, position, read_to)


def _month(reader: AdReader, account: Account, month: Span, unread: Row, read_to: Row) -> Iterator[Batch]:
    """A month is read whole or, after an interruption, again; and held against the platform's sums of its days that
    are over: only where they agree is it known what has gone."""
    over = ad_spans.over(month, clock.today(account.time_zone))
    head = {**_head(account), "first": month.first.isoformat()}
    together: list[Row] | None = None
    for part in reader.days(month.first, month.last):
        if part.put_together:
            together = [*(together or ()), *part.rows]
        shown = replace(part, rows=[]) if part.put_together else part
        yield Batch([_page(head, shown)], unread, f"{month.first:%B %Y}: {part.stage}")
    head |= {"last_over": over.last.isoformat(), "called": _called(account), "currency": account.currency}
    by_ad, by_region = _totals(reader, over)
    pages: list[Row] = []
    if together is not None:  # what they came to is known before they are written
        pages.append({**head, "table": "campaign_region_day", "rows": together, "totals": by_region})
        by_region = {}
    pages.append({**head, "table": "gone", "rows": [], "totals": {**by_ad, **by_region}})
    yield Batch(pages, read_to, f"{month.first:%B %Y} is here")


def _totals(reader: AdReader, over: Span) -> tuple[dict[str, Row], dict[str, Row]]:
    """Of the ads, and of the regions."""
    if over.is_empty:
        return {}, {}
    by_ad, by_region = {"ad": reader.total(over.first, over.last)}, reader.totals_by_region(over.first, over.last)
    return _as_rows(by_ad), _as_rows(by_region)


def _as_rows(totals: dict[str, Total]) -> dict[str, Row]:
    return {grain: {"impressions": one.impressions, "spend": str(one.spend)} for grain, one in totals.items()}


def _summed(came: list[Row], grain: str, last_over: str) -> tuple[int, int, Decimal]:
    """How many rows by region came of the days that are over, with their impressions and spend."""
    counted = [
        row for row in came if row["day"] <= last_over and (grain == "region" or row["region"] != UNKNOWN_REGION)
    ]
    spend = sum((Decimal(row["spend"]) for row in counted), Decimal(0))
    return len(counted), sum(row["impressions"] for row in counted), spend


def _called(account: Account) -> str:
    return f"{account.name} ({account.account_id})" if account.name else account.account_id


def _page(head: Row, part: Part) -> Row:
    return {**head, "table": part.table, "rows": part.rows}


def _head(account: Account) -> Row:
    return {
        "account_id": account.account_id,
        "time_zone": account.time_zone,
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
    return session.connection().execute(statement, _params(statement, values)).rowcount


def _params(statement: sa.TextClause, values: Row) -> Row:
    return {name: values[name] for name in statement.compile().params}


WRITERS: dict[str, Callable[[Session, Row], int]] = {
    "campaign": _rows(ads_sql.CAMPAIGNS),
    "ad_group": _rows(ads_sql.AD_GROUPS),
    "creative": _rows(ads_sql.CREATIVES),
    "ad": _rows(ads_sql.ADS),
    "ad_product": _rows(ads_sql.AD_PRODUCTS),
    "closed_set": _ending(),
    "not_listed": _ending(*ads_sql.NOT_LISTED, ads_sql.NOT_PROMOTED),
    "ad_day": _rows(
        ads_sql.AD_DAYS,
        ads_sql.CAMPAIGNS_OF_DAYS, ads_sql.AD_GROUPS_OF_DAYS, ads_sql.ADS_OF_DAYS, ads_sql.AD_DAYS_FORMER,
    ),
    "campaign_region_day": _rows(ads_sql.REGION_DAYS, ads_sql.CAMPAIGNS_OF_DAYS),
    "search_day": _rows(ads_sql.SEARCH_DAYS),
    "gone": _ending(
        ads_sql.GONE_AD_DAYS_FORMER, ads_sql.GONE_AD_DAYS, ads_sql.GONE_REGION_DAYS, ads_sql.GONE_SEARCH_DAYS,
        ads_sql.READ_DAYS,
    ),
}  # fmt: skip

ADS = tuple(AdsSource(channel) for channel in CHANNELS)


def write_standing(session: Session, store_id: int, channel: str, standing: Row) -> bool:
    """One campaign, ad group or ad as the platform has it now; false where it is not here yet."""
    values = {"store": store_id, "channel": channel, "read_at": clock.now(), **standing}
    return any([_run(session, statement, values) for statement in ads_sql.STANDING])
