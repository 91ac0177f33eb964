"""What a client needs to read a platform, always fresh. Opens its own sessions and commits: new tokens are kept
before they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session, col, select

from clique_app import clock, live
from clique_app.connections import renewal, service
from clique_app.database import store_session
from clique_app.errors import AccessExpired
from clique_app.integrations.access import Access, Account
from clique_app.integrations.channels import Grant
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.registry import channel_label, platform
from clique_app.integrations.shopify import oauth
from clique_app.tables import ConnectedAccount, Connection, Store, StoreSettings

USABLE = ("connected", "choosing_account")

R = TypeVar("R")


def access(store_id: int, channel: str, *, refused: str | None = None) -> Access:
    """The store's access to a channel. AccessExpired where the merchant has to reconnect.

    refused: a token the platform has just turned down; it is renewed even if it should still hold.
    """
    with store_session(store_id) as session:
        found = _read(session, store_id, channel, refused)
    if found is not None:
        return found
    with store_session(store_id) as session:
        # one process refreshes; the others wait here and then find the new pair
        service.lock_tokens(session, store_id, channel)
        try:
            found = _read(session, store_id, channel, refused) or _renewed(session, store_id, channel)
        except AccessExpired as error:  # recorded under the lock: a reconnect that comes now is not undone
            _expire(session, store_id, channel, error.message)
            found = error
    if isinstance(found, AccessExpired):
        live.publish(store_id, "connections")
        raise found
    if refused is not None:
        overcome(f"{channel_label(channel)} ended the access token early; it was renewed.")
    return found


def ask(store_id: int, channel: str, question: Callable[[Access], R]) -> R:
    """What the platform answers. A token that it turns down is renewed once."""
    given = access(store_id, channel)
    try:
        return question(given)
    except AccessExpired:
        return question(access(store_id, channel, refused=given.token))


def _expire(session: Session, store_id: int, channel: str, message: str) -> None:
    """Record that the platform ended the access."""
    connection = session.get(Connection, (store_id, channel))
    if connection is not None and connection.state in USABLE:
        connection.state, connection.last_error = "expired", message


def _read(session: Session, store_id: int, channel: str, refused: str | None) -> Access | None:
    """The access as it is stored, or None where it has to be renewed first."""
    store, connection = session.get(Store, store_id), session.get(Connection, (store_id, channel))
    if store is None or store.uninstalled_at is not None:
        raise AccessExpired("Clique is not installed in this store. Install it again in Shopify admin.")
    if connection is None or connection.state not in USABLE or connection.access_token is None:
        raise AccessExpired(f"{channel_label(channel)} is not connected. Connect it on the Connections page.")
    token = service.token_of(connection, "access_token")
    holds = renewal.standing(_lifetimes(connection), clock.now(), refused=token == refused) == "holds"
    return _access(session, store, channel, token) if holds else None


def _lifetimes(connection: Connection) -> renewal.Lifetimes:
    renewable = connection.refresh_token is not None
    return renewal.Lifetimes(connection.expires_at, connection.refresh_expires_at, renewable)


def _renewed(session: Session, store_id: int, channel: str) -> Access:
    store, connection = session.get_one(Store, store_id), session.get_one(Connection, (store_id, channel))
    former = service.grant_of(connection)
    ended = renewal.standing(_lifetimes(connection), clock.now(), refused=True) == "ended"
    given = None if ended else _refresh(store.shop_domain, channel, former)
    if given is None:
        raise AccessExpired(f"Access to {channel_label(channel)} has ended. Reconnect it on the Connections page.")
    service.keep_grant(connection, renewal.continued(former, given, clock.now()))
    return _access(session, store, channel, given.access_token)


def _refresh(shop_domain: str, channel: str, former: Grant) -> Grant | None:
    if channel == service.SHOPIFY:
        assert former.refresh_token is not None
        return oauth.refresh(shop_domain, former.refresh_token)
    return platform(channel).refresh(former)


def _access(session: Session, store: Store, channel: str, token: str) -> Access:
    in_use = select(ConnectedAccount).where(
        ConnectedAccount.store_id == store.store_id,
        ConnectedAccount.channel == channel,
        col(ConnectedAccount.taken_off_at).is_(None),
    )
    settings = session.get(StoreSettings, store.store_id)
    found = session.exec(in_use.order_by(col(ConnectedAccount.chosen_at), col(ConnectedAccount.account_id)))
    return Access(
        store_id=store.store_id,
        shop_domain=store.shop_domain,
        time_zone=store.time_zone,
        currency=store.currency,
        token=token,
        accounts=tuple(
            Account(one.account_id, one.currency, one.time_zone, one.read_from, one.read_to, one.name) for one in found
        ),
        cost_metafield=settings.cost_metafield if settings else "",
    )
