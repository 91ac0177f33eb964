"""Every stored token under the current key, store by store. Opens its own sessions: what is done stays done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from clique_app.connections import service, tokens
from clique_app.database import store_session, system_session
from clique_app.settings import settings
from clique_app.tables import Store


@dataclass(frozen=True)
class Rotation:
    """What became of all tokens."""

    key: str  # that encrypts now
    unused: tuple[str, ...]  # keys of the setting that no token needs any more
    tokens: int
    stores: int
    lost: tuple[str, ...]  # in words, what no key can read


def rotate_all() -> Rotation:
    """Encrypt every token again that an older key encrypted."""
    key, *older = tokens.keyring(settings().encryption_keys.get_secret_value())
    with system_session() as session:
        stores = list(session.exec(select(Store.store_id, Store.shop_domain).order_by(col(Store.store_id))))
    rotated, touched, lost = 0, 0, []
    for store_id, shop_domain in stores:
        with store_session(store_id) as session:
            done = service.rotate_tokens(session, store_id)
        rotated, touched = rotated + done.tokens, touched + bool(done.tokens)
        lost += [f"{shop_domain}: no key reads the tokens of {channel}. Reconnect it." for channel in done.lost]
    return Rotation(key, () if lost else tuple(older), rotated, touched, tuple(lost))
