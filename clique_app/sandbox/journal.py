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
        self._known_bytes = 0  # what the world has applied of it; its own changes are known to it

    def read(self) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """Entries not yet applied, in their order; a line cut off by a crash was never answered and is dropped."""
        if self._path is None or not self._path.exists():
            return
        whole = self._path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            self._path.write_bytes(whole[:end])
        news, self._known_bytes = whole[self._known_bytes : end], end
        for line in news.splitlines():
            entry = json.loads(line)
            yield datetime.fromisoformat(entry["at"]), entry["change"], entry["args"]

    def append(self, at: datetime, change: str, args: dict[str, Any]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"at": at.isoformat(), "change": change, "args": args}).encode() + b"\n"
        with self._path.open("ab") as file:
            file.write(line)
        self._known_bytes += len(line)
