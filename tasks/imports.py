"""Files that a merchant brings: imported whole in one transaction with their credits, or not at all."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict, dataclass
from functools import partial

import dramatiq
import psycopg
import redis
from sqlalchemy.exc import InterfaceError, OperationalError

from clique_app import live
from clique_app.attribution import service as attribution
from clique_app.database import store_session
from clique_app.errors import CliqueError
from clique_app.imports import service
from clique_app.imports.definition import Done
from clique_app.logs import log
from clique_app.sync import planner_service
from tasks import analysis, warehouse
from tasks.broker import MINUTE_MS, SYNC, send_soon
from tasks.stores import installed_stores

CREDITED_AT_ONCE = 5_000  # orders
TELL_EVERY_SECONDS = 0.5


def start_import(store_id: int, file_id: int, user_id: int) -> None:
    """The person wants this file. For the page layer; a second click finds it begun."""
    with store_session(store_id) as session:
        service.begin(session, store_id, file_id, user_id)
    live.publish(store_id, "files")
    import_file.send(store_id, file_id)


def remove_file(store_id: int, file_id: int, user_id: int) -> Done:
    """Take an imported file back out, and credit what it leaves."""
    with store_session(store_id) as session:
        done = service.remove(session, store_id, file_id, user_id)
        attribution.link_campaigns(session, store_id)
    _tell(store_id)
    return done


def import_now(store_id: int, file_id: int) -> Done:
    """Import a file that was begun. What fails is said in its row, and nothing of it is kept."""
    telling = _Telling(store_id, file_id)
    try:
        with store_session(store_id) as session:
            done = service.carry_out(session, store_id, file_id, partial(telling.say, "read"))
            for first in range(0, len(done.order_ids), CREDITED_AT_ONCE):
                some = done.order_ids[first : first + CREDITED_AT_ONCE]
                attribution.credit_orders(session, store_id, some, "files")
                telling.say("credited", min(first + CREDITED_AT_ONCE, len(done.order_ids)), len(done.order_ids))
            attribution.link_campaigns(session, store_id)
            planner_service.renew(session)
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError):
        raise  # the database went away: the message comes again
    except CliqueError as error:
        _fail(store_id, file_id, error.message)
        raise
    except Exception:
        _fail(store_id, file_id, "Clique could not write this file. Nothing of it was kept. Try again.")
        raise
    _tell(store_id)
    return done


@dramatiq.actor(queue_name=SYNC, time_limit=30 * MINUTE_MS)
def import_file(store_id: int, file_id: int) -> None:
    """The same for the worker."""
    try:
        import_now(store_id, file_id)
        send_soon(warehouse.refresh_warehouse, delay_ms=warehouse.SOON_MS)
    except CliqueError as error:
        log("imports").warning("import_refused", store_id=store_id, file_id=file_id, reason=error.message)


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def take_up_files() -> None:
    """Every minute: what was begun and whose message is lost is asked for again. One that comes twice does nothing."""
    for store in installed_stores():
        with store_session(store.store_id) as session:
            lying = service.left_lying(session, store.store_id)
        for file_id in lying:
            send_soon(import_file, store.store_id, file_id, delay_ms=MINUTE_MS)


@dataclass(frozen=True)
class Progress:
    """How far the import of a file is."""

    step: str  # read | credited
    done: int
    total: int


def progress(store_id: int, file_id: int) -> Progress | None:
    """Where the import stands, for the page; None where it has not told."""
    noted = live.noted(store_id, "files")
    return Progress(noted["step"], noted["done"], noted["total"]) if noted.get("file_id") == file_id else None


class _Telling:
    """Progress to the open pages, at most twice a second. Nobody's import ends because Redis does not answer."""

    def __init__(self, store_id: int, file_id: int) -> None:
        self._store_id, self._file_id = store_id, file_id
        self._told = 0.0

    def say(self, step: str, done: int, total: int) -> None:
        if time.monotonic() - self._told < TELL_EVERY_SECONDS:
            return
        self._told = time.monotonic()
        with contextlib.suppress(redis.RedisError):
            live.note(self._store_id, "files", {"file_id": self._file_id, **asdict(Progress(step, done, total))})


def _fail(store_id: int, file_id: int, message: str) -> None:
    with store_session(store_id) as session:
        service.failed(session, store_id, file_id, message)
    live.publish(store_id, "files")


def _tell(store_id: int) -> None:
    for topic in ("files", "figures"):
        live.publish(store_id, topic)
    analysis.refresh_recommendations.send(store_id)
