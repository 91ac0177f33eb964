"""What budget proposals share: lines of evidence, each with the metric its number opens to, and the change. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from clique_app.actions.catalog import CHANGE_BUDGET
from clique_app.integrations.registry import channel_label
from clique_app.metrics import format
from clique_app.metrics.definition import Period
from clique_app.recommendations.definition import BudgetFacts, Evidence, PromotedProduct, StoreFacts


def opens(metric: str, period: Period, budget: BudgetFacts | None = None) -> dict[str, Any] | None:
    """What a number opens to; None where the budget is an ad group's, whose rows are not a metric's own filter."""
    if budget is not None and budget.level != "campaign":
        return None
    where = {} if budget is None else {"channel": budget.channel, "campaign_id": budget.campaign_id}
    return {"metric": metric, "from": period.start.isoformat(), "to": period.end.isoformat(), **where}


def platform(budget: BudgetFacts) -> str:
    """The platform's name."""
    return channel_label(budget.channel)


def spend_week(facts: StoreFacts, budget: BudgetFacts) -> Evidence:
    return Evidence(
        "Spend, last 7 days",
        str(budget.spend_week),
        "money",
        platform(budget),
        opens("ad_spend", facts.week, budget),
    )


def spend_month(facts: StoreFacts, budget: BudgetFacts) -> Evidence:
    return Evidence(
        "Spend, last 30 days",
        str(budget.spend_month),
        "money",
        platform(budget),
        opens("ad_spend", facts.month, budget),
    )


def budget_used(budget: BudgetFacts) -> Evidence:
    return Evidence("Budget used, last 7 days", str(round(budget.used, 4)), "percent", platform(budget))


def share_of_spend(facts: StoreFacts, budget: BudgetFacts) -> Evidence:
    share = None if not facts.spend_week else str(round(budget.spend_week / facts.spend_week, 4))
    return Evidence("Share of ad spend, last 7 days", share, "percent", platform(budget))


def stock(product: PromotedProduct) -> Evidence:
    return Evidence(f"{product.title}, sellable at all locations", str(max(product.sellable, 0)), "count", "Stock")


def break_even(facts: StoreFacts) -> Evidence:
    return Evidence(
        "Break-even ROAS, last 30 days",
        None if facts.break_even is None else str(round(facts.break_even, 4)),
        "ratio",
        "Costs in Shopify and Settings",
        opens("break_even_roas", facts.month),
    )


def amount(value: Decimal) -> str:
    """Money as kept in evidence, to the cent."""
    return str(round(value, 2))


def money(value: Decimal, budget: BudgetFacts) -> str:
    """Money in a sentence: $640, $22.50."""
    whole = value == value.to_integral_value()
    return format.exact(value, "money", budget.currency).removesuffix(".00" if whole else "")


def change(budget: BudgetFacts, after: Decimal) -> dict[str, Any]:
    """The budget change a card proposes. Both kinds rest on stock, which must then be fresh."""
    return {
        "action": CHANGE_BUDGET.key,
        "channel": budget.channel,
        "level": budget.level,
        "platform_id": budget.platform_id,
        "name": budget.name,
        "before": str(budget.daily_budget),
        "after": str(after),
        "currency": budget.currency,
        "needs_stock": True,
    }
