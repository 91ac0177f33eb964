"""Each entry of the catalogue carries its worked example; the example is its test."""

from decimal import Decimal

import pytest

from clique_app.errors import NotFound
from clique_app.metrics import expression, registry
from clique_app.metrics.definition import Formula, Metric

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


def test_an_unknown_key_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match="net_sales"):
        registry.metric("revenue")
