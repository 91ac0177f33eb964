"""Access to platforms: tokens (encrypted) and the steps of an OAuth round trip."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from clique_app.tables.base import StoreOwned, big, time


class Connection(StoreOwned, table=True):
    """A store's access to one platform. Tokens are AES-GCM bytes bound to table, column, store and channel."""

    __tablename__ = "connection"

    channel: str = Field(primary_key=True)  # shopify | meta | ...
    state: str  # choosing_account | connected | expired | revoked | disconnected
    access_token: bytes | None = Field(default=None, repr=False)
    refresh_token: bytes | None = Field(default=None, repr=False)
    expires_at: datetime | None = time(default=None, nullable=True)
    refresh_expires_at: datetime | None = time(default=None, nullable=True)
    scopes: str = ""  # space separated, as granted
    account_id: str | None = None  # the ad account chosen (Meta: digits, without act_)
    account_name: str | None = None
    currency: str | None = None  # the ad account's
    time_zone: str | None = None  # the ad account's
    connected_at: datetime | None = time(default=None, nullable=True)
    last_error: str | None = None  # in the merchant's words


class ConnectTicket(StoreOwned, table=True):
    """One start of an OAuth round trip: single use, bound to store, user and browser."""

    __tablename__ = "connect_ticket"

    nonce: str = Field(primary_key=True)
    channel: str
    user_id: int = big()
    expires_at: datetime = time()
    used_at: datetime | None = time(default=None, nullable=True)


class WebhookCheck(StoreOwned, table=True):
    """The last look at a store's webhook subscriptions: what had drifted and was mended. Topics are comma separated."""

    __tablename__ = "webhook_check"

    checked_at: datetime = time()
    held: int  # topics that are subscribed to and come here
    created: str = ""  # were missing
    updated: str = ""  # pointed elsewhere
    removed: str = ""  # were there twice
    problem: str = ""  # why the look failed, in words; the rest is then of the look before
