"""How sure a credit is: the days of the period drawn again and again, as if others of their kind had come. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def of_sums(by_day: Sequence[Sequence[Decimal]]) -> list[Interval | None]:
    """Of the sum over days, of several amounts of the same days; None where there are too few."""
    if not by_day or len(by_day[0]) < LEAST_DAYS:
        return [None] * len(by_day)
    return [*_middles(_drawn(by_day))]


def of_ratios(by_day: Sequence[tuple[Sequence[Decimal], Sequence[Decimal]]]) -> list[Interval | None]:
    """Of ratios of two sums whose days are drawn together; None where there are too few days or nothing below."""
    if not by_day or len(by_day[0][0]) < LEAST_DAYS:
        return [None] * len(by_day)
    above, below = (_drawn(amounts) for amounts in zip(*by_day, strict=True))
    known = [bool((of > 0).all()) for of in below.T]
    told = _middles(above[:, known] / below[:, known])
    return [next(told) if one else None for one in known]


def _drawn(by_day: Sequence[Sequence[Decimal]]) -> NDArray[np.float64]:
    """What each draw sums of each amount."""
    import numpy as np

    return _times(len(by_day[0])) @ np.array([[float(value) for value in of] for of in by_day]).T


@lru_cache(maxsize=8)
def _times(days: int) -> NDArray[np.float64]:
    """How often each draw has each day. The same for the same number of days, so that a figure does not flicker."""
    import numpy as np

    drawn = np.random.default_rng(SEED).multinomial(days, np.full(days, 1 / days), size=DRAWS)
    return drawn.astype(float)


def _middles(values: NDArray[np.float64]) -> Iterator[Interval]:
    import numpy as np

    for low, high in np.quantile(values, [(1 - COVERED) / 2, (1 + COVERED) / 2], axis=0).T:
        yield Interval(Decimal(float(low)).quantize(CENT), Decimal(float(high)).quantize(CENT))
