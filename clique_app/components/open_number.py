"""The panel of a figure: how it is worked out, what it covers, how old its data is, and the rows it is made of.

Any page shows it with open_number_panel() and opens it with OpenNumber.show(key) or OpenNumber.show_for({...}).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel import Session

from clique_app import clock
from clique_app.components.figure_views import STALE_AFTER, STANDING, delta_view
from clique_app.components.figures import Delta, big_value, opens
from clique_app.components.overlays import block, pair, panel
from clique_app.components.session import PageState, in_store
from clique_app.components.status import badge, banner, bone, icon
from clique_app.components.tables import agrees, csv_button
from clique_app.connections.setting_ranges import MODEL
from clique_app.metrics import baselines, expression, format, overview_service, periods, registry, service
from clique_app.metrics.definition import NAMES, Dimension, Figure, Filters, Formula, Leaf, Metric, Period
from clique_app.metrics.figures import Compare
from clique_app.metrics.grouping_service import member_of
from clique_app.metrics.overview_service import Scope
from clique_app.metrics.service import PAGE, SourceRows
from clique_app.sync.sources import SOURCES
from clique_app.tables.site import PIXEL

SOURCE_NAMES = {PIXEL: "Web pixel", **{source.key: source.label for source in SOURCES}}


@dataclass(frozen=True)
class Line:
    """One line of the formula: sign, name, how many rows, value; the key opens it."""

    sign: str
    name: str
    note: str
    value: str
    key: str


@dataclass(frozen=True)
class Opened:
    """Everything the panel shows, as text."""

    key: str = ""
    name: str = ""
    value: str = ""
    reason: str = ""
    meaning: str = ""
    delta: Delta = field(default_factory=Delta)
    standing: str = ""
    formula: list[Line] = field(default_factory=list)
    words: str = ""  # the formula, or what a row is, in words
    covers: list[list[str]] = field(default_factory=list)  # [what, how]
    ages: list[list[str]] = field(default_factory=list)  # [source, age, icon, tone]
    normal: str = ""
    target: str = ""
    note: str = ""  # what may still move the value
    heads: list[list[str]] = field(default_factory=list)  # [label, align]
    rows: list[list[list[str]]] = field(default_factory=list)  # cells: [text, align]
    total: str = ""
    count: str = ""
    agrees: str = ""
    has_previous: bool = False
    has_next: bool = False


@dataclass(frozen=True)
class Asked:
    """Which figure, over which days, narrowed to what."""

    key: str
    start: str = ""
    end: str = ""
    channel: str = ""
    campaign_id: int = 0
    by: str = ""  # a dimension, and the one group of it as its row tells it: "" are rows without one
    of: str = ""
    of_name: str = ""

    def filters(self) -> Filters | None:
        asked: dict[Dimension, Any] = {"channel": self.channel, "campaign": self.campaign_id}
        narrowed: dict[Dimension, Any] = {dimension: member for dimension, member in asked.items() if member}
        if self.by in NAMES:
            by = cast(Dimension, self.by)
            narrowed[by] = member_of(by, self.of)
        return narrowed or None


class OpenNumber(PageState):
    """The open figure, and the way back to the one it was opened from."""

    shown: bool = False
    busy: bool = False
    opened: Opened = Opened()
    can_go_back: bool = False

    _trail: list[dict[str, Any]] = []
    _offset: int = 0

    @rx.event
    def show(self, key: str) -> Any:
        """Open a metric over this page's own period."""
        return self._go([{"key": key}])

    @rx.event
    def show_for(self, asked: dict[str, Any]) -> Any:
        """Open a metric over a period and filter of its own (evidence of a recommendation)."""
        names = ("key", "start", "end", "channel", "campaign_id", "by", "of", "of_name")
        known = {name: asked[name] for name in names if asked.get(name)}
        return self._go([known])

    @rx.event
    def show_input(self, key: str) -> Any:
        """Open an input of the open figure."""
        return self._go([*self._trail, {**self._trail[-1], "key": key}]) if self._trail else None

    @rx.event
    def back(self) -> Any:
        """The figure this one was opened from."""
        return self._go(self._trail[:-1]) if len(self._trail) > 1 else None

    @rx.event
    def previous(self) -> Any:
        """Newer rows."""
        self._offset = max(0, self._offset - PAGE)
        return OpenNumber.read

    @rx.event
    def next(self) -> Any:
        """Older rows."""
        self._offset += PAGE
        return OpenNumber.read

    @rx.event
    def close(self) -> None:
        """Close the panel."""
        self.shown, self.opened, self._trail, self._offset = False, Opened(), [], 0

    @rx.event(background=True)
    async def read(self) -> None:
        """Read the open figure again: it was opened, paged, or the store's figures moved."""
        async with self:
            if not self._trail:
                return
            scope, store_id = await self.read_scope(), self.store_id
            asked, offset = dict(self._trail[-1]), self._offset
        opened = await in_store(store_id, read_opened, scope, Asked(**asked), offset)
        async with self:
            still = bool(self._trail) and (self._trail[-1], self._offset) == (asked, offset)
            if still and self.is_authed() and self.store_id == store_id:
                self.opened, self.busy = opened, False

    def _go(self, trail: list[dict[str, Any]]) -> Any:
        self._trail, self._offset = trail, 0
        self.shown, self.busy, self.can_go_back = True, True, len(trail) > 1
        return OpenNumber.read


def read_opened(session: Session, store_id: int, scope: Scope, asked: Asked, offset: int) -> Opened:
    """The panel of a figure."""
    period = periods.between(asked.start, asked.end) if asked.start else scope.choice.period
    compare: Compare = "previous" if asked.start else scope.choice.compare
    filters, now = asked.filters(), clock.now()
    item = registry.answering(registry.metric(asked.key), tuple(filters or ()))
    tile = overview_service.tiles(session, store_id, [item.key], period, compare=compare, filters=filters)[0]
    figure = tile.figure
    value = format.exact(figure.value, figure.unit, scope.currency)
    ages = [_age(age.source, age.fresh_at, now) for age in service.ages(session, [item])[item.key]]
    shared: dict[str, Any] = {
        "key": item.key,
        "name": item.name,
        "value": value,
        "reason": figure.reason,
        "meaning": item.meaning,
        "delta": delta_view(tile),
        "standing": STANDING[tile.standing],
        "covers": _covers(scope, period, asked),
        "ages": ages,
        "normal": _normal(tile, scope.currency),
        "target": _target(session, store_id, item, period, scope.currency, filters),
        "note": _note(session, store_id, item, period, scope, filters),
    }
    if isinstance(item, Formula):
        return Opened(
            **shared,
            formula=formula_lines(item, figure, scope.currency),
            **_days(session, store_id, item, period, scope, filters),
        )
    rows = service.source_rows(session, store_id, item.key, period, filters=filters, offset=offset)
    return Opened(**shared, words=item.worked, **_rows(rows, item, value, scope))


def formula_lines(item: Formula, figure: Figure, currency: str) -> list[Line]:
    """The formula's inputs with the sign each is taken with."""
    signs = expression.signs(item.expression)
    return [
        Line(signs[part.key], part.name, part.reason, format.exact(part.value, part.unit, currency), part.key)
        for part in figure.inputs
    ]


def _days(
    session: Session, store_id: int, item: Formula, period: Period, scope: Scope, filters: Filters | None
) -> dict[str, Any]:
    """A formula's rows are its days: each input, and what they give."""
    parts = [*registry.inputs(item), item]
    daily = service.daily(session, store_id, [item], period, filters)
    days = [date.fromordinal(period.end.toordinal() - n) for n in range(min(period.days, 62))]
    rows = []
    for day in days:
        figures = [daily.figure(part, Period(day, day)) for part in parts]
        rows.append(
            [[f"{day:%a} {format.day(day)}", ""]]
            + [[format.exact(one.value, one.unit, scope.currency), "right"] for one in figures]
        )
    last = [daily.figure(part, period) for part in parts]
    return {
        "heads": [["Day", ""], *([part.name, "right"] for part in parts)],
        "rows": rows,
        "total": "\t".join(format.exact(one.value, one.unit, scope.currency) for one in last),
        "count": f"{len(days)} of {period.days} days" if period.days > len(days) else "",
        "agrees": "The last row is worked out from totals, never from an average of days",
    }


def _rows(rows: SourceRows, item: Leaf, value: str, scope: Scope) -> dict[str, Any]:
    zone = ZoneInfo(scope.time_zone)
    columns = rows.columns
    cells = [
        [
            [_cell(value, column.unit, scope.currency, zone), "right" if column.unit in ("money", "count") else ""]
            for value, column in zip(row[:-1], columns, strict=True)
        ]
        + [[format.exact(Decimal(row[-1]), item.unit, scope.currency), "right"]]
        for row in rows.rows
    ]
    total = format.exact(rows.total, item.unit, scope.currency)
    first, last = rows.offset + 1, rows.offset + len(rows.rows)
    return {
        "heads": [[column.label, "right" if column.unit in ("money", "count") else ""] for column in columns]
        + [[item.name, "right"]],
        "rows": cells,
        "total": "\t" * (len(columns) - 1) + total,
        "count": f"{first:,} to {last:,} of {rows.count:,} rows" if rows.rows else "No rows in this period",
        "agrees": "Total equals the value above to the cent" if total == value else "",
        "has_previous": rows.offset > 0,
        "has_next": last < rows.count,
    }


def _cell(value: Any, unit: str, currency: str, zone: ZoneInfo) -> str:
    if value is None:
        return format.UNKNOWN
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return f"{format.day(local.date())} {local:%H:%M}"
    if isinstance(value, date):
        return f"{value:%a} {format.day(value)}"
    if unit in ("money", "count"):
        return format.exact(Decimal(value), "money" if unit == "money" else "count", currency)
    return str(value)


def _covers(scope: Scope, period: Period, asked: Asked) -> list[list[str]]:
    narrowed = [f"channel {asked.channel}"] * bool(asked.channel) + ["one campaign"] * bool(asked.campaign_id)
    narrowed += [f"{NAMES[by]} {asked.of_name or asked.of}" for by in NAMES if by == asked.by]
    return [
        ["Period", f"{format.days(period, year=True)}, {period.days} {'day' if period.days == 1 else 'days'}"],
        ["Filters", ", ".join(narrowed).capitalize() or "None, all channels and regions"],
        ["Time zone", f"{scope.time_zone.replace('_', ' ')}, by order day"],
        ["Currency", scope.currency],
        ["Refunds", "On the refund’s day, as Shopify reports"],
        [
            "Attribution",
            f"{MODEL.labelled(scope.model)}, {scope.window_days}-day window"
            if _credits(asked.key)
            else "Not used: whole store",
        ],
    ]


def _credits(key: str) -> bool:
    return any("credit" in total.source.split() for total in registry.leaves(registry.metric(key)))


def _age(source: str, fresh_at: datetime | None, now: datetime) -> list[str]:
    stale = fresh_at is None or now - fresh_at > STALE_AFTER
    mark = ["alert-triangle", "caution"] if stale else ["check-circle", "success"]
    return [SOURCE_NAMES.get(source, source), format.age(fresh_at, now), *mark]


def _normal(tile: overview_service.Tile, currency: str) -> str:
    days = tile.comparison.days if tile.comparison else tile.period
    if tile.normal is None:
        if no_past := registry.no_past(tile.metric):
            return f"None. {no_past}"
        weeks = baselines.LEAST_PERIODS * baselines.weeks_apart(days)
        if weeks > baselines.FURTHEST_WEEKS:
            return "A period this long has no normal range: too few of its length lie behind."
        return f"Not enough history yet: the normal range needs {weeks} whole weeks before the period."
    low, high = (format.brief(end, tile.figure.unit, currency) for end in tile.normal)
    length = f"{days.days} whole {'day' if days.days == 1 else 'days'}"
    return f"{low} to {high} for {length}: where 8 of 10 fall, by those before of the same length, and their trend."


def _target(
    session: Session, store_id: int, item: Metric, period: Period, currency: str, filters: Filters | None
) -> str:
    words = registry.target(item)
    if item.target is None or not expression.inputs(item.target.than):
        return words and f"Target: {words}."
    aimed_at = service.aimed_at(session, store_id, item, period, filters)
    return f"Target: {words}, here {format.exact(aimed_at, item.unit, currency)}."


def _note(session: Session, store_id: int, item: Metric, period: Period, scope: Scope, filters: Filters | None) -> str:
    leaves = registry.leaves(item)
    notes = []
    if period.end >= scope.today:
        notes.append("Today is not over.")
    if any("ads" in leaf.sources for leaf in leaves):
        notes.append("Ad platforms restate spend and claims for up to 28 days.")
    notes += service.converted(session, store_id, item, period)
    notes += service.immature(session, store_id, item, period, filters)
    if any("costs" in leaf.needs for leaf in leaves):
        known, whole = service.cost_coverage(session, store_id, period)
        if whole and known < whole:
            notes.append(f"{format.exact(known / whole, 'percent', '')} of gross sales have a unit cost in Shopify.")
    return " ".join(notes)


def formula_list(lines: Any, name: Any, value: Any, on_open: Any) -> rx.Component:
    """A list[Line] var and what it comes to; on_open takes the key of an input."""

    def line(one: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(one.sign, class_name="c-sign"),
            rx.el.span(rx.el.b(one.name), " ", rx.el.span(one.note, class_name="c-second")),
            opens(one.value, on_open(one.key), label="Open " + one.name),
        )

    total = rx.el.li(
        rx.el.span("=", class_name="c-sign"),
        rx.el.span(rx.el.b(name)),
        rx.el.b(value),
        class_name="c-formula-total",
    )
    return rx.el.ul(rx.foreach(lines, line), total, class_name="c-formula")


def _source_table() -> rx.Component:
    opened: Any = OpenNumber.opened
    heads = rx.foreach(
        opened.heads, lambda head: rx.el.th(head[0], custom_attrs={"scope": "col", "data-align": head[1]})
    )
    row = lambda cells: rx.el.tr(  # noqa: E731
        rx.foreach(cells, lambda cell: rx.el.td(cell[0], custom_attrs={"data-align": cell[1]}))
    )
    foot = rx.el.tr(
        rx.el.td("Total"),
        rx.foreach(opened.total.split("\t"), lambda text: rx.el.td(text, custom_attrs={"data-align": "right"})),
    )
    table = rx.el.table(
        rx.el.thead(rx.el.tr(heads)),
        rx.el.tbody(rx.foreach(opened.rows, row)),
        rx.el.tfoot(foot),
        id="source-rows",
        class_name="c-table",
        custom_attrs={"aria-label": "Source rows"},
    )
    return rx.el.div(
        table, class_name="c-table-scroll", tab_index=0, role="region", custom_attrs={"aria-label": "Source rows"}
    )


def open_number_panel() -> rx.Component:
    """The panel; put it once on a page whose numbers open."""
    opened: Any = OpenNumber.opened
    ages = rx.el.ul(
        rx.foreach(
            opened.ages,
            lambda one: rx.el.li(icon(one[2], one[3]), rx.el.span(one[0]), rx.el.span(one[1], class_name="c-second")),
        ),
        class_name="c-ages",
    )
    covers = rx.el.dl(
        rx.foreach(opened.covers, lambda one: rx.fragment(rx.el.dt(one[0]), rx.el.dd(one[1]))), class_name="c-facts"
    )
    head = block(
        big_value(opened.value, opened.delta, rx.cond(opened.standing != "", badge(opened.standing, "info"))),
        rx.cond(opened.reason != "", rx.el.p(opened.reason, class_name="c-strong")),
        rx.el.p(opened.meaning),
    )
    worked = rx.cond(
        opened.formula.length() > 0,
        block(
            formula_list(opened.formula, opened.name, opened.value, OpenNumber.show_input), title="How it is worked out"
        ),
        rx.cond(opened.words != "", block(rx.el.p("Each row: " + opened.words), title="How it is worked out")),
    )
    paging = rx.el.div(
        rx.el.span(opened.count),
        rx.el.div(
            rx.el.button(
                "Previous",
                type="button",
                class_name="c-plain-button",
                disabled=~opened.has_previous,
                on_click=OpenNumber.previous,
            ),
            rx.el.button(
                "Next", type="button", class_name="c-plain-button", disabled=~opened.has_next, on_click=OpenNumber.next
            ),
            class_name="c-actions",
        ),
        class_name="c-table-foot",
    )
    rows = block(
        _source_table(),
        rx.cond(opened.agrees != "", agrees(opened.agrees)),
        rx.cond(opened.has_previous | opened.has_next | (opened.count != ""), paging),
        title="Source rows",
        action=csv_button("source-rows", opened.key),
        flush=True,
    )
    loading = block(bone("40%", "40px"), bone("80%"), bone("100%", "160px"))
    back = rx.cond(
        OpenNumber.can_go_back,
        rx.el.button(icon("arrow-left"), "Back", type="button", class_name="c-plain-button", on_click=OpenNumber.back),
    )
    body = rx.fragment(
        head,
        worked,
        block(
            pair(
                rx.el.div(rx.el.h3("What it covers"), covers),
                rx.el.div(rx.el.h3("Data age"), ages),
            )
        ),
        rx.cond(opened.normal != "", block(rx.el.p(opened.normal), title="Against normal")),
        rx.cond(opened.target != "", block(rx.el.p(opened.target), title="Against target")),
        rx.cond(
            opened.note != "", rx.el.div(banner("May still move", opened.note, tone="warning"), class_name="c-block")
        ),
        rows,
    )
    return panel(
        "open-number",
        rx.cond(OpenNumber.busy & (opened.key == ""), loading, body),
        open=OpenNumber.shown,
        title=rx.cond(opened.name != "", opened.name, "Reading"),
        on_close=OpenNumber.close,
        actions=(back,),
    )
