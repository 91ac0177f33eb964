"""What the Settings page shows of keeping: privacy requests, and the last cleanup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from clique_app.keeping.cleanup import CLEANED
from clique_app.tables import AuditEntry, PrivacyRequest, Store

SHOWN = 50


@dataclass(frozen=True)
class Asked:
    """One privacy request. rows: found or changed; places: in how many tables, or archive or queue."""

    request_id: int
    kind: str
    reference: str
    state: str
    asked_at: datetime
    answered_at: datetime | None
    rows: int
    places: int
    has_report: bool
    note: str


@dataclass(frozen=True)
class Overview:
    """Requests newest first; how many rows the last cleanup took away."""

    time_zone: str
    requests: tuple[Asked, ...]
    cleaned_at: datetime | None
    archived: int
    deleted: int


def read(session: Session, store_id: int) -> Overview:
    """As it stands now."""
    requests = session.exec(
        select(PrivacyRequest)
        .where(PrivacyRequest.store_id == store_id)
        .order_by(col(PrivacyRequest.request_id).desc())
        .limit(SHOWN)
    )
    cleaned = session.exec(
        select(AuditEntry)
        .where(AuditEntry.store_id == store_id, AuditEntry.what == CLEANED)
        .order_by(col(AuditEntry.entry_id).desc())
        .limit(1)
    ).first()
    counts = list(cleaned.detail.values()) if cleaned else []
    return Overview(
        time_zone=session.get_one(Store, store_id).time_zone,
        requests=tuple(_asked(request) for request in requests),
        cleaned_at=cleaned.at if cleaned else None,
        archived=sum(count.get("archived", 0) for count in counts),
        deleted=sum(count.get("deleted", 0) for count in counts),
    )


def _asked(request: PrivacyRequest) -> Asked:
    return Asked(
        request_id=request.request_id,
        kind=request.kind,
        reference=request.reference,
        state=request.state,
        asked_at=request.asked_at,
        answered_at=request.answered_at,
        rows=sum(request.counts.values()),
        places=len(request.counts),
        has_report=bool(request.report),
        note=request.note,
    )
