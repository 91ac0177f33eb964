"""Answering a privacy request everywhere: inbox, archive, queues, then the store's tables with the evidence, then the
analysts' views, which are made of these.

Opens its own sessions and commits step by step. Every step may be repeated; the request is closed by the last one.
"""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import Session

from clique_app.database import store_session, system_session, warehouse_session
from clique_app.keeping import archive, privacy_service, queue_service, redactions
from clique_app.keeping.personal_data import Person
from clique_app.keeping.privacy_service import CUSTOMER_REDACT, DATA_REQUEST, REDACTED
from clique_app.tables import PrivacyRequest, Store
from clique_app.warehouse import definition
from clique_app.warehouse import service as warehouse

REINSTALLED = "The store has installed Clique again."
GONE = "The customer was redacted before this was answered."


def answer(store_id: int, request_id: int) -> str:
    """Carry out one request, or what is left of it. Returns its state: answered or refused."""
    with store_session(store_id) as session:
        request = _open(session, store_id, request_id)
        store = session.get_one(Store, store_id)
        person = privacy_service.person_of(session, store_id, request) if request and request.asked else None
    if request is not None:
        if person is None:
            _redact_store(store_id, request_id, store.shop_domain)
        elif request.kind == DATA_REQUEST:
            _report(store_id, request_id, store.shop_domain, person)
        else:
            _redact_customer(store_id, request_id, store.shop_domain, person)
    return _closed(store_id, request_id)


def _open(session: Session, store_id: int, request_id: int) -> PrivacyRequest | None:
    """The request, if it is still to be answered and still applies; locked until the session ends."""
    request = session.get_one(PrivacyRequest, (store_id, request_id), with_for_update=True)
    if request.state != "asked":
        return None
    if request.kind in (DATA_REQUEST, CUSTOMER_REDACT):
        gone = "" if request.asked else GONE
    else:
        gone = REINSTALLED if session.get_one(Store, store_id).uninstalled_at is None else ""
    if gone:
        privacy_service.refuse(request, gone)
        return None
    return request


def _closed(store_id: int, request_id: int) -> str:
    """The request's state, after it is closed where all that is left is what the analysts' views still hold."""
    with store_session(store_id) as session:
        state = session.get_one(PrivacyRequest, (store_id, request_id)).state
    if state != REDACTED:
        return state
    for view in definition.KEPT:  # all of them: they rest on each other, and hold a store's rows as well
        with warehouse_session() as session:
            warehouse.refresh_filled(session, view.name)
    with store_session(store_id) as session:
        request = session.get_one(PrivacyRequest, (store_id, request_id), with_for_update=True)
        if request.state == REDACTED:
            privacy_service.close(session, request)
        return request.state


def _report(store_id: int, request_id: int, shop_domain: str, person: Person) -> None:
    with system_session() as session:
        deliveries = privacy_service.deliveries_of(session, shop_domain, person)
    with store_session(store_id) as session:
        request = _open(session, store_id, request_id)
        if request is not None:
            privacy_service.report(session, store_id, request, deliveries)


def _redact_customer(store_id: int, request_id: int, shop_domain: str, person: Person) -> None:
    elsewhere: dict[str, int] = {}
    redactions.note(store_id, shop_domain, person)
    # a transaction of its own, and before the tables: a drain that works on these deliveries may wait for the tables
    with system_session() as session:
        elsewhere["inbox_event"] = privacy_service.empty_deliveries(session, shop_domain, person)
    elsewhere["archive"] = archive.forget_person(shop_domain, person.names)
    elsewhere["queue"] = queue_service.forget(person.is_in)
    with store_session(store_id) as session:
        request = _open(session, store_id, request_id)
        if request is not None:
            privacy_service.redact_customer(session, store_id, request, elsewhere)


def _redact_store(store_id: int, request_id: int, shop_domain: str) -> None:
    def names(text: str) -> bool:
        return shop_domain in text or _is_message_of(store_id, text)

    redactions.note(store_id, shop_domain, None)
    with system_session() as session:
        elsewhere = privacy_service.forget_store(session, store_id, shop_domain)
    elsewhere["archive"] = archive.forget_store(shop_domain)
    elsewhere["queue"] = queue_service.forget(names)
    with store_session(store_id) as session:
        request = _open(session, store_id, request_id)
        if request is not None:
            privacy_service.redact_store(session, store_id, request, elsewhere)


def _is_message_of(store_id: int, text: str) -> bool:
    """Whether this is a queued message whose actor works for the store."""
    try:
        message: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(message, dict) and "actor_name" in message and message.get("args", [])[:1] == [store_id]
