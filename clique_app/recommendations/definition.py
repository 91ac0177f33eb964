"""What Clique looks at, and what a kind of recommendation may propose. Frozen data; ratios over nothing are None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from clique_app.actions.definition import ActionView, Limits
from clique_app.integrations.channels import Level
from clique_app.metrics.definition import Period, Unit

Confidence = Literal["high", "medium", "low"]
Priority = Literal["high", "medium", "low"]
WEEK = 7
MONTH = 30


@dataclass(frozen=True)
class PromotedProduct:
    """A product that the ads under a budget show, with its stock over all locations."""

    product_id: int
    title: str
    limited: bool  # its stock is tracked and it is not sold on back-order, so it can run out
    sellable: int
    per_day: Decimal | None  # units sold a day over its last 30 days in stock
    out_since: date | None  # first store day without stock, where that is known
    last_sold: date | None  # in the last 90 days
    spend_week: Decimal  # of the ads under this budget that show it, last 7 whole days
    spend_recent: Decimal  # the same, yesterday and today
    spend_out: Decimal  # the same, since it ran out, 7 days back at most
    credited_out: Decimal  # net sales credited to those ads in the same days

    @property
    def out(self) -> bool:
        return self.limited and self.sellable <= 0

    def cover_days(self, faster_by: Decimal = Decimal(0)) -> Decimal | None:
        """Days the stock lasts at this pace, or at one faster by a share; None: no pace, or no limit."""
        if not self.limited or not self.per_day:
            return None
        return self.sellable / (self.per_day * (1 + faster_by))


@dataclass(frozen=True)
class BudgetFacts:
    """A budget (of a campaign, or of an ad group where it sits there) and what it did."""

    channel: str
    account_id: str
    level: Level
    platform_id: str
    campaign_id: int
    name: str
    daily_budget: Decimal
    currency: str
    spend_month: Decimal
    spend_week: Decimal
    reported_month: Decimal
    credited_month: Decimal
    credited_week: Decimal
    credited_orders_month: int
    credited_squares_month: Decimal  # sum of each order's credit squared: how much few large orders decide
    linked_spend_week: Decimal  # spend of ads whose product is known
    products: tuple[PromotedProduct, ...]
    changed_at: datetime | None  # last change by Clique

    @property
    def subject(self) -> str:
        return f"{self.channel}/{self.level}/{self.platform_id}"

    @property
    def used(self) -> Decimal:
        """Share of the budget that was spent over the last 7 whole days."""
        return self.spend_week / (self.daily_budget * WEEK)


@dataclass(frozen=True)
class StoreFacts:
    """Everything the kinds look at, read at one moment."""

    currency: str
    now: datetime
    today: date
    week: Period  # last 7 whole days
    month: Period  # last 30 whole days
    margin: Decimal | None  # contribution before ads / net sales, over the month
    no_margin: str  # why it is unknown
    net_sales_week: Decimal
    spend_week: Decimal  # of all ads
    account_room: dict[tuple[str, str], Decimal]  # by (channel, account): what its daily budgets may still grow by
    limits: Limits
    ads_fresh_at: datetime | None
    stock_fresh_at: datetime | None
    budgets: tuple[BudgetFacts, ...]

    @property
    def break_even(self) -> Decimal | None:
        return 1 / self.margin if self.margin is not None and self.margin > 0 else None


@dataclass(frozen=True)
class Evidence:
    """One line of what a proposal rests on. opens: the metric and filters its number opens to, where it has one."""

    label: str
    value: str | None
    unit: Unit | Literal["days", "date"]
    source: str
    opens: dict[str, Any] | None = None


@dataclass(frozen=True)
class Proposal:
    """What a kind proposes for one subject. Amounts of profit are a week's, as a range."""

    kind: str
    subject: str
    headline: str
    why: str
    evidence: tuple[Evidence, ...]
    action: dict[str, Any]  # kept as Recommendation.proposal
    profit_low: Decimal
    profit_high: Decimal
    basis: str
    confidence: Confidence
    risk: str
    urgent: bool  # a stock-out now or within 7 days


@dataclass(frozen=True)
class Kind:
    """An entry of RECOMMENDATIONS."""

    key: str
    label: str
    badge: str
    look: Callable[[StoreFacts], list[Proposal]]
    expires_after: timedelta
    nothing: str  # what is true where it proposes nothing, in words


@dataclass(frozen=True)
class Card:
    """A recommendation as pages show it. actions: newest first, undo among them."""

    recommendation_id: int
    kind: str
    kind_label: str
    badge: str
    state: str
    headline: str
    why: str
    evidence: tuple[Evidence, ...]
    before: Decimal
    after: Decimal
    currency: str
    profit_low: Decimal | None
    profit_high: Decimal | None
    basis: str
    confidence: str
    risk: str
    priority: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: int | None
    reason: str
    actions: tuple[ActionView, ...]

    @property
    def undo(self) -> ActionView | None:
        """The action that can be undone."""
        return next((action for action in self.actions if action.can_undo), None)


@dataclass(frozen=True)
class Board:
    """All cards, and when Clique looks next. nothing: why there is no open card."""

    open: tuple[Card, ...]
    applied: tuple[Card, ...]
    dismissed: tuple[Card, ...]
    looked_at: datetime | None
    next_look_at: datetime | None
    nothing: str


@dataclass(frozen=True)
class Refreshed:
    """What a look changed: ids of cards."""

    made: tuple[int, ...] = ()
    updated: tuple[int, ...] = ()
    withdrawn: tuple[int, ...] = ()
    expired: tuple[int, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.made or self.updated or self.withdrawn or self.expired)
