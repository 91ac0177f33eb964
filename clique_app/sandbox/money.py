"""Money inside the world is integer minor units; records carry Decimal. Parts always sum to their whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

PPM = 1_000_000


@lru_cache(maxsize=200_000)
def money(minor: int) -> Decimal:
    """1234 -> Decimal("12.34"); shared, since the same amounts come again and again."""
    return Decimal(minor).scaleb(-2)


@lru_cache(maxsize=200_000)
def minor(amount: Decimal | str) -> int:
    """Decimal("12.34") -> 1234; refuses fractions of a cent."""
    cents = Decimal(amount).scaleb(2)
    if cents != cents.to_integral_value():
        raise ValueError(f"{amount} has more than two decimals")
    return int(cents)


def share(total: int, numerator: int, denominator: int) -> int:
    """total x numerator / denominator, rounded half away from zero, in integers."""
    sign = -1 if total < 0 else 1
    return sign * ((2 * abs(total) * numerator + denominator) // (2 * denominator))


def allocate(total: int, weights: Sequence[float]) -> list[int]:
    """Split an integer by weights with the largest remainder, so that the parts sum to it."""
    whole = sum(weights)
    if not whole:
        return [total if i == 0 else 0 for i in range(len(weights))]
    exact = [total * w / whole for w in weights]
    parts = [int(x // 1) for x in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - exact[i])
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def tax_of(shown: int, rate_ppm: int, included: bool) -> int:
    """The tax on (or, where prices include it, inside) an amount shown to the buyer."""
    return share(shown, rate_ppm, PPM + rate_ppm if included else PPM)
