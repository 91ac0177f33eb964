"""Intervals of credits: the same for each amount whatever stands beside it, and silent where days say too little."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from clique_app.attribution.bootstrap import LEAST_DAYS, Interval, of_ratios, of_sums

STEADY = [Decimal(100)] * 30
UNEVEN = [Decimal(60 + 80 * (day % 2)) for day in range(30)]


def test_a_sum_lies_in_its_interval_and_steady_days_leave_no_doubt() -> None:
    steady, uneven = of_sums([STEADY, UNEVEN])
    assert steady == Interval(Decimal("3000.00"), Decimal("3000.00"))
    assert uneven is not None
    assert uneven.low < sum(UNEVEN) < uneven.high
    # 30 days that stray by 40 each stray by 40 * sqrt(30) together, nine tenths of them by 1.645 times that
    assert float(uneven.high - uneven.low) == pytest.approx(2 * 1.645 * 40 * np.sqrt(30), rel=0.06)


def test_what_stands_beside_an_amount_does_not_move_its_interval() -> None:
    beside = [*of_sums([UNEVEN, STEADY, UNEVEN])]
    assert [beside[0]] == of_sums([UNEVEN]) == [beside[2]]
    assert of_ratios([(UNEVEN, STEADY), (STEADY, UNEVEN)])[0] == of_ratios([(UNEVEN, STEADY)])[0]


def test_days_of_a_ratio_are_drawn_together() -> None:
    twice = [2 * value for value in UNEVEN]
    assert of_ratios([(twice, UNEVEN)]) == [Interval(Decimal("2.00"), Decimal("2.00"))]


def test_too_few_days_and_nothing_below_say_nothing() -> None:
    few = STEADY[: LEAST_DAYS - 1]
    assert of_sums([few, few]) == [None, None]
    assert of_ratios([(few, few)]) == [None]
    assert of_sums([]) == of_ratios([]) == []
    free = [Decimal(0)] * 30
    first, second = of_ratios([(UNEVEN, free), (UNEVEN, STEADY)])
    assert first is None
    assert second is not None
