"""What each kind of file can do with a store's tables: judge what is new, write it, take it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from sqlmodel import Session

from clique_app.imports.records import ParsedFile, Problem


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


@dataclass(frozen=True)
class Done:
    """What was written or taken back."""

    counts: Mapping[str, int] = field(default_factory=dict)
    order_ids: tuple[int, ...] = ()  # to be credited


class FileKind(Protocol):
    """An entry of FILE_KINDS."""

    key: str
    noun: str  # what a record is, in the plural

    def judge(self, session: Session, store_id: int, parsed: ParsedFile) -> Judged:
        """Hold the file against what is here. Writes nothing."""
        ...

    def write(self, session: Session, store_id: int, file_id: int, parsed: ParsedFile) -> Done:
        """Write all that is new or replaced. Safe to repeat."""
        ...

    def remove(self, session: Session, store_id: int, file_id: int) -> Done:
        """Take back what the file brought and nobody has written since."""
        ...
