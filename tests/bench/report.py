"""summary.json, the raw samples beside it, and the table."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.figure import Result

PACKAGES = ("reflex", "uvicorn", "dramatiq", "psycopg", "sqlalchemy", "playwright")


def circumstances() -> dict[str, Any]:
    """The machine and the programs, for whoever compares two runs."""
    return {
        "at": datetime.now(UTC).isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def write(folder: Path, name: str, result: Result, load: dict[str, Any]) -> None:
    """One benchmark's figures into summary.json (others' figures stay) and its raw samples beside."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    raw = {"benchmark": name, **circumstances(), **load, **asdict(result)}
    (folder / "samples" / f"{name}.json").write_text(json.dumps(raw, indent=1))
    summary = folder / "summary.json"
    rows = {row["key"]: row for row in json.loads(summary.read_text())} if summary.exists() else {}
    rows |= {figure.key: figure.as_row() for figure in result.figures}
    summary.write_text(json.dumps(sorted(rows.values(), key=lambda row: row["key"]), indent=1))


def table(result: Result) -> str:
    lines = []
    for row in (figure.as_row() for figure in result.figures):
        beside = "" if row["baseline"] is None else f"  beside {row['baseline']:,.5g}"
        beside += "" if row["ratio"] is None else f" (ratio {row['ratio']:.3g})"
        verdict = "" if row["met"] is None else ("  met" if row["met"] else "  UNMET") + f" {row['goal']}"
        lines.append(f"  {row['key']:34}{row['value']:>12,.5g} {row['unit']:4}{verdict}{beside}")
    return "\n".join([*lines, f"    on {result.on}", *(f"    {note}" for note in result.notes)])
