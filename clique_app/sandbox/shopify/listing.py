"""Relay connections: a keyed list, opaque cursors that survive inserts, pages forwards and backwards."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

MAX_PAGE = 250

Key = Callable[[Any], tuple[Any, int]]


@dataclass(slots=True)
class Listing:
    """Items in ascending order of their key (sort value, id)."""

    items: Sequence[Any]
    key: Key
    reverse: bool = False

    def __iter__(self) -> Iterator[Any]:
        return reversed(self.items) if self.reverse else iter(self.items)


@dataclass(slots=True)
class Edge:
    node: Any
    cursor: str


def by_id(attribute: str) -> Key:
    """The key of records that come in the order of their ids."""
    return lambda item: (0, getattr(item, attribute))


@dataclass(slots=True)
class Page:
    edges: list[Edge]
    has_next: bool
    has_previous: bool


def cursor_of(key: tuple[Any, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps({"last_value": key[0], "last_id": key[1]}).encode()).decode()


def key_of(cursor: str) -> tuple[Any, int]:
    try:
        fields = json.loads(base64.urlsafe_b64decode(cursor))
        return fields["last_value"], int(fields["last_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise GraphQLError("Invalid cursor for current pagination sort.") from error


def page_of(listing: Listing, args: dict[str, Any]) -> Page:
    size, forwards = _size(args)
    low, high = 0, len(listing.items)
    starts_after, ends_before = args.get("after"), args.get("before")
    if listing.reverse:
        starts_after, ends_before = ends_before, starts_after
    try:
        if starts_after is not None:
            low = bisect_right(listing.items, key_of(starts_after), key=listing.key)
        if ends_before is not None:
            high = max(low, bisect_left(listing.items, key_of(ends_before), key=listing.key))
    except TypeError as error:
        raise GraphQLError("Invalid cursor for current pagination sort.") from error
    if forwards != listing.reverse:
        high = min(high, low + size)
    else:
        low = max(low, high - size)
    before, after = low > 0, high < len(listing.items)
    window = listing.items[low:high]
    if listing.reverse:
        window, before, after = list(reversed(window)), after, before
    edges = [Edge(item, cursor_of(listing.key(item))) for item in window]
    return Page(edges, has_next=after, has_previous=before)


def _size(args: dict[str, Any]) -> tuple[int, bool]:
    first, last = args.get("first"), args.get("last")
    if first is not None and last is not None:
        raise GraphQLError("providing both first and last is not supported")
    size = first if first is not None else last
    if size is None:
        raise GraphQLError("you must provide one of first or last")
    if size < 0:
        raise GraphQLError(f"{'first' if first is not None else 'last'} must be a positive number")
    if size > MAX_PAGE:
        raise GraphQLError(f"{'first' if first is not None else 'last'} cannot exceed {MAX_PAGE}")
    return size, first is not None
