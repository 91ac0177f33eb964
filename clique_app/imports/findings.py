"""Collects what is wrong while a file is read to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clique_app.imports.records import PROBLEMS_KEPT, Problem
from clique_app.imports.sheet import Row
from clique_app.imports.values import Unusable

T = TypeVar("T")


class Findings:
    """The problems of one file, of which all are counted and the first ones kept, and what to know besides."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.count = 0

    def add(self, line: int, column: str, message: str) -> None:
        self.count += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(Problem(line, column, message))

    def take(self, row: Row, column: str, read: Callable[[str], T], default: T) -> T:
        """The cell as a value; the default where it cannot be read, with the reason noted."""
        try:
            return read(row.text(column))
        except Unusable as error:
            self.add(row.line, column, str(error))
            return default
