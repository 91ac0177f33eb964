"""Draining the webhook inbox. A delivery is a hint: its object is fetched again by id, through the import's own mapper,
so that order, duplication and loss of deliveries cannot matter.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dramatiq
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from clique_app import clock, live
from clique_app.attribution import service as attribution
from clique_app.connections import privacy, service
from clique_app.connections.access import access
from clique_app.database import store_session, system_session
from clique_app.errors import AccessExpired, CliqueError, NotFound, RateLimited, Unavailable
from clique_app.logs import log
from clique_app.sync import objects_service
from clique_app.sync.topics import TOPICS, ObjectKind
from clique_app.tables import InboxEvent
from tasks.broker import WEBHOOKS

CLAIMED_TOGETHER = 200
DEAD_AFTER_ATTEMPTS = 10
LYING_AFTER = timedelta(seconds=10)
KEPT = timedelta(days=14)  # Shopify delivers again for hours; the row of a done delivery is what stops it


@dataclass(frozen=True)
class Handled:
    """What became of a delivery. later: the platform or store was not ready, which is no fault of the delivery."""

    done: bool
    note: str = ""
    later: bool = False


@dramatiq.actor(queue_name=WEBHOOKS, max_retries=0)
def drain_inbox() -> None:
    """Work off what is new. Sent once for each stored batch; several may run at once."""
    while drain(again=False):
        pass


@dramatiq.actor(queue_name=WEBHOOKS, max_retries=0)
def sweep_inbox() -> None:
    """Deliveries nobody was told of, and those that failed before, each by itself."""
    while drain(again=True):
        pass


@dramatiq.actor(queue_name=WEBHOOKS, max_retries=0)
def forget_old_deliveries() -> None:
    """Done and dead deliveries go after two weeks."""
    with system_session() as session:
        session.execute(
            sa.delete(InboxEvent).where(
                col(InboxEvent.state) != "new", col(InboxEvent.received_at) < clock.now() - KEPT
            )
        )


def drain(*, again: bool) -> int:
    """Claim deliveries in order, handle them store by store, mark them. The claim lasts as long as this transaction,
    so a killed worker's deliveries are free at once. Returns how many are done."""
    changed: set[int] = set()
    done = 0
    with system_session() as session:
        events = _claim(session, again=again)
        by_shop: defaultdict[str, list[InboxEvent]] = defaultdict(list)
        for event in events:
            by_shop[event.shop_domain].append(event)
        for shop_domain, group in by_shop.items():
            store_id = service.find_store(session, shop_domain)
            for event, handled in _handle_store(store_id, group, changed):
                _mark(event, handled)
                done += handled.done
    for store_id in changed:
        live.publish(store_id, "figures")
    return done


def _claim(session: Session, *, again: bool) -> list[InboxEvent]:
    query = select(InboxEvent).where(InboxEvent.state == "new")
    if again:
        query = query.where(InboxEvent.received_at < clock.now() - LYING_AFTER)
    else:
        query = query.where(InboxEvent.attempts == 0, InboxEvent.error == "")
    ordered = query.order_by(col(InboxEvent.received_at), col(InboxEvent.delivery_id))
    return list(session.exec(ordered.limit(CLAIMED_TOGETHER).with_for_update(skip_locked=True)))


def _mark(event: InboxEvent, handled: Handled) -> None:
    event.error = handled.note
    if handled.done:
        event.state, event.done_at = "done", clock.now()
        event.payload = b""  # it may name a person; the hint has been taken
    elif not handled.later:
        event.attempts += 1
        if event.attempts >= DEAD_AFTER_ATTEMPTS:
            event.state, event.done_at = "dead", clock.now()


Outcome = tuple[InboxEvent, Handled]


def _handle_store(store_id: int | None, events: list[InboxEvent], changed: set[int]) -> Iterable[Outcome]:
    if store_id is None:
        return [(event, Handled(done=True, note="Not one of our stores.")) for event in events]
    outcomes: list[Outcome] = []
    hints: defaultdict[ObjectKind, list[tuple[InboxEvent, list[int]]]] = defaultdict(list)
    for event in events:
        topic = TOPICS.get(event.topic)
        try:
            payload = _payload(event)
            if topic is not None:
                hints[topic.kind].append((event, topic.ids(payload)))
            else:
                outcomes.append((event, _handle_app_topic(store_id, event, payload)))
        except Exception as error:
            outcomes.append((event, _problem(event, error)))
    for kind, group in hints.items():
        fresh = [(event, ids) for event, ids in group if not event.attempts]
        # what failed before is tried by itself, so that one bad object does not hold up the others
        for part in [*([fresh] if fresh else []), *([each] for each in group if each[0].attempts)]:
            try:
                handled = _refetch(store_id, kind, sorted({i for _, ids in part for i in ids}))
                changed.add(store_id)
            except Exception as error:
                handled = _problem(part[0][0], error)
            outcomes += [(event, handled) for event, _ in part]
    return outcomes


def _payload(event: InboxEvent) -> dict[str, Any]:
    payload = json.loads(event.payload)
    if not isinstance(payload, dict):
        raise TypeError("the body is not a JSON object")
    return payload


def _refetch(store_id: int, kind: ObjectKind, ids: list[int]) -> Handled:
    """Read the objects as they are now and write them, with the credits of their orders, in one transaction."""
    given = access(store_id, "shopify")
    try:
        records = objects_service.fetch(given, kind, ids)
    except AccessExpired:
        given = access(store_id, "shopify", refused=given.token)
        records = objects_service.fetch(given, kind, ids)
    with store_session(store_id) as session:
        written = objects_service.write(session, store_id, kind, ids, records)
        attribution.credit_orders(session, store_id, list(written.order_ids))
    return Handled(done=True)


def _handle_app_topic(store_id: int, event: InboxEvent, payload: dict[str, Any]) -> Handled:
    """Topics about the app itself, and privacy."""
    with store_session(store_id) as session:
        match event.topic:
            case "app/uninstalled":
                counted = service.uninstall(session, store_id, event.triggered_at)
                note = "" if counted else "Older than the present installation."
            case "app/scopes_update":
                service.scopes_changed(session, store_id, tuple(payload.get("current") or ()))
                note = ""
            case "customers/data_request":
                note = privacy.record_request(session, store_id, payload)
            case "customers/redact":
                note = privacy.redact_customer(session, store_id, payload)
            case "shop/redact":
                note = privacy.redact_store(session, store_id)
            case _:
                return Handled(done=True, note="Clique does not use this topic.")
    live.publish(store_id, "connections")
    return Handled(done=True, note=note)


def _problem(event: InboxEvent, error: Exception) -> Handled:
    """A platform that is away is waited for; lost access is made good by the catch-up after reconnecting."""
    if isinstance(error, RateLimited | Unavailable | OperationalError):
        return Handled(done=False, note=str(error)[:500], later=True)
    if isinstance(error, AccessExpired | NotFound):
        return Handled(done=True, note=f"{error.message} The next catch-up reads what this was about.")
    log("webhooks").error("delivery_failed", topic=event.topic, delivery=event.delivery_id, exc_info=error)
    return Handled(done=False, note=error.message if isinstance(error, CliqueError) else type(error).__name__)
