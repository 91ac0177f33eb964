"""What is read from a store: its facts, objects by id, whole lists by page or by bulk file, and counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.shopify import apart, bulk, documents
from clique_app.integrations.shopify.client import Client
from clique_app.integrations.shopify.documents import Listing
from clique_app.integrations.shopify.families import CutShort, Taken, as_it_is
from clique_app.integrations.shopify.values import number

BY_IDS_UP_TO = 5  # objects; above that a search for their ids costs Shopify's limit less
EXPORT_RUNS = 3  # of one list, where a file failed or was gone before it was read


@dataclass(frozen=True)
class ShopFacts:
    shop_domain: str
    name: str
    currency: str
    time_zone: str
    country: str
    scopes: tuple[str, ...]  # as granted now


@dataclass(frozen=True)
class Chunk:
    """Some records and where to go on: {'after': cursor} of pages, {'bulk': id, 'done': n, 'at': byte} of a file."""

    records: list[Any]
    position: dict[str, Any]
    expected: int | None = None
    preparing: int | None = None  # objects Shopify has put into the file so far
    missing: str = ""  # in words, what could not be read


def shop(client: Client) -> ShopFacts:
    """The store as Shopify has it now."""
    data = client.query(documents.SHOP)
    found, installed = data["shop"], data["currentAppInstallation"]
    return ShopFacts(
        found["myshopifyDomain"],
        found["name"],
        found["currencyCode"],
        found["ianaTimezone"],
        found["shopAddress"]["countryCodeV2"] or "",
        tuple(sorted(scope["handle"] for scope in installed["accessScopes"])),
    )


def count(client: Client, listing: Listing, search: str | None) -> int | None:
    """Shopify's own count; None where it only knows a lower bound."""
    found = client.query(listing.count(), {"query": search})["count"]
    return found["count"] if found and found["precision"] == "EXACT" else None


def by_ids(client: Client, listing: Listing, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of the objects that still exist, whole.

    Shopify charges each object asked for by its id in full, but a page of fifty little more than one of ten: many are
    searched for by their ids, and what the search's index does not show yet is asked for by its id."""
    left = dict.fromkeys(ids)
    nodes: list[dict[str, Any]] = []
    if len(left) > BY_IDS_UP_TO:
        for part in _parts(list(left), listing.page_size):
            search = " OR ".join(f"id:{i}" for i in part)
            for page in client.pages(listing.paged(), listing.root, size=len(part), search=search):
                nodes += page.nodes
    for node in nodes:
        left.pop(number(node["id"]), None)
    nodes += client.by_ids(listing.by_ids(), [listing.gid(i) for i in left], size=listing.ids_size)
    return _whole(client, listing, nodes)


def _parts(ids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def pages(
    client: Client, listing: Listing, search: str | None, *, after: str | None = None, take: Taken = as_it_is
) -> Iterator[Chunk]:
    """A list page by page."""
    for page in client.pages(listing.paged(), listing.root, size=listing.page_size, search=search, after=after):
        records = [take(record) for record in _whole(client, listing, page.nodes)]
        yield Chunk(records, {"after": page.cursor} if page.cursor else {})


def exported(
    client: Client, listing: Listing, search: str | None, position: dict[str, Any], take: Taken = as_it_is
) -> Iterator[Chunk]:
    """A list by bulk file, going on where `position` says. A file that is no longer kept, or lacks something, is
    made anew; the position counts how often. What the last one has is handed on with what it lacks."""
    bulk_id, runs = position.get("bulk"), int(position.get("runs", 0))
    done, at = int(position.get("done", 0)), int(position.get("at", 0))
    while True:
        if bulk_id is None:
            if runs == EXPORT_RUNS:
                raise Rejected(f"Shopify has failed to export this list {runs} times. Sync again later.")
            bulk_id, done, at, runs = bulk.start(client, listing.bulk(search or "")), 0, 0, runs + 1
        try:
            for chunk in _followed(client, listing, bulk_id, done, at, take, last=runs == EXPORT_RUNS):
                yield replace(chunk, position={**chunk.position, "runs": runs})
        except (bulk.LinkExpired, CutShort):
            bulk_id = None
            continue
        return


def _followed(
    client: Client, listing: Listing, bulk_id: str, done: int, begin: int, take: Taken, *, last: bool
) -> Iterator[Chunk]:
    export = None
    for export in bulk.follow(client, bulk_id):
        if not export.ended:
            yield Chunk([], {"bulk": bulk_id, "done": done, "at": begin}, preparing=export.roots)
    assert export is not None
    with bulk.downloaded(export) as file:
        if file.missing and not last:
            raise CutShort(file.missing)
        at = begin
        for records, at in apart.parts(file, listing, take, at=begin):
            done += len(records)
            yield Chunk(records, {"bulk": bulk_id, "done": done, "at": at}, export.roots)
        missing = file.missing
        if not missing and done != export.roots:
            missing = f"Shopify's export has {done:,} records of {export.roots:,}."
        yield Chunk([], {"bulk": bulk_id, "done": done, "at": at}, export.roots, missing=missing)


def _whole(client: Client, listing: Listing, nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nodes with plain lists. What has a list too long for a page is read by bulk file, which cuts nothing off."""
    records, cut_off = [], []
    for node in nodes:
        record, whole = listing.flattened(node)
        if whole:
            records.append(record)
        else:
            cut_off.append(number(record["id"]))
    if cut_off:
        search = " OR ".join(f"id:{i}" for i in cut_off)
        for chunk in exported(client, listing, search, {}):
            if chunk.missing:
                raise Unavailable(chunk.missing)
            records += chunk.records
    return records
