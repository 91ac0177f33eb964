"""A CSV file, plain or gzipped, read row by row; whatever is wrong is told by its line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from clique_app.errors import InvalidInput

GZIP = b"\x1f\x8b"
LARGEST = Decimal("1e15")


class BadFile(InvalidInput):
    """The file cannot be used; names the line."""


@dataclass(frozen=True)
class Row:
    """One row; its cells by the header's lower-case names."""

    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """What stands there; nothing is an error."""
        if found := self.cells.get(column, ""):
            return found
        raise BadFile(f"Line {self.line}: {column} is empty.")

    def day(self, column: str) -> date:
        """A date; a time after it is left out."""
        try:
            return _day(self.text(column))
        except ValueError:
            shown = self.cells[column][:40]
            raise BadFile(f"Line {self.line}: {column} is {shown!r}, not a date such as 2026-03-02.") from None

    def amount(self, column: str) -> Decimal:
        """A number that is 0 or more."""
        shown = self.text(column)
        try:
            found = Decimal(shown.replace("_", "?"))  # Decimal would read 1_000 as 1000
        except InvalidOperation:
            raise BadFile(f"Line {self.line}: {column} is {shown[:40]!r}, not a number such as 1234.50.") from None
        if not found.is_finite() or found < 0 or found > LARGEST:
            raise BadFile(f"Line {self.line}: {column} is {shown[:40]!r}; it must be 0 or more.")
        return found

    def number(self, column: str) -> float:
        """The same, as a float."""
        return float(self.amount(column))

    def count(self, column: str) -> int:
        """A whole number that is 0 or more; 3.0 is one."""
        found = self.amount(column)
        if found != found.to_integral_value():
            raise BadFile(f"Line {self.line}: {column} is {self.cells[column][:40]!r}, not a whole number.")
        return int(found)


@dataclass(frozen=True)
class Table:
    """A file whose header has been read; its rows are read once."""

    columns: tuple[str, ...]
    _reader: Any = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank."""
        width = len(self.columns)
        while True:
            line = self._reader.line_num + 1
            cells = _next(self._reader, line)
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != width:
                raise BadFile(f"Line {line}: it has {len(cells)} cells, the header {width}.")
            yield Row(line, dict(zip(self.columns, (cell.strip() for cell in cells), strict=True)))

    def has(self, *columns: str) -> bool:
        return set(columns) <= set(self.columns)

    def needs(self, *columns: str) -> None:
        """BadFile where the header lacks one of these."""
        lacking = [column for column in columns if column not in self.columns]
        if lacking:
            raise BadFile(f"Line 1: the header has no {', '.join(lacking)}. It has {', '.join(self.columns)}.")

    def amount_column(self) -> str:
        """The column called amount, or the only one called amount_ and a currency."""
        if "amount" in self.columns:
            return "amount"
        named = [column for column in self.columns if column.startswith("amount_")]
        if len(named) != 1:
            self.needs("amount")
        return named[0]


def opened(path: Path) -> Table:
    """The file with its header; BadFile where there is none."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    header = tuple(cell.strip().lower() for cell in _next(reader, 1) or ())
    if not any(header):
        raise BadFile(f"{path.name} has no header in its first line.")
    if twice := {name for name in header if header.count(name) > 1}:
        raise BadFile(f"Line 1: the header names {min(twice)!r} twice.")
    return Table(header, reader)


def _next(reader: Iterator[list[str]], line: int) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise BadFile(f"Line {line}: it cannot be read as CSV ({error}).") from error


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(GZIP):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadFile(f"{path.name} is a damaged gzip file.") from error
    except OSError as error:
        raise BadFile(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadFile(f"Line {line}: it is not UTF-8 text. Save the file as CSV in UTF-8.") from error


@lru_cache(maxsize=100_000)
def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()
