"""Each entry of the catalogue carries its worked example; the example is its test."""

from decimal import Decimal

import pytest

from clique_app.errors import NotFound
from clique_app.metrics import expression, registry
from clique_app.metrics.definition import TIMES, Dimension, Formula, Metric

FORMULAS = [item for item in registry.METRICS if isinstance(item, Formula)]


@pytest.mark.parametrize("item", FORMULAS, ids=lambda item: item.key)
def test_the_worked_example_holds(item: Formula) -> None:
    given, expected = item.example
    value = expression.evaluate(item.expression, {key: Decimal(text) for key, text in given.items()})
    assert value is not None
    assert round(value, -Decimal(expected).as_tuple().exponent) == Decimal(expected)  # pyright: ignore


@pytest.mark.parametrize("item", FORMULAS, ids=lambda item: item.key)
def test_the_example_names_exactly_the_inputs(item: Formula) -> None:
    assert set(item.example[0]) == set(expression.inputs(item.expression))


@pytest.mark.parametrize("item", registry.METRICS, ids=lambda item: item.key)
def test_every_metric_says_what_it_means_in_a_sentence(item: Metric) -> None:
    assert item.meaning.endswith(".")
    assert registry.leaves(item)


OF_ADS: set[Dimension] = {"channel", "campaign", "ad_group", "ad"}
OF_PROFIT: set[Dimension] = {*OF_ADS, "product", "geography"}
OF_ORDERS: set[Dimension] = {*OF_PROFIT, "new_returning", "cohort"}
PARTS: dict[str, set[Dimension]] = {
    "contribution_profit": OF_PROFIT, "roi": OF_PROFIT,
    "contribution_before_ads": OF_ORDERS, "contribution_margin": OF_ORDERS, "break_even_roas": OF_ORDERS,
    "gross_margin": OF_ORDERS,
    "cpc": OF_PROFIT, "cpm": OF_PROFIT, "ctr": OF_PROFIT, "reported_roas": OF_PROFIT,
    "roas": {*OF_ADS, "geography"}, "cpa": {*OF_ADS, "geography"}, "rpmo": {*OF_ADS, "geography"},
    "ad_cvr": {*OF_ADS, "geography"}, "cac": {*OF_ADS, "geography"},
    "net_profit": set(), "mer": set(),
}  # fmt: skip


@pytest.mark.parametrize(("key", "parts"), PARTS.items())
def test_what_profit_rests_on_is_told_of_the_same_parts(key: str, parts: set[Dimension]) -> None:
    item = registry.metric(key)
    assert {one for one in registry.dimensions(item) if one not in TIMES} == parts


@pytest.mark.parametrize("key", ["contribution_profit", "roi", "net_profit", "mer", "marketing_spend", "overhead"])
def test_what_is_told_of_no_more_parts_says_why(key: str) -> None:
    assert registry.no_further(registry.metric(key)).endswith(".")


def test_an_unknown_key_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match="net_sales"):
        registry.metric("revenue")
