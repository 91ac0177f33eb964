"""Who was redacted, as keyed hashes alone, in a file beside the archive: a backup made before would bring them back.

The file outlives the database. A restore reads it and asks for the same redactions again, in its own transaction.
"""

from __future__ import annotations

import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from clique_app import clock
from clique_app.imports.values import made_id
from clique_app.keeping.personal_data import HELD, Person
from clique_app.keeping.privacy_service import CUSTOMER_REDACT, STORE_REDACT
from clique_app.settings import settings
from clique_app.sync.customers_service import email_key
from clique_app.tables import METADATA

FILE = "redactions.jsonl"
UNDER_WAY = timedelta(hours=1)  # a redaction is noted before it is done, so that a backup may fall between
HASHES = ("email_hmac", "customer_hmac")  # columns that hold a person's


@dataclass(frozen=True)
class Redaction:
    """One line of the file. Without customer and e-mail it was the whole store."""

    at: datetime
    shop: str
    customer: str = ""
    email: str = ""


def note(store_id: int, shop_domain: str, person: Person | None) -> None:
    """Keep that this is redacted. Before it is: what breaks off in between is asked again, and noted twice."""
    line: dict[str, str] = {"at": clock.now().isoformat(), "shop": shop_domain}
    if person is not None:
        line["customer"] = _digest(store_id, str(person.customer_id))
        line["email"] = _digest(store_id, person.email_hmac.hex()) if person.email_hmac else ""
    folder = settings().archive_dir
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / FILE, "a", encoding="utf-8", opener=_private) as file:
        file.write(f"\n{json.dumps(line)}\n")  # a line of its own, whatever broke off before it
        file.flush()
        os.fsync(file.fileno())


def ask_again(connection: psycopg.Connection, store_id: int, shop_domain: str, backup_of: datetime) -> list[int]:
    """Ask for all redactions since a backup of the store, which is just restored. In the transaction and the role that
    see the store. Returns the requests' ids; they are carried out after commit, or by the schedule."""
    later = [one for one in _read() if one.shop == shop_domain and one.at >= backup_of - UNDER_WAY]
    whole = [one for one in later if not (one.customer or one.email)]
    if whole:
        gone = "update store set uninstalled_at = coalesce(uninstalled_at, %s) where store_id = %s"
        connection.execute(gone, [max(one.at for one in whole), store_id])
        return [_ask(connection, store_id, STORE_REDACT, {})]
    if not later:
        return []
    customers, emails = {one.customer for one in later}, {one.email for one in later if one.email}
    found: dict[int, bytes] = {}
    for customer_id, hashed in _persons(connection, store_id):
        is_customer = customer_id is not None and _digest(store_id, str(customer_id)) in customers
        if is_customer or (hashed and _digest(store_id, hashed.hex()) in emails):
            if customer_id is not None:
                found[customer_id] = hashed or found.get(customer_id, b"")
            elif hashed not in found.values():  # whose number no table knows
                found[made_id("customer", hashed.hex())] = hashed
    return [
        _ask(
            connection,
            store_id,
            CUSTOMER_REDACT,
            {"customer_id": person_id, "email": "", "phone": "", "orders": [], "email_hmac": hashed.hex()},
        )
        for person_id, hashed in sorted(found.items())
    ]


def _persons(connection: psycopg.Connection, store_id: int) -> list[tuple[int | None, bytes]]:
    """Everybody a table tells apart: by number, some with a hash too, then by the hash alone."""
    persons: list[tuple[int | None, bytes]] = []
    for held in HELD:
        columns = METADATA.tables[held.table].columns
        number = sql.Identifier("customer_id") if "customer_id" in columns else sql.SQL("null::bigint")
        hashes = [sql.Identifier(name) for name in HASHES if name in columns]
        if "customer_id" in columns or hashes:
            query = sql.SQL("select distinct {}, {} from {} where store_id = %s").format(
                number, hashes[0] if hashes else sql.SQL("null::bytea"), sql.Identifier(held.table)
            )
            persons += [(one, bytes(hashed or b"")) for one, hashed in connection.execute(query, [store_id])]
    return sorted(persons, key=lambda person: person[0] is None)


def _ask(connection: psycopg.Connection, store_id: int, kind: str, asked: dict[str, Any]) -> int:
    row = connection.execute(
        "insert into privacy_request (store_id, kind, reference, state, asked_at, asked, counts, report, note)"
        " values (%s, %s, '', 'asked', %s, %s, '{}', '{}', '') returning request_id",
        [store_id, kind, clock.now(), Jsonb(asked)],
    ).fetchone()
    assert row is not None
    return row[0]


def _read() -> list[Redaction]:
    path = settings().archive_dir / FILE
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    found: list[Redaction] = []
    for line in lines:
        try:
            stated = json.loads(line)
            found.append(Redaction(**{**stated, "at": datetime.fromisoformat(stated["at"])}))
        except (ValueError, KeyError, TypeError):
            continue  # it broke off; what it would have said was written again
    return found


def _digest(store_id: int, text: str) -> str:
    return hmac.new(email_key(store_id), f"redacted {text}".encode(), sha256).hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
