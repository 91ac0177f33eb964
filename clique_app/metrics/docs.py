"""Writes docs/metrics.md from the catalogue: python -m clique_app.metrics.docs"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clique_app.metrics import baselines, examples, registry
from clique_app.metrics.definition import TIMES, Dimension, Formula, Metric, Reading

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
_HEAD = """# Metrics

Written from the catalogue (`clique_app/metrics/catalog/`) by `python -m clique_app.metrics.docs`; do not edit.

Days are the store's. A ratio is that of two values of the whole period and group, never a mean of days; over nothing it
is unknown, with the reason. A normal range is learnt by day, where nothing else stands. Every metric can be asked for
by day, week and month, and by what else stands at it:
`clique metrics show KEY --store SHOP --from DAY --to DAY --by DIMENSION`. One that says "by ... as KEY" is answered by
that metric there. Its functions for analysts ([sql.md](sql.md)) stand last.
"""
_MONTH = "'2026-07-01', '2026-07-31'"
_UNITS = {"money": "money in the store's currency", "count": "a count", "ratio": "a ratio", "percent": "a share"}
_GOOD = {"up": "more is better", "down": "less is better", "neither": "neither more nor less is better"}


def page() -> str:
    """The whole page."""
    titles = "\n".join(f"- [{title}](#{title.lower().replace(' ', '-')}): {len(of)}" for title, of in registry.THEMES)
    sections = (
        f"## {title}\n\n" + "\n".join("\n".join(_entry(item)) + "\n" for item in of) for title, of in registry.THEMES
    )
    return "\n".join((_HEAD, f"{len(registry.METRICS)} metrics:\n\n{titles}\n", *sections)).rstrip() + "\n"


def _entry(item: Metric) -> Iterator[str]:
    yield f"### {item.key}\n"
    yield f"**{item.name}.** {item.meaning}\n"
    yield f"- {_UNITS[item.unit].capitalize()}; {_GOOD[item.good]}. Source: {item.origin}."
    if isinstance(item, Formula):
        yield f"- `{item.expression}`"
        given, value = item.example
        yield f"- Example: {', '.join(f'{key} {one}' for key, one in given.items())} give {value}."
    else:
        rows, value = examples.of(item)
        yield f"- {'Read of' if isinstance(item, Reading) else 'Sum over'} rows; a row is {item.grain}."
        told = "; ".join(", ".join(f"{name} {one}" for name, one in row.items()) for row in rows)
        yield f"- Example: rows {told} give {value}." if rows[0] else f"- Example: {len(rows)} rows give {value}."
    if target := registry.target(item):
        yield f"- Target: {target}."
    if why := registry.matures(item):
        yield f"- {why}"
    if no_past := registry.no_past(item):
        yield f"- No normal range. {no_past}"
    elif baselines.step(item) == "week":
        yield "- Its normal range is learnt by week."
    yield f"- {_by(item)}"
    by = next((one for one in registry.dimensions(item) if one not in TIMES), "week")
    yield f"- `select clique.{item.key}({_MONTH})`; `select * from clique.{item.key}_by('{by}', {_MONTH})`"  # noqa: S608  # shown, not run


def _by(item: Metric) -> str:
    asked: list[Dimension] = [one for one in registry.dimensions(item) if one not in TIMES]
    answers = {one: registry.answering(item, [one]) for one in asked}
    told = [
        f"by {', '.join(one for one in asked if answers[one] is answer)}"
        + ("" if answer is item else f" as {answer.key}")
        for answer in dict.fromkeys(answers.values())
    ]
    by = f"B{'; '.join(told)[1:]}." if told else "Of the whole store."
    return f"{by} {registry.no_further(item)}".strip()


if __name__ == "__main__":
    PAGE.write_text(page())
