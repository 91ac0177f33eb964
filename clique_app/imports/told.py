"""A preview in words and as JSON, for the command line. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clique_app.imports.records import KINDS
from clique_app.imports.service import Preview

AMOUNTS = {"orders": "net sales", "spend": "spend"}


def as_json(shown: Preview, done: Mapping[str, int] | None) -> dict[str, Any]:
    """Everything a program wants to know. done: what was imported, None where nothing was."""
    return {
        "file": shown.name,
        "kind": shown.kind,
        "lines": shown.lines,
        "counts": {"new": shown.new, "replaced": shown.replaced, "kept": shown.kept},
        "first_day": shown.first_day.isoformat() if shown.first_day else None,
        "last_day": shown.last_day.isoformat() if shown.last_day else None,
        "amount": f"{shown.amount:.2f}" if shown.amount is not None else None,
        "currency": shown.currency,
        "notes": list(shown.notes),
        "problem_count": shown.problem_count,
        "problems": [{"line": one.line, "column": one.column, "message": one.message} for one in shown.problems],
        "file_id": shown.file_id if done is not None else None,
        "imported": dict(done) if done is not None else None,
    }


def as_text(shown: Preview, done: Mapping[str, int] | None) -> str:
    """The same for people."""
    kind = KINDS[shown.kind] if shown.kind else "unknown kind"
    lines = [f"{shown.name}: {kind}, {shown.lines:,} lines"]
    if shown.first_day and shown.last_day:
        lines.append(f"{shown.first_day:%-d %b %Y} to {shown.last_day:%-d %b %Y}")
    if shown.kind in AMOUNTS and shown.amount is not None:
        lines.append(f"{AMOUNTS[shown.kind]} {shown.amount:,.2f} {shown.currency}")
    lines.append(f"{shown.noun}: {shown.new:,} new, {shown.replaced:,} to replace, {shown.kept:,} already here")
    lines += shown.notes
    if shown.problem_count:
        lines.append(f"{shown.problem_count:,} problems; nothing can be imported until they are mended:")
        lines += [f"  line {one.line}, {one.column or 'whole line'}: {one.message}" for one in shown.problems]
    if done is not None:
        lines.append("Imported: " + ", ".join(f"{count:,} {word}" for word, count in done.items()))
    return "\n".join(lines)
