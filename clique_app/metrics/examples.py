"""A worked example of each total and reading: columns of rows as SQL writes them, and the value they give. Pure."""

from __future__ import annotations

import re

from clique_app.metrics.definition import Leaf, Reading

Example = tuple[tuple[dict[str, str], ...], str]


def of(leaf: Leaf) -> Example:
    """The entry's own; of what is plainly counted or added up, one made here."""
    if leaf.example:
        return leaf.example
    if isinstance(leaf, Reading) and leaf.each:
        return ({leaf.each: "1"}, {leaf.each: "1"}, {leaf.each: "2"}), "2"
    if leaf.amount == "1":
        return ({}, {}), "2"
    if found := re.fullmatch(r"(-?)([a-z]+\.[a-z_0-9]+)", leaf.amount):
        sign, column = found.groups()
        return ({column: f"{sign}30"}, {column: f"{sign}12.50"}), "42.50"
    raise ValueError(f"{leaf.key} adds up {leaf.amount}, which needs an example of its own")


def statement(leaf: Leaf) -> str:
    """Asks PostgreSQL for the value of the example."""
    rows, _ = of(leaf)
    columns: dict[str, list[str]] = {"r": []}
    for name in rows[0]:
        alias, column = name.split(".")
        columns.setdefault(alias, []).append(column)
    tables = [
        "(values {}) {} (n{})".format(
            ", ".join(
                f"({', '.join([str(number), *(row[f'{alias}.{name}'] for name in names)])})"
                for number, row in enumerate(rows)
            ),
            alias,
            "".join(f", {name}" for name in names),
        )
        for alias, names in columns.items()
    ]
    return f"select {leaf.value} from {tables[0]}" + "".join(f" join {table} using (n)" for table in tables[1:])  # noqa: S608
