"""Everything that is stored encrypted, under the current key, store by store. Opens its own sessions: what is done
stays done."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from clique_app.connections import tokens
from clique_app.database import store_session, system_session
from clique_app.errors import InvalidInput
from clique_app.settings import settings
from clique_app.tables import METADATA, Store

# columns of encrypted bytes (a test holds the tables against it); each is bound to its table, column and row
SEALED = (("connection", "access_token"), ("connection", "refresh_token"), ("voice_settings", "ingest_secret"))


@dataclass(frozen=True)
class Rotated:
    """How many of a store's secrets an older key had encrypted, and the rows that no key can read."""

    tokens: int
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rotation:
    """What became of all of them."""

    key: str  # that encrypts now
    unused: tuple[str, ...]  # keys of the setting that nothing needs any more
    tokens: int
    stores: int
    lost: tuple[str, ...]  # in words


def rotate_all() -> Rotation:
    """Encrypt everything again that an older key encrypted."""
    key, *older = tokens.keyring(settings().encryption_keys.get_secret_value())
    with system_session() as session:
        stores = list(session.exec(select(Store.store_id, Store.shop_domain).order_by(col(Store.store_id))))
    rotated, touched, lost = 0, 0, []
    for store_id, shop_domain in stores:
        with store_session(store_id) as session:
            done = rotate(session, store_id)
        rotated, touched = rotated + done.tokens, touched + bool(done.tokens)
        lost += [f"{shop_domain}: no key reads what is stored of {row}. Reconnect it." for row in done.lost]
    return Rotation(key, () if lost else tuple(older), rotated, touched, tuple(lost))


def rotate(session: Session, store_id: int) -> Rotated:
    """The same for one store."""
    done = [_rotate_column(session, store_id, METADATA.tables[table], column) for table, column in SEALED]
    lost = dict.fromkeys(row for one in done for row in one.lost)
    return Rotated(sum(one.tokens for one in done), tuple(lost))


def _rotate_column(session: Session, store_id: int, table: sa.Table, column: str) -> Rotated:
    ring, keys, sealed = _ring(), list(table.primary_key.columns), table.c[column]
    mine = sa.select(*keys, sealed).where(table.c.store_id == store_id, sealed.is_not(None)).order_by(*keys)
    rotated, lost = 0, []
    for *key, stored in session.connection().execute(mine.with_for_update()):
        if not tokens.is_stale(ring, bytes(stored)):
            continue
        bound_to = tokens.bound_to(table.name, column, *key)
        try:
            plain = tokens.decrypt(ring, bytes(stored), bound_to)
        except InvalidInput:
            lost.append(str(key[-1]) if len(key) > 1 else table.name.replace("_", " "))
            continue
        row = sa.and_(*(one == value for one, value in zip(keys, key, strict=True)))
        session.connection().execute(table.update().where(row).values({column: tokens.encrypt(ring, plain, bound_to)}))
        rotated += 1
    return Rotated(rotated, tuple(lost))


def _ring() -> tokens.Keyring:
    return tokens.keyring(settings().encryption_keys.get_secret_value())
