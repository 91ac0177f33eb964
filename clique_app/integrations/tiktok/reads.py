"""What is read of an ad account: its structure page by page, its days as reports, and TikTok's own total of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from clique_app.integrations.access import Account
from clique_app.integrations.channels import Level, Part, Total
from clique_app.integrations.summed import summed
from clique_app.integrations.tiktok import mapping
from clique_app.integrations.tiktok.client import TikTokClient

DAYS_AT_ONCE = 30  # of a report by day
TOTAL_DAYS_AT_ONCE = 365
VIDEOS_AT_ONCE = 60

Row = dict[str, Any]


class TikTokReader:
    """One ad account. Lists leave out what is deleted."""

    def __init__(self, token: str, account: Account) -> None:
        self._client, self._account = TikTokClient(token), account
        self._of = {"advertiser_id": account.account_id}

    def structure(self, *, full: bool) -> Iterator[Part]:
        """Campaigns, ad groups, ads; an ad at TikTok is what it shows."""
        currency = self._account.currency
        for page in self._list("campaign"):
            yield Part("campaign", [mapping.campaign(row, currency) for row in page], "Campaigns")
        for page in self._list("ad_group"):
            yield Part("ad_group", [mapping.ad_group(row, currency, self._places) for row in page], "Ad groups")
        for page in self._list("ad"):
            covers = self._covers(page)
            yield Part("creative", [mapping.creative(row, covers) for row in page], "Ads")
            yield Part("ad", [mapping.ad(row) for row in page], "Ads")
            yield Part("ad_product", [product for row in page for product in mapping.promoted(row)], "Ads")

    def days(self, first: date, last: date) -> Iterator[Part]:
        """Every ad's every day on which something was delivered; then the same by campaign and province."""
        asked = {"report_type": "BASIC", "data_level": "AUCTION_AD", "metrics": mapping.AD_DAY_METRICS}
        for rows in self._report({**asked, "dimensions": ["ad_id", "stat_time_day"]}, first, last, DAYS_AT_ONCE):
            yield Part("ad_day", [mapping.ad_day(row) for row in rows], "Ads by day")
        asked = {"report_type": "AUDIENCE", "data_level": "AUCTION_CAMPAIGN", "metrics": mapping.REGION_DAY_METRICS}
        dimensions = ["campaign_id", "stat_time_day", "province_id"]
        pages = self._report({**asked, "dimensions": dimensions}, first, last, DAYS_AT_ONCE)
        # provinces that TikTok does not list are all of one region, the unknown
        rows = summed(mapping.region_day(row, self._places) for page in pages for row in page)
        yield Part("campaign_region_day", rows, "Regions by day", put_together=True)

    def total(self, first: date, last: date) -> Total:
        """TikTok's own sum for the whole account."""
        return self._total(first, last, {"report_type": "BASIC", "dimensions": ["advertiser_id"]})

    def totals_by_region(self, first: date, last: date) -> dict[str, Total]:
        """The provinces of the account, without campaigns and days."""
        asked = {"report_type": "AUDIENCE", "dimensions": ["advertiser_id", "province_id"]}
        return {"region": self._total(first, last, asked)}

    def _total(self, first: date, last: date, of: Row) -> Total:
        asked = {**of, "data_level": "AUCTION_ADVERTISER", "metrics": ["impressions", "spend"]}
        rows = [row["metrics"] for page in self._report(asked, first, last, TOTAL_DAYS_AT_ONCE) for row in page]
        spend = sum((mapping.number(row.get("spend")) for row in rows), Decimal(0))
        return Total(sum(mapping.count(row.get("impressions")) for row in rows), spend)

    def _list(self, level: Level) -> Iterator[list[Row]]:
        asked = {**self._of, "fields": mapping.FIELDS[level], "filtering": {"primary_status": "STATUS_NOT_DELETE"}}
        return self._client.pages(f"{mapping.NOUNS[level]}/get", asked)

    def _report(self, asked: Row, first: date, last: date, days_at_once: int) -> Iterator[list[Row]]:
        """The delivered rows of these days, in as many reports as TikTok's limit of days asks for."""
        asked = {**self._of, "service_type": "AUCTION", **asked}
        while first <= last:
            end = min(last, first + timedelta(days=days_at_once - 1))
            span = {"start_date": str(first), "end_date": str(end)}
            for page in self._client.pages("report/integrated/get", {**asked, **span}):
                yield [row for row in page if mapping.is_delivered(row)]
            first = end + timedelta(days=1)

    def _covers(self, ads: list[Row]) -> dict[str, str]:
        """A still of each video."""
        videos = sorted({str(row["video_id"]) for row in ads if row.get("video_id")})
        covers: dict[str, str] = {}
        for start in range(0, len(videos), VIDEOS_AT_ONCE):
            asked = {**self._of, "video_ids": videos[start : start + VIDEOS_AT_ONCE]}
            for row in self._client.get("file/video/ad/info", asked).get("list") or ():
                covers[str(row["video_id"])] = str(row.get("video_cover_url") or "")
        return covers

    @cached_property
    def _places(self) -> dict[str, tuple[str, str]]:
        asked = {"placements": ["PLACEMENT_TIKTOK"], "objective_type": "WEB_CONVERSIONS", "level_range": "TO_PROVINCE"}
        return mapping.places_of(self._client.get("tool/region", {**self._of, **asked}).get("region_info") or [])
