"""Backup and restore of the database, whole or one store, by COPY: the same file works on every PostgreSQL from 15 on.

A zip: manifest.json, one text COPY a table and store. Both directions are one transaction; row-level security holds in
it too, so that a file cannot bring rows into another store. What Redis holds is not part: it is made again.
"""

from __future__ import annotations

import json
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import make_url

from clique_app import clock
from clique_app.errors import InvalidInput, NotFound
from clique_app.keeping import privacy, redactions
from clique_app.roles import APP_ROLE, SYSTEM_ROLE
from clique_app.settings import settings
from clique_app.tables import APPEND_ONLY_TABLES, DERIVED_TABLES, GLOBAL_TABLES, METADATA

FORMAT = 1
MANIFEST = "manifest.json"
INBOX = METADATA.tables["inbox_event"]
DERIVED = [METADATA.tables[name] for name in DERIVED_TABLES]
OWNED = [  # parents first
    table for table in METADATA.sorted_tables if table.name not in GLOBAL_TABLES and table not in DERIVED
]
READ_AT_ONCE = 1 << 18
# what reading a damaged file gives; RuntimeError where a bit says that a member is encrypted or packed in another way
DAMAGE = (BadZipFile, zlib.error, lzma.LZMAError, EOFError, KeyError, TypeError, ValueError, RuntimeError)
# a store's backup may be handed on; its tokens are not
WITHOUT_TOKENS: dict[str, dict[str, LiteralString]] = {
    "connection": {
        "access_token": "null::bytea",
        "refresh_token": "null::bytea",
        "state": "case when state in ('connected', 'choosing_account') then 'expired' else state end",
        "last_error": "'Restored from a backup, which holds no tokens. Reconnect it.'",
    },
    "voice_settings": {"ingest_secret": "null::bytea", "ingest_secret_at": "null::timestamptz"},
}


@dataclass(frozen=True)
class Kept:
    """One table's rows in the file."""

    member: str
    table: str
    store_id: int | None  # None: rows that belong to no store
    columns: list[str]
    rows: int


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    revision: str  # of the migrations
    made_at: str
    whole: bool
    stores: dict[str, int]  # domain: id
    tables: list[Kept]

    @property
    def rows(self) -> int:
        return sum(kept.rows for kept in self.tables)


@dataclass(frozen=True)
class Restored(Manifest):
    """What of a backup is back."""

    redacted: int  # requests since the backup that were carried out again


def back_up(path: Path, shop_domain: str = "") -> Manifest:
    """Write a backup of everything, or of one store. The file is there whole or not at all, for its owner's eyes."""
    if path.exists():
        raise InvalidInput(f"{path} exists already. Give another name.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        with (
            _connected(read_only=True) as connection,
            open(partial, "wb", opener=_private) as file,
            ZipFile(file, "w", ZIP_DEFLATED, compresslevel=2) as packed,
        ):
            manifest = _written(connection, packed, shop_domain)
            packed.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def restore(path: Path, shop_domain: str = "", *, replace: bool = False) -> Restored:
    """Bring back everything in the file, or one store of it, all or nothing. Over existing rows only with replace. Who
    was redacted since is redacted again."""
    try:
        with ZipFile(path) as packed, _connected() as connection:
            manifest = _manifest(packed)
            wanted = _wanted(manifest, shop_domain)
            whole = manifest.whole and not shop_domain
            _check(connection, manifest, wanted, whole=whole, replace=replace)
            _clear(connection, wanted, whole=whole)
            chosen = _chosen(manifest, wanted, whole=whole)
            for kept in chosen:
                _load(connection, packed, kept)
            _advance_identities(connection, wanted)
            asked = _redactions_since(connection, manifest, wanted)
            connection.commit()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}; nothing was changed.") from error
    except DAMAGE as error:
        raise InvalidInput(f"{path} is damaged or is no backup of Clique; nothing was changed.") from error
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.InsufficientPrivilege) as error:
        raise InvalidInput(f"{path} holds rows that do not fit; nothing was changed. {_first_line(error)}") from error
    for store_id, request_id in asked:
        privacy.answer(store_id, request_id)
    return Restored(manifest.format, manifest.revision, manifest.made_at, manifest.whole, wanted, chosen, len(asked))


# writing


def _written(connection: psycopg.Connection, packed: ZipFile, shop_domain: str) -> Manifest:
    made_at, stores = clock.now(), _stores(connection)
    if shop_domain and shop_domain not in stores:
        raise NotFound(f"There is no store {shop_domain}. Known: {', '.join(stores) or 'none'}.")
    wanted = {shop_domain: stores[shop_domain]} if shop_domain else stores
    tables = [
        _dump(connection, packed, table, store_id, without_tokens=bool(shop_domain))
        for store_id in wanted.values()
        for table in OWNED
    ]
    tables.append(_dump_inbox(connection, packed, shop_domain))
    return Manifest(FORMAT, _revision(connection), made_at.isoformat(), not shop_domain, wanted, tables)


def _dump(
    connection: psycopg.Connection, packed: ZipFile, table: sa.Table, store_id: int, *, without_tokens: bool
) -> Kept:
    _become(connection, APP_ROLE, store_id)
    replaced = WITHOUT_TOKENS.get(table.name, {}) if without_tokens else {}
    names = [column.name for column in table.columns if column.computed is None]  # those the database makes again
    columns = [
        sql.SQL("{} as {}").format(sql.SQL(replaced[name]), sql.Identifier(name))
        if name in replaced
        else sql.Identifier(name)
        for name in names
    ]
    query = sql.SQL("select {} from {} where store_id = {}").format(
        sql.SQL(", ").join(columns), sql.Identifier(table.name), sql.Literal(store_id)
    )
    member = f"stores/{store_id}/{table.name}"
    return Kept(member, table.name, store_id, names, _copy_out(connection, packed, member, query))


def _dump_inbox(connection: psycopg.Connection, packed: ZipFile, shop_domain: str) -> Kept:
    """Deliveries: those not worked off yet are in no other table."""
    _become(connection, SYSTEM_ROLE)
    names = INBOX.columns.keys()
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(INBOX.name)
    )
    if shop_domain:
        query += sql.SQL(" where shop_domain = {}").format(sql.Literal(shop_domain))
    return Kept(INBOX.name, INBOX.name, None, names, _copy_out(connection, packed, INBOX.name, query))


def _copy_out(connection: psycopg.Connection, packed: ZipFile, member: str, query: sql.Composable) -> int:
    with (
        connection.cursor() as run,
        packed.open(member, "w", force_zip64=True) as file,
    ):
        with run.copy(sql.SQL("copy ({}) to stdout").format(query)) as rows:
            for part in rows:
                file.write(part)
        return run.rowcount


# reading


def _manifest(packed: ZipFile) -> Manifest:
    stated: dict[str, Any] = json.loads(packed.read(MANIFEST))
    if stated["format"] != FORMAT:
        raise InvalidInput(f"This backup has format {stated['format']}; this version of Clique reads {FORMAT}.")
    manifest = Manifest(**{**stated, "tables": [Kept(**kept) for kept in stated["tables"]]})
    for kept in manifest.tables:
        if not set(kept.columns) <= set(METADATA.tables[kept.table].columns.keys()):
            raise ValueError(kept.table)
    return manifest


def _wanted(manifest: Manifest, shop_domain: str) -> dict[str, int]:
    if not shop_domain:
        return manifest.stores
    if shop_domain not in manifest.stores:
        raise NotFound(f"The backup holds no store {shop_domain}. It holds: {', '.join(manifest.stores) or 'none'}.")
    return {shop_domain: manifest.stores[shop_domain]}


def _chosen(manifest: Manifest, wanted: dict[str, int], *, whole: bool) -> list[Kept]:
    """The members to load. A single store's deliveries come only from its own backup, where all are its own."""
    with_inbox = whole or not manifest.whole
    return [
        kept for kept in manifest.tables if kept.store_id in wanted.values() or (kept.store_id is None and with_inbox)
    ]


def _check(
    connection: psycopg.Connection, manifest: Manifest, wanted: dict[str, int], *, whole: bool, replace: bool
) -> None:
    revision = _revision(connection)
    if revision != manifest.revision:
        raise InvalidInput(
            f"The backup was made at revision {manifest.revision} of the tables, this database is at {revision}. "
            f"Restore with the version of Clique that made it, then migrate."
        )
    present = _stores(connection)
    domains = {store_id: domain for domain, store_id in present.items()}
    for domain, store_id in wanted.items():
        if present.get(domain, store_id) != store_id or domains.get(store_id, domain) != domain:
            known = (
                f"{domain} is store {present[domain]}" if domain in present else f"{domains[store_id]} is {store_id}"
            )
            raise InvalidInput(f"{known} here, another number than in the backup. Restore into an empty database.")
    existing = sorted(present if whole else set(present) & set(wanted))
    if existing and not replace:
        raise InvalidInput(f"Here is data already ({', '.join(existing)}). Give --replace to lose it for the backup's.")


def _clear(connection: psycopg.Connection, wanted: dict[str, int], *, whole: bool) -> None:
    if whole:
        connection.execute("reset role")
        names = sql.SQL(", ").join(sql.Identifier(table.name) for table in (*OWNED, INBOX, *DERIVED))
        connection.execute(sql.SQL("truncate {}").format(names))
        return
    for domain, store_id in wanted.items():
        _become(connection, SYSTEM_ROLE)
        connection.execute("delete from inbox_event where shop_domain = %s", [domain])
        for table in (*reversed(OWNED), *DERIVED):
            _become(connection, SYSTEM_ROLE if table.name in APPEND_ONLY_TABLES else APP_ROLE, store_id)
            delete = sql.SQL("delete from {} where store_id = %s")
            connection.execute(delete.format(sql.Identifier(table.name)), [store_id])


def _load(connection: psycopg.Connection, packed: ZipFile, kept: Kept) -> None:
    """COPY is refused under row-level security: copy aside, insert from there."""
    _become(connection, SYSTEM_ROLE if kept.store_id is None else APP_ROLE, kept.store_id)
    table, columns = sql.Identifier(kept.table), sql.SQL(", ").join(map(sql.Identifier, kept.columns))
    connection.execute(sql.SQL("create temp table restored as select {} from {} limit 0").format(columns, table))
    with (
        connection.cursor() as run,
        packed.open(kept.member) as file,
        run.copy("copy restored from stdin") as rows,
    ):
        while part := file.read(READ_AT_ONCE):
            rows.write(part)
    loaded = connection.execute(
        sql.SQL("insert into {} ({}) select {} from restored").format(table, columns, columns)
    ).rowcount
    connection.execute("drop table restored")
    if loaded != kept.rows:
        raise ValueError(kept.member)


def _advance_identities(connection: psycopg.Connection, wanted: dict[str, int]) -> None:
    """Rows made from now on get numbers after the restored ones."""
    for table in (*OWNED, INBOX):
        column = next((column for column in table.columns if column.identity is not None), None)
        if column is None:
            continue
        highest = 0
        for store_id in wanted.values():
            _become(connection, SYSTEM_ROLE if table is INBOX else APP_ROLE, store_id)
            query = sql.SQL("select coalesce(max({}), 0) from {}")
            found = connection.execute(query.format(sql.Identifier(column.name), sql.Identifier(table.name))).fetchone()
            highest = max(highest, found[0] if found else 0)
        connection.execute("reset role")
        sequence = connection.execute("select pg_get_serial_sequence(%s, %s)", [table.name, column.name]).fetchone()
        if highest and sequence and sequence[0]:
            advance = sql.SQL("select setval({0}::regclass, greatest({1}, (select last_value from {2})))")
            name = sql.SQL(sequence[0])  # pyright: ignore[reportArgumentType]  # as PostgreSQL quoted it
            connection.execute(advance.format(sql.Literal(sequence[0]), sql.Literal(highest), name))


def _redactions_since(
    connection: psycopg.Connection, manifest: Manifest, wanted: dict[str, int]
) -> list[tuple[int, int]]:
    asked: list[tuple[int, int]] = []
    for domain, store_id in wanted.items():
        _become(connection, APP_ROLE, store_id)
        again = redactions.ask_again(connection, store_id, domain, datetime.fromisoformat(manifest.made_at))
        asked += [(store_id, request_id) for request_id in again]
    return asked


# both ways


@contextmanager
def _connected(*, read_only: bool = False) -> Iterator[psycopg.Connection]:
    """One transaction, under the login's own role to begin with; rolled back unless it is committed."""
    url = make_url(settings().database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # one moment, however long it takes
        connection.read_only = read_only
        try:
            yield connection
        finally:
            connection.rollback()


def _become(connection: psycopg.Connection, role: str, store_id: int | None = None) -> None:
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    connection.execute("select set_config('app.store_id', %s, true)", [str(store_id or "")])


def _stores(connection: psycopg.Connection) -> dict[str, int]:
    _become(connection, SYSTEM_ROLE)
    return dict(connection.execute("select shop_domain, store_id from store order by store_id").fetchall())


def _revision(connection: psycopg.Connection) -> str:
    connection.execute("reset role")
    row = connection.execute("select version_num from alembic_version").fetchone()
    if row is None:
        raise InvalidInput("The database has no tables yet. Run the migrations first.")
    return row[0]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _first_line(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).partition("\n")[0]
