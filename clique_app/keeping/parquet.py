"""Parquet files: written whole or not at all. Polars is loaded by who calls these, so call them in a process apart."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Rows = list[tuple[Any, ...]]


def write(path: Path, columns: dict[str, str], rows: Rows) -> None:
    """A file of these rows, on the disk when this returns. columns: name to kind (see KINDS)."""
    import polars as pl

    kinds = {
        "whole": pl.Int64(),
        "text": pl.String(),
        "flag": pl.Boolean(),
        "day": pl.Date(),
        "time": pl.Datetime("us", "UTC"),
        "amount": pl.Decimal(38, 6),
        "json": pl.String(),
        "bytes": pl.Binary(),
    }
    texts = [index for index, kind in enumerate(columns.values()) if kind == "json"]
    plain = [tuple(json.dumps(value) if index in texts else value for index, value in enumerate(row)) for row in rows]
    frame = pl.DataFrame(plain, schema={name: kinds[kind] for name, kind in columns.items()}, orient="row")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("wb") as file:
        frame.write_parquet(file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def first(path: Path) -> dict[str, Any] | None:
    """The first row; None where the file was not finished."""
    import polars as pl

    try:
        return next(pl.read_parquet(path, n_rows=1).iter_rows(named=True), None)
    except (pl.exceptions.PolarsError, OSError):
        return None


def forget(folder: Path, pattern: str) -> int:
    """Empty every text that matches, in every file below. Returns how many rows were changed."""
    import re

    import polars as pl

    changed, compiled = 0, re.compile(pattern)
    for path in sorted({*folder.rglob("*.parquet"), *folder.rglob("*.parquet.pending")}):
        try:
            frame = pl.read_parquet(path)
        except pl.exceptions.PolarsError:
            continue  # a pending file that was never finished: its rows are still in the table
        rows = frame.rows()
        cleaned = [tuple("" if isinstance(v, str) and compiled.search(v) else v for v in row) for row in rows]
        here = sum(old != new for old, new in zip(rows, cleaned, strict=True))
        if here:
            partial = path.with_suffix(".partial")
            pl.DataFrame(cleaned, schema=frame.schema, orient="row").write_parquet(partial, compression="zstd")
            partial.replace(path)
            changed += here
    return changed
