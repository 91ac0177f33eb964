"""What outside apps send: proved by the store's secret, read, and kept once."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlmodel import Session

from clique_app import clock
from clique_app.advocacy import payloads, records_service
from clique_app.advocacy.payloads import Reading
from clique_app.advocacy.records import BY_KEY
from clique_app.advocacy.settings_service import secret_of
from clique_app.errors import AccessDenied, InvalidInput, NotFound
from clique_app.integrations.shopify.mapping import email_hmac
from clique_app.sync.customers_service import email_key
from clique_app.tables import Store

WINDOW_SECONDS = 300
_SOURCE = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
UNPROVED = "The signature does not fit. Sign timestamp.kind.source.body with the secret from Voice of customers."


@dataclass(frozen=True)
class Envelope:
    """The headers of a delivery. timestamp: seconds of the epoch, as text."""

    kind: str
    source: str
    timestamp: str
    signature: str


def signed(secret: str, envelope: Envelope, body: bytes) -> str:
    """The signature that this delivery must carry."""
    about = f"{envelope.timestamp}.{envelope.kind}.{envelope.source}.".encode()
    return hmac.new(secret.encode(), about + body, sha256).hexdigest()


def take(session: Session, store_id: int, envelope: Envelope, body: bytes) -> dict[str, int]:
    """Keep all records of a delivery, or none; how many are new, replaced, and the same as before."""
    told_at = _proved(session, store_id, envelope, body)
    kind = BY_KEY.get(envelope.kind)
    if kind is None:
        raise NotFound(f"There is no kind {envelope.kind!r}. Known: {', '.join(BY_KEY)}.")
    if not _SOURCE.fullmatch(envelope.source):
        raise InvalidInput("X-Clique-Source is a short name in small letters, such as yotpo.")
    store, key = session.get_one(Store, store_id), email_key(store_id)
    if store.uninstalled_at is not None:
        raise AccessDenied("This store does not have Clique any more.")
    today = clock.today(store.time_zone)
    reading = Reading(envelope.source, store.time_zone, today, lambda text: email_hmac(text, key).hex())
    return records_service.tell(session, store_id, kind, payloads.read(kind, body, reading), told_at)


def _proved(session: Session, store_id: int, envelope: Envelope, body: bytes) -> datetime:
    """When it was signed. AccessDenied for anything that the store's secret did not sign a moment ago."""
    secret = secret_of(session, store_id)
    stamp = envelope.timestamp
    if secret is None or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise AccessDenied(UNPROVED)
    if not hmac.compare_digest(signed(secret, envelope, body).encode(), envelope.signature.encode()):
        raise AccessDenied(UNPROVED)
    if abs(clock.now().timestamp() - int(stamp)) > WINDOW_SECONDS:
        raise AccessDenied("The timestamp is more than five minutes off. Sign each delivery when it is sent.")
    return datetime.fromtimestamp(int(stamp), UTC)
