"""Install, reconnect, uninstall: the store's row, its members, settings and stored tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.connections import tokens
from clique_app.errors import NotFound
from clique_app.integrations.channels import Grant
from clique_app.integrations.shopify.reads import ShopFacts
from clique_app.integrations.shopify.scopes import ALL_ORDERS_SCOPE, Need, missing
from clique_app.integrations.shopify.subscriptions import TOPICS, Repair
from clique_app.settings import settings
from clique_app.tables import Connection, Store, StoreSettings, SyncRun, WebhookCheck
from clique_app.tables.rates import CONVERT
from clique_app.tables.site import PIXEL

SHOPIFY = "shopify"
SEEN_EVERY = timedelta(hours=1)
SCOPES_AGAIN_AFTER = timedelta(hours=1)  # a merchant who withholds a scope is not asked about at every click

TokenColumn = Literal["access_token", "refresh_token"]


@dataclass(frozen=True)
class Standing:
    """How a known store stands with Clique, in one query."""

    installed: bool
    connected: bool
    scopes: tuple[str, ...]
    connected_at: datetime | None
    seen_at: datetime | None  # this person; None: never

    def is_fresh(self, at: datetime) -> bool:
        """Whether the person needs no bookkeeping on opening the app."""
        return self.seen_at is not None and at - self.seen_at < SEEN_EVERY


def _ring() -> tokens.Keyring:
    return tokens.keyring(settings().encryption_keys.get_secret_value())


def _context(connection: Connection, column: TokenColumn) -> bytes:
    return tokens.context(column=column, store_id=connection.store_id, channel=connection.channel)


def token_of(connection: Connection, column: TokenColumn) -> str:
    """A stored token in the clear."""
    stored = getattr(connection, column)
    if stored is None:
        raise NotFound(f"There is no {column.replace('_', ' ')} for {connection.channel}.")
    return tokens.decrypt(_ring(), bytes(stored), _context(connection, column))


def grant_of(connection: Connection) -> Grant:
    """What is stored, in the clear."""
    return Grant(
        access_token=token_of(connection, "access_token"),
        refresh_token=token_of(connection, "refresh_token") if connection.refresh_token is not None else None,
        expires_at=connection.expires_at,
        refresh_expires_at=connection.refresh_expires_at,
        scopes=tuple(connection.scopes.split()),
    )


def lock_tokens(session: Session, store_id: int, channel: str) -> None:
    """Until this transaction ends, nobody else renews or replaces the channel's tokens."""
    session.execute(
        sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"token/{store_id}/{channel}"}
    )


def keep_grant(connection: Connection, grant: Grant) -> None:
    """Put a platform's tokens into the row, encrypted for it."""
    ring = _ring()
    connection.access_token = tokens.encrypt(ring, grant.access_token, _context(connection, "access_token"))
    connection.refresh_token = None
    if grant.refresh_token:
        connection.refresh_token = tokens.encrypt(ring, grant.refresh_token, _context(connection, "refresh_token"))
    connection.expires_at, connection.refresh_expires_at = grant.expires_at, grant.refresh_expires_at
    if grant.scopes:
        connection.scopes = " ".join(grant.scopes)
    connection.last_error = None


def find_store(session: Session, shop_domain: str) -> int | None:
    """The store's id, installed or not. System session."""
    return session.scalar(select(Store.store_id).where(Store.shop_domain == shop_domain))


_STANDING = sa.text(
    """
    select s.uninstalled_at is null as installed, c.state = 'connected' as connected,
           coalesce(c.scopes, '') as scopes, c.connected_at, m.last_seen_at as seen_at
    from store s
    left join connection c on c.store_id = s.store_id and c.channel = 'shopify'
    left join member m on m.store_id = s.store_id and m.user_id = :user
    where s.store_id = :store
    """
)


def standing(session: Session, store_id: int, user_id: int) -> Standing | None:
    """How the store and this person stand; None where there is no such store."""
    row = session.execute(_STANDING, {"store": store_id, "user": user_id}).first()
    if row is None:
        return None
    return Standing(
        installed=row.installed,
        connected=bool(row.connected),
        scopes=tuple(row.scopes.split()),
        connected_at=row.connected_at,
        seen_at=row.seen_at,
    )


def make_store(session: Session, shop_domain: str) -> int:
    """The store's id, made if it is new. System session."""
    session.execute(
        sa.text(
            "insert into store (shop_domain, name, currency, time_zone, country, installed_at, uninstalled_at,"
            " history_complete) values (:shop, '', 'USD', 'UTC', '', :now, :now, false) on conflict do nothing"
        ),
        {"shop": shop_domain, "now": clock.now()},
    )
    store_id = find_store(session, shop_domain)
    assert store_id is not None
    return store_id


def install(session: Session, store_id: int, grant: Grant, facts: ShopFacts) -> None:
    """The store is connected: facts, tokens, settings. A reinstall keeps its id, history and settings."""
    now = clock.now()
    store = session.get_one(Store, store_id)
    keep_facts(session, store_id, facts)
    if store.uninstalled_at is not None:
        store.installed_at, store.uninstalled_at = now, None
    connection = session.get(Connection, (store_id, SHOPIFY)) or Connection(
        store_id=store_id, channel=SHOPIFY, state="connected", access_token=None, refresh_token=None
    )
    connection.state, connection.connected_at = "connected", now
    keep_grant(connection, grant)
    connection.scopes = " ".join(facts.scopes)
    session.add(connection)
    if session.get(StoreSettings, store_id) is None:
        session.add(StoreSettings(store_id=store_id))  # pyright: ignore[reportCallIssue]  # defaults of the table


def keep_facts(session: Session, store_id: int, facts: ShopFacts) -> None:
    """Name, currency, zone and country as the store has them now."""
    store = session.get_one(Store, store_id)
    sells_in_another = store.currency != facts.currency
    store.name, store.currency = facts.name, facts.currency
    store.time_zone, store.country = facts.time_zone, facts.country
    if sells_in_another:
        session.flush()
        for statement in CONVERT:
            session.connection().execute(sa.text(statement), {"store_id": store_id, "since": date.min})


def keep_webhook_check(session: Session, store_id: int, repaired: Repair) -> None:
    """Which topics are subscribed to now, what had to be done for it, and what Shopify refused."""
    session.merge(
        WebhookCheck(
            store_id=store_id,
            checked_at=clock.now(),
            held=len(TOPICS) - len(repaired.refused),
            created=",".join(repaired.created),
            updated=",".join(repaired.updated),
            removed=",".join(repaired.removed),
            problem=repaired.problem,
        )
    )


def keep_webhook_problem(session: Session, store_id: int, problem: str) -> None:
    """The subscriptions could not be looked at, or not be mended."""
    former = session.get(WebhookCheck, store_id)
    if former is None:
        session.add(WebhookCheck(store_id=store_id, checked_at=clock.now(), held=0, problem=problem))
    else:
        former.checked_at, former.problem = clock.now(), problem


def keep_pixel_check(session: Session, store_id: int, problem: str) -> None:
    """Whether Shopify loads the web pixel, or in words why not. It has no access of its own."""
    connection = session.get(Connection, (store_id, PIXEL)) or Connection(store_id=store_id, channel=PIXEL, state="")
    connection.state, connection.last_error = ("refused", problem) if problem else ("connected", None)
    session.add(connection)


def seen(session: Session, store_id: int, user_id: int) -> None:
    """Someone opened Clique: the first person of a store becomes its owner, others marketers."""
    session.execute(
        sa.text(
            """
            insert into member (store_id, user_id, role, first_seen_at, last_seen_at)
            select :store, :user,
                   case when exists (select from member where store_id = :store) then 'marketer' else 'owner' end,
                   cast(:now as timestamptz), cast(:now as timestamptz)
            on conflict (store_id, user_id) do update set last_seen_at = excluded.last_seen_at
            """
        ),
        {"store": store_id, "user": user_id, "now": clock.now()},
    )


def uninstall(session: Session, store_id: int, triggered_at: datetime | None) -> bool:
    """Forget every token of the store. False for news of an installation before the present one (late, replayed)."""
    store, shopify = session.get_one(Store, store_id), session.get(Connection, (store_id, SHOPIFY))
    # a reinstall may come before the news of the uninstall: what counts is when access was last granted
    granted_at = (shopify.connected_at if shopify else None) or store.installed_at
    if store.uninstalled_at is not None or (triggered_at is not None and triggered_at < granted_at):
        return False
    store.uninstalled_at = clock.now()
    for connection in session.exec(select(Connection).where(Connection.store_id == store_id)):
        _forget(connection, "revoked")
    # a reading under way notices at its next batch that it is not its own any more, and stops
    session.execute(
        sa.update(SyncRun)
        .where(col(SyncRun.store_id) == store_id, col(SyncRun.state) == "running")
        .values(state="failed", message="Clique was uninstalled meanwhile.", finished_at=clock.now())
    )
    return True


def missing_scopes(session: Session, store_id: int) -> tuple[Need, ...]:
    """What the store does not let Clique do; nothing where it is not connected at all."""
    connection = session.get(Connection, (store_id, SHOPIFY))
    if connection is None or connection.state != "connected":
        return ()
    return missing(connection.scopes.split())


def shows_all_orders(session: Session, store_id: int) -> bool:
    """Whether Shopify shows Clique orders of any age."""
    connection = session.get(Connection, (store_id, SHOPIFY))
    return connection is not None and ALL_ORDERS_SCOPE in connection.scopes.split()


def lacks_older_orders(session: Session, store_id: int) -> bool:
    """Whether there may be orders that Shopify does not show Clique and that are not here."""
    connection, store = session.get(Connection, (store_id, SHOPIFY)), session.get_one(Store, store_id)
    connected = connection is not None and connection.state == "connected"
    return connected and not store.history_complete and not shows_all_orders(session, store_id)


def disconnect(session: Session, store_id: int, channel: str) -> None:
    """The merchant ends a connection; what was imported stays."""
    connection = session.get(Connection, (store_id, channel))
    if connection is None:
        raise NotFound("This channel is not connected.")
    _forget(connection, "disconnected")


def _forget(connection: Connection, state: str) -> None:
    connection.state = state
    connection.access_token = connection.refresh_token = None
    connection.expires_at = connection.refresh_expires_at = None


def scopes_changed(session: Session, store_id: int, scopes: tuple[str, ...]) -> bool:
    """The store granted other scopes: the next call refreshes, so that its token carries them. True where they are
    more than before."""
    connection = session.get(Connection, (store_id, SHOPIFY))
    if connection is None or connection.state != "connected":
        return False
    gained = set(scopes) - set(connection.scopes.split())
    connection.scopes, connection.expires_at = " ".join(sorted(scopes)), clock.now()
    return bool(gained)
