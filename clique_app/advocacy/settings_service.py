"""How a store's survey looks and what it offers, its links, and the secret that outside apps sign with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from clique_app import clock
from clique_app.advocacy import survey
from clique_app.advocacy.survey import Choices, Link
from clique_app.connections import tokens
from clique_app.connections.roles import require_may_act
from clique_app.errors import CliqueError
from clique_app.settings import settings
from clique_app.tables import AuditEntry, Store, VoiceSettings


@dataclass(frozen=True)
class Voice:
    """A store's settings, and where its survey is. no_change: why this person may not change them."""

    colour: str
    choices: Choices
    secret_at: datetime | None
    time_zone: str
    shop_domain: str
    preview_url: str
    template: str  # for an order confirmation e-mail; it holds the links' key, so only for who may change things
    no_change: str


def read(session: Session, store_id: int, user_id: int) -> Voice:
    """The settings as this person may see them."""
    store, row = session.get_one(Store, store_id), _row(session, store_id)
    try:
        require_may_act(session, store_id, user_id)
        no_change = ""
    except CliqueError as error:
        no_change = error.message
    template = survey.liquid(settings().shopify_app_url, store_id, _key(store_id)) if not no_change else ""
    return Voice(
        row.colour,
        choices_of(row),
        row.ingest_secret_at,
        store.time_zone,
        store.shop_domain,
        link(store_id, survey.PREVIEW),
        template,
        no_change,
    )


def save(session: Session, store_id: int, user_id: int, colour: str, choices: Sequence[Sequence[str]]) -> None:
    """Set both, or neither. Answers given before keep what they said."""
    require_may_act(session, store_id, user_id)
    row = _row(session, store_id)
    row.colour = survey.checked_colour(colour)
    row.choices = [list(choice) for choice in survey.checked_choices(choices)]
    session.add(row)
    _audit(session, store_id, user_id, "survey.changed")


def new_secret(session: Session, store_id: int, user_id: int) -> str:
    """A new secret for outside apps, told this once; the one before ends at once."""
    require_may_act(session, store_id, user_id)
    row, secret = _row(session, store_id), secrets.token_urlsafe(32)
    ring = tokens.keyring(settings().encryption_keys.get_secret_value())
    row.ingest_secret = tokens.encrypt(ring, secret, _bound_to(store_id))
    row.ingest_secret_at = clock.now()
    session.add(row)
    _audit(session, store_id, user_id, "ingest.secret_made")
    return secret


def secret_of(session: Session, store_id: int) -> str | None:
    """The secret in the clear; None where none was made."""
    row = session.get(VoiceSettings, store_id)
    if row is None or row.ingest_secret is None:
        return None
    ring = tokens.keyring(settings().encryption_keys.get_secret_value())
    return tokens.decrypt(ring, bytes(row.ingest_secret), _bound_to(store_id))


def new_link(session: Session, store_id: int, user_id: int) -> str:
    """A link for one answer that belongs to no order."""
    require_may_act(session, store_id, user_id)
    return link(store_id, f"n{secrets.token_hex(16)}")


def link(store_id: int, subject: str) -> str:
    """The address of a survey, open from now on."""
    until = int((clock.now() + survey.OPEN_FOR).timestamp())
    return f"{settings().shopify_app_url}/survey/{survey.written(Link(store_id, subject, until), _key(store_id))}"


def choices_of(row: VoiceSettings | None) -> Choices:
    """What the survey offers: the store's own choices, or Clique's."""
    return tuple((label, channel) for label, channel in row.choices) if row and row.choices else survey.CHOICES


def _key(store_id: int) -> str:
    return survey.key_of(settings().session_secret.get_secret_value(), store_id)


def _row(session: Session, store_id: int) -> VoiceSettings:
    return session.get(VoiceSettings, store_id) or VoiceSettings(store_id=store_id)


def _bound_to(store_id: int) -> bytes:
    return tokens.bound_to("voice_settings", "ingest_secret", store_id)


def _audit(session: Session, store_id: int, user_id: int, what: str) -> None:
    session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=user_id, what=what, detail={}))
