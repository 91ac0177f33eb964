"""Charts: plotly's basic bundle, loaded after the page has painted; the table beside it says the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import reflex as rx

from clique_app.components.status import segments

PLOTLY = "plotly.js-basic-dist-min@3.7.0"


class Series(TypedDict, total=False):
    """One line or set of bars. role: sales, profit or spend gives its look."""

    name: str
    role: str
    y: list[float | None]
    bars: bool


class Chart(TypedDict, total=False):
    """What a chart draws, as plain lists. x: ISO days or names; band: low and high of the normal range."""

    x: list[str]
    series: list[Series]
    band: dict[str, list[float]]
    events: list[dict[str, str]]  # x, text
    highlight: list[str]  # first and last x of the selected period
    prefix: str
    suffix: str
    format: str  # d3's, of hovered values; none: whole numbers
    ticks: str  # the same of the axis; none: 15K


class LazyPlot(rx.Component):
    """Our wrapper in assets/lazyplot.jsx."""

    library = "$/public/lazyplot.jsx"
    tag = "LazyPlot"
    is_default = True
    lib_dependencies: list[str] = [PLOTLY]

    data: rx.Var[dict[str, Any]]
    label: rx.Var[str]


def legend(keys: Sequence[tuple[str, str]]) -> rx.Component:
    """(role, name) of each line; role 'band' is the normal range."""
    return rx.el.ul(
        *(rx.el.li(rx.el.span(class_name="c-key", custom_attrs={"data-role": role}), name) for role, name in keys),
        class_name="c-legend",
    )


def event_list(events: Any) -> rx.Component:
    """The numbered events of a chart, below it: a list[dict[str, str]] var with 'text'."""
    return rx.el.ol(
        rx.foreach(events, lambda one, i: rx.el.li(rx.el.span(i + 1, class_name="c-number"), one["text"])),
        class_name="c-events",
    )


def chart_card(
    name: str,
    *,
    title: Any,
    chart: Any,
    label: Any,
    table: rx.Component,
    keys: Sequence[tuple[str, str]],
    note: Any = None,
    events: Any = None,
) -> rx.Component:
    """A chart titled by its message, with its table one click away. chart: a dict var shaped as Chart."""
    head = rx.el.div(
        rx.el.div(rx.el.h2(title), *([rx.el.p(note)] if note is not None else [])),
        segments(f"{name}-side", (("chart", "Chart"), ("table", "Table")), "Chart or table"),
        class_name="c-card-head",
    )
    return rx.el.section(
        head,
        rx.el.div(
            legend(keys),
            LazyPlot.create(data=chart, label=label),
            *([event_list(events)] if events is not None else []),
            class_name="c-chart-side",
        ),
        rx.el.div(table, class_name="c-table-side"),
        class_name="c-card c-twin",
    )
