"""What came of holding a file against a store's tables, and of writing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

from clique_app.errors import InvalidInput
from clique_app.imports.records import Problem


@dataclass(frozen=True)
class Judged:
    """A file held against what is here. new + replaced + kept are all its records."""

    new: int
    replaced: int
    kept: int  # they are here already, equal or as the platform gave them
    first_day: date | None = None
    last_day: date | None = None
    amount: Decimal | None = None  # net sales of all orders of the file, or all its spend
    columns: tuple[str, ...] = ()  # of the first records, as text
    sample: tuple[tuple[str, ...], ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


Tell = Callable[[int, int], None]  # how many of all records have been read so far
TOLD_EVERY = 500
T = TypeVar("T")


def quietly(done: int, total: int) -> None:
    """For whom nobody waits."""


def counted(records: Sequence[T], tell: Tell) -> Iterator[T]:
    """The records one by one, telling how many."""
    for number, record in enumerate(records, 1):
        yield record
        if number % TOLD_EVERY == 0 or number == len(records):
            tell(number, len(records))


def still_fits(problems: Sequence[Problem]) -> None:
    """Refuse to write what did fit when it was previewed and does not now."""
    if problems:
        raise InvalidInput(f"The store has changed since the preview. {problems[0].message} Choose the file again.")


@dataclass(frozen=True)
class Done:
    """What was written or taken back."""

    counts: Mapping[str, int] = field(default_factory=dict)
    order_ids: tuple[int, ...] = ()  # to be credited
