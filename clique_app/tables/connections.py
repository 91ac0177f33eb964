"""Access to platforms: tokens (encrypted), the ad accounts in use, and the steps of an OAuth round trip."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field

from clique_app.tables.base import StoreOwned, big, time


class Connection(StoreOwned, table=True):
    """A store's access to one platform. Tokens are AES-GCM bytes bound to table, column, store and channel."""

    __tablename__ = "connection"

    channel: str = Field(primary_key=True)  # shopify | web_pixel | meta | ...
    state: str  # choosing_account | connected | refused | expired | revoked | disconnected
    access_token: bytes | None = Field(default=None, repr=False)
    refresh_token: bytes | None = Field(default=None, repr=False)
    expires_at: datetime | None = time(default=None, nullable=True)
    refresh_expires_at: datetime | None = time(default=None, nullable=True)
    scopes: str = ""  # space separated, as granted
    connected_at: datetime | None = time(default=None, nullable=True)
    last_error: str | None = None  # in the merchant's words


class ConnectedAccount(StoreOwned, table=True):
    """An ad account whose ads are this store's. Its row outlives its use: what was read keeps a name and a currency."""

    __tablename__ = "ad_account"

    channel: str = Field(primary_key=True)
    account_id: str = Field(primary_key=True)  # Meta: digits, without act_
    name: str
    currency: str = Field(max_length=3)
    time_zone: str  # whose days its figures are of
    chosen_at: datetime = time()
    taken_off_at: datetime | None = time(default=None, nullable=True)  # None: in use
    read_from: date | None = None  # all its days from here
    read_to: date | None = None  # to here have been read after their end
    pushes_since: datetime | None = time(default=None, nullable=True)  # since when its webhooks reach us


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
