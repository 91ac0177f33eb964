"""An uploaded file from preview to import and back out again. What is kept of it names nobody."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Protocol

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.advocacy.records import KINDS as ADVOCACY
from clique_app.connections.roles import require_may_act
from clique_app.errors import InvalidInput, NotFound
from clique_app.imports import parse
from clique_app.imports.advocacy_service import AdvocacySheet
from clique_app.imports.customers_service import CustomersFile
from clique_app.imports.definition import Done, Judged, Tell, quietly
from clique_app.imports.history import covered_from
from clique_app.imports.orders_service import OrdersFile
from clique_app.imports.products_service import ProductsFile
from clique_app.imports.records import PROBLEMS_KEPT, Kind, ParsedFile, Problem
from clique_app.imports.spend_service import SpendSheet
from clique_app.integrations.shopify.mapping import email_hmac
from clique_app.sync.customers_service import email_key
from clique_app.tables import AuditEntry, ImportedFile, Store


class FileKind(Protocol):
    """An entry of FILE_KINDS."""

    key: str
    noun: str  # what a record is, in the plural
    replaces: str  # imported_row's kind of records that a later file takes over and that go with it; empty: none do

    def judge(self, session: Session, store_id: int, parsed: ParsedFile) -> Judged:
        """Hold the file against what is here. Writes nothing."""
        ...

    def write(self, session: Session, store_id: int, file_id: int, parsed: ParsedFile, tell: Tell) -> Done:
        """Write all that is new or replaced; InvalidInput where it does not fit any more. Safe to repeat."""
        ...

    def remove(self, session: Session, store_id: int, file_id: int) -> Done:
        """Take back what the file brought and nobody has written since."""
        ...


FILE_KINDS: tuple[FileKind, ...] = (
    OrdersFile(),
    ProductsFile(),
    CustomersFile(),
    SpendSheet(),
    *(AdvocacySheet(kind) for kind in ADVOCACY),
)
OPERATOR = 0  # who uses the command line; no staff member
PREVIEWS_KEPT = timedelta(days=1)
NAME_LENGTH = 200
CHOOSE_AGAIN = "This file cannot be imported. Choose it again."
EMPTY: dict[str, Any] = {"columns": (), "sample": (), "problems": (), "problem_count": 0, "notes": ()}
_CONTENT = TypeAdapter(ParsedFile)


@dataclass(frozen=True)
class Preview:
    """What a file would do, or why it can do nothing."""

    file_id: int
    name: str
    kind: Kind | None
    noun: str
    state: str
    lines: int
    new: int
    replaced: int
    kept: int
    first_day: date | None
    last_day: date | None
    amount: Decimal | None
    currency: str
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]
    problem_count: int
    notes: tuple[str, ...]
    message: str

    @property
    def can_import(self) -> bool:
        return self.state in ("checked", "failed") and not self.problem_count and self.new + self.replaced > 0


@dataclass(frozen=True)
class Past:
    """A file that was imported, is being imported, failed, or was removed."""

    file_id: int
    name: str
    kind: str
    noun: str
    state: str
    lines: int
    counts: dict[str, int]
    first_day: date | None
    last_day: date | None
    amount: Decimal | None
    uploaded_at: datetime
    imported_at: datetime | None
    message: str


def receive(session: Session, store_id: int, user_id: int, name: str, content: bytes, kind: Kind | None = None) -> int:
    """Read a file and hold it against what is here; nothing of it is in the tables yet."""
    _require(session, store_id, user_id)
    store, key = session.get_one(Store, store_id), email_key(store_id)
    parsed = parse.parse(
        content,
        today=clock.today(store.time_zone),
        currency=store.currency,
        hash_email=lambda email: email_hmac(email, key).hex(),
        kind=kind,
    )
    judged = Judged(0, 0, 0)
    if parsed.kind and not parsed.problem_count:
        judged = _kind(parsed.kind).judge(session, store_id, parsed)
    problems = (*parsed.problems, *judged.problems)
    digest = blake2b(content, digest_size=16).digest()
    _forget_previews(session, store_id, user_id)
    row = ImportedFile(
        store_id=store_id,
        kind=parsed.kind or "",
        name=_name(name),
        digest=digest,
        content=None if problems else zlib.compress(_CONTENT.dump_json(parsed), 3),
        lines=parsed.lines,
        uploaded_by=user_id,
        uploaded_at=clock.now(),
        first_day=judged.first_day,
        last_day=judged.last_day,
        amount=judged.amount,
        counts={"new": judged.new, "replaced": judged.replaced, "kept": judged.kept},
        preview={
            "columns": judged.columns,
            "sample": judged.sample,
            "problems": [asdict(one) for one in problems[:PROBLEMS_KEPT]],
            "problem_count": parsed.problem_count + len(judged.problems),
            "notes": [*_before(session, store_id, digest), *parsed.notes, *judged.notes],
        },
    )
    session.add(row)
    session.flush()
    return row.file_id


def preview(session: Session, store_id: int, user_id: int) -> Preview | None:
    """The file that this person has uploaded and not imported yet."""
    query = select(ImportedFile).where(
        ImportedFile.store_id == store_id,
        ImportedFile.uploaded_by == user_id,
        col(ImportedFile.state).in_(("checked", "importing", "failed")),
    )
    row = session.exec(query.order_by(col(ImportedFile.file_id).desc()).limit(1)).first()
    if row is None:
        return None
    shown, kind = row.preview or EMPTY, (row.kind or None)
    return Preview(
        file_id=row.file_id,
        name=row.name,
        kind=kind,  # pyright: ignore[reportArgumentType]
        noun=_noun(row.kind),
        state=row.state,
        lines=row.lines,
        **_counts(row),
        first_day=row.first_day,
        last_day=row.last_day,
        amount=row.amount,
        currency=session.get_one(Store, store_id).currency,
        columns=tuple(shown["columns"]),
        sample=tuple(tuple(line) for line in shown["sample"]),
        problems=tuple(Problem(**one) for one in shown["problems"]),
        problem_count=shown["problem_count"],
        notes=tuple(shown["notes"]),
        message=row.message,
    )


def begin(session: Session, store_id: int, file_id: int, user_id: int) -> None:
    """The person wants it: it is imported next. Ask for the import after commit."""
    _require(session, store_id, user_id)
    row = _file(session, store_id, file_id)
    if row.state not in ("checked", "failed") or row.content is None:
        raise InvalidInput(CHOOSE_AGAIN)
    row.state, row.message = "importing", ""


def carry_out(session: Session, store_id: int, file_id: int, tell: Tell = quietly) -> Done:
    """Write the file whole. A second call finds nothing to do; InvalidInput where nothing is left to write. Credit the
    orders in the same transaction."""
    _alone(session, store_id)
    row = _file(session, store_id, file_id)
    if row.state in ("imported", "removed"):
        return Done()
    if row.state != "importing" or row.content is None:
        raise InvalidInput(row.message or CHOOSE_AGAIN)
    parsed = _CONTENT.validate_json(zlib.decompress(bytes(row.content)))
    kind = _kind(row.kind)
    done = kind.write(session, store_id, file_id, parsed, tell)
    row.state, row.imported_at, row.counts = "imported", clock.now(), dict(done.counts)
    row.content, row.preview = None, {}
    session.flush()
    _know_history(session, store_id)
    _audit(session, store_id, row.uploaded_by, "file.imported", row)
    return done


def left_lying(session: Session, store_id: int) -> list[int]:
    """Files that were begun while nobody imports a file of the store: their message may be lost. Previews that nobody
    decided on are forgotten on the way."""
    _forget_previews(session, store_id)
    free = session.scalar(
        sa.text("select pg_try_advisory_xact_lock(hashtextextended('imports', :store))"), {"store": store_id}
    )
    query = select(ImportedFile.file_id).where(ImportedFile.store_id == store_id, ImportedFile.state == "importing")
    return list(session.exec(query.order_by(col(ImportedFile.file_id)))) if free else []


def failed(session: Session, store_id: int, file_id: int, message: str) -> None:
    """The import was rolled back; say why. It may be tried again."""
    row = _file(session, store_id, file_id)
    if row.state == "importing":
        row.state, row.message = "failed", message


def discard(session: Session, store_id: int, file_id: int, user_id: int) -> None:
    """Forget a file that was not imported."""
    _require(session, store_id, user_id)
    row = _file(session, store_id, file_id)
    if row.state in ("checked", "failed"):
        session.delete(row)


def remove(session: Session, store_id: int, file_id: int, user_id: int) -> Done:
    """Take an imported file's rows back out of the tables."""
    _require(session, store_id, user_id)
    _alone(session, store_id)
    row = _file(session, store_id, file_id)
    if row.state != "imported":
        raise InvalidInput("This file is not imported.")
    done = _kind(row.kind).remove(session, store_id, file_id)
    session.execute(
        sa.text("delete from imported_row where store_id = :store and file_id = :file"),
        {"store": store_id, "file": file_id},
    )
    row.state, row.removed_at = "removed", clock.now()
    row.counts = {**row.counts, **done.counts}
    session.flush()
    _know_history(session, store_id)
    _audit(session, store_id, user_id, "file.removed", row)
    return done


def goes_too(session: Session, store_id: int, file_id: int) -> str:
    """In words, how much of what goes with an imported file an earlier file had brought; empty: nothing."""
    row = session.get(ImportedFile, (store_id, file_id))
    kind = next((one for one in FILE_KINDS if row and one.key == row.kind), None)
    if row is None or kind is None or not kind.replaces:
        return ""
    query = sa.text("select count(*) from imported_row where store_id = :store and file_id = :file and kind = :kind")
    left = session.scalar(query, {"store": store_id, "file": file_id, "kind": kind.replaces}) or 0
    told = _counts(row)
    former = min(told["replaced"], left)
    if not former:
        return ""
    most = "" if left == told["new"] + told["replaced"] else "up to "  # later files have taken some over
    return (
        f"With it {'goes' if former == 1 else 'go'} {most}{former:,} of the {kind.noun} that an earlier file had "
        "brought and this one replaced. Import that file again to have them back."
    )


def past(session: Session, store_id: int, limit: int = 50) -> list[Past]:
    """What became of the files, newest first."""
    query = select(ImportedFile).where(ImportedFile.store_id == store_id, ImportedFile.state != "checked")
    rows = session.exec(query.order_by(col(ImportedFile.file_id).desc()).limit(limit)).all()
    return [
        Past(
            row.file_id, row.name, row.kind, _noun(row.kind), row.state, row.lines, row.counts, row.first_day,
            row.last_day, row.amount, row.uploaded_at, row.imported_at, row.message,
        )
        for row in rows
    ]  # fmt: skip


def _kind(key: str) -> FileKind:
    return next(kind for kind in FILE_KINDS if kind.key == key)


def _noun(key: str) -> str:
    return next((kind.noun for kind in FILE_KINDS if kind.key == key), "lines")


def _counts(row: ImportedFile) -> dict[str, int]:
    return {key: int(row.counts.get(key, 0)) for key in ("new", "replaced", "kept")}


def _file(session: Session, store_id: int, file_id: int) -> ImportedFile:
    row = session.get(ImportedFile, (store_id, file_id), with_for_update=True)
    if row is None:
        raise NotFound("This file is not here any more. Choose it again.")
    return row


def _require(session: Session, store_id: int, user_id: int) -> None:
    if user_id != OPERATOR:
        require_may_act(session, store_id, user_id)


def _alone(session: Session, store_id: int) -> None:
    """Imports of one store go one after the other: each is judged by what the one before wrote."""
    session.execute(sa.text("select pg_advisory_xact_lock(hashtextextended('imports', :store))"), {"store": store_id})


def _name(name: str) -> str:
    plain = "".join(letter for letter in name if letter.isprintable()).replace("\\", "/").rsplit("/", 1)[-1]
    return plain.strip()[:NAME_LENGTH] or "file.csv"


def _before(session: Session, store_id: int, digest: bytes) -> list[str]:
    """The very same bytes were imported before."""
    query = select(ImportedFile).where(
        ImportedFile.store_id == store_id, ImportedFile.digest == digest, ImportedFile.state == "imported"
    )
    same = session.exec(query.limit(1)).first()
    if same is None or same.imported_at is None:
        return []
    return [f"This very file was imported on {same.imported_at:%-d %b %Y} already. Importing it again changes nothing."]


def _forget_previews(session: Session, store_id: int, user_id: int | None = None) -> None:
    """One preview a person; what nobody imported within a day goes."""
    session.execute(
        sa.delete(ImportedFile).where(
            col(ImportedFile.store_id) == store_id,
            col(ImportedFile.state).in_(("checked", "failed")),
            sa.or_(
                col(ImportedFile.uploaded_by) == user_id,
                col(ImportedFile.uploaded_at) < clock.now() - PREVIEWS_KEPT,
            ),
        )
    )


# a list that is hashed: rows that have just been written have no statistics, and a join would be a nested loop
_FIRST_OF_PLATFORM = sa.text("""
select min(day) from shop_order where store_id = :store and (payload_hash is null or (order_id, payload_hash) not in (
  select row_id, mark from imported_row where store_id = :store and kind = 'order' and mark is not null))
""")


def _know_history(session: Session, store_id: int) -> None:
    """The first day from which orders are here without a gap."""
    files = session.exec(
        select(ImportedFile).where(
            ImportedFile.store_id == store_id, ImportedFile.kind == "orders", ImportedFile.state == "imported"
        )
    ).all()
    first = session.scalar(_FIRST_OF_PLATFORM, {"store": store_id})
    spans = [(one.first_day, one.last_day) for one in files if one.first_day and one.last_day]
    session.get_one(Store, store_id).history_from = covered_from(first, spans)


def _audit(session: Session, store_id: int, user_id: int, what: str, row: ImportedFile) -> None:
    """Not its name, which may be a person's: nothing is taken out of the trail again."""
    detail: dict[str, Any] = {"file_id": row.file_id, "kind": row.kind, "counts": row.counts}
    user = None if user_id == OPERATOR else user_id
    session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=user, what=what, detail=detail))
