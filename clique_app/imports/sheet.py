"""Bytes as a table: encoding, separator, header, and rows that know in which line they begin."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from clique_app.imports.records import Problem
from clique_app.imports.values import Point, point_of

MAX_BYTES = 50 * 1024 * 1024
MAX_LINES = 500_000
MAX_COLUMNS = 500
SEPARATORS = (",", ";", "\t", "|")
# the line with which Excel says what parts the cells, or asks to be told
_SAID = re.compile(r'\ufeff?"?sep=([,;\t|])"?[ ,;\t]*(?=\r|\n)', re.IGNORECASE)
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Unreadable(Exception):
    """The whole file cannot be used; the message says why and how to mend it."""


@dataclass(frozen=True)
class Row:
    """One row: where it begins, and its cells by the header's lower-case names."""

    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        return self.cells.get(column.lower(), "")


@dataclass
class Sheet:
    """The header and the rows, read once. What broke the reading off is in `broken` afterwards."""

    columns: tuple[str, ...]
    separator: str
    _text: str = field(repr=False)
    _reader: Iterator[list[str]] = field(repr=False)
    broken: Problem | None = None
    lines: int = 0
    _names: tuple[str, ...] = ()

    def has(self, *columns: str) -> bool:
        """Whether the header has all of these, however they are capitalised."""
        return {column.lower() for column in columns} <= set(self._names)

    def first_of(self, *columns: str) -> str:
        """The first of these names that the header has, else nothing."""
        return next((column for column in columns if column.lower() in self._names), "")

    @property
    def point(self) -> Point:
        """What parts whole units from the rest, where no cell tells."""
        return "," if self.separator == ";" else "."

    def points(self, *columns: str) -> dict[str, Point]:
        """The same of each column by its cells, which are gone through for it once more."""
        places = {column: self._names.index(column.lower()) for column in columns if self.first_of(column)}
        told: dict[str, set[str]] = {column: set() for column in places}
        with contextlib.suppress(csv.Error):  # rows() says where and why
            for cells in islice(_reader(self._text, self.separator), MAX_LINES):
                for column, place in places.items():
                    if place < len(cells):
                        told[column].add(cells[place])
        return {column: point_of(told.get(column, ()), self.point) for column in columns}

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank."""
        reader = self._reader
        while True:
            line = reader.line_num + 1  # pyright: ignore[reportAttributeAccessIssue]
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.broken = Problem(line, "", _why_broken(str(error)))
                return
            if not any(cell.strip() for cell in cells):
                continue
            self.lines += 1
            if self.lines > MAX_LINES:
                self.broken = Problem(line, "", f"The file has more than {MAX_LINES:,} lines. Split it into several.")
                return
            if len(cells) > len(self._names) and any(cell.strip() for cell in cells[len(self._names) :]):
                self.broken = Problem(
                    line,
                    "",
                    f"This line has {len(cells)} cells, the header {len(self._names)}. "
                    "Put text that holds a separator into double quotes.",
                )
                return
            yield Row(line, dict(zip(self._names, (cell.strip() for cell in cells), strict=False)))


def sheet(content: bytes) -> Sheet:
    """The table in these bytes; Unreadable where there is none."""
    text = decoded(content)
    said = _SAID.match(text)
    separator = said[1] if said else _separator(text)
    reader = _reader(text, separator)
    try:
        if said:
            next(reader)
        header = next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error as error:
        raise Unreadable(f"The header cannot be read. {_why_broken(str(error))}") from error
    columns = tuple(cell.strip().strip("\ufeff") for cell in header)
    while columns and not columns[-1]:
        columns = columns[:-1]
    if not columns:
        raise Unreadable("The file is empty. Export it again.")
    if len(columns) > MAX_COLUMNS:
        raise Unreadable(f"The file has {len(columns)} columns. Is it a CSV file?")
    names = tuple(column.lower() for column in columns)
    twice = _first_repeated([name for name in names if name])
    if twice:
        raise Unreadable(f"The header names the column {twice!r} twice. Remove one of them.")
    return Sheet(columns, separator, text, reader, _names=names)


def _reader(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


def decoded(content: bytes) -> str:
    """The text of a CSV file: UTF-8 with or without its mark, UTF-16 with it, else the encoding of Windows."""
    if len(content) > MAX_BYTES:
        raise Unreadable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Export fewer days at a time.")
    if not content.strip():
        raise Unreadable("The file is empty. Export it again.")
    if content.startswith(b"PK\x03\x04"):
        raise Unreadable("This is an Excel workbook or a ZIP file. Save it as CSV, or unpack it first.")
    encoding = next((name for mark, name in _BOMS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding == "utf-16":
            raise Unreadable("The file is damaged. Export it again, as CSV in UTF-8.") from None
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise Unreadable("This is not a text file. Export it as CSV.")
    return text


def _separator(text: str) -> str:
    """What parts the header's cells, outside of quotes."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


def _first_repeated(names: Sequence[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _why_broken(error: str) -> str:
    if "unexpected end of data" in error:
        return "A double quote is opened in this line and never closed. Close it, or export the file again."
    if "expected after" in error:
        return "A double quote stands inside a quoted text. Write it twice, or export the file again."
    if "field larger" in error:
        return "A cell is longer than 131,072 characters; perhaps a double quote is not closed."
    return "The line cannot be read as CSV. Export the file again."
