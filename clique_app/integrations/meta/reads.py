"""What is read of an ad account: its structure page by page, its days as insights, and Meta's own total of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.access import Account
from clique_app.integrations.channels import Part, Total
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.meta import mapping
from clique_app.integrations.meta.client import MetaClient, ReportNotMade
from clique_app.integrations.meta.faults import TooMuchData

REPORT_ABOVE_DAYS = 7  # a longer span by ad and day is asked for as a report that Meta prepares
REGIONS = ["country", "region"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """Some insight rows; or none yet, while Meta prepares them."""

    rows: list[Row] = field(default_factory=list)
    ready_pct: int | None = None

    @property
    def ready(self) -> str:
        return "" if self.ready_pct is None else f" (Meta prepares them: {self.ready_pct} %)"


class MetaReader:
    """One ad account. Lists leave out what is archived or deleted."""

    def __init__(self, token: str, account: Account) -> None:
        self._client, self._account = MetaClient(token, account.account_id), account
        self._path, self._currency = f"act_{account.account_id}", account.currency

    def structure(self, *, full: bool) -> Iterator[Part]:
        """Campaigns, ad sets, ads and what they show; full: also which products a catalogue ad draws from."""
        for page in self._client.pages(f"{self._path}/campaigns", {"fields": ",".join(mapping.CAMPAIGN_FIELDS)}):
            yield Part("campaign", [mapping.campaign(row, self._currency) for row in page], "Campaigns")
        for page in self._client.pages(f"{self._path}/adsets", {"fields": ",".join(mapping.AD_SET_FIELDS)}):
            yield Part("ad_group", [mapping.ad_group(row, self._currency) for row in page], "Ad sets")
        ads_of_set: dict[str, list[str]] = {}
        fields = ",".join((*mapping.AD_FIELDS, f"creative{{{','.join(mapping.CREATIVE_FIELDS)}}}"))
        for page in self._client.pages(f"{self._path}/ads", {"fields": fields}):
            creatives = [shown for row in page if (shown := mapping.creative(row))]
            ads = [mapping.ad(row) for row in page]
            yield Part("creative", creatives, "Ads")
            yield Part("ad", ads, "Ads")
            yield Part("ad_product", [product for row in page for product in mapping.promoted(row)], "Ads")
            set_of = {shown["platform_id"]: shown["product_set"] for shown in creatives}
            for ad in ads:
                if drawn_from := set_of.get(ad["creative"]):
                    ads_of_set.setdefault(drawn_from, []).append(ad["platform_id"])
        for product_set, ads in ads_of_set.items() if full else ():
            yield from self._product_set(product_set, ads)

    def days(self, first: date, last: date) -> Iterator[Part]:
        """Every ad's every day on which something was delivered; then the same by campaign, country and region."""
        asked = {"level": "campaign", "fields": mapping.REGION_DAY_FIELDS, "breakdowns": REGIONS}
        regions = self._by_day(first, last, asked)
        begun = list(islice(regions, 1))  # Meta prepares it while the ads are read
        for piece in self._by_day(first, last, {"level": "ad", "fields": mapping.AD_DAY_FIELDS}):
            yield Part("ad_day", [mapping.ad_day(row) for row in piece.rows], f"Ads by day{piece.ready}")
        for piece in chain(begun, regions):
            rows = [mapping.region_day(row) for row in piece.rows]
            yield Part("campaign_region_day", rows, f"Regions by day{piece.ready}")

    def total(self, first: date, last: date) -> Total:
        """Meta's own sum for the whole account: impressions add up exactly, amounts are rounded row by row."""
        return self._total(first, last, {})

    def totals_by_region(self, first: date, last: date) -> dict[str, Total]:
        """The breakdown of the days, asked once for the account and all days."""
        return {"region": self._total(first, last, {"breakdowns": REGIONS})}

    def _total(self, first: date, last: date, more: Row) -> Total:
        fields = ",".join(mapping.ACCOUNT_TOTAL_FIELDS)
        asked = {"level": "account", "fields": fields, "time_range": _range(first, last), **more}
        rows = [row for page in self._client.pages(f"{self._path}/insights", asked) for row in page]
        spend = sum((Decimal(str(row.get("spend") or 0)) for row in rows), Decimal(0))
        return Total(sum(int(row.get("impressions") or 0) for row in rows), spend)

    def _product_set(self, product_set: str, ads: list[str]) -> Iterator[Part]:
        """Meta lists the variants of the products in a set."""
        asked = {"fields": ",".join(mapping.PRODUCT_FIELDS)}
        try:
            for page in self._client.pages(f"{product_set}/products", asked):
                products = {(one["handle"], one["product"]): one for one in map(mapping.of_set, page)}
                rows = [{**product, "ad": ad} for product in products.values() for ad in ads]
                yield Part("ad_product", rows, "Product sets")
        except Rejected:  # the catalogue is another business's: its ads are known, their products are not
            yield Part("closed_set", [{"set": product_set}], "Product sets")

    def _by_day(self, first: date, last: date, asked: Row) -> Iterator[Piece]:
        path = f"{self._path}/insights"
        asked = {**asked, "fields": ",".join(asked["fields"]), "time_increment": 1}
        if (last - first).days < REPORT_ABOVE_DAYS:
            try:
                for page in self._client.pages(path, {**asked, "time_range": _range(first, last)}, shrink=False):
                    yield Piece(page)
                return
            except TooMuchData:  # what was yielded comes again, and is written again
                overcome("Meta found days too much to answer at once; a report of them was asked for.")
        yield from self._reported(path, asked, first, last)

    def _reported(self, path: str, asked: Row, first: date, last: date) -> Iterator[Piece]:
        """A report of the span; where Meta does not manage it, one of each half."""
        try:
            for piece in self._client.report(path, {**asked, "time_range": _range(first, last)}):
                yield Piece(ready_pct=piece) if isinstance(piece, int) else Piece(piece)
        except (ReportNotMade, TooMuchData) as error:
            if first == last:
                raise Unavailable(error.message) from None
            overcome("Meta did not manage a report; one of each half of its days was asked for.")
            middle = first + (last - first) // 2
            yield from self._reported(path, asked, middle + timedelta(days=1), last)
            yield from self._reported(path, asked, first, middle)


def _range(first: date, last: date) -> str:
    return json.dumps({"since": first.isoformat(), "until": last.isoformat()})
