"""The API's reports and aggregations: campaigns and flows over a time, flows by day, an event by day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clique_app.sandbox.klaviyo import api, facts
from clique_app.sandbox.klaviyo.api import Call, Row
from clique_app.sandbox.klaviyo.errors import invalid
from clique_app.sandbox.klaviyo.facts import Figures, Message
from clique_app.sandbox.klaviyo.limits import Limits, limits

REPORT_LIMITS = limits(1, 2, 225)
GROUPS_PER_PAGE = 50
LONGEST_DAYS = {"values": 366, "series": 60}
BOUND = re.compile(r"^(greater-or-equal|less-than)\(datetime,([^)]+)\)$")
ONLY = re.compile(r'^equals\(send_channel,"(email|sms)"\)$')
AGGREGATE = {"metric_id", "measurements", "interval", "by", "timezone", "filter", "page_cursor", "page_size"}


@dataclass(frozen=True)
class Report:
    """An address that works something out."""

    kind: str  # of the body's data
    scope: str
    limits: Limits
    answer: Callable[[Call, Row], tuple[list[Row], Row]]  # results, and the other attributes


def answer(report: Report, call: Call, body: Any, *, empty: bool = False, dropped: bool = False) -> Row:
    """One page of a report."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or data.get("type") != report.kind or not isinstance(data.get("attributes"), dict):
        raise invalid(f"The payload's data must be of type {report.kind}.")
    asked = data["attributes"]
    results, more = report.answer(call, asked)
    start = api.start_of(call.params.get("page[cursor]") or asked.get("page_cursor") or "")
    shown = [] if empty else results[start : start + GROUPS_PER_PAGE]
    going_on = start if empty else start + GROUPS_PER_PAGE
    if dropped:
        shown = shown[: len(shown) // 2]
    after = api.cursor(going_on) if empty or going_on < len(results) else None
    name = "data" if report.kind == "metric-aggregate" else "results"
    own = {"id": "1", "links": {"self": call.url}} if report.kind == "metric-aggregate" else {}
    return {
        "data": {"type": report.kind, "attributes": {name: shown, **more}, **own},
        "links": {name: link for name, link in api.links(call, after).items() if link},
    }


def _campaign_values(call: Call, asked: Row) -> tuple[list[Row], Row]:
    start, end, statistics = _terms(call, asked, "values")
    results = []
    for message in facts.campaigns(call.store, call.now):
        assert message.sent_at is not None
        figures = facts.campaign_figures(call.store, message, call.seed, call.now)
        if figures is not None and start <= message.sent_at < end:
            results.append(_group("campaign", message, _statistics(figures, statistics)))
    return results, {}


def _flow_values(call: Call, asked: Row) -> tuple[list[Row], Row]:
    start, end, statistics = _terms(call, asked, "values")
    sums: dict[str, tuple[Message, Figures]] = {}
    for _, message, figures in _flow_days(call, start, end):
        former = sums.get(message.message_id)
        sums[message.message_id] = message, _added(former[1], figures) if former else figures
    return [_group("flow", message, _statistics(figures, statistics)) for message, figures in sums.values()], {}


def _flow_series(call: Call, asked: Row) -> tuple[list[Row], Row]:
    if asked.get("interval") != "daily":
        raise invalid("Only the daily interval is emulated.")
    start, end, statistics = _terms(call, asked, "series")
    zone = ZoneInfo(call.store.shop.time_zone)
    days = list(_days(call, start, end))
    at = {day: number for number, day in enumerate(days)}
    series: dict[str, tuple[Message, dict[str, list[float]]]] = {}
    for day, message, figures in _flow_days(call, start, end):
        known = series.setdefault(message.message_id, (message, {name: [0] * len(days) for name in statistics}))[1]
        for name, value in _statistics(figures, statistics).items():
            known[name][at[day]] = value
    times = [datetime(day.year, day.month, day.day, tzinfo=zone).isoformat() for day in days]
    return [_group("flow", message, values) for message, values in series.values()], {"date_times": times}


def _aggregate(call: Call, asked: Row) -> tuple[list[Row], Row]:
    if unknown := set(asked) - AGGREGATE:
        raise invalid(f"'{sorted(unknown)[0]}' is not a valid attribute.")
    zone = ZoneInfo(str(asked.get("timezone", "UTC")))
    found = [match for text in asked.get("filter", ()) if (match := BOUND.match(text))]
    bounds = {match[1]: match[2] for match in found}
    if set(bounds) != {"greater-or-equal", "less-than"}:
        raise invalid("A time range is required: greater-or-equal and less-than on datetime.")
    start, end = (datetime.fromisoformat(bounds[name]) for name in ("greater-or-equal", "less-than"))
    if start.tzinfo or end.tzinfo or end - start > timedelta(days=366) or end <= start:
        raise invalid("The time range must be at most a year, in the time zone of the query.")
    if asked.get("metric_id") != api.metric_id(call.store, "SUB") or asked.get("by") != ["List"]:
        raise invalid("Only Subscribed to List by List is emulated.")
    if asked.get("measurements") != ["count"] or asked.get("interval") != "day":
        raise invalid("Only the count by day is emulated.")
    days = [start.date() + timedelta(days=n) for n in range((end - start).days)]
    joined = [facts.signups(call.store, day, call.seed, call.now) for day in days]
    rows = [
        {"dimensions": [name], "measurements": {"count": [float(one[name]) for one in joined]}} for name in facts.LISTS
    ]
    midnights = (datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in days)
    return rows, {"dates": [at.isoformat() for at in midnights]}


REPORTS: dict[str, Report] = {
    "campaign-values-reports": Report("campaign-values-report", "campaigns:read", REPORT_LIMITS, _campaign_values),
    "flow-values-reports": Report("flow-values-report", "flows:read", REPORT_LIMITS, _flow_values),
    "flow-series-reports": Report("flow-series-report", "flows:read", REPORT_LIMITS, _flow_series),
    "metric-aggregates": Report("metric-aggregate", "metrics:read", limits(3, 60), _aggregate),
}


def _terms(call: Call, asked: Row, sort: str) -> tuple[datetime, datetime, list[str]]:
    """The time a report is over and what it gives, checked as Klaviyo does."""
    unknown = set(asked) - {"statistics", "timeframe", "conversion_metric_id", "filter", "group_by", "interval"}
    if unknown or ("interval" in asked) != (sort == "series") or "group_by" in asked:
        raise invalid(f"'{sorted(unknown)[0] if unknown else 'interval or group_by'}' is not a valid attribute.")
    known = set(Figures.__dataclass_fields__)
    statistics = asked.get("statistics") or []
    if not statistics or (wrong := [one for one in statistics if one not in known]):
        raise invalid(f"Invalid statistics: {wrong if statistics else 'none'}", "/data/attributes/statistics")
    if asked.get("conversion_metric_id") != api.metric_id(call.store, "PLO"):
        raise invalid("The conversion metric does not exist.", "/data/attributes/conversion_metric_id")
    if "filter" in asked and not ONLY.match(asked["filter"]):
        raise invalid(f"'{asked['filter']}' is not a valid filter.", "/data/attributes/filter")
    try:
        start, end = (datetime.fromisoformat(asked["timeframe"][name]) for name in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        raise invalid("Invalid timeframe.", "/data/attributes/timeframe") from None
    if end <= start or (end - start) > timedelta(days=LONGEST_DAYS[sort], hours=1):  # an hour: summer time ends
        raise invalid(f"The timeframe is longer than {LONGEST_DAYS[sort]} days.", "/data/attributes/timeframe")
    return start, end, list(statistics)


def _flow_days(call: Call, start: datetime, end: datetime) -> Iterator[tuple[date, Message, Figures]]:
    for flow in facts.FLOWS:
        for day in _days(call, start, end):
            for message, figures in facts.flow_figures(call.store, flow, day, call.seed, call.now):
                yield day, message, figures


def _days(call: Call, start: datetime, end: datetime) -> Iterator[date]:
    day, last = call.store.day_of(start), call.store.day_of(end - timedelta(seconds=1))
    while day <= last:
        yield day
        day += timedelta(days=1)


def _group(sort: str, message: Message, statistics: Row) -> Row:
    groupings = {f"{sort}_id": message.program_id, f"{sort}_message_id": message.message_id, "send_channel": "email"}
    return {"groupings": groupings, "statistics": statistics}


def _statistics(figures: Figures, names: list[str]) -> dict[str, float]:
    """Klaviyo states all of them as numbers with a point."""
    said = asdict(figures)
    return {name: said[name] / 100 if name == "conversion_value" else float(said[name]) for name in names}


def _added(one: Figures, other: Figures) -> Figures:
    return Figures(*(a + b for a, b in zip(asdict(one).values(), asdict(other).values(), strict=True)))
