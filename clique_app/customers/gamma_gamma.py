"""Gamma-Gamma: what customers spend on an order (Fader and Hardie, 2013). Pure.

An order's value varies about the customer's own mean (shape p), and the means vary between customers (q, v).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, psi

from clique_app.customers.likelihood import Array, Fit, NoFit, maximise

NAMES = ("p", "q", "v")
FEWEST = 3


@dataclass(frozen=True)
class GammaGamma:
    """The model with its parameters; v is in the currency of the data."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """The mean order value over all customers; infinite where q is not above 1."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else float("inf")

    def order_value(self, frequency: Array, mean_value: Array) -> Array:
        """The expected value of each customer's next order: between the own mean and everyone's."""
        below = self.p * frequency + self.q - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self.p * (self.v + frequency * mean_value) / below
        return np.where(below > 0, value, np.inf)


def fit(frequency: Array, mean_value: Array) -> tuple[GammaGamma, Fit]:
    """The most likely parameters, from those who bought again: their repeat orders and the mean value of these."""
    used = (frequency > 0) & (mean_value > 0)
    x, mean = frequency[used].astype(float), mean_value[used].astype(float)
    if len(x) < FEWEST:
        raise NoFit("Too few customers bought again to tell what an order of theirs is worth.")
    unit = float(np.mean(mean))
    z = mean / unit

    def log_likelihood(parameters: Array) -> tuple[float, Array]:
        p, q, v = parameters
        spread = np.log(x * z + v)
        value = (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q)
            + q * np.log(v) + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * spread
        )  # fmt: skip
        gradient = (
            x * (psi(p * x + q) - psi(p * x) + np.log(z) + np.log(x) - spread),
            psi(p * x + q) - psi(q) + np.log(v) - spread,
            q / v - (p * x + q) / (x * z + v),
        )
        return float(np.sum(value)), np.array([np.sum(part) for part in gradient])

    found = maximise(NAMES, log_likelihood, len(x), ((6.0, 4.0, 0.5), (1.0, 2.0, 1.0), (20.0, 10.0, 0.5)))
    parameters = found.parameters | {"v": found.parameters["v"] * unit}
    low, high = found.intervals["v"]
    return GammaGamma(**parameters), Fit(
        parameters,
        found.log_likelihood - len(x) * float(np.log(unit)),
        found.intervals | {"v": (low * unit, high * unit)},
        found.covariance,
        found.held,
    )
