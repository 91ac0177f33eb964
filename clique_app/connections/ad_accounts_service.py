"""The OAuth round trip of every platform in PLATFORMS, the choice of ad accounts, and the end of a connection.

A round trip is two tickets. The first starts it and is used up when the browser opens its address; the second is made
then, and its name is the digest of a secret that only this browser's cookie holds.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode

import jwt
import sqlalchemy as sa
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.connections import service
from clique_app.connections.access import ask
from clique_app.errors import AccessDenied, AccessExpired, InvalidInput
from clique_app.integrations.channels import AdAccount, Grant
from clique_app.integrations.registry import PLATFORMS, ad_channel, has_ad_accounts, platform
from clique_app.settings import settings
from clique_app.tables import AuditEntry, ConnectedAccount, Connection, ConnectTicket, EmailAccount, Store

TICKET_LIFE = timedelta(minutes=10)
WARN_BEFORE = timedelta(days=7)

Step = Literal["start", "callback"]
ReturnPage = Literal["/onboarding", "/connections"]  # where a round trip began, and ends

# what connect_error in the address of the page means; the page shows these words and no others
CONNECT_ERRORS = {
    "cancelled": "You did not give Clique access. Nothing was connected.",
    "expired": "That took longer than 10 minutes. Connect again.",
    "used": "This link was used already. Connect again.",
    "browser": "This was begun in another browser. Connect again in this one.",
    "permissions": "Clique needs to read and manage ads. Connect again and leave both allowed.",
    "refused": "The platform did not accept the connection. Connect again.",
    "unavailable": "The platform does not answer at the moment. Connect again in a few minutes.",
}


class ConnectFailed(AccessDenied):
    """The round trip ends here; reason is a key of CONNECT_ERRORS."""

    def __init__(self, reason: str) -> None:
        super().__init__(CONNECT_ERRORS[reason])
        self.reason = reason


@dataclass(frozen=True)
class Claim:
    """What a signed ticket says it is for. Signed is not enough: its row must be unused and in time."""

    store_id: int
    channel: str
    nonce: str
    page: ReturnPage


@dataclass(frozen=True)
class Begun:
    """Where to send the browser, and the cookie it has to bring back."""

    dialog_url: str
    cookie_name: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class AccountInUse:
    """An ad account of the store, and which of its days are here."""

    account_id: str
    name: str
    currency: str
    time_zone: str
    read_from: date | None = None
    read_to: date | None = None
    pushes_since: datetime | None = None


@dataclass(frozen=True)
class Overview:
    """How one platform stands, for pages."""

    channel: str
    label: str
    state: str  # not_connected | choosing_account | connected | expired | revoked | disconnected
    accounts: tuple[AccountInUse, ...] = ()  # in use, or used again after reconnecting
    connected_at: datetime | None = None
    ends_at: datetime | None = None  # when the person has to log in again
    problem: str = ""  # in words, with what to do
    given: tuple[str, ...] = ()  # scopes
    missing: tuple[str, ...] = ()


def start(session: Session, store_id: int, channel: str, user_id: int, page: ReturnPage = "/onboarding") -> str:
    """The address that begins a round trip, for a navigation at the top level. It works once, for ten minutes."""
    platform(channel)
    nonce = secrets.token_urlsafe(32)
    _add_ticket(session, store_id, channel, user_id, nonce)
    ticket = _signed("start", Claim(store_id, channel, nonce, page))
    return f"{_app_url()}/auth/{channel}/start?{urlencode({'ticket': ticket})}"


def claimed(step: Step, channel: str, text: str) -> Claim:
    """What a ticket of this step and channel was signed for. AccessDenied for any other text."""
    try:
        # times are the row's, by our own clock
        stated = jwt.decode(text, _secret(), algorithms=["HS256"], audience=step, options={"require": ["aud", "nonce"]})
        claim = Claim(int(stated["store"]), str(stated["channel"]), str(stated["nonce"]), stated["page"])
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
        raise AccessDenied("This link is not one that Clique made. Open Clique in Shopify admin and connect.") from None
    if claim.channel != channel:
        raise AccessDenied("This link is for another channel. Open Clique in Shopify admin and connect.")
    return claim


def begin(session: Session, claim: Claim) -> Begun:
    """Use up the first ticket and make the second, for this browser alone."""
    ticket = _use_ticket(session, claim)
    secret = secrets.token_urlsafe(32)
    nonce = _digest(secret)
    _add_ticket(session, claim.store_id, claim.channel, ticket.user_id, nonce)
    state = _signed("callback", replace(claim, nonce=nonce))
    dialog_url = platform(claim.channel).dialog_url(state=state, redirect_uri=_redirect_uri(claim.channel))
    return Begun(dialog_url, cookie_name(nonce), secret)


def complete(session: Session, claim: Claim, cookie: str) -> int:
    """Use up the second ticket, which only the browser that began can. Returns who connects."""
    if not secrets.compare_digest(_digest(cookie), claim.nonce):
        raise ConnectFailed("browser")
    return _use_ticket(session, claim).user_id


def exchange(channel: str, code: str) -> Grant:
    """What the platform gives for the code. No session: nothing is open while it is asked."""
    asked = platform(channel)
    grant = asked.exchange(code=code, redirect_uri=_redirect_uri(channel))
    if not set(asked.needed_scopes) <= set(grant.scopes):
        raise ConnectFailed("permissions")
    return grant


def keep(session: Session, store_id: int, channel: str, user_id: int, grant: Grant) -> None:
    """The platform is reachable. Where it has ad accounts, those to read are still to be chosen."""
    service.lock_tokens(session, store_id, channel)  # a renewal under way would put its own tokens over these
    if session.get_one(Store, store_id).uninstalled_at is not None:
        raise AccessDenied("Clique is not installed in this store any more.")
    connection = session.get(Connection, (store_id, channel)) or Connection(
        store_id=store_id, channel=channel, state="", access_token=None, refresh_token=None
    )
    connection.state = "choosing_account" if has_ad_accounts(channel) else "connected"
    connection.connected_at = clock.now()
    service.keep_grant(connection, grant)
    session.add(connection)
    if grant.account_id not in ("", *_read_last(session, store_id, channel)):
        _forget_readings(session, store_id, channel)
    _audit(session, store_id, user_id, "channel_connected", {"channel": channel, "scopes": list(grant.scopes)})


def cookie_name(nonce: str) -> str:
    """One cookie a round trip, so that two tabs do not disturb each other."""
    return f"clique_connect_{_digest(nonce)[:16]}"


def return_url(session: Session, claim: Claim, **told: str) -> str:
    """The page where the round trip began, inside the store's Shopify admin."""
    config = settings()
    handle = session.get_one(Store, claim.store_id).shop_domain.removesuffix(".myshopify.com")
    place = f"/store/{quote(handle)}/apps/{quote(config.shopify_api_key)}{claim.page}"
    return f"{config.shopify_admin_url.rstrip('/')}{place}?{urlencode(told)}"


def accounts(session: Session, store_id: int, channel: str) -> list[AdAccount]:
    """The ad accounts the connected person may use, as the platform lists them now."""
    asked = ad_channel(channel)
    return ask(store_id, channel, lambda given: asked.accounts(given.token))


def choose(session: Session, store_id: int, channel: str, account_ids: Sequence[str], user_id: int) -> Overview:
    """Use these of the listed ad accounts and no others. One that is new is read from the beginning."""
    offered = {account.account_id: account for account in accounts(session, store_id, channel)}
    if not account_ids:
        raise InvalidInput("Choose at least one ad account.")
    if not set(account_ids) <= set(offered):
        raise InvalidInput("This ad account is not among those that the connected person may use.")
    known, now = _accounts(session, store_id, channel), clock.now()
    new = [one for one in account_ids if one not in known or known[one].taken_off_at is not None]
    left = [one for one, row in known.items() if row.taken_off_at is None and one not in account_ids]
    for account_id in account_ids:
        _use(session, known.get(account_id), store_id, channel, offered[account_id], anew=account_id in new)
    for account_id in left:
        known[account_id].taken_off_at = now
    if new:
        _forget_readings(session, store_id, channel)
    connection = session.get_one(Connection, (store_id, channel))
    connection.state, connection.connected_at, connection.last_error = "connected", now, None
    session.flush()
    detail = {"channel": channel, "account_ids": list(account_ids), "taken_off": left}
    _audit(session, store_id, user_id, "ad_accounts_chosen", detail)
    return _overview(session, store_id, channel, connection)


def _use(
    session: Session, row: ConnectedAccount | None, store_id: int, channel: str, account: AdAccount, *, anew: bool
) -> None:
    if row is None:
        row = ConnectedAccount(
            store_id=store_id,
            channel=channel,
            account_id=account.account_id,
            name=account.name,
            currency=account.currency,
            time_zone=account.time_zone,
            chosen_at=clock.now(),
        )
        session.add(row)
    row.name, row.currency, row.time_zone = account.name, account.currency, account.time_zone
    if anew:
        row.chosen_at, row.taken_off_at, row.read_from, row.read_to = clock.now(), None, None, None


def disconnect(session: Session, store_id: int, channel: str, user_id: int) -> None:
    """Forget the tokens; what was imported stays. The person's grant at the platform may serve other stores too."""
    service.lock_tokens(session, store_id, channel)
    service.disconnect(session, store_id, platform(channel).key)
    for account in _accounts(session, store_id, channel).values():
        account.pushes_since = None
    _audit(session, store_id, user_id, "channel_disconnected", {"channel": channel})


def connections(session: Session, store_id: int) -> list[Overview]:
    """Every platform of PLATFORMS, connected or not."""
    query = select(Connection).where(Connection.store_id == store_id)
    known = {connection.channel: connection for connection in session.exec(query)}
    return [_overview(session, store_id, one.key, known.get(one.key)) for one in PLATFORMS]


def check(session: Session, store_id: int, channel: str) -> Overview:
    """Ask the platform, once a day, how long the access lives and what it may do."""
    asked = platform(channel)
    try:
        found = ask(store_id, channel, lambda given: asked.standing(given.token))
    except AccessExpired:
        found = None  # it is noted in the connection
    connection = session.get_one(Connection, (store_id, channel))
    if found is not None:
        connection.scopes = " ".join(found.scopes)
        if connection.refresh_token is None:  # else the grant said when it is to be renewed
            connection.expires_at = found.expires_at
    return _overview(session, store_id, channel, connection)


def users_of(session: Session, channel: str, account_id: str) -> list[int]:
    """The stores that use an ad account. System session: a platform's message names the account alone."""
    query = select(ConnectedAccount.store_id).where(
        ConnectedAccount.channel == channel,
        ConnectedAccount.account_id == account_id,
        col(ConnectedAccount.taken_off_at).is_(None),
    )
    return list(session.exec(query.order_by(col(ConnectedAccount.store_id))))


def told_of(session: Session, channel: str, account_id: str) -> list[int]:
    """The stores that an ad account's messages are for: those that use it and have not disconnected. System session."""
    query = select(ConnectedAccount.store_id).where(
        ConnectedAccount.channel == channel,
        ConnectedAccount.account_id == account_id,
        col(ConnectedAccount.taken_off_at).is_(None),
        col(ConnectedAccount.pushes_since).is_not(None),
    )
    return list(session.exec(query))


def left_accounts(session: Session, store_id: int, channel: str) -> list[str]:
    """The ids of accounts that the store used once and whose messages still come."""
    known = _accounts(session, store_id, channel)
    return [one for one, row in known.items() if row.taken_off_at is not None and row.pushes_since is not None]


def pushed(session: Session, store_id: int, channel: str, account_id: str, *, now: bool = True) -> None:
    """The account's messages reach us now, or no more."""
    row = session.get(ConnectedAccount, (store_id, channel, account_id))
    if row is not None:
        row.pushes_since = (row.pushes_since or clock.now()) if now else None


def _accounts(session: Session, store_id: int, channel: str) -> dict[str, ConnectedAccount]:
    query = select(ConnectedAccount).where(ConnectedAccount.store_id == store_id, ConnectedAccount.channel == channel)
    ordered = query.order_by(col(ConnectedAccount.chosen_at), col(ConnectedAccount.account_id))
    return {row.account_id: row for row in session.exec(ordered)}


def _overview(session: Session, store_id: int, channel: str, connection: Connection | None) -> Overview:
    asked = platform(channel)
    if connection is None:
        return Overview(channel, asked.label, "not_connected", missing=asked.needed_scopes)
    given = tuple(connection.scopes.split()) if connection.access_token is not None else ()
    missing = tuple(sorted(set(asked.needed_scopes) - set(given)))
    ends = connection.expires_at if connection.refresh_token is None else connection.refresh_expires_at
    problem = connection.last_error or ""
    if connection.state in ("connected", "choosing_account"):
        problem = _ending(asked.label, ends) or _narrowed(asked.label, missing) or problem
    return Overview(
        channel,
        asked.label,
        connection.state,
        tuple(
            AccountInUse(
                row.account_id, row.name, row.currency, row.time_zone, row.read_from, row.read_to, row.pushes_since
            )
            for row in _accounts(session, store_id, channel).values()
            if row.taken_off_at is None
        ),
        connection.connected_at,
        ends,
        problem,
        given,
        missing,
    )


def _ending(label: str, ends: datetime | None) -> str:
    if ends is None or ends - clock.now() >= WARN_BEFORE:
        return ""
    if ends <= clock.now():
        return f"Access to {label} has ended. Reconnect it."
    return f"Access to {label} ends on {ends:%B %-d}. Reconnect it before."


def _narrowed(label: str, missing: tuple[str, ...]) -> str:
    return f"{label} no longer allows: {', '.join(missing)}. Reconnect it." if missing else ""


def _read_last(session: Session, store_id: int, channel: str) -> list[str]:
    """The account that was read, of a platform where none is chosen. Another one is imported from the beginning; what
    was read of the former stays, as it does of an ad account that is taken off."""
    query = select(EmailAccount.account_id).where(EmailAccount.store_id == store_id, EmailAccount.channel == channel)
    return list(session.exec(query.order_by(col(EmailAccount.read_at).desc()).limit(1)))


def _forget_readings(session: Session, store_id: int, channel: str) -> None:
    """A new account is to be imported: the channel's imports are due again. What of the others is here is known."""
    values = {"store": store_id, "of": f"{channel}_", "now": clock.now()}
    for statement in _FORGET:
        session.connection().execute(statement, values)


_FORGET = (
    sa.text("delete from sync_cursor where store_id = :store and starts_with(source, :of)"),
    sa.text("""
    update sync_run set state = 'superseded'
    where store_id = :store and starts_with(source, :of) and kind in ('first_import', 'history') and state = 'whole'
    """),
    sa.text("""
    update sync_run set state = 'failed', finished_at = :now, message = 'The choice of ad accounts was changed.'
    where store_id = :store and starts_with(source, :of) and state = 'running'
    """),
)


def _add_ticket(session: Session, store_id: int, channel: str, user_id: int, nonce: str) -> None:
    ends = clock.now() + TICKET_LIFE
    session.add(ConnectTicket(store_id=store_id, nonce=nonce, channel=channel, user_id=user_id, expires_at=ends))
    session.flush()


def _use_ticket(session: Session, claim: Claim) -> ConnectTicket:
    ticket = session.get(ConnectTicket, (claim.store_id, claim.nonce), with_for_update=True)
    if ticket is None or ticket.channel != claim.channel or ticket.used_at is not None:
        raise ConnectFailed("used")
    if ticket.expires_at <= clock.now():
        raise ConnectFailed("expired")
    ticket.used_at = clock.now()
    return ticket


def _audit(session: Session, store_id: int, user_id: int, what: str, detail: dict[str, Any]) -> None:
    session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=user_id, what=what, detail=detail))


def _signed(step: Step, claim: Claim) -> str:
    stated = {"store": claim.store_id, "channel": claim.channel, "nonce": claim.nonce, "page": claim.page}
    return jwt.encode({"aud": step, **stated}, _secret(), algorithm="HS256")


def _secret() -> str:
    return settings().session_secret.get_secret_value()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _app_url() -> str:
    return settings().shopify_app_url.rstrip("/")


def _redirect_uri(channel: str) -> str:
    return f"{_app_url()}/auth/{channel}/callback"
