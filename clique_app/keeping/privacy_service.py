"""Privacy requests inside the database: kept as asked, answered from and carried out in every table."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import scalar_row
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.connections.roles import require_owner
from clique_app.database import raw_connection
from clique_app.errors import NotFound
from clique_app.imports.customers_service import prepare_redaction
from clique_app.integrations.shopify.mapping import email_hmac
from clique_app.keeping.personal_data import DELIVERIES, HELD, Person, asked_of
from clique_app.sync import inbox_service
from clique_app.sync.customers_service import email_key
from clique_app.tables import (
    APPEND_ONLY_TABLES,
    DERIVED_TABLES,
    GLOBAL_TABLES,
    METADATA,
    AuditEntry,
    InboxEvent,
    PrivacyRequest,
    Store,
)

DATA_REQUEST, CUSTOMER_REDACT, STORE_REDACT = "data_request", "customer_redact", "store_redact"
REDACTED = "redacted"  # in the tables; the analysts' views still to be refreshed
KINDS = {
    "customers/data_request": DATA_REQUEST,
    "customers/redact": CUSTOMER_REDACT,
    "shop/redact": STORE_REDACT,
}
EMPTIED = "Emptied: it named a customer who was redacted. The hourly catch-up reads what it was about."
KEPT_OF_A_STORE = {"store", "privacy_request", *APPEND_ONLY_TABLES, *GLOBAL_TABLES}


def ask(session: Session, store_id: int, topic: str, payload: Mapping[str, Any]) -> int:
    """Keep what a privacy topic asks for; it is answered by itself, outside the drain. Returns the request's id."""
    kind = KINDS[topic]
    reference = ""
    if kind == DATA_REQUEST and isinstance(payload.get("data_request"), Mapping):
        reference = str(payload["data_request"].get("id", ""))[:64].replace("\0", "")
        known = select(PrivacyRequest.request_id).where(
            PrivacyRequest.store_id == store_id, PrivacyRequest.reference == reference
        )
        if reference and (found := session.exec(known).first()) is not None:
            return found
    asked = {} if kind == STORE_REDACT else asked_of(payload)
    request = PrivacyRequest(
        store_id=store_id,
        kind=kind,
        reference=reference,
        asked_at=clock.now(),
        asked=asked,
        customer_id=asked.get("customer_id") if kind == DATA_REQUEST else None,
    )
    session.add(request)
    session.flush()
    return request.request_id


def open_requests(session: Session, store_id: int) -> list[int]:
    """Those not answered yet, or not wholly, oldest first."""
    query = select(PrivacyRequest.request_id).where(
        PrivacyRequest.store_id == store_id, col(PrivacyRequest.state).in_(("asked", REDACTED))
    )
    return list(session.exec(query.order_by(col(PrivacyRequest.request_id))))


def person_of(session: Session, store_id: int, request: PrivacyRequest) -> Person:
    """Whom the request names, with all their orders here."""
    asked = request.asked
    person = Person(asked["customer_id"], asked["email"], asked["phone"], orders=tuple(asked["orders"]))
    row = session.execute(
        sa.text("select email_hmac from customer where store_id = :store and customer_id = :customer"),
        {"store": store_id, "customer": person.customer_id},
    ).first()
    known = bytes(row.email_hmac) if row and row.email_hmac else bytes.fromhex(asked.get("email_hmac", ""))
    hashed = known or (email_hmac(person.email, email_key(store_id)) if person.email else b"")
    orders = session.scalars(
        sa.text(
            "select order_id from shop_order where store_id = :store and (customer_id = :customer or customer_id in"
            " (select customer_id from customer where store_id = :store and email_hmac = :hmac))"
        ),
        {"store": store_id, "customer": person.customer_id, "hmac": hashed},
    )
    return replace(person, email_hmac=hashed, orders=tuple(sorted({*person.orders, *orders})))


def report(session: Session, store_id: int, request: PrivacyRequest, deliveries: list[dict[str, Any]]) -> None:
    """Answer a data request: all that is held of the person, table by table."""
    person = person_of(session, store_id, request)
    held: dict[str, list[Any]] = {DELIVERIES.table: deliveries}
    with raw_connection(session).cursor(row_factory=scalar_row) as run:
        for entry in HELD:
            if entry.table == "privacy_request" or entry.of_many:
                continue  # this very request, or nothing that other tables do not tell of this person alone
            query = sql.SQL("select to_jsonb(t) - 'store_id' from {} t where store_id = %(store)s and ({})")
            run.execute(query.format(sql.Identifier(entry.table), sql.SQL(entry.whose)), _values(store_id, person))
            held[entry.table] = run.fetchall()
    shop_domain = session.get_one(Store, store_id).shop_domain
    now = clock.now()
    request.report = {
        "store": shop_domain,
        "customer_id": person.customer_id,
        "shopify_reference": request.reference,
        "asked_at": request.asked_at.isoformat(),
        "answered_at": now.isoformat(),
        "held": {table: rows for table, rows in held.items() if rows},
    }
    request.asked, request.counts = {}, {table: len(rows) for table, rows in held.items() if rows}
    close(session, request)


def redact_customer(session: Session, store_id: int, request: PrivacyRequest, elsewhere: dict[str, int]) -> None:
    """Forget who a person is, in every table; the sales stay. elsewhere: what was done outside the store's tables."""
    prepare_redaction(session, store_id)
    person = person_of(session, store_id, request)
    counts = dict(elsewhere)
    values = {**_values(store_id, person), "stand_in": -secrets.randbelow(2**62) - 1}
    with raw_connection(session).cursor() as run:
        for entry in HELD:
            if not entry.redacted:
                continue
            sets = [
                sql.SQL("{} = {}").format(sql.Identifier(column), sql.SQL(value))
                for column, value in entry.redacted.items()
            ]
            update = sql.SQL("update {} set {} where store_id = %(store)s and ({})")
            run.execute(
                update.format(sql.Identifier(entry.table), sql.SQL(", ").join(sets), sql.SQL(entry.whose)), values
            )
            counts[entry.table] = run.rowcount
    session.refresh(request)  # it named the person itself
    _redacted(request, counts)


def redact_store(session: Session, store_id: int, request: PrivacyRequest, elsewhere: dict[str, int]) -> None:
    """48 hours after an uninstall: all rows of the store go, but its id and domain and the evidence of this."""
    counts = dict(elsewhere)
    for table in sorted(reversed(METADATA.sorted_tables), key=lambda table: table.name in DERIVED_TABLES):
        if table.name not in KEPT_OF_A_STORE:
            gone = session.connection().execute(sa.delete(table).where(table.c.store_id == store_id))
            counts[table.name] = gone.rowcount
    former = sa.update(PrivacyRequest).where(col(PrivacyRequest.store_id) == store_id)
    session.execute(former.values(asked={}, report={}, customer_id=None))
    store = session.get_one(Store, store_id)
    store.name, store.country = "", ""
    store.history_from, store.history_complete, store.launched_at = None, False, None
    session.refresh(request)
    _redacted(request, counts)


def refuse(request: PrivacyRequest, why: str) -> None:
    """It does not apply any more."""
    request.state, request.note, request.answered_at, request.asked = "refused", why, clock.now(), {}


def deliveries_of(session: Session, shop_domain: str, person: Person) -> list[dict[str, Any]]:
    """Deliveries about the person. System session."""
    return [
        {"topic": event.topic, "received_at": event.received_at.isoformat(), "state": event.state}
        for event in _telling(session, shop_domain, person)
        if person.is_in_delivery(event.kind, event.object_id, event.error, event.payload)
    ]


def empty_deliveries(session: Session, shop_domain: str, person: Person) -> int:
    """Take the person out of the inbox, between two drains. System session."""
    emptied = 0
    inbox_service.hold(session, shop_domain)
    for event in _telling(session, shop_domain, person):
        if person.is_in_delivery(event.kind, event.object_id, event.error, event.payload):
            event.payload, event.error, event.kind, event.object_id = b"", EMPTIED, "", None
            if event.state != "done":
                event.state, event.done_at = "done", clock.now()
            emptied += 1
    return emptied


def forget_store(session: Session, store_id: int, shop_domain: str) -> dict[str, int]:
    """What of a store only the system role may delete: its deliveries and what is append-only. System session."""
    inbox_service.hold(session, shop_domain)
    delete = sa.delete(InboxEvent).where(col(InboxEvent.shop_domain) == shop_domain)
    counts = {"inbox_event": session.connection().execute(delete).rowcount}
    for name in APPEND_ONLY_TABLES:
        table = METADATA.tables[name]
        gone = session.connection().execute(sa.delete(table).where(table.c.store_id == store_id))
        counts[name] = gone.rowcount
    return counts


def report_of(session: Session, store_id: int, request_id: int, user_id: int) -> dict[str, Any]:
    """The report of a data request, for the owner of the store alone."""
    require_owner(session, store_id, user_id)
    request = session.get(PrivacyRequest, (store_id, request_id))
    if request is None or not request.report:
        raise NotFound("This report is not kept any more, or there never was one.")
    return request.report


def _telling(session: Session, shop_domain: str, person: Person) -> Iterable[InboxEvent]:
    """The deliveries of a store that may be about the person."""
    about = col(InboxEvent.object_id).in_([person.customer_id, *person.orders])
    telling = sa.or_(about, col(InboxEvent.payload) != b"", col(InboxEvent.error) != "")
    query = select(InboxEvent).where(InboxEvent.shop_domain == shop_domain, telling)
    return session.exec(query.order_by(col(InboxEvent.number)).execution_options(yield_per=500))


def _values(store_id: int, person: Person) -> dict[str, Any]:
    return {
        "store": store_id,
        "customer": person.customer_id,
        "hmac": person.email_hmac,
        "email": person.email,
        "orders": list(person.orders),
        "names": person.names,
    }


def _redacted(request: PrivacyRequest, counts: dict[str, int]) -> None:
    request.state, request.asked = REDACTED, {}
    request.counts = {where: count for where, count in counts.items() if count}


def close(session: Session, request: PrivacyRequest) -> None:
    """Nothing is left to do for it."""
    request.state, request.answered_at = "answered", clock.now()
    detail = {"request_id": request.request_id, "counts": request.counts}
    entry = AuditEntry(
        store_id=request.store_id, at=clock.now(), user_id=None, what=f"privacy.{request.kind}", detail=detail
    )
    session.add(entry)
