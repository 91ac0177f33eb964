"""Figures: the link that opens a number, tiles, deltas, sparklines, intervals. Values come written; see format.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import reflex as rx

from clique_app.components.status import bone
from clique_app.metrics import format

SPARK_WIDTH, SPARK_HEIGHT = 100.0, 36.0


@dataclass(frozen=True)
class Delta:
    """A change as it is shown: never colour alone."""

    text: str = ""  # '+7.0%'
    arrow: str = ""  # ↑ ↓ or empty
    tone: str = "neither"  # good, bad, neither
    against: str = ""  # 'vs 7–13 Nov'


def delta(change: Decimal | None, against: str, *, good: Literal["up", "down", "neither"] = "up") -> Delta:
    """A relative change against what is named; good says which way is welcome. Nothing to compare with: empty."""
    if change is None or not against:
        return Delta()
    text = format.signed_percent(change)
    if text == format.signed_percent(Decimal(0)):
        return Delta(text, "", "neither", against)
    tone = "neither" if good == "neither" else "good" if (change > 0) == (good == "up") else "bad"
    return Delta(text, "↑" if change > 0 else "↓", tone, against)


@dataclass(frozen=True)
class Spark:
    """SVG path data of a sparkline and its normal band."""

    line: str = ""
    band: str = ""


@dataclass(frozen=True)
class Tile:
    """One tile as it is shown. state: ready, unknown (reason says why and when) or stale."""

    key: str
    label: str
    value: str
    delta: Delta = field(default_factory=Delta)
    spark: Spark = field(default_factory=Spark)
    note: str = ""  # beside the value: 'platforms claim 3.90'
    status: str = ""  # foot, left: 'Above normal'
    age: str = ""  # foot, right: '41 min ago'
    state: str = "ready"
    reason: str = ""


@dataclass(frozen=True)
class Interval:
    """A range with its middle and a reference, as CSS positions."""

    left: str
    width: str
    middle: str
    reference: str
    tone: str
    label: str


def opens(text: Any, on_open: Any, *, label: Any = None) -> rx.Component:
    """A number that opens: the dotted underline is the one sign for it."""
    attributes = {"aria-label": label} if label is not None else {}
    return rx.el.button(text, type="button", class_name="c-opens", on_click=on_open, custom_attrs=attributes)


def spark(values: Sequence[float | None], low: Sequence[float] = (), high: Sequence[float] = ()) -> Spark:
    """Paths of a series (None leaves a gap) and, where given, of its normal band."""
    known = [*(v for v in values if v is not None), *low, *high]
    if len(values) < 2 or not known:
        return Spark()
    bottom, top = min(known), max(known)
    height = (top - bottom) or 1.0
    across = _across(len(values))
    foot, tall = SPARK_HEIGHT - 2, SPARK_HEIGHT - 4

    def points(series: Sequence[float | None]) -> list[str]:
        return [
            "" if value is None else f"{x} {foot - (value - bottom) / height * tall:.1f}"
            for x, value in zip(across, series, strict=True)
        ]

    drawn = points(values)
    line = "".join(f"{'L' if before else 'M'}{point}" for before, point in pairwise(["", *drawn]) if point)
    band = ""
    if len(low) == len(high) == len(values):
        band = "M" + "L".join([*points(high), *reversed(points(low))]) + "Z"
    return Spark(line, band)


@lru_cache(maxsize=16)
def _across(count: int) -> tuple[str, ...]:
    """Where so many points stand from left to right: the same in every tile of a page."""
    return tuple(f"{index / (count - 1) * SPARK_WIDTH:.1f}" for index in range(count))


def interval(
    low: float, high: float, middle: float, *, least: float, most: float, reference: float = 0.0, label: str
) -> Interval:
    """A range on an axis from least to most. Its tone says whether it lies beyond the reference."""
    span = (most - least) or 1.0

    def share(value: float) -> float:
        return min(100.0, max(0.0, (value - least) / span * 100))

    tone = "good" if low > reference else "bad" if high < reference else "neither"
    left, right = share(low), share(high)
    return Interval(
        f"{left:.1f}%", f"{right - left:.1f}%", f"{share(middle):.1f}%", f"{share(reference):.1f}%", tone, label
    )


def interval_bar(value: Any) -> rx.Component:
    """An Interval drawn: bar, dot, dashed reference."""
    return rx.el.span(
        rx.el.i(style={"left": value.left, "width": value.width}),
        rx.el.b(style={"left": value.middle}),
        rx.el.u(style={"left": value.reference}),
        class_name="c-interval",
        role="img",
        custom_attrs={"aria-label": value.label, "data-tone": value.tone},
    )


def delta_line(change: Any) -> rx.Component:
    """'↑ +7.0% vs 7–13 Nov'."""
    return rx.el.div(
        rx.cond(change.text != "", rx.el.b(change.arrow + " " + change.text), rx.fragment()),
        change.against,
        class_name="c-delta",
        custom_attrs={"data-tone": change.tone},
    )


def sparkline(value: Any) -> rx.Component:
    """Decorative: the tile's words say the same."""
    return rx.el.svg(
        rx.el.path(d=value.band, class_name="band"),
        rx.el.path(d=value.line, class_name="line"),
        view_box=f"0 0 {SPARK_WIDTH:g} {SPARK_HEIGHT:g}",
        class_name="c-spark",
        custom_attrs={"preserveAspectRatio": "none", "aria-hidden": "true"},
    )


def tile(value: Any, on_open: Any) -> rx.Component:
    """One tile; the whole of it opens the figure."""
    unknown = value.state == "unknown"
    return rx.el.div(
        opens(value.label, on_open),
        rx.el.div(value.value, rx.cond(value.note != "", rx.el.small(value.note)), class_name="c-value"),
        rx.cond(
            unknown,
            rx.el.p(value.reason, class_name="c-reason"),
            rx.fragment(delta_line(value.delta), sparkline(value.spark)),
        ),
        rx.el.div(rx.el.span(value.status), rx.el.span(value.age), class_name="c-foot"),
        class_name="c-tile",
        custom_attrs={"data-state": value.state, "data-figure": value.key},
    )


def tiles(values: Any, on_open: Any, *, loading: int = 8) -> rx.Component:
    """The grid of tiles of a list var; a skeleton of that many while it is empty. on_open takes a tile's key."""
    skeleton = [
        rx.el.div(
            bone("55%"),
            bone("45%", "20px"),
            bone("70%"),
            bone("100%", "30px"),
            class_name="c-tile",
            style={"gap": "10px"},
            custom_attrs={"aria-hidden": "true"},
        )
        for _ in range(loading)
    ]
    return rx.el.section(
        rx.cond(
            values.length() > 0, rx.foreach(values, lambda one: tile(one, on_open(one.key))), rx.fragment(*skeleton)
        ),
        class_name="c-tiles",
        custom_attrs={"aria-label": "Figures"},
    )


def big_value(value: Any, change: Any, state: rx.Component | None = None) -> rx.Component:
    """The figure at the head of its panel."""
    return rx.el.div(rx.el.strong(value), delta_line(change), *([state] if state else []), class_name="c-big")
