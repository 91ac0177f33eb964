"""Opening a store: known people pass with one cheap query; a new or reinstalled store is connected first.

Opens its own sessions and commits, because tokens are kept before they are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from clique_app import clock
from clique_app.connections import service
from clique_app.connections.access import access
from clique_app.connections.pixel_key import key_of
from clique_app.connections.service import SCOPES_AGAIN_AFTER, Standing
from clique_app.database import store_session, system_session
from clique_app.errors import AccessDenied, CliqueError, Rejected, Unavailable
from clique_app.integrations.channels import Grant
from clique_app.integrations.shopify import oauth, pixel, reads, scopes, subscriptions
from clique_app.integrations.shopify.client import Client
from clique_app.integrations.shopify.touches import CLICK_IDS
from clique_app.settings import settings

WEBHOOK_PATH = "/webhooks/shopify"
COLLECT_PATH = "/collect"
PIXEL_SCOPES = {"write_pixels", "read_customer_events"}


@dataclass(frozen=True)
class Opened:
    """A store someone opened; new ones still need their webhooks and imports, which the edge asks for, and those that
    were away, or now grant more, what was missed meanwhile."""

    store_id: int
    installed_now: bool
    missed: bool = False


def open_store(shop_domain: str, session_token: str, user_id: int) -> Opened:
    """The store of a verified session token, connected if it was not."""
    store_id = _known(shop_domain)
    if store_id is not None:
        with store_session(store_id) as session:
            found = service.standing(session, store_id, user_id)
            if found is not None and not _needs_grant(found):
                if not found.is_fresh(clock.now()):
                    service.seen(session, store_id, user_id)
                return Opened(store_id, installed_now=False)
    opened = _connect(shop_domain, lambda: oauth.exchange_session_token(shop_domain, session_token))
    with store_session(opened.store_id) as session:
        service.seen(session, opened.store_id, user_id)
    return opened


def install_with_code(shop_domain: str, code: str) -> Opened:
    """The store of a signed callback of the code grant."""
    return _connect(shop_domain, lambda: oauth.exchange_code(shop_domain, code), always=True)


def _connect(shop_domain: str, get_grant: Callable[[], Grant], *, always: bool = False) -> Opened:
    with system_session() as session:
        # several tabs of a first open wait here; all but the first find the store connected
        session.execute(
            sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"install/{shop_domain}"}
        )
        with system_session() as making:
            store_id = service.make_store(making, shop_domain)
        with store_session(store_id) as reading:
            before = service.standing(reading, store_id, 0)
        assert before is not None
        if not always and not _needs_grant(before):
            return Opened(store_id, installed_now=False)
        # a grant ends the tokens before it: whoever renews those meanwhile would take the store for lost
        service.lock_tokens(session, store_id, service.SHOPIFY)
        grant = get_grant()
        facts = reads.shop(Client(shop_domain, grant.access_token))
        if facts.shop_domain.lower() != shop_domain:
            raise AccessDenied("Shopify answered for another store. Open Clique from Shopify admin again.")
        with store_session(store_id) as writing:
            service.install(writing, store_id, grant, facts)
    away = not (before.installed and before.connected)
    missed = before.connected_at is not None and (away or not set(facts.scopes) <= set(before.scopes))
    return Opened(store_id, installed_now=away, missed=missed)


def _needs_grant(found: Standing) -> bool:
    if not found.installed or not found.connected or found.connected_at is None:
        return True
    if clock.now() - found.connected_at < SCOPES_AGAIN_AFTER:
        return False
    return bool(scopes.missing(found.scopes))


@lru_cache(maxsize=10_000)
def _id_of(shop_domain: str) -> int:
    """Ids never change, so they may be remembered; only found ones are."""
    with system_session() as session:
        store_id = service.find_store(session, shop_domain)
    if store_id is None:
        raise LookupError(shop_domain)
    return store_id


def _known(shop_domain: str) -> int | None:
    try:
        return _id_of(shop_domain)
    except LookupError:
        return None


def check_store(store_id: int) -> subscriptions.Repair:
    """The store's facts as they are now, and its webhooks repaired where they drifted. The outcome is kept."""
    given = access(store_id, service.SHOPIFY)
    client = Client(given.shop_domain, given.token)
    facts = reads.shop(client)
    with store_session(store_id) as session:
        service.keep_facts(session, store_id, facts)
    address = settings().shopify_app_url.rstrip("/") + WEBHOOK_PATH
    try:
        repaired = subscriptions.repair(client, address)
        if repaired.created and subscriptions.repair(client, address).created:
            raise Unavailable(
                "Shopify accepted webhook subscriptions but does not have them. They are asked for again."
            )
    except CliqueError as error:
        with store_session(store_id) as session:
            service.keep_webhook_problem(session, store_id, error.message)
        raise
    with store_session(store_id) as session:
        service.keep_webhook_check(session, store_id, repaired)
    return repaired


def check_pixel(store_id: int) -> bool:
    """The store's web pixel switched on and set right. True where that was not so; False also where the merchant
    withholds it, which is told with the other scopes, and where Shopify refuses, which is kept for the page: asking
    again at once would not help."""
    given = access(store_id, service.SHOPIFY)
    with store_session(store_id) as session:
        withheld = {need.scope for need in service.missing_scopes(session, store_id)}
    if withheld & PIXEL_SCOPES:
        return False
    address = settings().shopify_app_url.rstrip("/") + COLLECT_PATH
    wanted = {"collector": address, "key": key_of(store_id), "click_ids": ",".join(CLICK_IDS)}
    problem, repaired = "", False
    try:
        repaired = pixel.repair(Client(given.shop_domain, given.token), wanted)
    except Rejected as error:
        problem = error.message
    with store_session(store_id) as session:
        service.keep_pixel_check(session, store_id, problem)
    return repaired
