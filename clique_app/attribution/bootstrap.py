"""How sure a credit is: the days of the period drawn again and again, as if others of their kind had come. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np  # loaded when a page asks first
    from numpy.typing import NDArray

DRAWS = 2000
LEAST_DAYS = 14  # fewer days say little about how days differ
COVERED = 0.9
SEED = 20260701
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Interval:
    """Where the value lies in nine of ten draws."""

    low: Decimal
    high: Decimal


def of_sum(by_day: Sequence[Decimal]) -> Interval | None:
    """Of the sum over days; None where there are too few."""
    if len(by_day) < LEAST_DAYS:
        return None
    return _middle(_times(len(by_day)) @ [float(value) for value in by_day])


def of_ratio(by_day: Sequence[Decimal], over: Sequence[Decimal]) -> Interval | None:
    """Of a ratio of two sums whose days are drawn together; None where there are too few days or nothing below."""
    if len(by_day) < LEAST_DAYS:
        return None
    times = _times(len(by_day))
    below = times @ [float(value) for value in over]
    if not (below > 0).all():
        return None
    return _middle(times @ [float(value) for value in by_day] / below)


@lru_cache(maxsize=8)
def _times(days: int) -> NDArray[np.float64]:
    """How often each draw has each day. The same for the same number of days, so that a figure does not flicker."""
    import numpy as np

    drawn = np.random.default_rng(SEED).multinomial(days, np.full(days, 1 / days), size=DRAWS)
    return drawn.astype(float)


def _middle(values: NDArray[np.float64]) -> Interval:
    import numpy as np

    low, high = np.quantile(values, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    return Interval(Decimal(float(low)).quantize(CENT), Decimal(float(high)).quantize(CENT))
