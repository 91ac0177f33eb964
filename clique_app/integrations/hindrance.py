"""What got in the way of a reading and was overcome, counted in words, so that the log of readings tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_met: ContextVar[Counter[str] | None] = ContextVar("hindrances_met", default=None)


@contextmanager
def collected(before: Mapping[str, int]) -> Iterator[None]:
    """Within it, hindrances are counted, on top of those met before the reading had to wait."""
    token = _met.set(Counter(before))
    try:
        yield
    finally:
        _met.reset(token)


def overcome(what: str) -> None:
    """What a client is about to wait out, to ask again for, or to mend: of its sentences the first, since those after
    it say what to do where it is not overcome."""
    counted = _met.get()
    if counted is not None:
        counted[what.partition(". ")[0].removesuffix(".")] += 1


def met() -> dict[str, int]:
    """How often each was met."""
    return dict(_met.get() or {})


def in_words() -> str:
    """'On the way: Shopify asked Clique to slow down, 3 times.' Empty where nothing was met."""
    told = [what if times == 1 else f"{what}, {times} times" for what, times in met().items()]
    return f"On the way: {'; '.join(told)}." if told else ""
