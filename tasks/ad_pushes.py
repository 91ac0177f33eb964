"""What ad platforms tell by themselves: subscribed when an account is chosen, checked daily, taken by the drain."""

from __future__ import annotations

import json

import dramatiq

from clique_app import live
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.access import access
from clique_app.database import store_session, system_session
from clique_app.errors import AccessExpired, PlatformError, Rejected
from clique_app.integrations.meta import pushes
from clique_app.integrations.registry import PLATFORMS
from clique_app.logs import log
from clique_app.settings import settings
from clique_app.sync import ads_service
from clique_app.tables import InboxEvent
from tasks.broker import SYNC, patient
from tasks.stores import connected_channels, installed_stores

META = "meta"
ADDRESSEE = "act_"  # an inbox row of Meta is for an ad account, which several stores may use
PATH = "/webhooks/meta"


@dramatiq.actor(queue_name=SYNC)
def subscribe_accounts(store_id: int, channel: str) -> None:
    """Have the messages of a store's ad accounts sent here, and no more those of accounts that nobody uses now. Meta
    alone tells by itself."""
    if channel != META:
        return
    with patient():
        given = access(store_id, channel)
        mended = pushes.subscribe_app(settings().shopify_app_url.rstrip("/") + PATH)
        for account in given.accounts:
            mended |= pushes.subscribe_account(given.token, account.account_id)
            with store_session(store_id) as session:
                ad_accounts.pushed(session, store_id, channel, account.account_id)
        with store_session(store_id) as session:
            left = ad_accounts.left_accounts(session, store_id, channel)
        for account_id in left:
            _end_pushes(store_id, channel, account_id, given.token)
    if mended:
        log("ad_pushes").info("ad_webhooks_mended", store_id=store_id, channel=channel)
    live.publish(store_id, "connections")


def end_pushes(store_id: int, channel: str) -> None:
    """The store is about to end the connection: none of its accounts is to tell it anything any more. Where the
    platform does not do it now, what still comes is noted and left."""
    if channel != META:
        return
    try:
        given = access(store_id, channel)
        with store_session(store_id) as session:
            left = ad_accounts.left_accounts(session, store_id, channel)
        for account_id in [*(account.account_id for account in given.accounts), *left]:
            _end_pushes(store_id, channel, account_id, given.token)
    except PlatformError as error:
        log("ad_pushes").info("ad_webhooks_not_ended", store_id=store_id, channel=channel, why=error.message)


def _end_pushes(store_id: int, channel: str, account_id: str, token: str) -> None:
    with system_session() as session:
        others = set(ad_accounts.told_of(session, channel, account_id)) - {store_id}
    if not others:
        try:
            pushes.unsubscribe_account(token, account_id)
        except Rejected as error:  # this person may not do so any more: what still comes is noted and left
            log("ad_pushes").info("ad_webhooks_not_ended", store_id=store_id, why=error.message)
    with store_session(store_id) as session:
        ad_accounts.pushed(session, store_id, channel, account_id, now=False)


@dramatiq.actor(queue_name=SYNC)
def check_access(store_id: int, channel: str) -> None:
    """How long the access lives and what it may do; then its webhooks."""
    with patient(), store_session(store_id) as session:
        stands = ad_accounts.check(session, store_id, channel)
    live.publish(store_id, "connections")
    if stands.state == "connected":
        subscribe_accounts.send(store_id, channel)


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def check_all_access() -> None:
    """Daily, every platform that a store logged in at."""
    for store in installed_stores():
        for channel in connected_channels(store.store_id) & {one.key for one in PLATFORMS}:
            check_access.send(store.store_id, channel)


def take_hint(event: InboxEvent) -> str:
    """Read again what a message is about, for every store that uses the account. Returns what is to be noted.

    Platform errors go through: the drain keeps the message and tries again.
    """
    account_id = event.shop_domain.removeprefix(ADDRESSEE)
    platform_id = pushes.object_id(json.loads(event.payload).get("value") or {})
    with system_session() as session:
        users = ad_accounts.users_of(session, META, account_id)
    if not users:
        return "No store uses this ad account."
    if not platform_id:
        return "It names no object."
    notes = [_read_again(store_id, account_id, platform_id) for store_id in users]
    return " ".join(dict.fromkeys(note for note in notes if note))


def _read_again(store_id: int, account_id: str, platform_id: str) -> str:
    try:
        standing = pushes.standing(access(store_id, META).token, account_id, platform_id)
    except AccessExpired as error:
        return f"{error.message} The next reading has it."
    except Rejected as error:
        return error.message
    with store_session(store_id) as session:
        known = ads_service.write_standing(session, store_id, META, standing)
    live.publish(store_id, "figures")
    return "" if known else "New at Meta; the next reading has it."
