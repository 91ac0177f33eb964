"""A bulk export of as many orders as wanted: the families of a real one, each copied under ids of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# ids that each copy of an order has for itself; products, variants and locations are the store's
OWN = re.compile(rb"(gid://shopify/(?:Order|LineItem|SalesAgreement|Sale|CustomerVisit|Customer)/)(\d+)")
COPIES_AT_MOST = 100


class Export(NamedTuple):
    orders: int
    lines: int


def write(path: Path, lines: Iterable[bytes], sampled: int, wanted: int) -> Export:
    """Write `wanted` orders made of an export of `sampled`; the copies of an order follow each other, as in time."""
    copies = -(-wanted // sampled)
    assert copies <= COPIES_AT_MOST
    orders = count = 0
    with path.open("wb") as file:
        for family in _families(lines):
            parts = OWN.split(b"".join(family))
            numbers = [int(part) * COPIES_AT_MOST for part in parts[2::3]]  # text, kind, number, text, ...
            for copy in range(min(copies, wanted - orders)):
                parts[2::3] = [b"%d" % (number + copy) for number in numbers]
                file.write(b"".join(parts))
                orders, count = orders + 1, count + len(family)
            if orders == wanted:
                break
    return Export(orders, count)


def _families(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    family: list[bytes] = []
    for line in lines:
        if family and b'"__parentId"' not in line:
            yield family
            family = []
        family.append(line)
    yield family
