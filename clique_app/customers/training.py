"""Learns the models of repeat purchase anew and decides whether they take the place of the former ones. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import xlogy

from clique_app.customers import bgnbd, gamma_gamma
from clique_app.customers.bgnbd import BgNbd, Histories
from clique_app.customers.gamma_gamma import GammaGamma
from clique_app.customers.likelihood import Array, Fit, NoFit

FEWEST_REPEAT_BUYERS = 200
HOLDOUT_DAYS = 90
LONGEST_DAYS = 365  # foretold at most
WORSE = 0.01  # a loss on the hold-out that is higher by more than this share


@dataclass(frozen=True)
class Known:
    """Customers at the end of a day; times in days. later: days with an order in the hold-out that follows."""

    histories: Histories
    valued: Array  # repeat purchases that were worth something, and their mean worth
    mean_value: Array
    later: Array

    @property
    def repeat_buyers(self) -> int:
        return int(np.sum(self.histories.frequency > 0))


@dataclass(frozen=True)
class Models:
    """How often they buy, and what they spend; None: that cannot be told."""

    purchases: BgNbd
    spend: GammaGamma | None

    def parameters(self) -> dict[str, float]:
        return asdict(self.purchases) | (asdict(self.spend) if self.spend else {})

    @classmethod
    def of(cls, parameters: dict[str, float]) -> Models:
        spend = GammaGamma(**{name: parameters[name] for name in gamma_gamma.NAMES}) if "q" in parameters else None
        return cls(BgNbd(**{name: parameters[name] for name in bgnbd.NAMES}), spend)


@dataclass(frozen=True)
class Trained:
    """A training. models None: nothing was learnt, or it is worse than what there is; the note says which."""

    models: Models | None
    intervals: dict[str, tuple[float, float]]
    score: dict[str, Any]
    note: str = ""


def train(now: Known, before: Known, former: Models | None) -> Trained:
    """Learn from all that is known; first show, on the last days held out, that it is no worse than the former."""
    if now.repeat_buyers < FEWEST_REPEAT_BUYERS:
        return Trained(
            None,
            {},
            {},
            f"Not enough data: {now.repeat_buyers:,} customers bought again, {FEWEST_REPEAT_BUYERS:,} are needed.",
        )
    try:
        score: dict[str, Any] = {}
        if before.repeat_buyers >= FEWEST_REPEAT_BUYERS:
            learnt, _ = bgnbd.fit(before.histories)
            score = _held_out(learnt, before)
            if former is not None:
                score["former_loss"] = _held_out(former.purchases, before)["loss"]
                if score["loss"] - score["former_loss"] > WORSE * abs(score["former_loss"]):
                    return Trained(None, {}, score, f"It foretold the last {HOLDOUT_DAYS} days worse than the former.")
        purchases, fit = bgnbd.fit(now.histories)
    except NoFit as error:
        return Trained(None, {}, {}, error.message)
    if not np.all(np.isfinite(purchases.purchases(now.histories, LONGEST_DAYS))):
        return Trained(None, {}, score, "It gave no number of purchases to expect of some customers.")
    spend, spend_fit, note = _spend(now)
    score["log_likelihood"] = fit.log_likelihood
    score["held"] = fit.held
    if spend_fit:
        score["spend_log_likelihood"] = spend_fit.log_likelihood
    return Trained(Models(purchases, spend), fit.intervals | (spend_fit.intervals if spend_fit else {}), score, note)


def _spend(now: Known) -> tuple[GammaGamma | None, Fit | None, str]:
    try:
        spend, fit = gamma_gamma.fit(now.valued, now.mean_value)
    except NoFit as error:
        return None, None, error.message
    if not np.isfinite(spend.mean):
        return None, None, "Order values differ too much between customers to expect one."
    return spend, fit, ""


def _held_out(model: BgNbd, before: Known) -> dict[str, float]:
    """Expected and real purchases in the hold-out, and the loss (of a Poisson count, a customer)."""
    expected = model.purchases(before.histories, HOLDOUT_DAYS)
    loss = np.mean(expected - xlogy(before.later, np.maximum(expected, 1e-12)))
    return {
        "days": HOLDOUT_DAYS,
        "expected": float(expected.sum()),
        "came": float(before.later.sum()),
        "loss": float(loss),
    }
