"""A plan for a Shopify list as batches: by pages where it is short, by bulk file where it is long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clique_app.integrations.shopify import reads
from clique_app.integrations.shopify.client import Client
from clique_app.integrations.shopify.documents import Listing
from clique_app.integrations.shopify.values import instant, number
from clique_app.sync.source import Access, Aside, Batch, Plan

PAGED_UP_TO = 1000  # objects; above that a bulk file costs Shopify's limit less and is faster
NOT_SHOWN, DELETED = "no longer shown by Shopify", "deleted in Shopify"  # why something is skipped
OVERLAP = timedelta(minutes=10)  # read again before `since`: Shopify's index may lag behind its records


def client(access: Access) -> Client:
    return Client(access.shop_domain, access.token, access.patience_seconds)


def since(plan: Plan) -> datetime | None:
    """From when on changes are read (Shopify's times are whole seconds); None: everything is read."""
    return None if plan.since is None else (plan.since - OVERLAP).replace(microsecond=0)


def updated_since(plan: Plan) -> str | None:
    """The search for what changed, or None for everything."""
    start = since(plan)
    return None if start is None else f"updated_at:>='{_zulu(start)}'"


def until(plan: Plan) -> datetime | None:
    """Before when what is counted lies: its last change, or for an import its making. None: there is no bound."""
    return None if plan.until is None else plan.until.replace(microsecond=0)


def before(plan: Plan, search: str | None, made: str = "") -> str | None:
    """The search without what happened after the plan's until. made: the field that says when an object was made;
    without one, an import counts all."""
    end, field = until(plan), "updated_at" if plan.since else made
    return search if end is None or not field else " AND ".join(filter(None, (search, f"{field}:<'{_zulu(end)}'")))


def aside(access: Access, plan: Plan, listing: Listing, ids: list[int]) -> Aside:
    """Of these objects, those Shopify does not show any more and those that have changed after the plan's until."""
    shown = reads.by_ids(client(access), listing.brief, ids)
    end = until(plan) if plan.since else None
    later = sum(end is not None and instant(record["updatedAt"]) >= end for record in shown)
    return Aside(sorted(set(ids) - {number(record["id"]) for record in shown}), later)


def processed_within(access: Access, plan: Plan) -> str | None:
    """The search for orders of the plan's store days, or None for all ever."""
    zone = ZoneInfo(access.time_zone)
    bounds = []
    if plan.first_day is not None:
        bounds.append(f"processed_at:>='{_zulu(_midnight(plan.first_day, zone))}'")
    if plan.last_day is not None:
        bounds.append(f"processed_at:<'{_zulu(_midnight(plan.last_day + timedelta(days=1), zone))}'")
    return " AND ".join(bounds) or None


def batches(
    access: Access,
    plan: Plan,
    listing: Listing,
    search: str | None,
    noun: str,
    take: reads.Taken = reads.as_it_is,
) -> Iterator[Batch]:
    """All that the search finds, from where the plan's position says."""
    shopify, position = client(access), plan.position
    expected = position.get("expected")
    read = int(position.get("read", 0))
    if "bulk" not in position and "after" not in position:
        expected, read = reads.count(shopify, listing, search), 0
    paged = "after" in position or ("bulk" not in position and _is_short(expected))
    if paged:
        chunks = reads.pages(shopify, listing, search, after=position.get("after"), take=take)
    else:
        chunks = reads.exported(shopify, listing, search, position, take)
    for chunk in chunks:
        read = chunk.position.get("done", read + len(chunk.records))
        if chunk.expected is not None:
            expected = chunk.expected
        going_on = {**chunk.position, "read": read, "expected": expected} if chunk.position else {}
        yield Batch(chunk.records, going_on, _stage(noun, chunk, read, expected), expected, chunk.missing)


def _is_short(expected: int | None) -> bool:
    return expected is not None and expected <= PAGED_UP_TO


def _stage(noun: str, chunk: reads.Chunk, read: int, expected: int | None) -> str:
    if chunk.preparing is not None:
        return f"{noun}: Shopify is preparing them, {chunk.preparing:,} so far"
    return f"{noun}, {read:,}" if expected is None else f"{noun}, {read:,} of {expected:,}"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
