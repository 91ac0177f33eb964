"""Files that a merchant brings: imported whole in one transaction with their credits, or not at all."""

from __future__ import annotations

import dramatiq
import psycopg
from sqlalchemy.exc import DBAPIError

from clique_app import live
from clique_app.attribution import service as attribution
from clique_app.database import store_session
from clique_app.errors import CliqueError
from clique_app.imports import service
from clique_app.imports.definition import Done
from clique_app.logs import log
from tasks import analysis
from tasks.broker import MINUTE_MS, SYNC


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
    try:
        with store_session(store_id) as session:
            done = service.carry_out(session, store_id, file_id)
            attribution.credit_orders(session, store_id, list(done.order_ids))
            attribution.link_campaigns(session, store_id)
    except (DBAPIError, psycopg.OperationalError):
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
    except CliqueError as error:
        log("imports").warning("import_refused", store_id=store_id, file_id=file_id, reason=error.message)


def _fail(store_id: int, file_id: int, message: str) -> None:
    with store_session(store_id) as session:
        service.failed(session, store_id, file_id, message)
    live.publish(store_id, "files")


def _tell(store_id: int) -> None:
    for topic in ("files", "figures"):
        live.publish(store_id, topic)
    analysis.refresh_recommendations.send(store_id)
