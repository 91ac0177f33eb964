"""The list of everything that was changed from outside, one JSON line each; replayed at the next start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any


class Journal:
    """Append-only. Without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """Entries in the order they happened; a line cut off by a crash was never answered and is dropped."""
        if self._path is None or not self._path.exists():
            return
        whole = self._path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            self._path.write_bytes(whole[:end])
        for line in whole[:end].splitlines():
            entry = json.loads(line)
            yield datetime.fromisoformat(entry["at"]), entry["change"], entry["args"]

    def append(self, at: datetime, change: str, args: dict[str, Any]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": at.isoformat(), "change": change, "args": args}) + "\n")
