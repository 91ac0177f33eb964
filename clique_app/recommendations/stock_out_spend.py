"""Spending on a stock-out: the ads under a budget mostly show what nobody can buy. Cut it by one step."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from clique_app.actions.gate import farthest_step
from clique_app.metrics import format
from clique_app.recommendations import evidence
from clique_app.recommendations.definition import (
    WEEK,
    BudgetFacts,
    Evidence,
    Kind,
    PromotedProduct,
    Proposal,
    StoreFacts,
)

MOST = Decimal("0.5")  # of the budget's spend shows products that are out; below that a cut hits what sells
FULL_CUT_PCT = Decimal(-100)  # as far as the gate lets one step go; pausing is not an action yet


def look(facts: StoreFacts) -> list[Proposal]:
    """One cut for every budget that mostly promotes products without stock."""
    return [proposal for budget in facts.budgets if (proposal := _propose(facts, budget)) is not None]


def _propose(facts: StoreFacts, budget: BudgetFacts) -> Proposal | None:
    out = tuple(product for product in budget.products if product.out and product.spend_recent > 0)
    wasted = sum((product.spend_week for product in out), Decimal(0))
    if not out or facts.margin is None or budget.spend_week <= 0 or wasted < budget.spend_week * MOST:
        return None
    if budget.changed_at is not None and facts.now - budget.changed_at < facts.limits.cooldown:
        return None
    after = farthest_step(budget.daily_budget, FULL_CUT_PCT, facts.limits)
    if after is None:
        return None
    saved = max(budget.spend_week / WEEK - after, Decimal(0)) * WEEK
    spent, credited = sum(p.spend_out for p in out), sum(p.credited_out for p in out)
    # contribution for each unit of spend; refunds alone save nothing
    returned = max(facts.margin * credited / spent, Decimal(0)) if spent else Decimal(0)
    low = saved * (1 - returned)
    if low <= 0:  # nothing to save, or the ads still pay for themselves with other products
        return None
    return Proposal(
        kind=KIND.key,
        subject=budget.subject,
        headline=f"Cut {evidence.platform(budget)} {budget.name} from {evidence.money(budget.daily_budget, budget)} "
        f"to {evidence.money(after, budget)} a day",
        why=_why(facts, budget, out, wasted),
        evidence=_evidence(facts, budget, out, Decimal(spent), Decimal(credited)),
        action=evidence.change(budget, after),
        profit_low=round(low, 2),
        profit_high=round(saved, 2),
        basis="Spend saved in a week. Low end: all sales credited to these ads since the stock-out stop in proportion. "
        "High end: none of them do. Credited by touches, not causal.",
        confidence="high",
        risk="Sales of other products these ads bring may fall a little, and a budget change can make the platform "
        "learn anew. Raise it again when stock is back.",
        urgent=True,
    )


def _why(facts: StoreFacts, budget: BudgetFacts, out: tuple[PromotedProduct, ...], wasted: Decimal) -> str:
    names = " and ".join(product.title for product in out)
    since = min((product.out_since for product in out if product.out_since is not None), default=None)
    sold = max((product.last_sold for product in out if product.last_sold is not None), default=None)
    day = f" since {format.day(since)}" if since else f", last sold on {format.day(sold)}" if sold else ""
    a_day = format.brief(wasted / WEEK, "money", budget.currency)
    verb = "is" if len(out) == 1 else "are"
    return f"{names} {verb} out of stock at every location{day}, and its ads still spend about {a_day} a day."


def _evidence(
    facts: StoreFacts, budget: BudgetFacts, out: tuple[PromotedProduct, ...], spent: Decimal, credited: Decimal
) -> tuple[Evidence, ...]:
    lines: list[Evidence] = []
    for product in out:
        lines.append(evidence.stock(product))
        if product.out_since is not None:
            days = str((facts.today - product.out_since).days)
            lines.append(Evidence(f"{product.title}, days out of stock", days, "days", "Stock"))
        elif product.last_sold is not None:
            days = str((facts.today - product.last_sold).days)
            lines.append(Evidence(f"{product.title}, days since it was last sold", days, "days", "Orders"))
        if product.per_day is not None:
            pace = str(round(product.per_day, 1))
            lines.append(Evidence(f"{product.title}, units a day when in stock", pace, "ratio", "Orders"))
    return (
        *lines,
        evidence.spend_week(facts, budget),
        Evidence("Spend on it since it ran out", evidence.amount(spent), "money", evidence.platform(budget)),
        Evidence("Net sales credited to those ads since", evidence.amount(credited), "money", "Orders, credited"),
        evidence.budget_used(budget),
        evidence.share_of_spend(facts, budget),
        evidence.break_even(facts),
    )


KIND = Kind(
    key="stock_out_spend",
    label="Spending on a stock-out",
    badge="Budget",
    look=look,
    expires_after=timedelta(hours=72),
    nothing="none mostly promotes a product that is out of stock",
)
