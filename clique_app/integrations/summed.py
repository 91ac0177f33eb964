"""Rows that a platform tells apart and Clique does not, added up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

FIGURES = {"spend", "impressions", "clicks", "link_clicks", "reported_conversions", "reported_revenue"}

Row = dict[str, Any]


def summed(rows: Iterator[Row]) -> list[Row]:
    """Rows that are the same but for their figures, as one."""
    sums: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in row if name not in FIGURES)
        known = sums.setdefault(key, row)
        if known is not row:
            for name in FIGURES & row.keys():
                known[name] = _plus(known[name], row[name])
    return list(sums.values())


def _plus(one: Any, other: Any) -> Any:
    return str(Decimal(one) + Decimal(other)) if isinstance(one, str) else one + other
