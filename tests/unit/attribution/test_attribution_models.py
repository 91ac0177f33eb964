"""Laws of the eight models; Markov and Shapley against their definitions, worked out the long way."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from math import isclose

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from clique_app.attribution.models import MODELS, Model, Path, credit, is_direct, removal_effects, shares, split

touches = st.lists(st.sampled_from(["meta", "google", "email", "direct", "organic"]), min_size=1, max_size=6).map(tuple)
counts = st.just(0.0) | st.integers(0, 50).map(float)
paths = st.lists(st.builds(Path, touches, counts, st.integers(0, 10**7).map(lambda c: c / 100), counts), max_size=8)
few = settings(max_examples=40)
models = pytest.mark.parametrize("model", MODELS)


@models
@few
@given(given_paths=paths)
@example(given_paths=[Path(("meta", "email"), 0, 10, 5), Path(("google",), 0, 20)])
def test_credits_sum_to_conversions_and_to_value(model: Model, given_paths: list[Path]) -> None:
    credited = credit(given_paths, model).values()
    whole = sum(path.conversions for path in given_paths)
    assert isclose(sum(one.conversions for one in credited), whole, rel_tol=1e-9)
    assert isclose(sum(one.value for one in credited), sum(path.value for path in given_paths), rel_tol=1e-9)
    assert all(one.conversions >= 0 and one.value >= 0 for one in credited)


@models
@few
@given(journey=touches, cents=st.integers(-(10**9), 10**9))
def test_an_amount_is_split_over_a_journey_to_the_cent(model: Model, journey: tuple[str, ...], cents: int) -> None:
    amount = Decimal(cents) / 100
    given_shares = shares(model, journey, removal={"meta": 0.5, "google": 0.1})
    parts = split(amount, given_shares)
    assert sum(parts) == amount
    assert all(part == part.quantize(Decimal("0.01")) for part in parts)
    for part, share in zip(parts, given_shares, strict=True):
        assert abs(part - amount * Decimal(share)) <= Decimal("0.010001")


@models
@few
@given(journey=touches, nulls=counts)
def test_a_single_channel_gets_everything(model: Model, journey: tuple[str, ...], nulls: float) -> None:
    only = ("meta",) * len(journey)
    assert credit([Path(only, 3, 10.5, nulls)], model)["meta"].conversions == pytest.approx(3)
    assert sum(shares(model, only)) == pytest.approx(1)


@few
@given(given_paths=paths)
def test_markov_is_the_share_of_conversions_lost_when_a_channel_is_taken_out(given_paths: list[Path]) -> None:
    assume(sum(path.conversions for path in given_paths) > 0)
    effects = removal_effects(given_paths)
    whole = chance_to_convert(given_paths, without="")
    for channel, effect in effects.items():
        assert effect == pytest.approx(1 - chance_to_convert(given_paths, without=channel) / whole, abs=1e-9)


def chance_to_convert(given_paths: list[Path], without: str) -> float:
    """By walking the chain until nobody is under way; who comes to the channel that is taken out is lost."""
    moves: dict[str, dict[str, float]] = {}
    for path in given_paths:
        for ends, weight in (("converted", path.conversions), ("lost", path.nulls)):
            for here, there in zip(("start", *path.touches), (*path.touches, ends), strict=True):
                moves.setdefault(here, {}).setdefault(there, 0.0)
                moves[here][there] += weight
    states = sorted(moves)
    step = np.zeros((len(states) + 1, len(states) + 1))  # the last state: converted
    step[-1, -1] = 1
    for here, to in moves.items():
        for there, weight in to.items():
            if weight and there not in ("lost", without):
                at = len(states) if there == "converted" else states.index(there)
                step[states.index(here), at] = weight / sum(to.values())
    return float(np.linalg.matrix_power(step, 2**14)[states.index("start"), -1])


@few
@given(given_paths=paths)
def test_shapley_is_the_mean_marginal_contribution_over_all_orders_of_the_channels(given_paths: list[Path]) -> None:
    channels = sorted({touch for path in given_paths for touch in path.touches})
    credited = credit(given_paths, "shapley")
    orders = list(permutations(channels))
    for channel in channels:
        added = sum(
            worth(given_paths, order[: order.index(channel) + 1]) - worth(given_paths, order[: order.index(channel)])
            for order in orders
        )
        assert credited[channel].conversions == pytest.approx(added / len(orders))


def worth(given_paths: list[Path], coalition: tuple[str, ...]) -> float:
    return sum(path.conversions for path in given_paths if set(path.touches) <= set(coalition))


@few
@given(given_paths=paths, reverse=st.booleans())
def test_shapley_and_linear_do_not_mind_the_order_of_touches(given_paths: list[Path], reverse: bool) -> None:
    other = [Path(tuple(sorted(p.touches, reverse=reverse)), p.conversions, p.value, p.nulls) for p in given_paths]
    for model in ("shapley", "linear"):
        one, two = credit(given_paths, model), credit(other, model)
        assert {name: c.value for name, c in one.items()} == pytest.approx({name: c.value for name, c in two.items()})


@pytest.mark.parametrize(
    ("model", "journey", "expected"),
    [
        ("position", ["a"], [1]),
        ("position", ["a", "b"], [0.5, 0.5]),
        ("position", ["a", "b", "c"], [0.4, 0.2, 0.4]),
        ("position", ["a", "b", "b", "c"], [0.4, 0.1, 0.1, 0.4]),
        ("last-non-direct", ["a", "direct", "(direct) / (none)"], [1, 0, 0]),
        ("last-non-direct", ["direct", "direct"], [0, 1]),
        ("linear", ["a", "a", "b"], [1 / 3, 1 / 3, 1 / 3]),
        ("shapley", ["a", "a", "b"], [0.25, 0.25, 0.5]),
        ("decay", ["a", "b"], [1 / 3, 2 / 3]),
    ],
)
def test_worked_examples(model: Model, journey: list[str], expected: list[float]) -> None:
    assert shares(model, journey, half_life=1) == pytest.approx(expected)


def test_a_touch_a_half_life_older_counts_half() -> None:
    assert shares("decay", ["a", "b"], ages=[8.0, 1.0]) == pytest.approx([1 / 3, 2 / 3])


def test_markov_counts_repeats_and_journeys_that_did_not_convert() -> None:
    # A: 3 moves, 1 to itself, 1 converts, 1 is lost: half of those that come convert. B: all of them.
    effects = removal_effects([Path(("A", "A"), 1, 0, 0), Path(("A",), 0, 0, 1), Path(("B",), 2)])
    assert effects == pytest.approx({"A": 1 / 3, "B": 2 / 3})


def test_markov_without_a_conversion_shares_the_value_of_a_path_by_its_channels() -> None:
    credited = credit([Path(("a", "a", "b"), 0, 10, 5), Path(("c",), 0, 20)], "markov")
    assert {name: (one.conversions, one.value) for name, one in credited.items()} == {
        "a": (0, pytest.approx(5)), "b": (0, pytest.approx(5)), "c": (0, 20),
    }  # fmt: skip


def test_direct_is_known_by_its_usual_names() -> None:
    assert [is_direct(name) for name in ("direct", "(direct)", "Direct / none", "redirect", "directory")] == [
        True, True, True, False, False,
    ]  # fmt: skip
