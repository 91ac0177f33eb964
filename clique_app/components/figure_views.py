"""Figures as pages show them: values into words, lines into paths. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from clique_app.components.figures import Delta, Spark, Tile, delta, spark
from clique_app.metrics import format, overview_service
from clique_app.metrics.baselines import Step
from clique_app.metrics.definition import Figure, Period
from clique_app.metrics.overview_service import Day

STALE_AFTER = timedelta(hours=3)
STANDING = {"above": "Above normal", "within": "Within normal", "below": "Below normal", "unknown": ""}


def tile_view(tile: overview_service.Tile, currency: str, now: datetime, note: str = "") -> Tile:
    """A metric as a tile."""
    figure = tile.figure
    stale = bool(tile.ages) and (tile.fresh_at is None or now - tile.fresh_at > STALE_AFTER)
    return Tile(
        key=tile.metric.key,
        label=tile.metric.name,
        value=format.brief(figure.value, figure.unit, currency),
        delta=delta_view(tile),
        spark=line_view(tile.line),
        note=note,
        status=STANDING[tile.standing],
        age=format.age(tile.fresh_at, now) if tile.ages else "",
        state="unknown" if figure.value is None else "stale" if stale else "ready",
        reason=figure.reason,
    )


def delta_view(tile: overview_service.Tile) -> Delta:
    """The change against what the tile is compared with, or why there is none."""
    if tile.comparison is None:
        return Delta(against="Today is not over yet" if tile.period.days == 1 else "")
    against = f"vs {format.against(tile.comparison.against, tile.comparison.days)}"
    if tile.change is None:
        return Delta(against=f"Nothing to compare {against}" if tile.figure.value is not None else "")
    return delta(tile.change, against, good=tile.metric.good)


def line_view(line: tuple[Day, ...]) -> Spark:
    """A sparkline with its band, where every day has one."""
    low = [float(day.low) for day in line if day.low is not None]
    high = [float(day.high) for day in line if day.high is not None]
    return spark([None if day.value is None else float(day.value) for day in line], low, high)


def rounded(line: tuple[Day, ...], places: int = 2) -> list[float | None]:
    """A line's values for a chart, to the cent."""
    return [None if day.value is None else round(float(day.value), places) for day in line]


def against_normal(name: str, line: tuple[Day, ...], period: Period, step: Step = "day") -> str:
    """On how many days of the period, or in how many weeks that end in it, a line ran outside its normal range; ""
    where none can be judged."""
    judged = [
        (day.value, day.low, day.high)
        for day in line
        if period.start <= day.day <= period.end
        and day.value is not None
        and day.low is not None
        and day.high is not None
    ]
    if not judged:
        return ""
    above = sum(value > high for value, _, high in judged)
    below = sum(value < low for value, low, _ in judged)
    at = "on" if step == "day" else "in"
    outside = [f"{side} normal {at} {count}" for side, count in (("above", above), ("below", below)) if count]
    if not outside:
        return f"{name} stayed within normal {at} every {step}"
    return f"{name} ran {' and '.join(outside)} of {len(judged)} {step}s"


def written(figure: Figure, currency: str) -> str:
    """A figure at a glance."""
    return format.brief(figure.value, figure.unit, currency)
