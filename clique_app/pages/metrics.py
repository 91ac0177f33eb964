"""Metrics: every number Clique knows, what it means, how it has gone and what it is made of."""

from __future__ import annotations

from typing import Any, cast

import reflex as rx

from clique_app.components.charts import chart_card
from clique_app.components.figures import Delta, big_value, opens
from clique_app.components.forms import select
from clique_app.components.frame import data_age, header
from clique_app.components.metric_views import (
    DAY_COLUMNS,
    GROUP_COLUMNS,
    Theme,
    asked_of,
    catalogue,
    metric_view,
)
from clique_app.components.open_number import Line, OpenNumber, formula_list, open_number_panel
from clique_app.components.overlays import pair
from clique_app.components.page import Page
from clique_app.components.session import PageState, in_store
from clique_app.components.status import badge, card, empty, page_link, skeleton_card
from clique_app.components.tables import Paging, Row, csv_button, data_table
from clique_app.metrics import figures, periods
from clique_app.metrics.definition import TIMES, Period

# the list of metrics is long: the one that an address names is brought into it, without moving the page
SHOW_CHOSEN = """requestAnimationFrame(() => {
  const chosen = document.querySelector('.c-catalogue-list [aria-current="true"]');
  const list = chosen && chosen.closest('.c-catalogue-list');
  if (!list) return;
  const at = chosen.getBoundingClientRect(), seen = list.getBoundingClientRect();
  if (at.top < seen.top || at.bottom > seen.bottom) list.scrollTop += at.top - seen.top - seen.height / 3;
})"""


class MetricsState(PageState):
    """What the page shows, as text."""

    loaded: bool = False
    has_orders: bool = True
    themes: list[Theme] = []
    key: str = ""
    name: str = ""
    meaning: str = ""
    value: str = ""
    margin: str = ""
    reason: str = ""
    delta: Delta = Delta()
    standing: str = ""
    age_line: str = ""
    formula: list[Line] = []
    facts: list[list[str]] = []  # [what, how]
    sql: str = ""
    normal: list[list[str]] = []  # [what, how]
    chart: dict[str, Any] = {}
    chart_title: str = ""
    chart_label: str = ""
    has_days: bool = False
    days: list[Row] = []
    by: str = ""
    options: list[dict[str, str]] = []
    sort: str = ""
    descending: bool = True
    groups: list[Row] = []
    groups_total: Row = Row("", [])
    groups_reason: str = ""
    groups_note: str = ""
    paging: Paging = Paging()
    page_number: int = 1

    _words: str = ""
    _listed: str = ""  # the metric that the list was last scrolled to

    @rx.event(background=True)
    async def load(self) -> Any:
        """Read the metric that the URL names."""
        async with self:
            scope, store_id, asked = await self.read_scope(), self.store_id, self._ask()
            named = asked_of(self.query)
        view = await in_store(store_id, metric_view, scope, named)
        if await self._show(asked, store_id, {**view, "has_orders": scope.has_orders, "loaded": True}):
            async with self:
                is_another, self._listed = self._listed != self.key, self.key
                self.themes = catalogue(self._words)
            return rx.call_script(SHOW_CHOSEN) if is_another else None
        return None

    @rx.event
    def find(self, words: str) -> None:
        """List the metrics that have these words."""
        self._words = words[:100]
        self.themes = catalogue(self._words)

    @rx.event
    def choose(self, key: str) -> Any:
        """Another metric; it stays in the URL."""
        return rx.redirect(self.url_with(metric=key, sort="", order="", page=""))

    @rx.event
    def group(self, by: str) -> Any:
        """Group it by something else."""
        return rx.redirect(self.url_with(by=by, sort="", order="", page=""))

    @rx.event
    def sort_by(self, column: str) -> Any:
        """Sort by a column, the other way round when it is asked for again."""
        order = "up" if self.sort == column and self.descending else ""
        return rx.redirect(self.url_with(sort=column, order=order, page=""))

    @rx.event
    def previous(self) -> Any:
        """The groups before."""
        return rx.redirect(self.url_with(page=str(self.page_number - 1)))

    @rx.event
    def next(self) -> Any:
        """The groups after."""
        return rx.redirect(self.url_with(page=str(self.page_number + 1)))

    @rx.event
    async def open_cell(self, cell: str) -> Any:
        """Open a value: 'whole', 'days FIRST LAST', or of a group 'now MEMBER' or 'before MEMBER'."""
        when, _, member = cell.partition(" ")
        if when == "whole":
            return OpenNumber.show(self.key)
        if when == "days":
            start, _, end = member.partition(" ")
            return OpenNumber.show_for({"key": self.key, "start": start, "end": end})
        scope = await self.read_scope()
        compared = figures.comparison(scope.choice.period, scope.choice.compare, scope.today)
        before = when == "before" and compared is not None
        asked = asked_of(self.query)
        days = compared.against if before and compared else scope.choice.period
        narrowed = {"by": asked.by, "of": member, "of_name": self._name_of(member)}
        if asked.by in TIMES:
            narrowed, days = {}, _span(scope.choice.period, asked.by, member, days if before else None)
        return OpenNumber.show_for({"key": self.key, "start": str(days.start), "end": str(days.end), **narrowed})

    def _name_of(self, member: str) -> str:
        return next((row.cells[0].text for row in self.groups if row.key == member), member)


def _span(period: Period, by: Any, member: str, against: Period | None) -> Period:
    """The days of a group of time; of what it is compared with, the one at the same place."""
    spans = periods.slices(period, by)
    place = next((n for n, span in enumerate(spans) if str(span.start) == member), 0)
    if against is None:
        return spans[place]
    others = periods.slices(against, by)
    return others[min(place, len(others) - 1)]


def _catalogue() -> rx.Component:
    def one(item: Any) -> rx.Component:
        return rx.el.li(
            rx.el.button(
                item[1],
                type="button",
                on_click=MetricsState.choose(item[0]),
                custom_attrs={"aria-current": rx.cond(MetricsState.key == item[0], "true", "false")},
            )
        )

    def theme(part: Any) -> rx.Component:
        return rx.el.section(rx.el.h3(part.title), rx.el.ul(rx.foreach(part.metrics, one)))

    field = rx.el.label(
        rx.el.span("Find a metric", class_name="c-visually-hidden"),
        rx.el.input(
            type="search", placeholder="Find a metric", class_name="c-search", on_change=MetricsState.find.debounce(150)
        ),
    )
    themes: Any = MetricsState.themes
    listed = rx.el.nav(
        rx.foreach(themes, theme),
        rx.cond(
            themes.length() == 0,
            rx.el.p("No metric has these words. Try another, such as “cost” or “repeat”.", class_name="c-second"),
        ),
        class_name="c-catalogue-list",
        tab_index=0,
        custom_attrs={"aria-label": "Metrics"},
    )
    return rx.el.section(field, listed, class_name="c-card c-catalogue", custom_attrs={"aria-label": "Catalogue"})


def _facts(rows: Any) -> rx.Component:
    return rx.el.dl(rx.foreach(rows, lambda one: rx.fragment(rx.el.dt(one[0]), rx.el.dd(one[1]))), class_name="c-facts")


def _value() -> rx.Component:
    state: Any = MetricsState
    return rx.el.section(
        rx.el.h2(state.name),
        rx.el.p(state.meaning, class_name="c-second"),
        big_value(
            rx.fragment(
                rx.cond(
                    state.reason == "",
                    opens(state.value, OpenNumber.show(state.key), label="Open " + state.name),
                    state.value,
                ),
                rx.cond(state.margin != "", rx.el.small(" " + state.margin)),
            ),
            state.delta,
            rx.cond(state.standing != "", badge(state.standing, "info")),
        ),
        rx.cond(state.reason != "", rx.el.p(state.reason, class_name="c-strong")),
        class_name="c-card c-metric",
        custom_attrs={"data-metric": state.key},
    )


def _trend() -> rx.Component:
    chart = chart_card(
        "metric-trend",
        title=MetricsState.chart_title,
        chart=MetricsState.chart,
        label=MetricsState.chart_label,
        table=data_table("metric-days", DAY_COLUMNS, MetricsState.days, label="By day", on_open=MetricsState.open_cell),
        keys=(("sales", "Value"), ("band", "Normal range")),
    )
    nothing = empty("No day is known yet", "The line appears with the first whole day that has a value.")
    return rx.cond(MetricsState.has_days, chart, card("By day", nothing))


def _groups() -> rx.Component:
    rows: Any = MetricsState.groups
    table = data_table(
        "groups",
        GROUP_COLUMNS,
        rows,
        label="Groups",
        total=MetricsState.groups_total,
        on_open=MetricsState.open_cell,
        on_sort=MetricsState.sort_by,
        sort=MetricsState.sort,
        descending=MetricsState.descending,
        paging=MetricsState.paging,
        on_previous=MetricsState.previous,
        on_next=MetricsState.next,
    )
    reason = rx.cond(
        MetricsState.groups_reason != "",
        MetricsState.groups_reason,
        "Nothing happened in this period. Choose a longer one.",
    )
    chosen = select(
        "Group by",
        MetricsState.by,
        MetricsState.group,
        MetricsState.options,
        label_accessibility_visibility="exclusive",
    )
    return card(
        "What it is made of",
        rx.cond(rows.length() > 0, table, rx.el.div(empty("Not known by group", reason), class_name="c-padded")),
        note=MetricsState.groups_note,
        actions=(chosen, csv_button("groups", MetricsState.key)),
        flush=True,
    )


def _definition() -> rx.Component:
    state: Any = MetricsState
    worked = formula_list(state.formula, state.name, state.value, OpenNumber.show)
    return card(
        "How it is defined",
        rx.cond(state.formula.length() > 0, worked),
        pair(
            rx.el.div(rx.el.h3("Definition"), _facts(state.facts)),
            rx.el.div(rx.el.h3("Normal for this store"), _facts(state.normal)),
        ),
        rx.el.p(
            rx.el.span("In SQL, for analysts: ", class_name="c-second"),
            rx.el.code(state.sql, class_name="c-sql"),
        ),
    )


def content() -> rx.Component:
    """The page."""
    shown = rx.el.div(_value(), _trend(), _groups(), _definition(), class_name="c-column")
    loading = rx.el.div(skeleton_card("136px"), skeleton_card("366px"), skeleton_card("320px"), class_name="c-column")
    nothing = empty(
        "No orders yet",
        "Metrics appear with the first orders. Clique reads them first.",
        page_link("See what is being read", "/data"),
    )
    return rx.fragment(
        header("Metrics", "Every number, what it means and what it is made of", period=True),
        data_age(MetricsState.age_line),
        rx.cond(
            cast(Any, MetricsState.loaded) & ~cast(Any, MetricsState.has_orders),
            nothing,
            rx.el.div(_catalogue(), rx.cond(MetricsState.loaded, shown, loading), class_name="c-explorer"),
        ),
        open_number_panel(),
    )


PAGE = Page(
    route="/metrics",
    title="Metrics",
    content=content,
    on_load=(MetricsState.load,),
    live={"figures": (MetricsState.load, OpenNumber.read)},
)
