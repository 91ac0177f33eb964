"""The ad platforms' state: accounts and their objects, and at what rate each ad spent since when."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from clique_app.sandbox.records import Ad, AdAccount, AdDayFact, AdSet, Campaign

STATUSES = ("ACTIVE", "PAUSED", "ARCHIVED", "DELETED")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class BudgetLevel(ValueError):
    """The budget sits on the other level (campaign or ad set)."""


@dataclass(frozen=True, slots=True)
class AdTraits:
    """How an ad behaves; never shown over the platform's API."""

    weight: float  # its share of the ad set's spend
    ad_set_weight: float  # the ad set's share of the campaign's budget where the budget sits there
    fill: float  # the part of the budget that is really spent
    roas: float  # true sales per unit of spend at the usual budget
    elasticity: float  # sales grow with spend to this power
    cpm: float
    ctr: float
    claims_organic: float  # purchases claimed per 100 of spend that the ad did not cause


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """A variant as Shopify's channel lists it in Meta's catalogue."""

    retailer_id: str  # shopify_US_{product id}_{variant id}
    name: str
    url: str


class AdPlatform:
    """All ad accounts. Spend follows `steps`: per ad, (since, money a day), appended in time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.accounts: dict[str, AdAccount] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.ad_sets: dict[str, AdSet] = {}
        self.ads: dict[str, Ad] = {}
        self.traits: dict[str, AdTraits] = {}
        self.steps: dict[str, list[tuple[datetime, float]]] = {}
        self.usual_rate: dict[str, float] = {}
        self.driven: dict[tuple[str, date], tuple[int, int]] = {}  # true (orders, minor units) of ad and day
        self.stated: dict[str, list[AdDayFact]] = {}  # account id -> facts written out in a book
        self.product_sets: dict[str, list[CatalogueItem]] = {}  # id -> the variants in it
        self.issues: dict[str, str] = {}  # object id -> why it is not delivered

    # reading

    def find(self, object_id: str) -> Campaign | AdSet | Ad:
        """KeyError: no such object."""
        return self.campaigns.get(object_id) or self.ad_sets.get(object_id) or self.ads[object_id]

    def accounts_at(self, channel: str) -> list[AdAccount]:
        return [account for account in self.accounts.values() if account.channel == channel]

    def account_of(self, object_id: str) -> AdAccount:
        """KeyError: no such object."""
        return self.accounts[self.campaigns[self.find(object_id).campaign_id].account_id]

    def campaigns_of(self, account_id: str) -> list[Campaign]:
        return [c for c in self.campaigns.values() if c.account_id == account_id]

    def ad_sets_of(self, campaign_id: str) -> list[AdSet]:
        return [s for s in self.ad_sets.values() if s.campaign_id == campaign_id]

    def ads_of(self, ad_set_id: str) -> list[Ad]:
        return [a for a in self.ads.values() if a.ad_set_id == ad_set_id]

    def zone_of(self, ad: Ad) -> ZoneInfo:
        return ZoneInfo(self.accounts[self.campaigns[ad.campaign_id].account_id].time_zone)

    def rate(self, ad_id: str, at: datetime) -> float:
        """Money a day the ad spends at that moment."""
        steps = self.steps.get(ad_id, [])
        i = bisect_right(steps, at, key=lambda step: step[0]) - 1
        return steps[i][1] if i >= 0 else 0.0

    def pull(self, ad_id: str, at: datetime) -> float:
        """How strongly the ad drives orders at that moment, 1 at its usual spend."""
        usual = self.usual_rate.get(ad_id, 0.0)
        rate = self.rate(ad_id, at)
        return (rate / usual) ** self.traits[ad_id].elasticity if usual and rate else 0.0

    # writing (the world's)

    def add_driven(self, ad_id: str, day: date, cents: int) -> None:
        orders, value = self.driven.get((ad_id, day), (0, 0))
        self.driven[ad_id, day] = (orders + 1, value + cents)

    def update(
        self,
        object_id: str,
        at: datetime,
        *,
        daily_budget: Decimal | None,
        status: str | None,
        name: str | None,
    ) -> None:
        """Change an object from `at` on. KeyError: no such object; BudgetLevel, ValueError: not possible."""
        found = self.find(object_id)
        if status is not None and status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}")
        if daily_budget is not None:
            if isinstance(found, Ad):
                raise BudgetLevel("an ad has no budget")
            if found.daily_budget is None:
                other = "ad sets" if isinstance(found, Campaign) else "campaign"
                raise BudgetLevel(f"the budget sits on the {other}")
            if daily_budget <= 0:
                raise ValueError("a budget must be above zero")
            found.daily_budget = daily_budget
        found.status = status or found.status
        found.name = name or found.name
        found.updated_at = at
        campaign_id = found.campaign_id
        self.record_rates(self.campaigns[campaign_id], at)

    def record_rates(self, campaign: Campaign, at: datetime, factor: float = 1.0) -> None:
        """Work out what each ad of the campaign spends a day from `at` on, and note it where it changed."""
        rates = self.rates_of(campaign)
        for ad_id, rate in rates.items():
            steps = self.steps.setdefault(ad_id, [])
            if not steps or steps[-1][1] != rate * factor:
                steps.append((at, rate * factor))

    def rates_of(self, campaign: Campaign) -> dict[str, float]:
        """Money a day per ad, from budgets and statuses as they are now."""
        rates: dict[str, float] = {}
        running: list[tuple[AdSet, list[Ad]]] = []
        for ad_set in self.ad_sets_of(campaign.campaign_id):
            ads = self.ads_of(ad_set.ad_set_id)
            rates.update({ad.ad_id: 0.0 for ad in ads})
            live = [ad for ad in ads if ad.status == "ACTIVE"]
            if campaign.status == "ACTIVE" and ad_set.status == "ACTIVE" and live:
                running.append((ad_set, live))
        whole = sum(self.traits[ads[0].ad_id].ad_set_weight for _, ads in running)
        for ad_set, ads in running:
            if campaign.daily_budget is not None:
                part = self.traits[ads[0].ad_id].ad_set_weight / whole
                budget = float(campaign.daily_budget) * part
            else:
                budget = float(ad_set.daily_budget or 0)
            weights = sum(self.traits[ad.ad_id].weight for ad in ads)
            for ad in ads:
                traits = self.traits[ad.ad_id]
                rates[ad.ad_id] = budget * traits.fill * traits.weight / weights
        return rates
