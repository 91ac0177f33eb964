"""What a source is: where batches come from, how they are written, and the count that proves them whole.

The runner (tasks/sync.py) is the same for all sources: for each batch, one transaction that writes the records,
the counters of the run and the position to go on from; then a push to the open pages; at the end the reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from sqlmodel import Session

from clique_app.integrations.access import Access

__all__ = ["Access", "Aside", "Askable", "Batch", "Kind", "Plan", "Source", "Written"]

Kind = Literal["first_import", "history", "catch_up", "manual", "final"]


@dataclass(frozen=True)
class Plan:
    """What to read: everything from first_day on (imports), or what was updated since `since` (catch-up). What
    happens after `until`, as the reading began, may be read or not: it is not counted, and the next reads it."""

    kind: Kind
    first_day: date | None = None  # None: all history
    last_day: date | None = None
    since: datetime | None = None
    until: datetime | None = None
    position: dict[str, Any] = field(default_factory=dict)  # of an interrupted run of the same plan


@dataclass(frozen=True)
class Batch:
    """Some records as the source's write takes them, and where to go on after they are written."""

    records: list[Any]
    position: dict[str, Any]
    stage: str  # in words: "Orders, 12,400 of 43,120"
    expected: int | None = None  # the source's own count of the whole plan, once known
    missing: str = ""  # in words, what the platform announced and did not give: the run is then not whole


@dataclass(frozen=True)
class Written:
    """read = written + sum(skipped). Ids and days of what changed, for attribution and figures."""

    read: int
    written: int
    skipped: dict[str, int] = field(default_factory=dict)  # why: how many
    order_ids: tuple[int, ...] = ()
    wrong_costs: tuple[str, ...] = ()  # SKUs whose cost metafield holds no amount
    gone: tuple[int, ...] = ()  # ids of what was asked for and is not shown any more
    missing: str = ""  # in words, as of a batch: what came of it and what the platform says do not agree


@dataclass(frozen=True)
class Aside:
    """Of what is here, what the platform's own count leaves out without anything being wrong."""

    gone: list[int]  # it does not show them any more
    later: int  # they have changed after the plan's until


class Source(Protocol):
    """One source of a platform, an entry of SOURCES."""

    key: str  # shopify_orders
    label: str  # "Shopify orders"
    channel: str  # whose connection: shopify | meta
    tables: tuple[str, ...]  # what it fills; their rows are its rows
    cadence: str  # "Webhooks, hourly catch-up"
    stale_after: timedelta

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        """Read the platform. No database here; a batch may be asked for long after the one before."""
        ...

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        """Write one batch, safe to repeat in any order."""
        ...

    def source_count(self, access: Access, plan: Plan) -> int | None:
        """The platform's own count of what the plan should have brought, or None where it has none."""
        ...

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        """Our count of the same."""
        ...


@runtime_checkable
class Askable(Source, Protocol):
    """A source whose objects can be asked for by their ids."""

    def kept_ids(self, session: Session, store_id: int, plan: Plan) -> list[int]:
        """The objects that kept_count counts."""
        ...

    def aside(self, access: Access, plan: Plan, ids: list[int]) -> Aside:
        """What the platform says of these one by one."""
        ...
