"""Strong campaign with stock: its credited return clears break-even with room for doubt, its budget is used up, and
there is stock for more. Raise it by one capped step. Credited is not caused, and the card says so."""

from __future__ import annotations

import math
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

STEP_PCT = Decimal(20)
SAFETY = Decimal("1.1")  # the low end of the credited return must clear break-even by this factor
ORDERS = 20  # credited in 30 days; fewer say too little
Z_90 = 1.645  # 90 % range
USED = Decimal("0.9")
COVER_DAYS = Decimal(30)  # that must be left at the faster pace
KNOWN_SPEND = Decimal("0.5")  # share of spend whose product, and so stock, is known
COUNTS_FROM = Decimal("0.1")  # share of spend from which a product's stock decides
WORST_NEXT, BEST_NEXT = Decimal("0.5"), Decimal("0.9")  # the next unit of spend returns this part of the average
LEARN = timedelta(days=7)  # after a change by Clique, before its effect can be in the 7-day figures


def look(facts: StoreFacts) -> list[Proposal]:
    """One step up for every budget that clears all conditions."""
    return [proposal for budget in facts.budgets if (proposal := _propose(facts, budget)) is not None]


def credited_roas(budget: BudgetFacts) -> tuple[Decimal, Decimal, Decimal] | None:
    """Credited return over 30 days with its 90 % range: (low, middle, high). The range is the doubt of counting few
    orders of different size (compound Poisson, on the log scale); None where there is nothing to go by."""
    if budget.spend_month <= 0 or budget.credited_month <= 0 or budget.credited_orders_month <= 0:
        return None
    middle = budget.credited_month / budget.spend_month
    doubt = math.sqrt(float(budget.credited_squares_month)) / float(budget.credited_month)
    factor = Decimal(str(math.exp(min(Z_90 * doubt, 20))))
    return middle / factor, middle, middle * factor


def _propose(facts: StoreFacts, budget: BudgetFacts) -> Proposal | None:
    roas = credited_roas(budget)
    if roas is None or facts.margin is None or facts.break_even is None or budget.credited_orders_month < ORDERS:
        return None
    if roas[0] < facts.break_even * SAFETY or budget.used < USED:
        return None
    if budget.changed_at is not None and facts.now - budget.changed_at < max(LEARN, facts.limits.cooldown):
        return None
    room = facts.account_room.get((budget.channel, budget.account_id), Decimal(0))
    after = farthest_step(budget.daily_budget, STEP_PCT, facts.limits, room=room)
    if after is None or not _stock_for(budget, after):
        return None
    more = (after - budget.daily_budget) * WEEK * min(budget.used, Decimal(1))
    low = more * (WORST_NEXT * roas[0] * facts.margin - 1)
    high = more * (BEST_NEXT * roas[2] * facts.margin - 1)
    if low + high <= 0:
        return None
    return Proposal(
        kind=KIND.key,
        subject=budget.subject,
        headline=f"Raise {evidence.platform(budget)} {budget.name} from {evidence.money(budget.daily_budget, budget)} "
        f"to {evidence.money(after, budget)} a day",
        why=f"It is credited with {format.exact(roas[1], 'ratio', budget.currency)} for each unit of spend where "
        f"{format.exact(facts.break_even, 'ratio', budget.currency)} breaks even, uses up its budget, and has stock "
        "for more. Credited, not causal.",
        evidence=_evidence(facts, budget, roas, after),
        action=evidence.change(budget, after),
        profit_low=round(low, 2),
        profit_high=round(high, 2),
        basis="Credited by touches, not causal. Assumes that the added spend returns 50 to 90 % of the average, "
        "as returns diminish, and takes the 90 % range of 30 days of credited orders.",
        confidence="medium" if low > 0 else "low",
        risk="The added spend may return less than credited, and a budget change can make the platform learn anew.",
        urgent=False,
    )


def _deciding(budget: BudgetFacts) -> tuple[PromotedProduct, ...]:
    return tuple(product for product in budget.products if product.spend_week >= budget.spend_week * COUNTS_FROM)


def _stock_for(budget: BudgetFacts, after: Decimal) -> bool:
    if budget.linked_spend_week < budget.spend_week * KNOWN_SPEND:
        return False
    faster = after / budget.daily_budget - 1
    covers = [(product, product.cover_days(faster)) for product in _deciding(budget)]
    return all(not product.out and (cover is None or cover > COVER_DAYS) for product, cover in covers)


def _evidence(
    facts: StoreFacts, budget: BudgetFacts, roas: tuple[Decimal, Decimal, Decimal], after: Decimal
) -> tuple[Evidence, ...]:
    reported = budget.reported_month / budget.spend_month
    low, high = (format.exact(value, "ratio", budget.currency) for value in (roas[0], roas[2]))
    lines: list[Evidence] = []
    for product in _deciding(budget):
        cover, then = product.cover_days(), product.cover_days(after / budget.daily_budget - 1)
        if cover is not None and then is not None:
            lines.append(
                Evidence(f"{product.title}, days of cover", str(int(cover)), "days", f"Stock; {int(then)} after")
            )
    return (
        evidence.spend_month(facts, budget),
        Evidence(
            "Attributed revenue, last 30 days",
            evidence.amount(budget.credited_month),
            "money",
            f"Orders, credited; {budget.credited_orders_month} orders",
            evidence.opens("attributed_revenue", facts.month, budget),
        ),
        Evidence(
            "ROAS, attributed",
            str(round(roas[1], 4)),
            "ratio",
            f"90 % range {low} to {high}",
            evidence.opens("roas", facts.month, budget),
        ),
        Evidence(
            "ROAS, claimed by the platform",
            str(round(reported, 4)),
            "ratio",
            evidence.platform(budget),
            evidence.opens("reported_roas", facts.month, budget),
        ),
        evidence.break_even(facts),
        *lines,
        evidence.budget_used(budget),
        evidence.share_of_spend(facts, budget),
    )


KIND = Kind(
    key="scale_strong_campaign",
    label="Strong campaign with stock",
    badge="Budget",
    look=look,
    expires_after=timedelta(hours=72),
    nothing="none that clears break-even with room for doubt has used up its budget and has stock for more",
)
