"""What is read of an ad account: its structure page by page, its days as reports, and Pinterest's own total of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from clique_app import clock
from clique_app.errors import Rejected
from clique_app.integrations.access import Account
from clique_app.integrations.channels import Part, Total
from clique_app.integrations.pinterest import mapping
from clique_app.integrations.pinterest.client import PinterestClient

DEFAULT_TIME_ZONE = "UTC"  # of accounts without one of their own
DAYS_KEPT = 914
LONGEST_REPORT_DAYS = 186
PLACES = {"targeting_types": ["COUNTRY", "REGION"]}
LISTED = {"entity_statuses": ["ACTIVE", "PAUSED"]}
# what Pinterest's Ads Manager shows unless told otherwise; said each time, so that no setting changes what it means
CLAIMS = {
    "click_window_days": 30,
    "engagement_window_days": 30,
    "view_window_days": 1,
    "conversion_report_time": "TIME_OF_AD_ACTION",
}

Row = dict[str, Any]


class PinterestReader:
    """One ad account. Lists leave out what is archived or a draft; reports do not."""

    def __init__(self, token: str, account: Account) -> None:
        self._client, self._account = PinterestClient(token, account.account_id), account
        self._path, self._currency = f"ad_accounts/{account.account_id}", account.currency

    def structure(self, *, full: bool) -> Iterator[Part]:
        """Campaigns, ad groups, ads; of the pins they show all with full, else those that say where an ad leads."""
        for page in self._client.pages(f"{self._path}/campaigns", LISTED):
            yield Part("campaign", [mapping.campaign(row, self._currency) for row in page], "Campaigns")
        for page in self._client.pages(f"{self._path}/ad_groups", LISTED):
            yield Part("ad_group", [mapping.ad_group(row, self._currency) for row in page], "Ad groups")
        pins: dict[str, Row] = {}
        for page in self._client.pages(f"{self._path}/ads", LISTED):
            for row in page:
                if str(row["pin_id"]) not in pins and (full or not row.get("destination_url")):
                    pins[str(row["pin_id"])] = self._pin(str(row["pin_id"]))
            shown = {str(row["pin_id"]): row for row in page if str(row["pin_id"]) in pins}
            yield Part("creative", [mapping.creative(row, pins[pin]) for pin, row in shown.items()], "Ads")
            with_pins = [(row, pins.get(str(row["pin_id"]), {})) for row in page]
            yield Part("ad", [mapping.ad(row, pin) for row, pin in with_pins], "Ads")
            yield Part("ad_product", [one for row, pin in with_pins for one in mapping.promoted(row, pin)], "Ads")

    def days(self, first: date, last: date) -> Iterator[Part]:
        """Every ad's every day on which something was delivered; then the same by campaign, country and region."""
        for rows in self._report(first, last, "PIN_PROMOTION", mapping.AD_DAY_COLUMNS):
            found = [mapping.ad_day(row, self._currency) for row in rows or ()]
            yield Part("ad_day", found, f"Ads by day{_ready(rows)}")
        for rows in self._report(first, last, "CAMPAIGN_TARGETING", mapping.REGION_DAY_COLUMNS, **PLACES):
            found = mapping.region_days(rows, self._currency, self._region_names) if rows else []
            yield Part("campaign_region_day", found, f"Regions by day{_ready(rows)}", put_together=True)

    def total(self, first: date, last: date) -> Total:
        """Pinterest's own sum for the whole account."""
        return mapping.total(self._in_sum(first, last, "ADVERTISER"))

    def totals_by_region(self, first: date, last: date) -> dict[str, Total]:
        """The countries of each campaign, and its regions, each without days."""
        rows = self._in_sum(first, last, "CAMPAIGN_TARGETING", **PLACES)
        countries = (row for row in rows if row["TARGETING_TYPE"] == "COUNTRY")
        return {"region": mapping.total(countries), "named region": mapping.total(filter(mapping.is_region, rows))}

    def _in_sum(self, first: date, last: date, level: str, **more: Any) -> list[Row]:
        reports = self._report(first, last, level, mapping.TOTAL_COLUMNS, granularity="TOTAL", **more)
        return [row for part in reports for row in part or ()]

    def _report(
        self, first: date, last: date, level: str, columns: tuple[str, ...], **more: Any
    ) -> Iterator[list[Row] | None]:
        """The rows of these days as far as Pinterest still has them, the newest first."""
        first = max(first, clock.today(DEFAULT_TIME_ZONE) - timedelta(days=DAYS_KEPT - 1))
        is_default = self._account.time_zone == DEFAULT_TIME_ZONE
        asked = {
            "level": level,
            "granularity": "DAY",
            "columns": list(columns),
            "report_format": "JSON",
            "reporting_timezone": "PINTEREST_TIME_ZONE" if is_default else "AD_ACCOUNT_TIME_ZONE",
            **CLAIMS,
            **more,
        }
        while first <= last:
            start = max(first, last - timedelta(days=LONGEST_REPORT_DAYS - 1))
            yield from self._client.report({**asked, "start_date": str(start), "end_date": str(last)})
            last = start - timedelta(days=1)

    def _pin(self, pin_id: str) -> Row:
        try:
            return self._client.get(f"pins/{pin_id}", {"ad_account_id": self._account.account_id})
        except Rejected:  # deleted, or another person's secret: the ad runs on, what it shows is not told
            return {}

    @cached_property
    def _region_names(self) -> dict[str, str]:
        return mapping.region_names(self._client.listed("resources/targeting/GEO"))


def _ready(rows: list[Row] | None) -> str:
    return " (Pinterest prepares them)" if rows is None else ""
