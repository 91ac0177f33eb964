"""Which recommendation comes first: expected profit x confidence. Pure."""

from __future__ import annotations

from decimal import Decimal

from clique_app.recommendations.definition import Priority, Proposal

TOP = 5
WEIGHT = {"high": Decimal("0.9"), "medium": Decimal("0.6"), "low": Decimal("0.3")}
HIGH_SHARE = Decimal("0.02")  # of a week's net sales
MEDIUM_SHARE = Decimal("0.005")
MUCH_WORSE = Decimal("1.5")  # a dismissed subject comes back when its rank has grown by half


def rank(proposal: Proposal) -> Decimal:
    """Middle of the profit range, weighed by confidence."""
    middle = (proposal.profit_low + proposal.profit_high) / 2
    return round(middle * WEIGHT[proposal.confidence], 6)


def priority(proposal: Proposal, net_sales_week: Decimal) -> Priority:
    """High from 2 % of a week's net sales at stake or at a stock-out, medium from 0.5 %, else low."""
    if proposal.urgent or (net_sales_week > 0 and proposal.profit_high >= net_sales_week * HIGH_SHARE):
        return "high"
    return "medium" if net_sales_week > 0 and proposal.profit_high >= net_sales_week * MEDIUM_SHARE else "low"


def much_worse(new_rank: Decimal, dismissed_rank: Decimal) -> bool:
    """Whether more is at stake than when somebody dismissed it."""
    return new_rank >= dismissed_rank * MUCH_WORSE and new_rank > dismissed_rank
