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
FLATTEST = 1e-7  # curvature of the mean log-likelihood; less is a ridge without an end
LOOSEST = 3.0  # standard error of a parameter's logarithm, a factor of 20; what is known no better lies on a ridge
USUAL_SPREAD = 1.5  # of a parameter's logarithm about what is usual, where the data do not say
NEWTON_STEPS = 20


class NoFit(CliqueError):
    """The data do not determine the model; says why."""


@dataclass(frozen=True)
class Fit:
    """The most likely parameters, their 95 % intervals, and the covariance of their logarithms.

    held: the data alone have no clear maximum, as where customers do not differ in something, so that the parameters
    were drawn to usual values; what the model foretells hardly depends on it.
    """

    parameters: dict[str, float]
    log_likelihood: float
    intervals: dict[str, tuple[float, float]]
    covariance: Array
    held: bool = False


def maximise(
    names: Sequence[str],
    log_likelihood: Callable[[Array], tuple[float, Array]],
    observations: float,
    starts: Sequence[Sequence[float]],
) -> Fit:
    """The maximum over all starts, of which the first is what is usual; NoFit where none is found, held or not.

    log_likelihood gives the value and its gradient, by the parameters. Searched in logarithms: parameters are positive.
    """
    try:
        return _maximum(names, log_likelihood, observations, starts, usual=None)
    except NoFit:
        return _maximum(names, log_likelihood, observations, starts, usual=np.log(starts[0]))


def _maximum(
    names: Sequence[str],
    log_likelihood: Callable[[Array], tuple[float, Array]],
    observations: float,
    starts: Sequence[Sequence[float]],
    usual: Array | None,
) -> Fit:
    def cost(logs: Array) -> tuple[float, Array]:
        parameters = np.exp(logs)
        value, gradient = log_likelihood(parameters)
        gradient = gradient * parameters
        if usual is not None:
            value -= float(np.sum((logs - usual) ** 2)) / (2 * USUAL_SPREAD**2)
            gradient = gradient - (logs - usual) / USUAL_SPREAD**2
        return -value / observations, -gradient / observations

    bounds = [(-FARTHEST, FARTHEST)] * len(names)
    found = [minimize(cost, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    logs = min((one for one in found if np.isfinite(one.fun)), key=lambda one: one.fun, default=found[0]).x
    logs, hessian = _polished(cost, logs)
    covariance = np.linalg.inv(hessian) / observations
    errors = np.sqrt(np.diag(covariance))
    if np.max(errors) > LOOSEST:
        raise NoFit("The model has no clear maximum on these customers.")
    widths = Z_95 * errors
    return Fit(
        dict(zip(names, np.exp(logs).tolist(), strict=True)),
        log_likelihood(np.exp(logs))[0],
        {
            name: (float(np.exp(at - width)), float(np.exp(at + width)))
            for name, at, width in zip(names, logs, widths, strict=True)
        },
        covariance,
        held=usual is not None,
    )


def _polished(cost: Callable[[Array], tuple[float, Array]], logs: Array) -> tuple[Array, Array]:
    """Newton's steps to where the gradient is 0, and the Hessian there; NoFit where that is no maximum."""
    for _ in range(NEWTON_STEPS):
        gradient, hessian = cost(logs)[1], _hessian(cost, logs)
        if not np.all(np.isfinite(hessian)) or np.linalg.eigvalsh(hessian)[0] <= FLATTEST:
            raise NoFit("The model has no clear maximum on these customers.")
        if np.max(np.abs(gradient)) < FLAT:
            break
        step = np.linalg.solve(hessian, gradient)
        logs = logs - step / max(1.0, float(np.max(np.abs(step))))
    else:
        raise NoFit("The search for the model's parameters did not converge on these customers.")
    if np.max(np.abs(logs)) >= FARTHEST:
        raise NoFit("A parameter of the model has no bound on these customers.")
    return logs, hessian


def _hessian(cost: Callable[[Array], tuple[float, Array]], logs: Array, step: float = 1e-4) -> Array:
    """Central differences of the gradient."""
    columns = [(cost(logs + offset)[1] - cost(logs - offset)[1]) / (2 * step) for offset in np.eye(len(logs)) * step]
    hessian = np.array(columns)
    return (hessian + hessian.T) / 2
