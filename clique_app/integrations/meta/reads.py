"""What is read of an ad account: its structure page by page, its days as insights, and Meta's own total of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from clique_app.errors import Unavailable
from clique_app.integrations.access import Account
from clique_app.integrations.meta import mapping
from clique_app.integrations.meta.client import MetaClient, ReportNotMade
from clique_app.integrations.meta.faults import TooMuchData

REPORT_ABOVE_DAYS = 7  # a longer span by ad and day is asked for as a report that Meta prepares

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """Some rows of one table; or none yet, while Meta prepares them."""

    rows: list[Row] = field(default_factory=list)
    ready_pct: int | None = None


@dataclass(frozen=True)
class AdPage:
    """A page of ads with what they show and which products they name."""

    ads: list[Row]
    creatives: list[Row]
    products: list[Row]


def campaigns(client: MetaClient, account: Account) -> Iterator[list[Row]]:
    """The campaigns that are neither archived nor deleted; so for the two below."""
    for page in client.pages(f"act_{account.account_id}/campaigns", {"fields": ",".join(mapping.CAMPAIGN_FIELDS)}):
        yield [mapping.campaign(row, account.currency) for row in page]


def ad_groups(client: MetaClient, account: Account) -> Iterator[list[Row]]:
    for page in client.pages(f"act_{account.account_id}/adsets", {"fields": ",".join(mapping.AD_SET_FIELDS)}):
        yield [mapping.ad_group(row, account.currency) for row in page]


def ads(client: MetaClient, account: Account) -> Iterator[AdPage]:
    fields = ",".join((*mapping.AD_FIELDS, f"creative{{{','.join(mapping.CREATIVE_FIELDS)}}}"))
    for page in client.pages(f"act_{account.account_id}/ads", {"fields": fields}):
        yield AdPage(
            [mapping.ad(row) for row in page],
            [shown for row in page if (shown := mapping.creative(row))],
            [product for row in page for product in mapping.promoted(row)],
        )


def set_products(client: MetaClient, product_set: str) -> Iterator[list[Row]]:
    """The products a catalogue ad draws from; Meta lists their variants."""
    for page in client.pages(f"{product_set}/products", {"fields": ",".join(mapping.PRODUCT_FIELDS)}):
        yield [mapping.of_set(row) for row in page]


def ad_days(client: MetaClient, account: Account, first: date, last: date) -> Iterator[Part]:
    """Every ad's every day on which something was delivered."""
    for part in _by_day(client, account, first, last, {"level": "ad", "fields": mapping.AD_DAY_FIELDS}):
        yield Part([mapping.ad_day(row) for row in part.rows], part.ready_pct)


def region_days(client: MetaClient, account: Account, first: date, last: date) -> Iterator[Part]:
    """The same delivery by campaign, country and region."""
    asked = {"level": "campaign", "fields": mapping.REGION_DAY_FIELDS, "breakdowns": ["country", "region"]}
    for part in _by_day(client, account, first, last, asked):
        yield Part([mapping.region_day(row) for row in part.rows], part.ready_pct)


def impressions(client: MetaClient, account: Account, first: date, last: date) -> int:
    """Meta's own count for the whole account: impressions add up exactly, amounts are rounded row by row."""
    asked = {"level": "account", "fields": ",".join(mapping.ACCOUNT_TOTAL_FIELDS), "time_range": _range(first, last)}
    pages = client.pages(f"act_{account.account_id}/insights", asked)
    return sum(int(row.get("impressions") or 0) for page in pages for row in page)


def _by_day(client: MetaClient, account: Account, first: date, last: date, asked: Row) -> Iterator[Part]:
    path = f"act_{account.account_id}/insights"
    asked = {**asked, "fields": ",".join(asked["fields"]), "time_increment": 1}
    if (last - first).days < REPORT_ABOVE_DAYS:
        try:
            for page in client.pages(path, {**asked, "time_range": _range(first, last)}, shrink=False):
                yield Part(page)
            return
        except TooMuchData:
            pass  # what was yielded comes again, and is written again
    yield from _reported(client, path, asked, first, last)


def _reported(client: MetaClient, path: str, asked: Row, first: date, last: date) -> Iterator[Part]:
    """A report of the span; where Meta does not manage it, one of each half."""
    try:
        for part in client.report(path, {**asked, "time_range": _range(first, last)}):
            yield Part(ready_pct=part) if isinstance(part, int) else Part(part)
    except ReportNotMade as error:
        if first == last:
            raise Unavailable(error.message) from None
        middle = first + (last - first) // 2
        yield from _reported(client, path, asked, middle + timedelta(days=1), last)
        yield from _reported(client, path, asked, first, middle)


def _range(first: date, last: date) -> str:
    return json.dumps({"since": first.isoformat(), "until": last.isoformat()})
