"""`clique lab paths`: credits of paths that are counted together."""

from __future__ import annotations

import re
from pathlib import Path as File
from typing import Any

from clique_app.attribution import models
from clique_app.lab.table import BadFile, Table, opened

JOINT = re.compile(r"(?<!\S)>(?!\S)")  # stands alone; the one in a->b is part of a name


def answer(file: File, model: models.Model, half_life: float) -> dict[str, Any]:
    """Each channel's conversions and value."""
    credited = models.credit(read(opened(file)), model, half_life)
    told: dict[str, Any] = {"model": model}
    if model == "decay":
        told["half_life_touches"] = half_life
    channels = {name: {"conversions": one.conversions, "value": one.value} for name, one in credited.items()}
    return {**told, "channels": channels}


def read(table: Table) -> list[models.Path]:
    """The file's paths; a column that is left out counts 0."""
    table.needs("path", "total_conversions")
    valued, nulls = table.has("total_conversion_value"), table.has("total_null")
    paths = []
    for row in table.rows():
        touches = tuple(touch.strip() for touch in JOINT.split(row.text("path")))
        if not all(touches):
            raise BadFile(
                f"Line {row.line}: path {row.cells['path'][:60]!r} has an empty touch. Join touches by ' > '."
            )
        paths.append(
            models.Path(
                touches,
                row.number("total_conversions"),
                row.number("total_conversion_value") if valued else 0.0,
                row.number("total_null") if nulls else 0.0,
            )
        )
    if not paths:
        raise BadFile("The file has a header and no paths.")
    return paths


def text(told: dict[str, Any]) -> str:
    """The same for people; the largest credit first."""
    lines = [f"{told['model']:32} {'conversions':>14} {'value':>18}"]
    by_size = sorted(told["channels"].items(), key=lambda item: -item[1]["conversions"])
    lines += [f"{name:32} {one['conversions']:14,.2f} {one['value']:18,.2f}" for name, one in by_size]
    whole = [sum(one[key] for one in told["channels"].values()) for key in ("conversions", "value")]
    return "\n".join([*lines, f"{'all':32} {whole[0]:14,.2f} {whole[1]:18,.2f}"])
