"""BG/NBD and Gamma-Gamma: the published figures on CDNOW, and the formulas worked out the plain way."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from math import lgamma, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import roots_jacobi

from clique_app.customers import bgnbd, gamma_gamma, training
from clique_app.customers.bgnbd import BgNbd, Histories
from clique_app.customers.likelihood import NoFit

SAMPLE = Path(__file__).parents[2] / "data" / "cdnow_sample.csv.gz"
END = date(1997, 9, 30)


@pytest.fixture(scope="module")
def cdnow() -> tuple[Histories, np.ndarray, int]:
    """The customers after 39 weeks, what their repeat orders were worth, and how often they bought in the next 39."""
    spent: dict[str, dict[date, float]] = {}
    with gzip.open(SAMPLE, "rt") as lines:
        for row in csv.DictReader(lines):
            days = spent.setdefault(row["customer_id"], {})
            day = date.fromisoformat(row["order_date"])
            days[day] = days.get(day, 0.0) + float(row["amount"])
    before = [sorted(day for day in days if day <= END) for days in spent.values()]
    mean = [
        sum(days[day] for day in known[1:]) / len(known[1:]) if known[1:] else 0.0
        for days, known in zip(spent.values(), before, strict=True)
    ]
    later = sum(day > END for days in spent.values() for day in days)
    return (
        Histories(
            np.array([len(known) - 1 for known in before]),
            np.array([(known[-1] - known[0]).days / 7 for known in before]),
            np.array([(END - known[0]).days / 7 for known in before]),
        ),
        np.array(mean),
        later,
    )


def test_cdnow_gives_the_published_figures(cdnow: tuple[Histories, np.ndarray, int]) -> None:
    histories, mean_value, bought_later = cdnow
    model, fit = bgnbd.fit(histories)
    assert (model.r, model.alpha) == (pytest.approx(0.243, rel=0.01), pytest.approx(4.414, rel=0.01))
    assert (model.a, model.b) == (pytest.approx(0.793, rel=0.03), pytest.approx(2.426, rel=0.03))
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    spend, _ = gamma_gamma.fit(histories.frequency, mean_value)
    assert (spend.p, spend.q, spend.v) == (pytest.approx(6.25, abs=0.01), pytest.approx(3.74, abs=0.01),
                                           pytest.approx(15.44, abs=0.02))  # fmt: skip
    assert bought_later == 1882
    assert model.purchases(histories, 39).sum() == pytest.approx(bought_later, rel=0.15)
    one = Histories(np.array([2]), np.array([30.43]), np.array([38.86]))
    assert model.purchases(one, 39)[0] == pytest.approx(1.226, abs=0.0005)
    low, high = fit.intervals["r"]
    assert low < model.r < high
    assert high / low == pytest.approx(1.22, abs=0.05)


def test_the_log_likelihood_is_that_of_the_paper(cdnow: tuple[Histories, np.ndarray, int]) -> None:
    histories, mean_value, _ = cdnow
    model, fit = bgnbd.fit(histories)
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    plain = 0.0
    for x, recency, age in zip(histories.frequency, histories.recency, histories.age, strict=True):
        stays = lgamma(a + b) + lgamma(b + x) - lgamma(b) - lgamma(a + b + x)
        rate = lgamma(r + x) - lgamma(r) + r * log(alpha)
        term = np.exp(stays + rate - (r + x) * log(alpha + age))
        if x:
            leaves = lgamma(a + 1) + lgamma(b + x - 1) - lgamma(a + b + x) - (lgamma(a) + lgamma(b) - lgamma(a + b))
            term += np.exp(leaves + rate - (r + x) * log(alpha + recency))
        plain += log(term)
    assert fit.log_likelihood == pytest.approx(plain, abs=1e-6)
    _, spend_fit = gamma_gamma.fit(histories.frequency, mean_value)
    p, q, v = spend_fit.parameters.values()
    used = mean_value > 0
    plain = 0.0
    for x, z in zip(histories.frequency[used], mean_value[used], strict=True):
        plain += lgamma(p * x + q) - lgamma(p * x) - lgamma(q) - log(z) + q * log(v / (v + x * z))
        plain += p * x * log(x * z / (v + x * z))
    assert spend_fit.log_likelihood == pytest.approx(plain, abs=1e-6)


def test_no_other_parameters_are_more_likely(cdnow: tuple[Histories, np.ndarray, int]) -> None:
    histories, _, _ = cdnow
    _, fit = bgnbd.fit(histories)
    counts = np.ones(len(histories))
    best = np.array(list(fit.parameters.values()))
    for direction in np.vstack([np.eye(4), -np.eye(4), np.ones((1, 4))]):
        value, _ = bgnbd._log_likelihood(
            best * np.exp(0.01 * direction), histories.frequency, histories.recency, histories.age, counts
        )
        assert value < fit.log_likelihood


def test_the_unit_of_time_and_the_currency_do_not_matter(cdnow: tuple[Histories, np.ndarray, int]) -> None:
    histories, mean_value, _ = cdnow
    weeks, _ = bgnbd.fit(histories)
    in_days = Histories(histories.frequency, histories.recency * 7, histories.age * 7)
    days, _ = bgnbd.fit(in_days)
    assert days.alpha == pytest.approx(weeks.alpha * 7, rel=1e-4)
    assert days.purchases(in_days, 273) == pytest.approx(weeks.purchases(histories, 39), rel=1e-3)
    dollars, _ = gamma_gamma.fit(histories.frequency, mean_value)
    yen, _ = gamma_gamma.fit(histories.frequency, mean_value * 150)
    assert yen.mean == pytest.approx(dollars.mean * 150, rel=1e-4)


customers = st.tuples(st.integers(0, 60), st.floats(0.05, 1), st.floats(1, 200)).map(
    lambda known: (known[0], known[1] * known[2] if known[0] else 0.0, known[2])
)


@settings(max_examples=30)
@given(
    customers,
    st.floats(1, 200),
    st.builds(BgNbd, st.floats(0.1, 3), st.floats(0.5, 50), st.floats(0.2, 4), st.floats(0.4, 6)),
)
def test_expected_purchases_are_the_integral_over_rates_and_chances_to_leave(
    known: tuple[int, float, float], time: float, model: BgNbd
) -> None:
    x, recency, age = known
    of = Histories(np.array([x]), np.array([recency]), np.array([age]))
    # the rate is integrated out by hand, the chance to leave, beta(a, b + x) on 0 to 1, by its own quadrature
    nodes, weights = roots_jacobi(200, model.b + x - 1, model.a - 1)
    chance = (1 + nodes) / 2
    never = ((model.alpha + age) / (model.alpha + age + chance * time)) ** (model.r + x)
    expected = float(np.dot(weights, (1 - never) / chance) / weights.sum())
    alive = model.alive(of)[0]
    assert 0 <= alive <= 1
    assert model.purchases(of, time)[0] == pytest.approx(expected * alive, rel=1e-4, abs=1e-9)
    assert 0 <= model.buys_within(of, time)[0] <= alive
    wait = model.next_purchase(of)[0]
    if alive > 0.5 and wait < 1e9:
        assert model.buys_within(of, wait)[0] == pytest.approx(0.5)


def test_who_buys_hundreds_of_times_has_a_finite_expectation() -> None:
    model = BgNbd(0.24, 4.4, 1.0, 2.4)  # a of exactly 1, where the printed formula divides by 0
    of = Histories(np.array([0, 500, 500]), np.array([0, 77.5, 5.0]), np.array([78.0, 78.0, 78.0]))
    expected = model.purchases(of, 52)
    assert np.all(np.isfinite(expected))
    assert 200 < expected[1] < 500 * 52 / 78
    assert expected[2] < 1e-6


def test_a_customer_spends_between_the_own_mean_and_everyones() -> None:
    model = gamma_gamma.GammaGamma(6.25, 3.74, 15.44)
    value = model.order_value(np.array([0, 1, 100]), np.array([0.0, 100.0, 100.0]))
    assert value[0] == pytest.approx(model.mean) == pytest.approx(35.2, abs=0.1)
    assert model.mean < value[1] < value[2] < 100


@pytest.mark.parametrize("frequency", [[], [0, 0, 0]])
def test_without_repeat_purchases_there_is_no_model(frequency: list[int]) -> None:
    zeros = np.zeros(len(frequency))
    with pytest.raises(NoFit):
        bgnbd.fit(Histories(np.array(frequency), zeros, zeros + 10))
    with pytest.raises(NoFit):
        gamma_gamma.fit(np.array(frequency), zeros)


def test_where_customers_do_not_differ_the_parameters_are_held_and_the_forecast_stays() -> None:
    """Everyone leaves after a purchase with the same chance: a and b have a ratio and no size."""
    random = np.random.default_rng(2)
    count, end = 3000, 300.0
    rate = random.gamma(0.6, 1 / 60, count)
    ages = random.uniform(100, 200, count)
    stays = random.geometric(0.5, count)  # purchases after the first until one leaves
    waits = random.exponential(1 / rate[:, None], (count, 60)).cumsum(axis=1)
    waits[np.arange(60) >= stays[:, None]] = np.inf
    frequency = np.sum(waits <= ages[:, None], axis=1)
    recency = np.where(frequency, waits[np.arange(count), np.maximum(frequency, 1) - 1], 0)
    model, fit = bgnbd.fit(Histories(frequency, recency, ages))
    came = np.sum(waits <= ages[:, None] + end) - frequency.sum()
    assert model.purchases(Histories(frequency, recency, ages), end).sum() == pytest.approx(came, rel=0.1)
    assert model.a / (model.a + model.b) == pytest.approx(0.5, abs=0.05)
    assert fit.held
    same = np.full(300, 4)
    alike, fit = bgnbd.fit(Histories(same, same * 2.0, same * 2.5))
    assert fit.held
    assert alike.purchases(Histories(same, same * 2.0, same * 2.5), 10)[0] == pytest.approx(4, rel=0.1)
    with pytest.raises(NoFit):
        gamma_gamma.fit(same, same * 10.0)


@pytest.mark.parametrize("seed", range(4))
def test_where_all_leave_with_the_same_chance_every_expectation_is_a_number(seed: int) -> None:
    """a and b then grow without an end in the same proportion: far along that ridge the formula overflows."""
    chance = np.random.default_rng(seed)
    count, days = 3300, 395
    rate, age = chance.gamma(0.34, 1 / 87, count), chance.integers(0, days, count).astype(float)
    frequency, recency = np.zeros(count), np.zeros(count)
    for one in range(count):
        at = chance.exponential(1 / rate[one])
        while at < age[one]:
            frequency[one], recency[one] = frequency[one] + 1, at
            if chance.random() < 0.65:
                break
            at += chance.exponential(1 / rate[one])
    of = Histories(frequency, recency, age)
    model, fit = bgnbd.fit(of)
    assert all(high / low < 1e6 for low, high in fit.intervals.values())
    assert np.all(np.isfinite(model.purchases(of, 365)))
    assert model.a / (model.a + model.b) == pytest.approx(0.65, abs=0.1)


def test_a_model_that_gives_no_number_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    many = np.full(training.FEWEST_REPEAT_BUYERS, 2.0)
    known = training.Known(Histories(many, many * 100, many * 190), many, many * 20, many * 0)
    astray = BgNbd(r=0.34, alpha=87.6, a=33_434.6, b=17_826.0)
    _, fit = bgnbd.fit(known.histories)
    monkeypatch.setattr(bgnbd, "fit", lambda _: (astray, fit))
    assert not np.all(np.isfinite(astray.purchases(known.histories, 365)))
    trained = training.train(known, known, None)
    assert trained.models is None
    assert "no number" in trained.note
