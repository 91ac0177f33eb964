"""What follows when a platform is connected or disconnected. For pages and endpoints; call after commit."""

from __future__ import annotations

from clique_app import live
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.database import store_session
from clique_app.sync import setup_service
from tasks import ad_pushes, rates
from tasks.sync import resume_histories, start_sync


def begin_import(store_id: int, channel: str) -> None:
    """Ask for the first import of a platform's sources, or for what is missing since its access ended, and for its
    webhooks; and tell the open pages."""
    for source in setup_service.sources_of(channel):
        start_sync(store_id, source, "first_import")
    resume_histories(store_id)
    rates.read_rates.send()  # an account may be in another currency
    ad_pushes.subscribe_accounts.send(store_id, channel)
    live.publish(store_id, "connections")


def disconnect(store_id: int, channel: str, user_id: int) -> None:
    """End a connection. Its webhooks end first, while there is access."""
    ad_pushes.end_pushes(store_id, channel)
    with store_session(store_id) as session:
        ad_accounts.disconnect(session, store_id, channel, user_id)
    live.publish(store_id, "connections")
