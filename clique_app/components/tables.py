"""The data table: right-aligned tabular numbers, cells that open, totals, sorting, paging, CSV of what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from clique_app.components.figures import opens
from clique_app.components.status import badge, icon


@dataclass(frozen=True)
class Column:
    """A column's head. sort: the key given to on_sort; empty where it cannot be sorted by."""

    label: str | rx.Var[str]
    right: bool = False
    sort: str = ""
    main: bool = False  # in a stacked table at 390: the value kept at the right
    named: bool = False  # in a stacked table at 390: the label stands before the value


@dataclass(frozen=True)
class Cell:
    """One cell as it is shown."""

    text: str
    sub: str = ""  # second line
    opens: str = ""  # key given to on_open
    badge: str = ""  # a state of status.TONES: the text becomes a badge
    tone: str = ""  # second, good, bad
    strong: bool = False
    raw: str = ""  # unrounded value for CSV


@dataclass(frozen=True)
class Row:
    """One row, its cells in the columns' order."""

    key: str
    cells: list[Cell]


@dataclass(frozen=True)
class Paging:
    """Where in the rows the page is, in words, and whether there is more."""

    text: str = ""
    has_previous: bool = False
    has_next: bool = False


def _head(column: Column, on_sort: Any, sort: Any, descending: Any) -> rx.Component:
    align = {"data-align": "right"} if column.right else {}
    if not (column.sort and on_sort is not None):
        return rx.el.th(column.label, custom_attrs={"scope": "col", **align})
    current = sort == column.sort
    direction = rx.cond(current, rx.cond(descending, "descending", "ascending"), "none")
    mark = rx.cond(current, rx.cond(descending, " ↓", " ↑"), "")
    button = rx.el.button(column.label, mark, type="button", class_name="c-sort", on_click=on_sort(column.sort))
    return rx.el.th(button, custom_attrs={"scope": "col", "aria-sort": direction, **align})


def _cell(cell: Any, column: Column, on_open: Any) -> rx.Component:
    text = cell.text
    shown = (
        rx.cond(cell.opens != "", opens(text, on_open(cell.opens)), rx.fragment(text))
        if on_open is not None
        else rx.fragment(text)
    )
    shown = rx.cond(cell.badge != "", badge(text, cell.badge), shown)
    return rx.el.td(
        shown,
        rx.cond(cell.sub != "", rx.el.span(cell.sub, class_name="c-sub")),
        custom_attrs={
            "data-tone": cell.tone,
            "data-strong": rx.cond(cell.strong, "true", "false"),
            "data-raw": cell.raw,
            **({"data-align": "right"} if column.right else {}),
            **({"data-main": "true"} if column.main else {}),
            **({"data-label": column.label} if column.named else {}),
        },
    )


def data_table(
    name: str,
    columns: Sequence[Column],
    rows: Any,
    *,
    label: str,
    total: Any = None,
    on_open: Any = None,
    row_action: Any = None,
    on_sort: Any = None,
    sort: Any = "",
    descending: Any = True,
    paging: Any = None,
    on_previous: Any = None,
    on_next: Any = None,
    stacked: bool = False,
) -> rx.Component:
    """rows: a list[Row] var; total: a Row var with an empty key where there is none. name is the table's id.

    row_action(row) may return one more cell's content (a button). stacked: at 390 each row becomes two lines.
    """
    heads = [_head(column, on_sort, sort, descending) for column in columns]
    if row_action is not None:
        heads.append(rx.el.th(rx.el.span("Action", class_name="c-visually-hidden")))

    def line(row: Any) -> rx.Component:
        cells = [_cell(row.cells[i], column, on_open) for i, column in enumerate(columns)]
        if row_action is not None:
            cells.append(rx.el.td(row_action(row), custom_attrs={"data-align": "right"}))
        return rx.el.tr(*cells, key=row.key)

    parts = [rx.el.thead(rx.el.tr(*heads)), rx.el.tbody(rx.foreach(rows, line))]
    if total is not None:
        parts.append(rx.el.tfoot(rx.cond(total.key != "", line(total))))
    table = rx.el.table(
        *parts,
        id=name,
        class_name="c-table",
        custom_attrs={"aria-label": label, "data-stacked": "true" if stacked else "false"},
    )
    scroll = rx.el.div(
        table, class_name="c-table-scroll", tab_index=0, role="region", custom_attrs={"aria-label": label}
    )
    if paging is None:
        return scroll
    foot = rx.el.div(
        rx.el.span(paging.text),
        rx.el.div(
            rx.el.button(
                "Previous",
                type="button",
                class_name="c-plain-button",
                disabled=~paging.has_previous,
                on_click=on_previous,
            ),
            rx.el.button(
                "Next", type="button", class_name="c-plain-button", disabled=~paging.has_next, on_click=on_next
            ),
            class_name="c-actions",
        ),
        class_name="c-table-foot",
    )
    return rx.fragment(scroll, foot)


def csv_button(table_name: str, file_name: Any) -> rx.Component:
    """Saves the rows that are seen, with their unrounded values where cells have them."""
    return rx.el.button(
        icon("export"),
        "CSV",
        type="button",
        class_name="c-plain-button",
        custom_attrs={"data-csv": table_name, "data-name": file_name},
    )


def agrees(text: Any) -> rx.Component:
    """Below a table: its total equals the value above."""
    return rx.el.p(icon("check-circle", "success"), text, class_name="c-agrees")
