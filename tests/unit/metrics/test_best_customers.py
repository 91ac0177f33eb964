"""The best customers against a plain ranking."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from clique_app.metrics.best_customers import Best, Sales
from clique_app.metrics.definition import Period
from clique_app.metrics.packed import MILLION

LAST = date(2026, 11, 20)
Booked = dict[date, dict[int, int]]  # millionths, by day and customer

days = st.integers(0, 420).map(lambda back: LAST - timedelta(days=back))
amounts = st.sampled_from([-2 * MILLION, 1, MILLION, 3 * MILLION]) | st.integers(-(10**13), 10**13)
customers = st.sampled_from([-5, 1, 2, 3, 2**62]) | st.integers(1, 60)


def sales(booked: Booked) -> Sales:
    def row(customer: int, amount: int) -> bytes:
        return customer.to_bytes(8, "big", signed=True) + amount.to_bytes(8, "big", signed=True)

    return Sales((day, b"".join(row(*one) for one in sorted(of.items()))) for day, of in booked.items())


def ranked(booked: Booked, end: date, known: int) -> list[tuple[int, Decimal]]:
    spent: dict[int, int] = defaultdict(int)
    for day, of in booked.items():
        for customer, amount in of.items() if end - timedelta(days=364) <= day <= end else ():
            spent[customer] += amount
    best = sorted(spent.items(), key=lambda one: (-one[1], one[0]))[: max(1, known // 10) if known else 0]
    return [(customer, Decimal(amount) / MILLION) for customer, amount in best if amount > 0]


@given(
    st.dictionaries(days, st.dictionaries(customers, amounts)),
    st.lists(days, min_size=1, max_size=4),
    st.integers(0, 300),
    st.integers(0, 200),
)
def test_they_are_those_of_a_plain_ranking(booked: Booked, ends: list[date], known: int, length: int) -> None:
    """Whichever days were asked for before."""
    told = sales(booked)
    for end in ends:
        best = ranked(booked, end, known)
        assert told.best(end, known, 3) == Best(len(best), sum((of for _, of in best), Decimal(0)), tuple(best[:3]))
        period = Period(end - timedelta(days=length), end)
        names = {customer for customer, _ in best}
        theirs = sum(
            amount
            for day, of in booked.items()
            for customer, amount in of.items()
            if period.start <= day <= end and customer in names
        )
        assert told.of_the_best(period, known) == Decimal(theirs) / MILLION
        assert set(told.ids(end, known)) == names
