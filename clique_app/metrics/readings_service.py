"""Readings of whole periods: many periods in one statement, or one period by a dimension."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.metrics import kept_service, reasons_service, sums_service
from clique_app.metrics.definition import Dimension, Filters, Leaf, Period, Reading
from clique_app.metrics.figures import Value
from clique_app.metrics.sums_service import Moment, rows_of, values_of

FEW_SPANS = 3
_EVER = Period(date.min, date.max)

_EACH = """
select span.starts, span.ends, found.*
from unnest(cast(:starts as date[]), cast(:ends as date[])) as span (starts, ends)
cross join lateral (select {values} {rows}) as found
"""


def last_day(session: Session, store_id: int, moment: Moment) -> date | None:
    """The last day that orders are read of."""
    return moment.once("last day", _EVER, lambda: reasons_service.last_day(session, store_id))


def told_of(session: Session, store_id: int, leaf: Leaf, period: Period, moment: Moment) -> Period:
    """The days that it is told of, where these are asked for: how things stand is told until the last day read."""
    if not (isinstance(leaf, Reading) and leaf.as_of_end):
        return period
    return period.until(last_day(session, store_id, moment))


def read(
    session: Session,
    store_id: int,
    readings: Iterable[Reading],
    spans: Sequence[Period],
    filters: Filters | None,
    moment: Moment | None = None,
) -> dict[tuple[str, Period], Value]:
    """Each reading of each period."""
    moment, found = moment or sums_service.now(session, store_id), dict[tuple[str, Period], Value]()
    together: dict[tuple[Period, ...], list[Reading]] = {}
    for reading in readings:
        together.setdefault(tuple(told_of(session, store_id, reading, span, moment) for span in spans), []).append(
            reading
        )
    for told_spans, alike in together.items():
        told = _read(session, store_id, alike, tuple(dict.fromkeys(told_spans)), filters, moment)
        found |= {
            (one.key, span): told[one.key, of] for one in alike for span, of in zip(spans, told_spans, strict=True)
        }
    return found


def _read(
    session: Session,
    store_id: int,
    asked_for: Sequence[Reading],
    spans: Sequence[Period],
    filters: Filters | None,
    moment: Moment,
) -> dict[tuple[str, Period], Value]:
    if not spans:
        return {}
    found = {} if filters else kept_service.of_spans(session, store_id, asked_for, spans, moment)
    # readings of the same rows are one question
    together: dict[tuple[str, tuple[Period, ...]], tuple[dict[str, Any], list[Reading]]] = {}
    for reading in asked_for:
        if missing := tuple(span for span in spans if (reading.key, span) not in found):
            leaf, kept = kept_service.quicker(session, store_id, reading, missing, moment)
            together.setdefault((rows_of(leaf, filters), missing), (kept, []))[1].append(reading)
    for (rows, missing), (kept, of_rows) in together.items():
        asked = values_of(store_id, missing[0], filters) | kept
        for span, told in _each(session, rows, of_rows, missing, asked):
            found |= {(reading.key, span): value for reading, value in zip(of_rows, told, strict=True)}
    return found


def _each(
    session: Session, rows: str, readings: Sequence[Reading], spans: Sequence[Period], asked: Mapping[str, Any]
) -> Iterator[tuple[Period, Sequence[Value]]]:
    """Readings of the same rows, span by span."""
    told = ", ".join(_values(reading) for reading in readings)
    if len(spans) <= FEW_SPANS:  # one by one: the planner knows how much each is of all days
        statement = text(f"select {told} {rows}")
        for span in spans:
            answer = session.connection().execute(statement, {**asked, "start": span.start, "end": span.end})
            yield span, _pairs(answer.one())
        return
    statement = _EACH.format(values=told, rows=re.sub(r"(?<!:):(start|end)\b", r"span.\1s", rows))
    days = {"starts": [span.start for span in spans], "ends": [span.end for span in spans]}
    for start, end, *answer in session.connection().execute(text(statement), {**asked, **days}):
        yield Period(start, end), _pairs(answer)


def read_by(
    session: Session,
    store_id: int,
    reading: Reading,
    period: Period,
    dimension: Dimension,
    filters: Filters | None,
    moment: Moment | None = None,
) -> Mapping[Any, Value]:
    """A reading of the period by a dimension it has."""
    moment = moment or sums_service.now(session, store_id)
    period = told_of(session, store_id, reading, period, moment)
    leaf, kept = kept_service.quicker(session, store_id, reading, (period,), moment)
    statement = f"select {reading.groups[dimension]}, {_values(reading)} {rows_of(leaf, filters)} group by 1"
    rows = session.connection().execute(text(statement), values_of(store_id, period, filters) | kept)
    return {member: _told(value, margin) for member, value, margin in rows}


def _values(reading: Reading) -> str:
    return f"{reading.value}, {reading.margin or 'null'}"


def _pairs(answer: Sequence[Any]) -> list[Value]:
    return [_told(value, margin) for value, margin in zip(answer[::2], answer[1::2], strict=True)]


def _told(value: Any, margin: Any) -> Value:
    return _decimal(value), _decimal(margin)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
