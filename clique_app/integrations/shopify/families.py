"""A bulk file read family by family in bounded memory, and taken as records in parts.

Exports are asked for grouped: a root stands before its children, and all of them before the next root.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import orjson

from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.shopify.values import number

PART = 4000  # records handed on together
SHARES = 16_381  # of the numbers that were seen; prime, as Shopify's ids keep steps of powers of two

Taken = Callable[[dict[str, Any]], Any]  # what becomes of a record at once, so that few are held in memory


def as_it_is(record: dict[str, Any]) -> Any:
    return record


class CutShort(Unavailable):
    """The export is not what it says it is: it has to be run again."""


@dataclass(frozen=True)
class File:
    """An export's file as it was downloaded."""

    lines: IO[bytes]
    missing: str  # in words, what the file lacks of what Shopify announced; empty: nothing


def families(
    file: File, connection_of: Callable[[dict[str, Any]], str], *, at: int
) -> Iterator[tuple[dict[str, Any], int]]:
    """Each root with its children in lists, from the byte `at` on, and the byte behind its last line.

    The last family of a file that lacks something is left out: its children may be what is missing. A root that stands
    in the file twice is refused: its children may be divided between the two.
    """
    family: dict[str, dict[str, Any]] = {}
    root: dict[str, Any] | None = None
    seen = _roots_before(file, at)
    file.lines.seek(at)
    for line in file.lines:
        try:
            node = orjson.loads(line)
            parent = node.pop("__parentId", None)
            if parent is None:
                if root is not None:
                    yield root, at
                if not seen.add(number(node["id"])):
                    raise CutShort(f"Shopify's export has {node['id']} twice.")
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


class _Seen:
    """Numbers, a million of them in some 20 MB."""

    def __init__(self) -> None:
        self._shares: defaultdict[int, array[int]] = defaultdict(partial(array, "q"))

    def add(self, one: int) -> bool:
        """Whether it is new."""
        share = self._shares[one % SHARES]
        if one in share:
            return False
        share.append(one)
        return True


def _roots_before(file: File, end: int) -> _Seen:
    """The roots of a file's beginning, which has been read already."""
    seen, at = _Seen(), 0
    file.lines.seek(0)
    while at < end:
        line = file.lines.readline()
        at += len(line)
        if b'"__parentId"' not in line:
            seen.add(number(orjson.loads(line)["id"]))
    return seen


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
