"""Formulas: what they may hold, and what unknown and nothing do to them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.metrics import expression


def test_inputs_come_in_written_order_once_each() -> None:
    assert expression.inputs("b / (a + b) - c") == ("b", "a", "c")


@pytest.mark.parametrize("text", ["__import__('os')", "a ** b", "a.b", "a if b else c", "1.5 * a", "a[0]", "-a", "'x'"])
def test_anything_but_plain_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="may only hold"):
        expression.parse(text)


def test_brackets_are_kept() -> None:
    values = {"clicks": Decimal(20), "impressions": Decimal(1000)}
    assert expression.evaluate("(impressions - clicks) / impressions", values) == Decimal("0.98")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000000, max_value=1000000))
def test_a_ratio_over_nothing_is_unknown_never_zero(value: Decimal) -> None:
    assert expression.evaluate("a / b", {"a": value, "b": Decimal(0)}) is None


@given(st.sampled_from(["a + b", "a - b", "b - a", "a * b", "a / b", "b / a", "1 + a / (b + 1)"]))
def test_an_unknown_input_makes_the_value_unknown(text: str) -> None:
    assert expression.evaluate(text, {"a": None, "b": Decimal(3)}) is None
