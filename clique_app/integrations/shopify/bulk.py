"""Shopify's bulk exports: started, followed, and their file read in bounded memory whatever order its lines have."""

from __future__ import annotations

import json
import mmap
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import stamina

from clique_app.errors import RateLimited, Rejected, Unavailable
from clique_app.integrations.shopify import documents
from clique_app.integrations.shopify.client import Client, http

BUSY_RETRY_SECONDS = 30.0
ENDED = ("COMPLETED", "FAILED", "CANCELED", "EXPIRED")


class LinkExpired(Unavailable):
    """The file is no longer kept by Shopify: the export has to be run again."""


@dataclass(frozen=True)
class Export:
    """A bulk operation as it stands."""

    bulk_id: str
    status: str
    lines: int
    roots: int
    url: str | None  # None: nothing matched, or nothing could be read
    error: str | None

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def whole(self) -> bool:
        return self.status == "COMPLETED"


def start(client: Client, query: str) -> str:
    """Start an export; its id."""
    answer = client.mutate(documents.BULK_RUN, {"query": query})["bulkOperationRunQuery"]
    if not answer["userErrors"]:
        return answer["bulkOperation"]["id"]
    error = answer["userErrors"][0]
    if error["code"] in ("OPERATION_IN_PROGRESS", "LIMIT_REACHED"):
        raise RateLimited("Shopify is still busy with other exports of this store.", retry_after=BUSY_RETRY_SECONDS)
    raise Rejected(f"Shopify refused the export: {error['message']}")


def state(client: Client, bulk_id: str) -> Export:
    """How far an export is. One that Shopify has forgotten counts as expired."""
    found = client.query(documents.BULK_STATE, {"id": bulk_id})["bulkOperation"]
    if found is None:
        return Export(bulk_id, "EXPIRED", 0, 0, None, None)
    whole = found["status"] == "COMPLETED"
    return Export(
        bulk_id,
        found["status"],
        int(found["objectCount"]),
        int(found["rootObjectCount"]),
        found["url"] if whole else found["partialDataUrl"],
        found["errorCode"],
    )


def follow(client: Client, bulk_id: str) -> Iterator[Export]:
    """The states of an export until it has ended, asked for less and less often."""
    pause = 0.1
    while True:
        export = state(client, bulk_id)
        yield export
        if export.ended:
            return
        time.sleep(pause)
        pause = min(pause * 1.6, 5.0)


def records(
    export: Export, connection_of: Callable[[dict[str, Any]], str], *, skip: int, size: int
) -> Iterator[list[dict[str, Any]]]:
    """The objects of an ended export with their children in lists, `size` at a time, without the first `skip`."""
    if export.url is None:
        return
    with tempfile.TemporaryDirectory(prefix="shopify-bulk-") as folder:
        path = Path(folder) / "lines.jsonl"
        _download(export.url, path)
        if not path.stat().st_size:
            return
        with _mapped(path) as lines, closing(_index(lines, Path(folder) / "index.sqlite")) as index:
            count = index.execute("select count(*) from line").fetchone()[0]
            if export.whole and count != export.lines:
                raise Unavailable(f"Shopify's export has {count} lines of {export.lines}.")
            yield from _joined(lines, index, connection_of, skip, size)


def _download(url: str, path: Path) -> None:
    """Onto disk as it comes. The link carries its own permission: the access token is not sent along."""
    for attempt in stamina.retry_context(on=_worth_another_try, attempts=5, timeout=None):
        with attempt:
            try:
                with http().stream("GET", url, timeout=httpx.Timeout(60, connect=5)) as answer:
                    if answer.status_code in (403, 404, 410):
                        raise LinkExpired("Shopify no longer keeps this export.")
                    if answer.status_code != 200:
                        raise Unavailable(f"Shopify did not give out its export (status {answer.status_code}).")
                    with path.open("wb") as file:
                        for part in answer.iter_bytes():
                            file.write(part)
            except httpx.TransportError as error:
                raise Unavailable("Shopify's export was cut off.") from error


def _worth_another_try(error: Exception) -> bool:
    return isinstance(error, Unavailable) and not isinstance(error, LinkExpired)


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        yield lines


def _index(lines: mmap.mmap, path: Path) -> sqlite3.Connection:
    """Where each line is and whose child it is. Children may stand before or far from their parents."""
    index = sqlite3.connect(path)
    index.executescript(
        "pragma journal_mode = off; pragma synchronous = off;"
        "create table line (n integer primary key, parent text, id text, at integer, size integer)"
    )

    def rows() -> Iterator[tuple[str | None, str | None, int, int]]:
        at = 0
        while line := lines.readline():
            if not line.isspace():
                node = _parsed(line)
                yield node.get("__parentId"), node.get("id"), at, len(line)
            at += len(line)

    index.executemany("insert into line (parent, id, at, size) values (?, ?, ?, ?)", rows())
    index.execute("create index by_parent on line (parent)")
    return index


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        node = json.loads(line)
    except ValueError as error:
        raise Unavailable("Shopify's export has a line that is cut off.") from error
    if not isinstance(node, dict):
        raise Unavailable("Shopify's export has a line that is no object.")
    return node


def _joined(
    lines: mmap.mmap,
    index: sqlite3.Connection,
    connection_of: Callable[[dict[str, Any]], str],
    skip: int,
    size: int,
) -> Iterator[list[dict[str, Any]]]:
    roots = index.execute("select at, size from line where parent is null order by n limit -1 offset ?", (skip,))
    while chunk := roots.fetchmany(size):
        nodes = [json.loads(lines[at : at + length]) for at, length in chunk]
        level = {node["id"]: node for node in nodes}
        while level:
            below: dict[str, dict[str, Any]] = {}
            children = index.execute(
                "select parent, at, size from line where parent in (select value from json_each(?)) order by n",
                (json.dumps(list(level)),),
            )
            for parent, at, length in children:
                child = json.loads(lines[at : at + length])
                del child["__parentId"]
                level[parent].setdefault(connection_of(child), []).append(child)
                if "id" in child:
                    below[child["id"]] = child
            level = below
        yield nodes
