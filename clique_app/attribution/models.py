"""The eight ways to credit the touches that led to a sale: of one journey, and of paths counted together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from math import fsum
from typing import Literal, get_args

Model = Literal["last", "last-non-direct", "first", "linear", "position", "decay", "markov", "shapley"]
MODELS: tuple[Model, ...] = get_args(Model)
DIRECT = re.compile(r"\(?direct\)?(\s*/\s*\(?none\)?)?", re.IGNORECASE)
ENDS = 0.4  # position-based: what the first and the last touch take each
HALF_LIFE_DAYS = 7.0  # time decay of a journey whose times are known
HALF_LIFE_TOUCHES = 1.0  # and of a path that says only the order: a touch counts half of the one after it


@dataclass(frozen=True)
class Path:
    """Journeys through the same touches: how many converted, for how much, and how many did not."""

    touches: tuple[str, ...]
    conversions: float = 0.0
    value: float = 0.0
    nulls: float = 0.0


@dataclass(frozen=True)
class Credited:
    """What a channel is credited with."""

    conversions: float
    value: float


def shares(
    model: Model,
    touches: Sequence[str],
    *,
    ages: Sequence[float] | None = None,
    half_life: float = HALF_LIFE_DAYS,
    removal: Mapping[str, float] | None = None,
) -> list[float]:
    """The share of each touch of one journey, earliest first; they sum to 1.

    ages: how long before the sale each touch was, in the half-life's unit; without them each touch is one unit older
    than the next. removal: the channels' removal effects, which Markov needs.
    """
    last = len(touches) - 1
    match model:
        case "first":
            given = [float(at == 0) for at in range(last + 1)]
        case "last":
            given = [float(at == last) for at in range(last + 1)]
        case "last-non-direct":
            chosen = max((at for at, touch in enumerate(touches) if not is_direct(touch)), default=last)
            given = [float(at == chosen) for at in range(last + 1)]
        case "linear":
            given = [1.0] * len(touches)
        case "position":
            middle = (1 - 2 * ENDS) / max(last - 1, 1)
            given = [ENDS if at in (0, last) else middle for at in range(last + 1)]
        case "decay":
            before = ages if ages is not None else [float(last - at) for at in range(last + 1)]
            latest = min(before, default=0.0)
            given = [2.0 ** ((latest - age) / half_life) for age in before]
        case "markov":
            given = _by_channel(touches, removal or {})
        case "shapley":
            given = _by_channel(touches, dict.fromkeys(touches, 1.0))
    whole = fsum(given)
    return [share / whole for share in given]


def split(amount: Decimal, given: Sequence[float], cent: Decimal = Decimal("0.01")) -> list[Decimal]:
    """The amount by shares, each a whole number of cents, adding up to the amount (largest remainder)."""
    whole = sum((Decimal(share) for share in given), Decimal(0))
    exact = [amount * Decimal(share) / whole for share in given]
    parts = [part.quantize(cent, ROUND_HALF_EVEN) for part in exact]
    left = amount - sum(parts, Decimal(0))
    step = cent.copy_sign(left)
    order = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at]) * step)
    for at in order[: int(left / step)]:
        parts[at] += step
    parts[order[0]] += amount - sum(parts, Decimal(0))  # an amount finer than the cent
    return parts


def credit(paths: Iterable[Path], model: Model, half_life: float = HALF_LIFE_TOUCHES) -> dict[str, Credited]:
    """Every channel's credit; both sums are those of the paths. Channels in the order of their names."""
    known = [path for path in paths if path.touches]
    channels = sorted({touch for path in known for touch in path.touches})
    effects = removal_effects(known) if model == "markov" else {}
    if whole := fsum(effects.values()):
        conversions, value = fsum(path.conversions for path in known), fsum(path.value for path in known)
        part = {channel: effects[channel] / whole for channel in channels}
        return {channel: Credited(part[channel] * conversions, part[channel] * value) for channel in channels}
    # path by path; so does Markov where no path converts, without effects
    given: dict[str, list[Credited]] = {channel: [] for channel in channels}
    for path in known:
        for touch, share in zip(path.touches, shares(model, path.touches, half_life=half_life), strict=True):
            if share:
                given[touch].append(Credited(share * path.conversions, share * path.value))
    return {
        channel: Credited(fsum(part.conversions for part in parts), fsum(part.value for part in parts))
        for channel, parts in given.items()
    }


def removal_effects(paths: Iterable[Path]) -> dict[str, float]:
    """The share of all conversions that would be lost without a channel: order-1 Markov chain, in closed form.

    Repeats are self-loops, paths without a conversion end in the null state, which also takes the place of the
    removed channel. With N the chain's fundamental matrix and b the chance to convert from a channel, who is removed
    takes along the journeys that ever come to it: N[start, c] / N[c, c] * b[c] of b[start].
    """
    import numpy as np  # loaded by the process that learns, not by all that credit

    known = [path for path in paths if path.touches]
    channels = sorted({touch for path in known for touch in path.touches})
    number = {channel: at for at, channel in enumerate(channels, start=1)}  # 0 is the start
    end = len(channels) + 1
    moves = np.zeros((end, end + 1))  # the last column: to a conversion; to null is what is left
    left = np.zeros(end)
    for path in known:
        weight = path.conversions + path.nulls
        state = 0
        for touch in path.touches:
            moves[state, number[touch]] += weight
            left[state] += weight
            state = number[touch]
        moves[state, end] += path.conversions
        left[state] += weight
    moves = np.divide(moves, left[:, None], out=np.zeros_like(moves), where=left[:, None] > 0)
    fundamental = np.linalg.inv(np.eye(end) - moves[:, :end])
    converts = fundamental @ moves[:, end]
    if not converts[0]:
        return dict.fromkeys(channels, 0.0)
    effects = fundamental[0, 1:] / np.diag(fundamental)[1:] * converts[1:] / converts[0]
    return {channel: float(np.clip(effect, 0.0, 1.0)) for channel, effect in zip(channels, effects, strict=True)}


def is_direct(touch: str) -> bool:
    """Whether a touch is a visit that came from nowhere."""
    return DIRECT.fullmatch(touch.strip()) is not None


def _by_channel(touches: Sequence[str], weights: Mapping[str, float]) -> list[float]:
    """Each distinct channel by its weight, shared by its touches; equal where no channel has any."""
    if not any(weights.get(touch) for touch in touches):
        weights = dict.fromkeys(touches, 1.0)
    return [weights.get(touch, 0.0) / touches.count(touch) for touch in touches]
