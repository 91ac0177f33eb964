"""A figure as machines read it: plain JSON values. Pure."""

from __future__ import annotations

from typing import Any

from clique_app.metrics import format
from clique_app.metrics.definition import Figure


def number(figure: Figure, currency: str) -> float | int | None:
    """Money to the cent, all else to ten decimals, and as a whole number where a count is one; None is unknown."""
    if figure.value is None:
        return None
    if figure.unit == "count" and figure.value == int(figure.value):
        return int(figure.value)
    return float(format.cents(figure.value, currency) if figure.unit == "money" else round(figure.value, 10))


def of(figure: Figure, currency: str) -> dict[str, Any]:
    """key, value, unit, the values of its inputs, its margin where it has one; a reason where the value is unknown."""
    told: dict[str, Any] = {
        "key": figure.key,
        "value": number(figure, currency),
        "unit": figure.unit,
        "inputs": {part.key: number(part, currency) for part in figure.inputs},
    }
    if figure.margin is not None:
        told["margin"] = float(round(figure.margin, 6))
    return {**told, "reason": figure.reason} if figure.reason else told


def text(told: dict[str, Any]) -> str:
    """The same for people, a line each."""

    def line(one: dict[str, Any], label: str) -> str:
        shown = "unknown" if one["value"] is None else f"{one['value']:,}"
        return f"{label:24} {shown:>18} {one.get('reason', '')}".rstrip()

    lines = [line(told, told["key"])]
    lines += [f"  {key:22} {'unknown' if value is None else f'{value:,}':>18}" for key, value in told["inputs"].items()]
    if target := told.get("target"):
        lines.append(f"Target: {target['side']} {'unknown' if target['value'] is None else target['value']}")
    lines += [line(row, row["name"]) for row in told.get("rows", [])]
    return "\n".join([*lines, *told.get("notes", [])])
