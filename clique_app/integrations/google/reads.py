"""What is read of an ad account: structure, days by ad, by region, by keyword and search term, Google's own total."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from clique_app.integrations.access import Account
from clique_app.integrations.channels import UNKNOWN_REGION, Part, Total
from clique_app.integrations.google import mapping, queries
from clique_app.integrations.google.client import GoogleClient
from clique_app.integrations.summed import summed

PLACES_AT_ONCE = 500
UNKNOWN_COUNTRY = "unknown"

Row = dict[str, Any]
Actions = dict[tuple[str, str], Row]  # (ad, day) -> kind of action -> its row's metrics

_places: dict[str, tuple[str, str]] = {}  # resource name -> country, name: the same for everybody, so asked once


class GoogleReader:
    """One ad account."""

    def __init__(self, token: str, account: Account) -> None:
        self._client = GoogleClient(token, account.account_id)

    def structure(self, *, full: bool) -> Iterator[Part]:
        """Campaigns, ad groups and asset groups, ads and what they show; full: also the products that ads from
        Merchant Center showed."""
        for page in self._client.pages(queries.CAMPAIGNS):
            yield Part("campaign", [mapping.campaign(row) for row in page], "Campaigns")
        for page in self._client.pages(queries.AD_GROUPS):
            yield Part("ad_group", [mapping.ad_group(row) for row in page], "Ad groups")
        ads_of: dict[str, list[str]] = defaultdict(list)  # of an ad group, or of a campaign without such
        for page in self._client.pages(queries.ADS):
            for row in page:
                ads_of[mapping.group_id(row)].append(mapping.ad(row)["platform_id"])
            yield from _ads(page, mapping.creative, "Ads")
        if self._has_performance_max:
            texts = self._asset_texts()
            for page in self._client.pages(queries.ASSET_GROUPS):
                for row in page:
                    ads_of[str(row["campaign"]["id"])].append(mapping.group_id(row))
                yield Part("ad_group", [mapping.ad_group(row) for row in page], "Asset groups")
                yield from _ads(
                    page, lambda row: mapping.creative(row, texts.get(str(row["assetGroup"]["id"]))), "Asset groups"
                )
        if full:
            yield from self._shown_products(ads_of)

    def days(self, first: date, last: date) -> Iterator[Part]:
        """Every ad's every day on which something was delivered or bought; by region; by keyword and search term."""
        yield from self._ad_days(queries.ad_days(first, last), queries.ad_actions(first, last), "Ads by day")
        if self._has_performance_max:
            asked = queries.asset_group_days(first, last), queries.asset_group_actions(first, last)
            yield from self._ad_days(*asked, "Asset groups by day")
        yield Part("campaign_region_day", self._region_days(first, last), "Regions by day", put_together=True)
        for page in self._client.pages(queries.keyword_days(first, last)):
            yield Part("search_day", summed(mapping.search_day(row, "keyword") for row in page), "Keywords by day")
        for page in self._client.pages(queries.search_term_days(first, last)):
            yield Part("search_day", summed(mapping.search_day(row, "term") for row in page), "Search terms by day")

    def total(self, first: date, last: date) -> Total:
        """Google's own sum for the whole account."""
        return self._total(queries.total(first, last))

    def totals_by_region(self, first: date, last: date) -> dict[str, Total]:
        """The countries of the account, without campaigns, regions and days."""
        return {"region": self._total(queries.total_by_region(first, last))}

    def _total(self, query: str) -> Total:
        rows = [row.get("metrics") or {} for row in self._client.rows(query)]
        spend = sum((mapping.money(row.get("costMicros")) for row in rows), Decimal(0))
        return Total(sum(int(row.get("impressions") or 0) for row in rows), spend)

    @cached_property
    def _has_performance_max(self) -> bool:
        """Whether there is, or was, a campaign of that kind: four questions fewer where there is none."""
        return bool(self._client.rows(queries.A_PERFORMANCE_MAX))

    def _ad_days(self, delivery: str, actions: str, stage: str) -> Iterator[Part]:
        """Actions are asked for first and go with the day they belong to; what is left had no delivery of its own."""
        done: Actions = defaultdict(dict)
        named: dict[tuple[str, str], Row] = {}
        for row in self._client.rows(actions):
            key = _ad_and_day(row)
            done[key][row["segments"]["conversionActionCategory"]] = row["metrics"]
            named[key] = {**row, "metrics": {}}
        for page in self._client.pages(delivery):
            yield Part("ad_day", [mapping.ad_day(row, done.get(_ad_and_day(row), {})) for row in page], stage)
            for row in page:
                named.pop(_ad_and_day(row), None)
        yield Part("ad_day", [mapping.ad_day(row, done[key]) for key, row in named.items()], stage)

    def _region_days(self, first: date, last: date) -> list[Row]:
        """A place is named once for people who were targeted and once for others: the two are one region's."""
        rows = self._client.rows(queries.region_days(first, last))
        self._learn_places({name for row in rows for name in _place_names(row)})
        return summed(mapping.region_day(row, *_place(row)) for row in rows)

    def _learn_places(self, names: set[str]) -> None:
        unknown = sorted(name for name in names if name and name not in _places)
        for start in range(0, len(unknown), PLACES_AT_ONCE):
            for row in self._client.rows(queries.places(unknown[start : start + PLACES_AT_ONCE])):
                found = row["geoTargetConstant"]
                _places[found["resourceName"]] = (str(found.get("countryCode") or ""), str(found.get("name") or ""))

    def _asset_texts(self) -> dict[str, dict[str, str]]:
        """Of each asset group, the first of each kind."""
        texts: dict[str, dict[str, str]] = defaultdict(dict)
        for page in self._client.pages(queries.ASSET_TEXTS):
            for row in page:
                asset = row.get("asset") or {}
                image = ((asset.get("imageAsset") or {}).get("fullSize") or {}).get("url")
                text = str((asset.get("textAsset") or {}).get("text") or image or "")
                texts[str(row["assetGroup"]["id"])].setdefault(row["assetGroupAsset"]["fieldType"], text)
        return texts

    def _shown_products(self, ads_of: dict[str, list[str]]) -> Iterator[Part]:
        for page in self._client.pages(queries.SHOWN_PRODUCTS):
            shown = {
                (str((row.get("adGroup") or {}).get("id") or row["campaign"]["id"]), product)
                for row in page
                if (product := mapping.shown_product(row)) is not None
            }
            rows = [
                {"ad": ad, "handle": "", "product": product, "found_by": "product_set"}
                for owner, product in sorted(shown)
                for ad in ads_of.get(owner, ())
            ]
            yield Part("ad_product", rows, "Products shown")


def _ads(page: list[Row], shown: Callable[[Row], Row], stage: str) -> Iterator[Part]:
    yield Part("creative", [shown(row) for row in page], stage)
    yield Part("ad", [mapping.ad(row) for row in page], stage)
    yield Part("ad_product", [product for row in page for product in mapping.promoted(row)], stage)


def _ad_and_day(row: Row) -> tuple[str, str]:
    return mapping.ad_of_day(row)[0], str(row["segments"]["date"])


def _place_names(row: Row) -> tuple[str, str]:
    country = (row.get("userLocationView") or {}).get("countryCriterionId")
    region = (row.get("segments") or {}).get("geoTargetRegion")
    return f"geoTargetConstants/{country}" if country else "", str(region or "")


def _place(row: Row) -> tuple[str, str]:
    country, region = _place_names(row)
    code = _places.get(country, ("", ""))[0]
    return code or UNKNOWN_COUNTRY, _places.get(region, ("", ""))[1] or UNKNOWN_REGION
