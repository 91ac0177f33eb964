"""A bulk file read family by family in bounded memory, and taken as records in parts.

Exports are asked for grouped: a root stands before its children, and all of them before the next root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import orjson

from clique_app.errors import Rejected

PART = 4000  # records handed on together

Taken = Callable[[dict[str, Any]], Any]  # what becomes of a record at once, so that few are held in memory


def as_it_is(record: dict[str, Any]) -> Any:
    return record


@dataclass(frozen=True)
class File:
    """An export's file as it was downloaded."""

    lines: IO[bytes]
    missing: str  # in words, what the file lacks of what Shopify announced; empty: nothing


def families(
    file: File, connection_of: Callable[[dict[str, Any]], str], *, at: int
) -> Iterator[tuple[dict[str, Any], int]]:
    """Each root with its children in lists, from the byte `at` on, and the byte behind its last line.

    The last family of a file that lacks something is left out: its children may be what is missing.
    """
    family: dict[str, dict[str, Any]] = {}
    root: dict[str, Any] | None = None
    file.lines.seek(at)
    for line in file.lines:
        try:
            node = orjson.loads(line)
            parent = node.pop("__parentId", None)
            if parent is None:
                if root is not None:
                    yield root, at
                root, family = node, {node["id"]: node}
            else:
                family[parent].setdefault(connection_of(node), []).append(node)
                if "id" in node:
                    family[node["id"]] = node
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            if file.missing:
                return
            raise Rejected(f"Shopify's export has a line that cannot be read, at byte {at:,}.") from error
        at += len(line)
    if root is not None and not file.missing:
        yield root, at


def parts(
    file: File, connection_of: Callable[[dict[str, Any]], str], take: Taken, *, at: int
) -> Iterator[tuple[list[Any], int]]:
    """What becomes of the records, some at a time, with the byte behind the last of them."""
    records: list[Any] = []
    behind = at
    for record, behind in families(file, connection_of, at=at):
        records.append(take(record))
        if len(records) == PART:
            yield records, behind
            records = []
    if records:
        yield records, behind
