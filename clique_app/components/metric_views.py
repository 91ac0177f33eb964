"""One metric of the catalogue as text: meaning, formula, days, groups. Reads; draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, cast, get_args

from sqlmodel import Session

from clique_app import clock
from clique_app.components.figure_views import STANDING, against_normal, delta_view, rounded
from clique_app.components.figures import Delta
from clique_app.components.open_number import SOURCE_NAMES, formula_lines
from clique_app.components.tables import Cell, Column, Paging, Row
from clique_app.integrations.registry import channel_label
from clique_app.metrics import (
    baselines,
    baselines_service,
    examples,
    format,
    grouping_service,
    overview_service,
    registry,
    service,
)
from clique_app.metrics.baselines import Baseline
from clique_app.metrics.definition import NAMES, TIMES, Dimension, Formula, Metric, Period, Unit
from clique_app.metrics.figures import Comparison
from clique_app.metrics.grouping_service import Grouped
from clique_app.metrics.overview_service import Day, Scope, Tile
from clique_app.metrics.service import Basis

FIRST = "net_sales"
PAGE = 25
SIGNS = {"*": "×", "/": "÷", "-": "−"}
GOOD = {"up": "Higher is better", "down": "Lower is better", "neither": "Neither way is better by itself"}
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
Point = tuple[Period, Day]  # of a line: the days it is of, and the value at the last of them
Sort = Literal["name", "value", "before", "change"]
GROUP_COLUMNS = (
    Column("Group", sort="name", main=True),
    Column("Value", right=True, sort="value"),
    Column("Compared with", right=True, sort="before"),
    Column("Change", right=True, sort="change"),
)
DAY_COLUMNS = (Column("Day"), Column("Value", right=True), Column("Normal range", right=True))
# of a chart: how hovered values and ticks are written
WRITTEN: dict[Unit, str] = {"money": ",.2f", "count": ",.0f", "ratio": ",.2f", "percent": ",.1f"}


@dataclass(frozen=True)
class Theme:
    """A part of the catalogue: its metrics' keys and names."""

    title: str
    metrics: list[list[str]]


@dataclass(frozen=True)
class Asked:
    """What the page's URL asks for."""

    metric: Metric
    by: Dimension
    sort: Sort | None  # None: as it is grouped, in time or the largest first
    descending: bool
    page: int


def catalogue(words: str) -> list[Theme]:
    """The metrics whose name, key or meaning has all of these words."""
    wanted = words.lower().split()
    themes = []
    for title, metrics in registry.THEMES:
        told = [(item, f"{item.name} {item.key} {item.meaning}".lower()) for item in metrics]
        found = [[item.key, item.name] for item, text in told if all(word in text for word in wanted)]
        themes += [Theme(title, found)] if found else []
    return themes


def asked_of(query: dict[str, str]) -> Asked:
    """Read ?metric=&by=&sort=&order=&page=; what makes no sense falls back to what is shown first."""
    known = {item.key: item for item in registry.METRICS}
    item = known.get(query.get("metric", ""), known[FIRST])
    can = registry.dimensions(item)
    wanted = cast(Dimension, query.get("by", ""))
    first: Dimension = "channel" if "channel" in can else "day" if baselines.step(item) == "day" else "month"
    by = wanted if wanted in can else first
    sort = next((one for one in get_args(Sort) if one == query.get("sort")), None)
    page = query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return Asked(item, by, sort, query.get("order") != "up", max(1, number))


def metric_view(session: Session, store_id: int, scope: Scope, asked: Asked) -> dict[str, Any]:
    """All of a metric in one session."""
    item, period, currency, now = asked.metric, scope.choice.period, scope.currency, clock.now()
    basis = service.basis(session, store_id)
    [tile] = overview_service.tiles(session, store_id, [item.key], period, compare=scope.choice.compare, rests_on=basis)
    by_day = [(Period(day.day, day.day), day) for day in tile.line]
    points = by_day if baselines.step(item) == "day" else _stretches(session, store_id, item, tile, basis)
    figure = tile.figure
    margin = "" if figure.margin is None else f"± {format.exact(figure.margin, figure.unit, currency)}"
    return {
        "key": item.key,
        "name": item.name,
        "meaning": item.meaning,
        "value": format.brief(figure.value, figure.unit, currency),
        "margin": margin,
        "reason": figure.reason,
        "delta": delta_view(tile) if tile.comparison or figure.value is not None else Delta(),
        "standing": STANDING[tile.standing],
        "age_line": ", ".join(
            f"{SOURCE_NAMES.get(age.source, age.source)} {format.age(age.fresh_at, now)}" for age in tile.ages
        ),
        "formula": formula_lines(item, figure, currency) if isinstance(item, Formula) else [],
        "facts": definition_of(item),
        "sql": f"select clique.{item.key}('{period.start}', '{period.end}');",
        "normal": _normal(session, store_id, item, scope, figure.reason),
        **_chart(item, points, period, currency),
        **_groups(session, store_id, scope, asked, basis),
    }


def _stretches(session: Session, store_id: int, item: Metric, tile: Tile, rests_on: Basis) -> list[Point]:
    """The line of what is read for whole periods: weeks up to the last whole one, with the normal of each, or stretches
    of weeks, a dozen at most."""
    today = clock.today(rests_on.store.time_zone)
    drawn = Period(tile.line[0].day, min(tile.line[-1].day, today - timedelta(days=1)))
    last = baselines.week_of(drawn.end + timedelta(days=1)) - timedelta(days=1)
    length = 7 * max(1, drawn.days // 84)
    spans = [Period(last - timedelta(days=length - 1), last).shifted(-length * n) for n in range(12)]
    spans = [span for span in reversed(spans) if span.start >= drawn.start]
    daily = service.daily(session, store_id, [item], drawn, None, spans, rests_on)
    values = [daily.figure(item, span).value if daily.covers(span) else None for span in spans]
    weeks = baselines_service.weeks(session, store_id, [item.key], drawn).get(item.key, {}) if length == 7 else {}
    usual = [weeks[span.start].range(span.end) if span.start in weeks else (None, None) for span in spans]
    return [(span, Day(span.end, value, *of)) for span, value, of in zip(spans, values, usual, strict=True)]


def definition_of(item: Metric) -> list[list[str]]:
    leaves = registry.leaves(item)
    sources = dict.fromkeys(source for leaf in leaves for source in leaf.sources)
    named = ["Ad channels" if source == "ads" else SOURCE_NAMES.get(source, source) for source in sources]
    facts = [
        ["Good direction", GOOD[item.good]],
        ["Target", _sentence(registry.target(item))],
        ["Formula", _words(item)],
        ["Grain", _sentence(", ".join(dict.fromkeys(leaf.grain for leaf in leaves)))],
        ["Maturity", registry.matures(item) or "Known at once"],
        ["Worked example", _example(item)],
        ["Read from", ", ".join(named)],
        ["Definition", item.origin],
    ]
    return [[name, text] for name, text in facts if text]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _words(item: Metric) -> str:
    """The formula in names, or what one row adds."""
    if not isinstance(item, Formula):
        return item.worked
    text = item.expression
    for sign, shown in SIGNS.items():
        text = text.replace(f" {sign} ", f" {shown} ")
    for part in sorted(registry.inputs(item), key=lambda one: -len(one.key)):
        text = text.replace(part.key, part.name)
    return text


def _example(item: Metric) -> str:
    if isinstance(item, Formula):
        given, value = item.example
        return f"{', '.join(f'{registry.metric(key).name} {amount}' for key, amount in given.items())}: {value}"
    rows, value = examples.of(item)
    told = "; ".join(", ".join(f"{name} {text}" for name, text in row.items()) for row in rows if row)
    return f"Rows {told}: {value}" if told else f"{len(rows)} rows: {value}"


def _normal(session: Session, store_id: int, item: Metric, scope: Scope, unknown: str) -> list[list[str]]:
    """What is normal for a day or a week of this store, in words."""
    step = baselines.step(item)
    if step is None:
        return [["Normal range", f"None. {registry.no_past(item)}"]]
    found = baselines_service.newest(session, store_id, item.key)
    if found is None:
        return [[f"Normal {step}", "Not learnt yet: it is learnt when the past has been read, and every week."]]
    week, known, baseline = found
    if baseline is None:
        if unknown and not known:
            return [[f"Normal {step}", unknown]]
        least = baselines.LEAST[step]
        short = least - known
        by_day, by_week = scope.today + timedelta(days=short), baselines.week_of(scope.today) + timedelta(weeks=short)
        then = format.day(by_day if step == "day" else by_week, year=True)
        return [[f"Normal {step}", f"Not enough {step}s: {least} are needed, {known} are known. Not before {then}."]]
    return (_usual_day if step == "day" else _usual_week)(baseline, week, item.unit, scope.currency)


def _usual_week(baseline: Baseline, week: date, unit: Unit, currency: str) -> list[list[str]]:
    low, high = (format.brief(end, unit, currency) for end in baseline.range(week + timedelta(days=6)))
    return [
        ["Median week", format.brief(baseline.median, unit, currency)],
        [f"Week of {format.day(week)}", f"{low} to {high}: 8 of 10 such weeks fall there"],
        ["Trend", _trend(baseline, unit, currency)],
        ["Learnt from", f"{baseline.days} weeks, {format.days(baselines.learnt_from(week), year=True)}"],
    ]


def _usual_day(baseline: Baseline, week: date, unit: Unit, currency: str) -> list[list[str]]:
    low, high = (format.brief(end, unit, currency) for end in baseline.range(week))
    by_weekday = sorted(range(7), key=lambda number: baseline.weekdays[number])
    weak, strong = (
        f"{WEEKDAYS[number]} {_signed(baseline.weekdays[number], unit, currency)}"
        for number in (by_weekday[0], by_weekday[-1])
    )
    weekdays = "Alike" if len(set(baseline.weekdays)) == 1 else f"{strong}, {weak}"
    from_days = baselines.learnt_from(week)
    return [
        ["Median day", format.brief(baseline.median, unit, currency)],
        [f"Monday {format.day(week)}", f"{low} to {high}: 8 of 10 such days fall there"],
        ["Weekdays", weekdays],
        ["Trend", _trend(baseline, unit, currency)],
        ["Learnt from", f"{baseline.days} days, {format.days(from_days, year=True)}"],
    ]


def _trend(baseline: Baseline, unit: Unit, currency: str) -> str:
    return f"{_signed(baseline.trend, unit, currency)} a week" if baseline.trend else "None to tell from chance"


def _signed(value: Decimal, unit: Unit, currency: str) -> str:
    return ("+" if value > 0 else "") + format.brief(value, unit, currency)


def _chart(item: Metric, points: list[Point], period: Period, currency: str) -> dict[str, Any]:
    unit, line = item.unit, tuple(day for _, day in points)
    length = points[0][0].days if points else 1
    hundredfold = 100 if unit == "percent" else 1
    shown = [None if y is None else round(y * hundredfold, 4) for y in rounded(line, 6)]
    chart: dict[str, Any] = {
        "x": [day.day.isoformat() for day in line],
        "series": [{"name": item.name, "role": "sales", "y": shown}],
        "highlight": [period.start.isoformat(), period.end.isoformat()]
        if length == 1 and period.days < len(line)
        else [],
        "prefix": "$" if unit == "money" and currency == "USD" else "",
        "suffix": "%" if unit == "percent" else f" {currency}" if unit == "money" and currency != "USD" else "",
        "format": WRITTEN[unit],
        "ticks": "~s" if unit in ("money", "count") else ",~r",
    }
    ranges = [(day.low, day.high) for day in line if day.low is not None and day.high is not None]
    if line and len(ranges) == len(line):
        chart["band"] = {
            "low": [float(low) * hundredfold for low, _ in ranges],
            "high": [float(high) * hundredfold for _, high in ranges],
        }
    standing = against_normal(item.name, line, period, "day" if length == 1 else "week")
    title = standing or f"{item.name} by {'day' if length == 1 else f'{length} days'}"
    known = any(day.value is not None for day in line)
    return {
        "chart": chart if known else {},
        "chart_title": title,
        "chart_label": f"{title}. The table says the same.",
        "has_days": known,
        "days": [_day_row(span, day, unit, currency) for span, day in reversed(points)],
    }


def _day_row(span: Period, day: Day, unit: Unit, currency: str) -> Row:
    low, high = (format.brief(end, unit, currency) for end in (day.low, day.high))
    return Row(
        day.day.isoformat(),
        [
            Cell(f"{day.day:%a} {format.day(day.day)}" if span.days == 1 else format.days(span)),
            Cell(
                format.exact(day.value, unit, currency),
                opens=f"days {span.start} {span.end}" if day.value is not None else "",
                raw="" if day.value is None else str(day.value),
            ),
            Cell(f"{low} to {high}" if day.low is not None else format.UNKNOWN, tone="second"),
        ],
    )


def _groups(session: Session, store_id: int, scope: Scope, asked: Asked, rests_on: Basis) -> dict[str, Any]:
    item, currency = asked.metric, scope.currency
    period, compare = scope.choice.period, scope.choice.compare
    found = grouping_service.grouped(
        session, store_id, [item.key], period, asked.by, compare=compare, rests_on=rests_on
    )
    rows = _sorted(found, asked)
    last_page = max(1, -(-len(rows) // PAGE))
    start = (min(asked.page, last_page) - 1) * PAGE
    seen = rows[start : start + PAGE]
    whole = found.whole[item.key]
    shown = format.exact(whole.value, whole.unit, currency)
    all_of_it = Cell(shown, opens="whole", raw=str(whole.value or ""), strong=True)
    total = Row("whole", [Cell("All", strong=True), all_of_it, Cell(""), Cell("")])
    reason = next((row.figures[item.key].reason for row in rows if row.figures[item.key].value is None), "")
    all_unknown = bool(rows) and all(row.figures[item.key].value is None for row in rows)
    return {
        "by": asked.by,
        "options": [{"value": one, "label": NAMES[one].capitalize()} for one in registry.dimensions(item)],
        "sort": asked.sort or "",
        "descending": asked.descending,
        "groups": [] if all_unknown else [_group_row(row, asked.by, item, currency, found.comparison) for row in seen],
        "groups_total": total,
        "groups_reason": reason if all_unknown else found.reason,
        "groups_note": _note(item, asked.by, found),
        "paging": Paging(
            f"{start + 1} to {start + len(seen)} of {len(rows)}" if rows else "",
            start > 0,
            start + PAGE < len(rows),
        ),
        "page_number": min(asked.page, last_page),
    }


def _sorted(found: Grouped, asked: Asked) -> list[grouping_service.Row]:
    """Unknown ones last, either way."""
    if asked.sort is None:
        return list(found.rows)
    key = asked.metric.key

    def of(row: grouping_service.Row) -> Any:
        if asked.sort == "name":
            return row.member if asked.by in (*TIMES, "cohort") else row.name.lower()
        if asked.sort == "change":
            return row.changes.get(key)
        figure = (row.figures if asked.sort == "value" else row.before).get(key)
        return figure.value if figure else None

    known = sorted((row for row in found.rows if of(row) is not None), key=of, reverse=asked.descending)
    return [*known, *(row for row in found.rows if of(row) is None)]


def _named(by: Dimension, name: str) -> str:
    if by == "channel":
        return channel_label(name)
    return _sentence(name) if by in ("new_returning", "stage") else name


def _group_row(
    row: grouping_service.Row, by: Dimension, item: Metric, currency: str, compared: Comparison | None
) -> Row:
    now, before, change = row.figures[item.key], row.before.get(item.key), row.changes.get(item.key)
    tone = "" if change is None or item.good == "neither" else "good" if (change > 0) == (item.good == "up") else "bad"
    cells = [
        Cell(_named(by, row.name)),
        Cell(
            format.exact(now.value, now.unit, currency),
            opens=f"now {row.member}" if now.value is not None else "",
            raw="" if now.value is None else str(now.value),
            sub="" if now.margin is None else f"± {format.exact(now.margin, now.unit, currency)}",
        ),
        Cell(
            format.exact(before.value if before else None, item.unit, currency),
            opens=f"before {row.member}" if compared and before and before.value is not None else "",
            raw="" if before is None or before.value is None else str(before.value),
        ),
        Cell(format.UNKNOWN if change is None else format.signed_percent(change), tone=tone if change else ""),
    ]
    return Row(row.member, cells)


def _note(item: Metric, by: Dimension, found: Grouped) -> str:
    other = registry.answering(item, (by,))
    notes = [f"By {NAMES[by]} it is {other.name}: {other.meaning}"] if other is not item else []
    if found.comparison:
        notes.append(f"Compared with {format.days(found.comparison.against, year=True)}.")
        if found.compared_from:
            notes.append(
                f"Nothing before the first orders, {format.day(found.compared_from, year=True)}, is compared with."
            )
        if found.comparison.whole_days_only:
            notes.append("Changes are of whole days, without today.")
    return " ".join([*notes, "All is worked out from the whole period, never from the rows."])
