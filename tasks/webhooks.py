"""Draining the webhook inbox. A delivery is a hint: its object is fetched again by id, through the import's own mapper,
so that order, duplication and loss of deliveries cannot matter.

One process at a time drains a store, object by object: what is not here yet before what has changed, so that a new
order is on the page in seconds however many changes wait for Shopify's limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import dramatiq
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from clique_app import live
from clique_app.attribution import service as attribution
from clique_app.connections import service
from clique_app.connections.access import access
from clique_app.database import store_session, system_session
from clique_app.errors import AccessExpired, CliqueError, InvalidInput, NotFound, RateLimited, Unavailable
from clique_app.imports.orders_service import forget_twins
from clique_app.keeping import privacy_service
from clique_app.logs import log
from clique_app.sync import inbox_service, objects_service
from clique_app.sync.draining import Hinted, next_together
from clique_app.sync.reading import NOT_SHOWN
from clique_app.sync.topics import TOPICS, object_of
from clique_app.tables import InboxEvent
from tasks import ad_pushes, install
from tasks.broker import WEBHOOKS
from tasks.keeping import answer_privacy_request
from tasks.warehouse import end_analysts

LYING_AFTER = timedelta(seconds=10)
HELD_SECONDS = 5.0  # one store has a worker's thread this long before the next has its turn
PATIENCE_FOR_NEW_SECONDS = 5.0  # with Shopify's limit; what has changed waits in the queue instead
LOOKS_AGAIN_SECONDS = 0.05

_resting_until: dict[str, float] = {}  # store: when this process asks Shopify again for what has changed


@dataclass(frozen=True)
class Handled:
    """What became of deliveries. later: the platform or store was not ready, which is no fault of theirs."""

    done: bool
    note: str = ""
    later: bool = False


@dataclass(frozen=True)
class Step:
    """What one look at a store's inbox came to. busy: another process drains it; seconds: until Shopify's limit lets
    more be read."""

    state: Literal["worked", "idle", "busy", "limited"]
    seconds: float = 0.0


@dramatiq.actor(queue_name=WEBHOOKS, max_retries=0)
def drain_inbox(shop_domain: str) -> None:
    """Work off what waits of a store. Sent for each stored batch."""
    until, met_busy = time.monotonic() + HELD_SECONDS, False
    while True:
        step = drain(shop_domain)
        match step.state:
            case "idle":
                return
            case "busy" if met_busy:
                return  # it had not looked yet when we came, or will look again after what it does
            case "busy":
                met_busy = True
                time.sleep(LOOKS_AGAIN_SECONDS)
            case "limited":
                drain_inbox.send_with_options(args=(shop_domain,), delay=int(step.seconds * 1000) + 1)
                return
            case "worked" if time.monotonic() > until:
                drain_inbox.send(shop_domain)
                return


@dramatiq.actor(queue_name=WEBHOOKS, max_retries=0)
def sweep_inbox() -> None:
    """Deliveries nobody was told of, and those that failed before and may be tried again."""
    with system_session() as session:
        behind = inbox_service.stores_behind(session, LYING_AFTER)
    for shop_domain in behind:
        drain_inbox.send(shop_domain)


def replay(shop_domain: str | None = None, number: int | None = None) -> int:
    """Let given up deliveries wait again and wake the workers. Returns how many. For pages and commands."""
    with system_session() as session:
        waiting = inbox_service.replay(session, shop_domain, number)
    for domain in waiting:
        drain_inbox.send(domain)
    return sum(waiting.values())


def drain(shop_domain: str) -> Step:
    """One batch of one store: claim, fetch, write, mark."""
    with system_session() as session:
        if not inbox_service.take(session, shop_domain):
            return Step("busy")
        if shop_domain.startswith(ad_pushes.ADDRESSEE):
            worked = _work_off_others(session, shop_domain, _handle_push)
            return Step("worked" if worked else "idle")
        store_id = service.find_store(session, shop_domain)
        if store_id is None:
            inbox_service.settle_store(session, shop_domain, "Not one of our stores.")
            return Step("idle")
        worked = _work_off_others(session, shop_domain, partial(_handle_other, store_id))
        waiting = inbox_service.waiting(session, shop_domain)
        may_read_changes = time.monotonic() >= _resting_until.get(shop_domain, 0.0)
        with store_session(store_id) as reading:
            missing = objects_service.missing(reading, store_id, [(one.kind, one.object_id) for one in waiting])
        batch = next_together(waiting, missing, changes=may_read_changes)
        if not batch:
            return Step("worked" if worked else "idle")
        is_new = (batch[0].kind, batch[0].object_id) in missing
        try:
            gone = _refetch(store_id, batch, PATIENCE_FOR_NEW_SECONDS if is_new else 0.0)
        except RateLimited as limit:
            _resting_until[shop_domain] = time.monotonic() + limit.retry_after
            return Step("limited", limit.retry_after)
        except Exception as error:
            handled = _problem(f"{batch[0].kind} of delivery {batch[0].number}", error)
        else:
            handled = Handled(done=True)
            if gone:
                inbox_service.settle(session, shop_domain, gone, NOT_SHOWN)
        if handled.done:
            inbox_service.settle(session, shop_domain, batch, handled.note)
        elif handled.later:
            inbox_service.postpone(session, shop_domain, batch, handled.note)
            _resting_until[shop_domain] = time.monotonic() + inbox_service.AGAIN_AFTER.total_seconds()
        else:
            inbox_service.fail(session, shop_domain, batch, handled.note)
    live.publish(store_id, "figures")
    return Step("worked")


def _work_off_others(session: Session, shop_domain: str, handle: Callable[[InboxEvent], Handled]) -> bool:
    """Deliveries that name no object, one by one in their order. All are handled before any is marked: whoever
    handles one may change the inbox too."""
    events = inbox_service.others(session, shop_domain)
    for event, handled in [(event, handle(event)) for event in events]:
        if handled.done:
            inbox_service.settle_one(session, event, handled.note)
        elif handled.later:
            inbox_service.postpone_one(session, event, handled.note)
        else:
            inbox_service.fail_one(session, event, handled.note)
    return bool(events)


def _handle_push(event: InboxEvent) -> Handled:
    """A message about an ad account."""
    try:
        return Handled(done=True, note=ad_pushes.take_hint(event))
    except Exception as error:
        return _problem(f"{event.topic} {event.delivery_id}", error)


def _refetch(store_id: int, batch: Sequence[Hinted], patience: float) -> list[Hinted]:
    """Read the objects as they are now and write them, with the credits of their orders, in one transaction. Returns
    those that Shopify does not show any more."""
    kind, ids = batch[0].kind, [one.object_id for one in batch]
    given = replace(access(store_id, "shopify"), patience_seconds=patience)
    try:
        records = objects_service.fetch(given, kind, ids)
    except AccessExpired:
        given = replace(access(store_id, "shopify", refused=given.token), patience_seconds=patience)
        records = objects_service.fetch(given, kind, ids)
    deleted = [one.object_id for one in batch if one.deleted]
    with store_session(store_id) as session:
        written = objects_service.write(session, store_id, kind, ids, records, deleted)
        forget_twins(session, store_id, written.order_ids)
        attribution.credit_orders(session, store_id, list(written.order_ids))
    return [one for one in batch if one.object_id in written.gone]


def _handle_other(store_id: int, event: InboxEvent) -> Handled:
    """A delivery that names no object: of the app itself, about privacy, or not to be understood."""
    try:
        payload = _payload(event.payload)
        if event.topic in TOPICS:
            object_of(TOPICS[event.topic], payload)  # says what is wrong with it
        return _handle_app_topic(store_id, event, payload)
    except Exception as error:
        return _problem(f"{event.topic} {event.delivery_id}", error)


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise InvalidInput("The body is not JSON.") from error
    if not isinstance(payload, dict):
        raise InvalidInput("The body is not a JSON object.")
    return payload


def _handle_app_topic(store_id: int, event: InboxEvent, payload: dict[str, Any]) -> Handled:
    if event.topic in privacy_service.KINDS:
        with store_session(store_id) as session:
            request_id = privacy_service.ask(session, store_id, event.topic, payload)
        answer_privacy_request.send(store_id, request_id)
        return Handled(done=True)
    note, more, gone = "", False, False
    with store_session(store_id) as session:
        match event.topic:
            case "app/uninstalled":
                gone = service.uninstall(session, store_id, event.triggered_at)
                note = "" if gone else "Older than the present installation."
            case "app/scopes_update":
                more = service.scopes_changed(session, store_id, tuple(payload.get("current") or ()))
            case _:
                return Handled(done=True, note="Clique does not use this topic.")
    if more:
        install.catch_up(store_id)
    if gone:
        end_analysts.send(store_id)
    live.publish(store_id, "connections")
    return Handled(done=True, note=note)


def _problem(what: str, error: Exception) -> Handled:
    """A platform that is away is waited for; lost access is made good by the catch-up after reconnecting."""
    if isinstance(error, RateLimited | Unavailable | OperationalError):
        return Handled(done=False, note=str(error)[:500], later=True)
    if isinstance(error, AccessExpired | NotFound):
        return Handled(done=True, note=f"{error.message} The next catch-up reads what this was about.")
    if isinstance(error, CliqueError):
        log("webhooks").warning("delivery_failed", about=what, problem=error.message)
        return Handled(done=False, note=error.message)
    log("webhooks").error("delivery_failed", about=what, exc_info=error)
    return Handled(done=False, note=type(error).__name__)
