"""BG/NBD: how often customers buy, and after which purchase they leave (Fader, Hardie and Lee, 2005). Pure.

A customer buys at a rate drawn from a gamma distribution (r, alpha) and leaves after a purchase with a chance drawn
from a beta distribution (a, b). Known of each: frequency (purchases after the first), recency (time from the first to
the last) and age (time from the first to the end of the data), all in one unit of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln, hyp2f1, psi

from clique_app.customers.likelihood import Array, Fit, NoFit, maximise

NAMES = ("r", "alpha", "a", "b")
LIKELY = 0.5


@dataclass(frozen=True)
class Histories:
    """What is known of each customer; arrays of the same length."""

    frequency: Array
    recency: Array
    age: Array

    def __len__(self) -> int:
        return len(self.frequency)


@dataclass(frozen=True)
class BgNbd:
    """The model with its parameters; times are in the unit of the data it was fitted to."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, of: Histories) -> Array:
        """The chance that each customer has not left. Who bought once cannot have left yet, in this model."""
        bought = self.r + of.frequency
        gone = np.log(self.a / np.maximum(self.b + of.frequency - 1, 1e-300))
        gone = gone + bought * (np.log(self.alpha + of.age) - np.log(self.alpha + of.recency))
        return np.where(of.frequency > 0, expit(-gone), 1.0)

    def purchases(self, of: Histories, time: float) -> Array:
        """Expected purchases of each customer within this time from now.

        The published formula after Euler's transformation of its hypergeometric function, which would overflow for
        those who buy often: ((alpha + T) / (alpha + T + t)) ** (r + x) is taken into it.
        """
        a, c = self.a, self.a + self.b + of.frequency - 1
        a = a + 1e-7 * (abs(a - 1) < 1e-7)
        c = c + 1e-9 * (np.abs(c) < 1e-9)
        horizon = time / (self.alpha + of.age + time)
        still = (1 - horizon) ** (a - 1) * hyp2f1(a + self.b - 1 - self.r, a - 1, c, horizon)
        return np.maximum(c / (a - 1) * (1 - still), 0.0) * self.alive(of)

    def buys_within(self, of: Histories, time: float) -> Array:
        """The chance of each customer to buy at least once within this time."""
        bought = self.r + of.frequency
        waits = np.exp(bought * (np.log(self.alpha + of.age) - np.log(self.alpha + of.age + time)))
        return self.alive(of) * (1 - waits)

    def next_purchase(self, of: Histories) -> Array:
        """The time by which each customer is as likely as not to have bought again; infinite where that never is."""
        alive, bought = self.alive(of), self.r + of.frequency
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            wait = (self.alpha + of.age) * np.expm1(-np.log1p(-LIKELY / alive) / bought)
        return np.where(alive > LIKELY, wait, np.inf)


def fit(of: Histories) -> tuple[BgNbd, Fit]:
    """The most likely parameters. NoFit where the customers do not determine them."""
    if not len(of):
        raise NoFit("There are no customers.")
    if not np.any(of.frequency > 0):
        raise NoFit("Nobody bought a second time yet, so there is nothing to learn from.")
    rows, counts = np.unique(np.column_stack([of.frequency, of.recency, of.age]), axis=0, return_counts=True)
    unit = float(np.mean(of.age)) or 1.0  # in it all starts are of the right size, whatever the unit of the data

    def log_likelihood(parameters: Array) -> tuple[float, Array]:
        return _log_likelihood(parameters, rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit, counts)

    starts = ((0.3, 0.2, 1.0, 2.5), (1.0, 1.0, 0.5, 5.0), (0.1, 0.1, 2.0, 2.0))
    found = maximise(NAMES, log_likelihood, len(of), starts)
    # a density of purchase times: in another unit each purchase adds the logarithm of the unit
    purchases = float(np.dot(rows[:, 0], counts))
    parameters = found.parameters | {"alpha": found.parameters["alpha"] * unit}
    low, high = found.intervals["alpha"]
    return BgNbd(**parameters), Fit(
        parameters,
        found.log_likelihood - purchases * float(np.log(unit)),
        found.intervals | {"alpha": (low * unit, high * unit)},
        found.covariance,
        found.held,
    )


def _log_likelihood(parameters: Array, x: Array, recency: Array, age: Array, counts: Array) -> tuple[float, Array]:
    """The sum over customers, and its gradient."""
    r, alpha, a, b = parameters
    left = np.maximum(b + x - 1, 1e-300)
    stays = -(r + x) * np.log(alpha + age)
    leaves = np.where(x > 0, np.log(a) - np.log(left) - (r + x) * np.log(alpha + recency), -np.inf)
    either = np.logaddexp(stays, leaves)
    value = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        + gammaln(b + x) + gammaln(a + b) - gammaln(b) - gammaln(a + b + x) + either
    )  # fmt: skip
    gone = np.exp(leaves - either)
    here = 1 - gone
    shared = psi(a + b) - psi(a + b + x)
    gradient = (
        psi(r + x) - psi(r) + np.log(alpha) - here * np.log(alpha + age) - gone * np.log(alpha + recency),
        r / alpha - (r + x) * (here / (alpha + age) + gone / (alpha + recency)),
        shared + gone / a,
        psi(b + x) - psi(b) + shared - np.where(x > 0, gone / left, 0.0),
    )
    return float(np.dot(value, counts)), np.array([np.dot(part, counts) for part in gradient])
