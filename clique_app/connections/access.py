"""What a client needs to read a platform, always fresh. Opens its own sessions and commits: new tokens are kept
before they are used."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, select

from clique_app import clock, live
from clique_app.connections import service
from clique_app.database import store_session
from clique_app.errors import AccessExpired
from clique_app.integrations.access import Access, Account
from clique_app.integrations.channels import Grant
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.registry import ad_channel, channel_label
from clique_app.integrations.shopify import oauth
from clique_app.tables import ConnectedAccount, Connection, Store

REFRESH_BEFORE = timedelta(minutes=5)
USABLE = ("connected", "choosing_account")


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
        raise AccessExpired(f"{channel_label(channel)} is not connected. Connect it on the Data and sync page.")
    if connection.expires_at is not None and connection.expires_at - clock.now() < REFRESH_BEFORE:
        return None
    token = service.token_of(connection, "access_token")
    if token == refused:
        return None
    return _access(session, store, channel, token)


def _renewed(session: Session, store_id: int, channel: str) -> Access:
    store, connection = session.get(Store, store_id), session.get(Connection, (store_id, channel))
    assert store is not None
    assert connection is not None
    held = Grant(
        service.token_of(connection, "access_token"),
        service.token_of(connection, "refresh_token") if connection.refresh_token else None,
    )
    if channel != "shopify":
        grant = ad_channel(channel).refresh(held)
    else:
        grant = oauth.refresh(store.shop_domain, held.refresh_token) if held.refresh_token else None
    if grant is None:
        raise AccessExpired(f"Access to {channel_label(channel)} has ended. Reconnect it on the Data and sync page.")
    service.keep_grant(connection, grant)
    return _access(session, store, channel, grant.access_token)


def _access(session: Session, store: Store, channel: str, token: str) -> Access:
    in_use = select(ConnectedAccount).where(
        ConnectedAccount.store_id == store.store_id,
        ConnectedAccount.channel == channel,
        col(ConnectedAccount.taken_off_at).is_(None),
    )
    found = session.exec(in_use.order_by(col(ConnectedAccount.chosen_at), col(ConnectedAccount.account_id)))
    return Access(
        store_id=store.store_id,
        shop_domain=store.shop_domain,
        time_zone=store.time_zone,
        currency=store.currency,
        token=token,
        accounts=tuple(
            Account(one.account_id, one.currency, one.time_zone, one.read_from, one.read_to) for one in found
        ),
    )
