"""What each kind proposes, and what keeps it from proposing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.actions.definition import Limits
from clique_app.metrics.definition import Period
from clique_app.recommendations import RECOMMENDATIONS, ranking, scale_strong_campaign, stock_out_spend
from clique_app.recommendations.definition import BudgetFacts, PromotedProduct, StoreFacts

NOW = datetime(2026, 11, 21, 19, tzinfo=UTC)
TODAY = date(2026, 11, 21)
CANDLE = PromotedProduct(
    product_id=1,
    title="Winter Spice Candle",
    limited=True,
    sellable=0,
    per_day=Decimal(9),
    out_since=date(2026, 11, 17),
    last_sold=date(2026, 11, 16),
    spend_week=Decimal(1120),
    spend_recent=Decimal(300),
    spend_out=Decimal(640),
    credited_out=Decimal(320),
)
BUDGET = BudgetFacts(
    channel="meta",
    account_id="1",
    level="campaign",
    platform_id="9",
    campaign_id=3,
    name="Winter Spice",
    daily_budget=Decimal(170),
    currency="USD",
    spend_month=Decimal(4900),
    spend_week=Decimal(1155),
    reported_month=Decimal(12000),
    credited_month=Decimal(9000),
    credited_week=Decimal(900),
    credited_orders_month=150,
    credited_squares_month=Decimal(700000),
    linked_spend_week=Decimal(1155),
    products=(CANDLE,),
    changed_at=None,
)
GIFT = replace(CANDLE, title="Gift Set", sellable=900, out_since=None, spend_out=Decimal(0), credited_out=Decimal(0))
STRONG = replace(BUDGET, name="Gifts", credited_month=Decimal(19000), products=(GIFT,))
FACTS = StoreFacts(
    currency="USD",
    now=NOW,
    today=TODAY,
    week=Period(date(2026, 11, 14), date(2026, 11, 20)),
    month=Period(date(2026, 10, 22), date(2026, 11, 20)),
    margin=Decimal("0.447"),
    no_margin="",
    net_sales_week=Decimal(50000),
    spend_week=Decimal(9000),
    account_room={("meta", "1"): Decimal(3000)},
    limits=Limits(
        kill_switch=False,
        max_step_pct=Decimal(20),
        max_day_pct=Decimal(30),
        max_account_daily_budget=Decimal(5000),
        min_daily_budget=Decimal(5),
        cooldown=timedelta(hours=24),
        max_data_age=timedelta(hours=3),
        currency="USD",
    ),
    ads_fresh_at=NOW,
    stock_fresh_at=NOW,
    budgets=(BUDGET,),
)


def with_budget(budget: BudgetFacts) -> StoreFacts:
    return replace(FACTS, budgets=(budget,))


def test_a_budget_that_promotes_a_stock_out_is_cut_by_one_step() -> None:
    (cut,) = stock_out_spend.look(FACTS)
    assert (cut.action["before"], cut.action["after"]) == ("170", "136")
    # 165 a day was spent, 136 is left: 203 a week saved; half a dollar came back for each spent, 44.7 % of it stays
    assert (cut.profit_low, cut.profit_high) == (Decimal("157.63"), Decimal("203.00"))
    assert cut.confidence == "high"
    assert "since 17 Nov" in cut.why
    assert cut.headline == "Cut Meta Winter Spice from $170 to $136 a day"
    assert scale_strong_campaign.look(FACTS) == []


@pytest.mark.parametrize(
    "budget",
    [
        replace(BUDGET, products=(replace(CANDLE, sellable=3),)),
        replace(BUDGET, products=(replace(CANDLE, limited=False),)),
        replace(BUDGET, products=(replace(CANDLE, spend_recent=Decimal(0)),)),
        replace(BUDGET, products=(replace(CANDLE, spend_week=Decimal(500)), GIFT)),
        replace(BUDGET, products=(replace(CANDLE, credited_out=Decimal(1500)),)),
        replace(BUDGET, changed_at=NOW - timedelta(hours=23)),
        replace(BUDGET, spend_week=Decimal(940), products=(replace(CANDLE, spend_week=Decimal(940)),)),
        replace(BUDGET, daily_budget=Decimal(5)),
    ],
    ids=[
        "in stock",
        "sold on back-order",
        "spends no more",
        "a small part of the spend",
        "other products pay for it",
        "changed a moment ago",
        "spends less than after the cut",
        "at the floor",
    ],
)
def test_no_cut_without_a_reason(budget: BudgetFacts) -> None:
    assert stock_out_spend.look(with_budget(budget)) == []


def test_a_strong_campaign_with_stock_is_raised_by_one_step() -> None:
    (raised,) = scale_strong_campaign.look(with_budget(STRONG))
    assert (raised.action["before"], raised.action["after"]) == ("170", "204")
    assert raised.profit_low < raised.profit_high
    assert "not causal" in raised.basis
    assert stock_out_spend.look(with_budget(STRONG)) == []
    cover = next(line for line in raised.evidence if "days of cover" in line.label)
    assert (cover.value, cover.source) == ("100", "Stock; 83 after")


@pytest.mark.parametrize(
    "budget",
    [
        replace(STRONG, credited_month=Decimal(11500)),
        replace(STRONG, credited_squares_month=Decimal(60_000_000)),
        replace(STRONG, credited_orders_month=19),
        replace(STRONG, spend_week=Decimal(1000)),
        replace(STRONG, products=(replace(GIFT, sellable=320),)),
        replace(STRONG, linked_spend_week=Decimal(100)),
        replace(STRONG, changed_at=NOW - timedelta(days=6)),
        replace(STRONG, spend_month=Decimal(0)),
    ],
    ids=[
        "too near break-even",
        "rests on few large orders",
        "few orders",
        "budget not used",
        "too little cover after the step",
        "stock unknown",
        "raised within a week",
        "no spend",
    ],
)
def test_no_raise_without_room_for_doubt(budget: BudgetFacts) -> None:
    assert scale_strong_campaign.look(with_budget(budget)) == []


def test_a_raise_stays_inside_the_account_cap() -> None:
    tight = replace(with_budget(STRONG), account_room={("meta", "1"): Decimal(12)})
    assert scale_strong_campaign.look(tight)[0].action["after"] == "182"
    assert scale_strong_campaign.look(replace(tight, account_room={("meta", "1"): Decimal(0)})) == []


def test_without_a_margin_nothing_is_proposed() -> None:
    unknown = replace(FACTS, margin=None, budgets=(BUDGET, STRONG))
    assert [kind.look(unknown) for kind in RECOMMENDATIONS] == [[], []]


amounts = st.integers(0, 40_000).map(Decimal)


@given(
    budget=amounts.filter(bool),
    spend=amounts,
    credited=amounts,
    orders=st.integers(0, 400),
    squares=st.integers(0, 10**9).map(Decimal),
    sellable=st.integers(-5, 2000),
    out=amounts,
    credited_out=amounts,
)
def test_any_proposal_keeps_the_step_and_shows_a_range(
    budget: Decimal,
    spend: Decimal,
    credited: Decimal,
    orders: int,
    squares: Decimal,
    sellable: int,
    out: Decimal,
    credited_out: Decimal,
) -> None:
    product = replace(CANDLE, sellable=sellable, spend_week=spend, spend_out=out, credited_out=credited_out)
    facts = with_budget(
        replace(
            BUDGET,
            daily_budget=budget,
            spend_week=spend,
            spend_month=spend * 4,
            linked_spend_week=spend,
            credited_month=credited,
            credited_orders_month=orders,
            credited_squares_month=squares,
            products=(product,),
        )
    )
    for kind in RECOMMENDATIONS:
        for proposal in kind.look(facts):
            after = Decimal(proposal.action["after"])
            assert abs(after / budget - 1) <= Decimal("0.2")
            assert proposal.profit_low <= proposal.profit_high
            assert proposal.profit_high > 0
            assert ranking.priority(proposal, facts.net_sales_week) in ("high", "medium", "low")
