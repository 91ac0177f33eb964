"""What got in the way of a reading and was overcome, counted in words, so that the log of readings tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_met: ContextVar[Counter[str] | None] = ContextVar("hindrances_met", default=None)


@contextmanager
def collected() -> Iterator[None]:
    """Within it, hindrances are counted. Also a decorator: each call begins anew."""
    token = _met.set(Counter())
    try:
        yield
    finally:
        _met.reset(token)


def overcome(what: str) -> None:
    """A sentence of what a client is about to wait out, to ask again for, or to mend."""
    counted = _met.get()
    if counted is not None:
        counted[what.removesuffix(".")] += 1


def in_words() -> str:
    """'On the way: Shopify asked Clique to slow down, 3 times.' Empty where nothing was met."""
    met = [what if times == 1 else f"{what}, {times} times" for what, times in (_met.get() or {}).items()]
    return f"On the way: {'; '.join(met)}." if met else ""
