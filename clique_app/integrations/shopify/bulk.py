"""Shopify's bulk exports: started, followed, their file downloaded."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import httpx
import stamina

from clique_app.errors import RateLimited, Rejected, Unavailable
from clique_app.integrations.shopify import documents
from clique_app.integrations.shopify.client import Client, http
from clique_app.integrations.shopify.families import File

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


@contextmanager
def downloaded(export: Export) -> Iterator[File]:
    """The file of an ended export. It has no name, so that nothing is left of it when the process is killed."""
    with tempfile.TemporaryFile(prefix="shopify-bulk-") as file:
        count = 0 if export.url is None else _download(export.url, file)
        if export.url is not None and export.whole and count != export.lines:
            count = _download(export.url, file)  # it may have been cut off on the way, in silence
        if not export.whole:
            why = (export.error or export.status).lower().replace("_", " ")
            missing = f"Shopify stopped its export part-way ({why})."
        elif count != export.lines:
            missing = f"Shopify's export has {count:,} lines of {export.lines:,}."
        else:
            missing = ""
        yield File(file, missing)


def _download(url: str, file: IO[bytes]) -> int:
    """Onto disk as it comes; how many lines. The link carries its own permission: the token is not sent along."""
    for attempt in stamina.retry_context(on=_worth_another_try, attempts=5, timeout=None):
        with attempt:
            try:
                with http().stream("GET", url, timeout=httpx.Timeout(60, connect=5)) as answer:
                    if answer.status_code in (403, 404, 410):
                        raise LinkExpired("Shopify no longer keeps this export.")
                    if answer.status_code != 200:
                        raise Unavailable(f"Shopify did not give out its export (status {answer.status_code}).")
                    return _save(answer, file)
            except httpx.TransportError as error:
                raise Unavailable("Shopify's export was cut off.") from error
    raise AssertionError("unreachable")


def _save(answer: httpx.Response, file: IO[bytes]) -> int:
    file.seek(0)
    file.truncate()
    lines, last = 0, b"\n"
    for part in answer.iter_bytes(1 << 20):
        file.write(part)
        lines, last = lines + part.count(b"\n"), part[-1:]
    return lines + (last != b"\n")


def _worth_another_try(error: Exception) -> bool:
    return isinstance(error, Unavailable) and not isinstance(error, LinkExpired)
