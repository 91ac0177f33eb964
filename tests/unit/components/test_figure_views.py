"""What is said of a line beside its normal range."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from clique_app.components.figure_views import against_normal
from clique_app.metrics.definition import Period
from clique_app.metrics.overview_service import Day

FIRST = date(2026, 11, 16)


def _line(*values: int | None) -> tuple[Day, ...]:
    """Days with a normal of 10 to 20, the first of them before the period."""
    return tuple(
        Day(FIRST + timedelta(days=at - 1), None if value is None else Decimal(value), Decimal(10), Decimal(20))
        for at, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((99, 25, 15, 5), "Net sales ran above normal on 1 and below normal on 1 of 3 days"),
        ((99, 25, 15, 15), "Net sales ran above normal on 1 of 3 days"),
        ((99, 5, 5, None), "Net sales ran below normal on 2 of 2 days"),
        ((99, 10, 20, 15), "Net sales stayed within normal on every day"),
        ((99, None, None, None), ""),
    ],
)
def test_only_the_sides_on_which_it_ran_outside_are_told(values: tuple[int | None, ...], told: str) -> None:
    period = Period(FIRST, FIRST + timedelta(days=2))
    assert against_normal("Net sales", _line(*values), period) == told


def test_what_is_learnt_by_week_is_told_of_weeks() -> None:
    period = Period(FIRST, FIRST + timedelta(days=2))
    told = "Customers ran above normal in 1 and below normal in 1 of 3 weeks"
    assert against_normal("Customers", _line(99, 25, 15, 5), period, "week") == told
    assert (
        against_normal("Customers", _line(99, 15, 15), period, "week") == "Customers stayed within normal in every week"
    )
