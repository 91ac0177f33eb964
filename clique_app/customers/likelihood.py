"""Maximum likelihood of positive parameters, with proof of convergence and intervals by the Hessian. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from clique_app.errors import CliqueError

Array = np.ndarray
Z_95 = 1.959964
FARTHEST = 12.0  # of a parameter's logarithm; a maximum out there is none
FLAT = 1e-6  # gradient of the mean log-likelihood at a maximum
NEWTON_STEPS = 20


class NoFit(CliqueError):
    """The data do not determine the model; says why."""


@dataclass(frozen=True)
class Fit:
    """The most likely parameters, their 95 % intervals, and the covariance of their logarithms."""

    parameters: dict[str, float]
    log_likelihood: float
    intervals: dict[str, tuple[float, float]]
    covariance: Array


def maximise(
    names: Sequence[str],
    log_likelihood: Callable[[Array], tuple[float, Array]],
    observations: float,
    starts: Sequence[Sequence[float]],
) -> Fit:
    """The maximum over all starts. log_likelihood gives the value and its gradient, by the parameters.

    Searched in logarithms, so that parameters stay positive; NoFit where no maximum is found.
    """

    def cost(logs: Array) -> tuple[float, Array]:
        parameters = np.exp(logs)
        value, gradient = log_likelihood(parameters)
        return -value / observations, -gradient * parameters / observations

    bounds = [(-FARTHEST, FARTHEST)] * len(names)
    found = [minimize(cost, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    logs = min((one for one in found if np.isfinite(one.fun)), key=lambda one: one.fun, default=found[0]).x
    for _ in range(NEWTON_STEPS):
        gradient, hessian = cost(logs)[1], _hessian(cost, logs)
        if not np.all(np.isfinite(hessian)) or np.linalg.eigvalsh(hessian)[0] <= 0:
            raise NoFit("The model has no clear maximum on these customers: too few of them bought again.")
        if np.max(np.abs(gradient)) < FLAT:
            break
        step = np.linalg.solve(hessian, gradient)
        logs = logs - step / max(1.0, float(np.max(np.abs(step))))
    else:
        raise NoFit("The search for the model's parameters did not converge on these customers.")
    if np.max(np.abs(logs)) >= FARTHEST:
        raise NoFit("A parameter of the model has no bound on these customers: they do not differ enough.")
    covariance = np.linalg.inv(hessian) / observations
    widths = Z_95 * np.sqrt(np.diag(covariance))
    return Fit(
        dict(zip(names, np.exp(logs).tolist(), strict=True)),
        -cost(logs)[0] * observations,
        {
            name: (float(np.exp(at - width)), float(np.exp(at + width)))
            for name, at, width in zip(names, logs, widths, strict=True)
        },
        covariance,
    )


def _hessian(cost: Callable[[Array], tuple[float, Array]], logs: Array, step: float = 1e-4) -> Array:
    """Central differences of the gradient."""
    columns = [(cost(logs + offset)[1] - cost(logs - offset)[1]) / (2 * step) for offset in np.eye(len(logs)) * step]
    hessian = np.array(columns)
    return (hessian + hessian.T) / 2
