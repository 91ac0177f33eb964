"""What those won brought and what is expected of them, by member, against sums one by one."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.metrics.cohort_days import CUSTOMER, ORDER
from clique_app.metrics.order_worth import MEASURES
from clique_app.metrics.packed import MILLION
from clique_app.metrics.won import EXPECTED, Expected, Won
from clique_app.tables.rollups import NOT_EXPECTED

DAY = date(2026, 3, 1)
SHARES = (Decimal(1), Decimal("0.5"), Decimal("0.333333"))

customers = st.integers(1, 6)
parts = st.lists(
    st.tuples(st.sampled_from(["meta", "email", None]), st.sampled_from(SHARES), st.sets(customers)),
    max_size=5,
)
millionths = st.integers(-(10**12), 10**12)
orders = st.lists(st.tuples(customers, st.tuples(*[millionths] * len(MEASURES))), max_size=8)
expected = st.dictionaries(
    customers, st.tuples(st.integers(0, 2), st.none() | st.integers(0, 10**9), st.none() | st.integers(0, MILLION))
)


def of(told: list[tuple[Any, Decimal, set[int]]]) -> Won:
    return Won((member, share, np.array(sorted(who), CUSTOMER).tobytes()) for member, share, who in told)


@given(parts, orders)
def test_what_was_brought_is_each_order_in_its_shares(
    told: list[tuple[Any, Decimal, set[int]]], brought: list[tuple[int, tuple[int, ...]]]
) -> None:
    won = of(told)
    for one in (brought[:3], brought[3:]):
        won.add([(DAY, np.array([(who, 0, *amounts) for who, amounts in one], ORDER).tobytes())])
    sums: dict[str, dict[Any, Decimal]] = {measure: defaultdict(Decimal) for measure in MEASURES}
    for member, share, who in ((member, share, who) for member, share, who in told if who):
        for measure, place in zip(MEASURES, range(len(MEASURES)), strict=True):
            of_part = sum(amounts[place] for customer, amounts in brought if customer in who)
            sums[measure][member] += Decimal(of_part) / MILLION * share
    assert won.brought() == sums


@given(parts, expected)
def test_what_is_expected_is_that_of_each_in_its_shares(
    told: list[tuple[Any, Decimal, set[int]]], foretold: dict[int, tuple[int, int | None, int | None]]
) -> None:
    rows = [
        (who, NOT_EXPECTED if chance is None else chance, NOT_EXPECTED if value is None else value, model)
        for who, (model, value, chance) in foretold.items()
    ]
    one_by_one = Expected([(DAY, np.array(rows, EXPECTED).tobytes())])
    found = of(told).expected(one_by_one)
    values = {
        who: Decimal(value) / MILLION for who, (model, value, _) in foretold.items() if model and value is not None
    }
    models = {who: model for who, (model, *_) in foretold.items() if model}
    assert found.keys() == {member for member, _, who in told if who & models.keys()}
    for member, worth in found.items():
        shares = [(share, who) for of_member, share, ids in told if of_member == member for who in ids]
        assert worth.known == sum(share for share, who in shares if who in values)
        assert worth.value == sum(values[who] * share for share, who in shares if who in values)
        squares = sum(values[who] ** 2 * share for share, who in shares if who in values)
        assert worth.squares == pytest.approx(float(squares))
        assert worth.models == {models[who] for _, who in shares if who in models}
    asked = np.arange(8)
    chances, known = one_by_one.chances(asked)
    wanted = {who: chance for who, (_, _, chance) in foretold.items() if chance is not None}
    assert dict(zip(asked[known].tolist(), chances[known].tolist(), strict=True)) == wanted
