"""What is read of an ad account: its structure page by page, its days as insights, and Meta's own total of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from clique_app.integrations.access import Access
from clique_app.integrations.meta import mapping
from clique_app.integrations.meta.client import MetaClient

REPORT_ABOVE_DAYS = 7  # a longer span by ad and day is asked for as a report that Meta prepares

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """Some rows of one table; or none yet, while Meta prepares them."""

    rows: list[Row] = field(default_factory=list)
    ready_pct: int | None = None


def campaigns(client: MetaClient, access: Access) -> Iterator[Part]:
    """The campaigns that are neither archived nor deleted; so for the two below."""
    for page in client.pages(f"act_{access.account_id}/campaigns", {"fields": ",".join(mapping.CAMPAIGN_FIELDS)}):
        yield Part([mapping.campaign(row, access.account_currency) for row in page])


def ad_groups(client: MetaClient, access: Access) -> Iterator[Part]:
    for page in client.pages(f"act_{access.account_id}/adsets", {"fields": ",".join(mapping.AD_SET_FIELDS)}):
        yield Part([mapping.ad_group(row, access.account_currency) for row in page])


def ads(client: MetaClient, access: Access) -> Iterator[Part]:
    fields = ",".join((*mapping.AD_FIELDS, f"creative{{{','.join(mapping.CREATIVE_FIELDS)}}}"))
    for page in client.pages(f"act_{access.account_id}/ads", {"fields": fields}):
        yield Part([mapping.ad(row) for row in page])


def ad_days(client: MetaClient, access: Access, first: date, last: date) -> Iterator[Part]:
    """Every ad's every day on which something was delivered."""
    for part in _by_day(client, access, first, last, {"level": "ad", "fields": mapping.AD_DAY_FIELDS}):
        yield Part([mapping.ad_day(row) for row in part.rows], part.ready_pct)


def region_days(client: MetaClient, access: Access, first: date, last: date) -> Iterator[Part]:
    """The same delivery by campaign, country and region."""
    asked = {"level": "campaign", "fields": mapping.REGION_DAY_FIELDS, "breakdowns": ["country", "region"]}
    for part in _by_day(client, access, first, last, asked):
        yield Part([mapping.region_day(row) for row in part.rows], part.ready_pct)


def impressions(client: MetaClient, access: Access, first: date, last: date) -> int:
    """Meta's own count for the whole account: impressions add up exactly, amounts are rounded row by row."""
    asked = {"level": "account", "fields": ",".join(mapping.ACCOUNT_TOTAL_FIELDS), "time_range": _range(first, last)}
    pages = client.pages(f"act_{access.account_id}/insights", asked)
    return sum(int(row.get("impressions") or 0) for page in pages for row in page)


def _by_day(client: MetaClient, access: Access, first: date, last: date, asked: Row) -> Iterator[Part]:
    path = f"act_{access.account_id}/insights"
    asked = {**asked, "fields": ",".join(asked["fields"]), "time_increment": 1, "time_range": _range(first, last)}
    if (last - first).days < REPORT_ABOVE_DAYS:
        yield from (Part(page) for page in client.pages(path, asked))
        return
    for part in client.report(path, asked):
        yield Part(ready_pct=part) if isinstance(part, int) else Part(part)


def _range(first: date, last: date) -> str:
    return json.dumps({"since": first.isoformat(), "until": last.isoformat()})
