"""Klaviyo by a private key that the merchant pastes; by login it is connected as every platform is."""

from __future__ import annotations

import re

from sqlmodel import Session

from clique_app.connections import ad_accounts_service
from clique_app.connections.roles import require_may_act
from clique_app.errors import AccessExpired, InvalidInput
from clique_app.integrations.channels import Grant
from clique_app.integrations.klaviyo.login import KLAVIYO

PRIVATE_KEY = re.compile(r"pk_[A-Za-z0-9_]{20,120}")


def connect_with_key(session: Session, store_id: int, key: str, user_id: int) -> None:
    """Klaviyo is connected with this key, if it opens all that Clique reads."""
    require_may_act(session, store_id, user_id)
    text = key.strip()
    if not PRIVATE_KEY.fullmatch(text):
        raise InvalidInput("A private key begins with pk_. In Klaviyo it is under Settings, API keys.")
    try:
        opened = KLAVIYO.standing(text).scopes
    except AccessExpired:
        raise InvalidInput("Klaviyo does not know this key. Copy it again, or make a new one.") from None
    missing = [scope.removesuffix(":read") for scope in KLAVIYO.needed_scopes if scope not in opened]
    if missing:
        raise InvalidInput(f"This key may not read {', '.join(missing)}. Make one with read access to all of these.")
    ad_accounts_service.keep(
        session, store_id, KLAVIYO.key, user_id, Grant(text, scopes=opened, account_id=KLAVIYO.account_of(text))
    )
