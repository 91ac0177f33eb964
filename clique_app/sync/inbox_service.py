"""The inbox: what waits, object by object, what became of it, and what was given up. System session throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.errors import NotFound
from clique_app.sync.draining import Hinted
from clique_app.sync.topics import DELETIONS, ObjectKind
from clique_app.tables import InboxEvent, Store

DEAD_AFTER_ATTEMPTS = 10
AGAIN_AFTER = timedelta(seconds=10)  # doubled at each attempt: the tenth is an hour after the first
AGAIN_WITHIN = timedelta(minutes=10)
SEEN_TOGETHER = 20_000  # objects of one store looked over at once
OTHERS_TOGETHER = 50

_DUE = "(retry_at is null or retry_at <= :now)"
# by place in the table: a join is planned by statistics that know nothing of what came in the last minute
_COALESCE = sa.text(
    """
    update inbox_event set state = 'done', done_at = :now, error = ''
    where ctid = any(array(
      select ctid from (
        select ctid, row_number() over (
          partition by kind, object_id order by topic = any(:deletions) desc, number) as place
        from inbox_event where state = 'new' and shop_domain = :shop and kind <> '') same_object
      where place > 1))
    """
)
_WAITING = sa.text(
    f"""
    select kind, object_id, number, attempts, topic from inbox_event
    where state = 'new' and shop_domain = :shop and kind <> '' and {_DUE} order by number limit :most
    """  # noqa: S608
)
_OF_OBJECTS = "state = 'new' and shop_domain = :shop and kind = :kind and object_id = any(:ids) and number <= :up_to"
_SETTLE = sa.text(f"update inbox_event set state = 'done', done_at = :now, error = :note where {_OF_OBJECTS}")  # noqa: S608
_POSTPONE = sa.text(f"update inbox_event set error = :note, retry_at = :at where {_OF_OBJECTS}")  # noqa: S608
_FAIL = sa.text(
    f"""
    update inbox_event
    set attempts = attempts + 1, error = :note,
        retry_at = :now + least(cast(:within as interval), cast(:after as interval) * power(2, attempts)),
        state = case when attempts + 1 >= :most then 'dead' else 'new' end,
        done_at = case when attempts + 1 >= :most then cast(:now as timestamptz) end
    where {_OF_OBJECTS}
    """  # noqa: S608
)
_OF_STORE = "(cast(:shop as text) is null or shop_domain = :shop)"
_STANDING = sa.text(
    f"""
    select count(*) as waiting, min(received_at) as oldest,
           (select count(*) from inbox_event where state = 'dead' and {_OF_STORE}) as dead
    from inbox_event where state = 'new' and {_OF_STORE}
    """  # noqa: S608
)


@dataclass(frozen=True)
class Inbox:
    """How far the workers are behind. oldest_seconds: since when the longest waiting delivery waits."""

    waiting: int
    oldest_seconds: float | None
    dead: int


@dataclass(frozen=True)
class DeadLetter:
    """A delivery that was given up."""

    number: int
    delivery_id: str
    shop_domain: str
    topic: str
    kind: str
    object_id: int | None
    error: str
    attempts: int
    received_at: datetime


def take(session: Session, shop_domain: str) -> bool:
    """Whether this transaction may drain the store: one at a time, so that no object is fetched twice at once. The
    claim ends with the transaction, so a killed worker's deliveries are free at once."""
    key = {"key": f"inbox/{shop_domain}"}
    return bool(session.scalar(sa.text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key))


def hold(session: Session, shop_domain: str) -> None:
    """The same for who takes deliveries away, once the present drain has ended its transaction."""
    key = {"key": f"inbox/{shop_domain}"}
    session.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


def others(session: Session, shop_domain: str) -> list[InboxEvent]:
    """Deliveries that wait and name no object: about the app itself, about privacy, or not to be understood."""
    due = sa.or_(col(InboxEvent.retry_at).is_(None), col(InboxEvent.retry_at) <= clock.now())
    query = select(InboxEvent).where(
        InboxEvent.state == "new", InboxEvent.shop_domain == shop_domain, InboxEvent.kind == "", due
    )
    return list(session.exec(query.order_by(col(InboxEvent.number)).limit(OTHERS_TOGETHER)))


def settle_one(session: Session, event: InboxEvent, note: str) -> None:
    """A delivery is done. Its payload goes: it may name a person, and it has been used."""
    _mark(session, event, state="done", done_at=clock.now(), error=note, payload=b"")


def fail_one(session: Session, event: InboxEvent, note: str) -> None:
    """A delivery could not be used; it is tried again, and given up in the end."""
    again = clock.now() + min(AGAIN_WITHIN, AGAIN_AFTER * 2**event.attempts)
    if event.attempts + 1 < DEAD_AFTER_ATTEMPTS:
        _mark(session, event, attempts=event.attempts + 1, error=note, retry_at=again)
    else:
        _mark(session, event, attempts=event.attempts + 1, error=note, state="dead", done_at=clock.now())


def postpone_one(session: Session, event: InboxEvent, note: str) -> None:
    """The platform or the store was not ready, which is no fault of the delivery."""
    _mark(session, event, error=note, retry_at=clock.now() + AGAIN_AFTER)


def _mark(session: Session, event: InboxEvent, **values: Any) -> None:
    """By statement: whoever handled the delivery may have taken its row away."""
    of_event = (col(InboxEvent.source) == event.source, col(InboxEvent.delivery_id) == event.delivery_id)
    session.execute(sa.update(InboxEvent).where(*of_event).values(**values))


def waiting(session: Session, shop_domain: str) -> list[Hinted]:
    """The objects whose deliveries wait, each once. Of several deliveries of one object all but one are done: it
    stands for them, and what is fetched from now on is as new as each of them. Only who has taken the store may ask,
    so that nobody is fetching meanwhile."""
    session.execute(_COALESCE, {"shop": shop_domain, "now": clock.now(), "deletions": list(DELETIONS)})
    rows = session.execute(_WAITING, {"shop": shop_domain, "now": clock.now(), "most": SEEN_TOGETHER})
    oldest: dict[tuple[ObjectKind, int], Hinted] = {}
    for kind, object_id, number, attempts, topic in rows:
        oldest.setdefault((kind, object_id), Hinted(kind, object_id, number, attempts, topic in DELETIONS))
    return list(oldest.values())


def settle(session: Session, shop_domain: str, fetched: Sequence[Hinted], note: str = "") -> int:
    """These objects were fetched since they were found waiting. Returns how many deliveries are done."""
    return _of_objects(session, _SETTLE, shop_domain, fetched, {"now": clock.now(), "note": note})


def fail(session: Session, shop_domain: str, tried: Sequence[Hinted], note: str) -> None:
    """These objects could not be fetched or written."""
    values = {"within": AGAIN_WITHIN, "after": AGAIN_AFTER, "most": DEAD_AFTER_ATTEMPTS}
    _of_objects(session, _FAIL, shop_domain, tried, {"now": clock.now(), "note": note, **values})


def postpone(session: Session, shop_domain: str, tried: Sequence[Hinted], note: str) -> None:
    """The platform was not ready for these objects."""
    _of_objects(session, _POSTPONE, shop_domain, tried, {"at": clock.now() + AGAIN_AFTER, "note": note})


def settle_store(session: Session, shop_domain: str, note: str) -> None:
    """Done: all that waits for a store that is none of ours."""
    session.execute(
        sa.text(
            "update inbox_event set state = 'done', done_at = :now, error = :note, payload = ''"
            " where state = 'new' and shop_domain = :shop"
        ),
        {"now": clock.now(), "note": note, "shop": shop_domain},
    )


def stores_behind(session: Session, older_than: timedelta) -> list[str]:
    """The stores with deliveries that have waited this long and may be tried now."""
    query = sa.text(
        f"select distinct shop_domain from inbox_event where state = 'new' and received_at < :before and {_DUE}"  # noqa: S608
    )
    now = clock.now()
    return list(session.scalars(query, {"before": now - older_than, "now": now}))


def standing(session: Session, shop_domain: str | None = None) -> Inbox:
    """How far behind the inbox is, of one store or of all."""
    row = session.execute(_STANDING, {"shop": shop_domain}).one()
    age = None if row.oldest is None else max(0.0, (clock.now() - row.oldest).total_seconds())
    return Inbox(row.waiting, age, row.dead)


def dead_letters(session: Session, shop_domain: str | None = None, *, limit: int = 100) -> list[DeadLetter]:
    """What was given up, newest first."""
    query = select(InboxEvent).where(InboxEvent.state == "dead")
    if shop_domain is not None:
        query = query.where(InboxEvent.shop_domain == shop_domain)
    return [
        DeadLetter(
            one.number,
            one.delivery_id,
            one.shop_domain,
            one.topic,
            one.kind,
            one.object_id,
            one.error,
            one.attempts,
            one.received_at,
        )
        for one in session.exec(query.order_by(col(InboxEvent.number).desc()).limit(limit))
    ]


def replay(session: Session, shop_domain: str | None = None, number: int | None = None) -> dict[str, int]:
    """Let what was given up wait again, as if it had just come: one delivery or all, of one store or of all. Returns
    how many of which store, for the edge to wake the workers. NotFound where the one asked for was not given up."""
    query = (
        sa.update(InboxEvent)
        .where(InboxEvent.state == "dead")  # pyright: ignore[reportArgumentType]
        .values(state="new", attempts=0, retry_at=None, error="", done_at=None)
        .returning(col(InboxEvent.shop_domain))
    )
    if shop_domain is not None:
        query = query.where(col(InboxEvent.shop_domain) == shop_domain)
    if number is not None:
        query = query.where(col(InboxEvent.number) == number)
    found: dict[str, int] = {}
    for (domain,) in session.execute(query):
        found[domain] = found.get(domain, 0) + 1
    if number is not None and not found:
        raise NotFound("There is no such delivery among those given up.")
    return found


def domain_of(session: Session, store_id: int) -> str:
    """The store's domain, by which the inbox knows it."""
    return session.get_one(Store, store_id).shop_domain


def _of_objects(
    session: Session, statement: sa.TextClause, shop_domain: str, objects: Sequence[Hinted], values: dict[str, Any]
) -> int:
    """Run a statement on the deliveries of objects of one kind that were found waiting. One that came since then, and
    after the fetch may have begun, has a higher number and waits on."""
    asked = {
        "shop": shop_domain,
        "kind": objects[0].kind,
        "ids": [one.object_id for one in objects],
        "up_to": max(one.number for one in objects),
    }
    return cast(Any, session.execute(statement, {**asked, **values})).rowcount
