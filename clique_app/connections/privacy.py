"""Shopify's privacy topics. What is kept of a person is a keyed hash of the e-mail and the postal area."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.tables import APPEND_ONLY_TABLES, GLOBAL_TABLES, METADATA, AuditEntry, Store

KEPT_OF_A_STORE = {"store", *APPEND_ONLY_TABLES, *GLOBAL_TABLES}  # its id, and records without personal data


def record_request(session: Session, store_id: int, payload: dict[str, Any]) -> str:
    """A person asks what is kept: the merchant, who answers, finds it in the audit trail."""
    person = _customer(payload)
    row = session.execute(
        sa.text("select country, region, postal_code from customer where store_id = :store and customer_id = :id"),
        {"store": store_id, "id": person},
    ).first()
    kept = dict(row._mapping) if row else {}
    _audit(session, store_id, "privacy.data_request", {"customer_id": person, "kept": kept})
    return ""


def redact_customer(session: Session, store_id: int, payload: dict[str, Any]) -> str:
    """Forget who a person is; the sales stay."""
    person = _customer(payload)
    orders = [int(i) for i in payload.get("orders_to_redact") or ()]
    session.execute(
        sa.text(
            "update customer set email_hmac = null, country = '', region = '', postal_code = ''"
            " where store_id = :store and customer_id = :id"
        ),
        {"store": store_id, "id": person},
    )
    session.execute(
        sa.text(
            "update shop_order set country = '', region = '', postal_code = '', customer_id = null"
            " where store_id = :store and order_id = any(:orders)"
        ),
        {"store": store_id, "orders": orders},
    )
    _audit(session, store_id, "privacy.customer_redacted", {"orders": len(orders)})
    return ""


def redact_store(session: Session, store_id: int) -> str:
    """48 hours after an uninstall: everything of the store goes, but its id and the audit trail."""
    store = session.get_one(Store, store_id)
    if store.uninstalled_at is None:
        return "The store has installed Clique again."
    for table in reversed(METADATA.sorted_tables):
        if table.name not in KEPT_OF_A_STORE:
            session.execute(sa.delete(table).where(table.c.store_id == store_id))
    store.name, store.country = "", ""
    store.history_from, store.history_complete, store.launched_at = None, False, None
    _audit(session, store_id, "privacy.store_redacted", {})
    return ""


def _customer(payload: dict[str, Any]) -> int:
    return int((payload.get("customer") or {})["id"])


def _audit(session: Session, store_id: int, what: str, detail: dict[str, Any]) -> None:
    session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=None, what=what, detail=detail))
