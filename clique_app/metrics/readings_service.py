"""Readings of whole periods: many periods in one statement, or one period by a dimension."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.metrics import kept_service
from clique_app.metrics.catalog.retention import VIP_NET_SALES
from clique_app.metrics.catalog.value import EXPECTED_NET_SALES
from clique_app.metrics.definition import Dimension, Filters, Period, Reading
from clique_app.metrics.figures import Value
from clique_app.metrics.sums_service import rows_of, values_of

FEW_SPANS = 3
MOST_KEPT_SPANS = 40  # each is a question of its own; more than these are asked of the rows at once

_EACH = """
select span.starts, span.ends, found.*
from unnest(cast(:starts as date[]), cast(:ends as date[])) as span (starts, ends)
cross join lateral (select {values} {rows}) as found
"""


def read(
    session: Session, store_id: int, readings: Iterable[Reading], spans: Sequence[Period], filters: Filters | None
) -> dict[tuple[str, Period], Value]:
    """Each reading of each period."""
    found: dict[tuple[str, Period], Value] = {}
    if not spans:
        return found
    asked_for = list(readings)
    if len(spans) <= MOST_KEPT_SPANS:
        for span in spans:
            told = kept_service.from_gaps(session, store_id, asked_for, span, filters)
            found |= {(key, span): (value, None) for key, value in told.items()}
    if VIP_NET_SALES in asked_for and not filters:
        of_vips = kept_service.of_vips(session, store_id, spans)
        found |= {(VIP_NET_SALES.key, span): (value, None) for span, value in of_vips.items()}
    if EXPECTED_NET_SALES in asked_for and not filters:
        expected = kept_service.expected(session, store_id, spans)
        found |= {(EXPECTED_NET_SALES.key, span): told for span, told in expected.items()}
    for reading in asked_for:
        missing = [span for span in spans if (reading.key, span) not in found]
        if not missing:
            continue
        leaf, kept = kept_service.quicker(session, store_id, reading, missing)
        rows, asked = rows_of(leaf, filters), values_of(store_id, spans[0], filters) | kept
        if len(missing) <= FEW_SPANS:  # one by one: the planner knows how much each is of all days
            statement = text(f"select {_values(reading)} {rows}")
            for span in missing:
                answer = session.connection().execute(statement, {**asked, "start": span.start, "end": span.end})
                found[reading.key, span] = _told(*answer.one())
            continue
        statement = _EACH.format(values=_values(reading), rows=re.sub(r"(?<!:):(start|end)\b", r"span.\1s", rows))
        asked |= {"starts": [span.start for span in missing], "ends": [span.end for span in missing]}
        for start, end, *answer in session.connection().execute(text(statement), asked):
            found[reading.key, Period(start, end)] = _told(*answer)
    return found


def read_by(
    session: Session, store_id: int, reading: Reading, period: Period, dimension: Dimension, filters: Filters | None
) -> Mapping[Any, Value]:
    """A reading of the period by a dimension it has."""
    leaf, kept = kept_service.quicker(session, store_id, reading, (period,))
    statement = f"select {reading.groups[dimension]}, {_values(reading)} {rows_of(leaf, filters)} group by 1"
    rows = session.connection().execute(text(statement), values_of(store_id, period, filters) | kept)
    return {member: _told(value, margin) for member, value, margin in rows}


def _values(reading: Reading) -> str:
    return f"{reading.value}, {reading.margin or 'null'}"


def _told(value: Any, margin: Any) -> Value:
    return _decimal(value), _decimal(margin)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
